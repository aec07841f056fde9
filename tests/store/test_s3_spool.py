"""Where parts wait until they are sent: all bytes in order, little memory, no name on the disk."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesys_export.errors import DestinationFailed
from genesys_export.store.s3_spool import Spool

MIB = 1 << 20


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """Let this process write no file of more bytes, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@given(st.lists(st.tuples(st.integers(0, 400_000), st.booleans()), max_size=8))
def test_what_is_taken_is_what_was_written_since(steps):
    spool, wanted = Spool(), b""
    for number, (size, take) in enumerate(steps):
        data = bytes([number]) * size
        spool.write(memoryview(data))
        wanted += data
        assert len(spool) == len(wanted)
        if take:
            assert spool.take() == wanted
            wanted = b""
    assert spool.take() == wanted
    spool.close()


def test_what_waits_on_the_disk_has_no_name_and_only_this_user_may_read_it():
    spool = Spool()
    spool.write(memoryview(bytes(MIB)))
    file = os.fstat(spool._file.fileno())
    spool.close()
    assert file.st_nlink == 0
    assert file.st_mode & 0o077 == 0


def test_a_full_disk_is_a_sentence():
    spool = Spool()
    with no_file_longer_than(MIB), pytest.raises(DestinationFailed, match="temporary file"):
        spool.write(memoryview(bytes(3 * MIB)))
    spool.close()
