"""What all stories of crashes need."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_IN_MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def quick_path() -> Iterator[Path]:
    """Return a folder, in memory where the system has one there: the disk is not under test."""
    beside = _IN_MEMORY if _IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=beside) as name:
        yield Path(name)
