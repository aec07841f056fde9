"""Lets every test import the fakes that stand beside this file, and meet the S3 servers.

One server of each kind a worker process, begun by the first test that asks for it: a test
keeps to a prefix or a bucket of its own.
"""

from collections.abc import Iterator

import pytest

from genesys_export import redaction
from s3_servers import moto, seaweedfs

__all__ = ["moto", "seaweedfs"]


@pytest.fixture(autouse=True)
def _secrets_of_one_test_alone() -> Iterator[None]:
    """Forget what a test kept secret: made-up secrets are words that other tests expect to see."""
    before = redaction._KNOWN._values
    yield
    redaction._KNOWN._values = before
