"""Lets every test import the fakes that stand beside this file, and meet the S3 servers.

One server of each kind a worker process, begun by the first test that asks for it: a test
keeps to a prefix or a bucket of its own.
"""

import socket
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


@pytest.fixture
def closed_address() -> Iterator[str]:
    """Return an address that refuses connections for as long as the test runs.

    A server that has ended frees its port, and another test's server may take it at once.
    """
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        yield f"127.0.0.1:{taken.getsockname()[1]}"
