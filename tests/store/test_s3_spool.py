"""Where parts wait until they are sent: all bytes in order, little memory, no name on the disk."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import given
from hypothesis import strategies as st

from fakes import some
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


def written_and_taken(spool: Spool, sizes: list[tuple[int, bool]]) -> None:
    """Write pieces that differ, and take what waits where told to and at the end."""
    wanted = b""
    for number, (size, take) in enumerate(sizes):
        data = bytes([number]) * size
        spool.write(memoryview(data))
        wanted += data
        assert len(spool) == len(wanted)
        if take:
            assert spool.take() == wanted
            wanted = b""
    assert spool.take() == wanted
    assert len(spool) == 0
    spool.close()


PIECES = st.lists(st.tuples(st.integers(0, 400_000), st.booleans()), max_size=8)


@given(PIECES)
def test_what_is_taken_is_what_was_written_since(pieces):
    written_and_taken(Spool(), pieces)


@given(PIECES, st.sampled_from([0, 100_000, 700_000, MIB]))
def test_a_full_disk_loses_nothing(pieces, room):
    with no_file_longer_than(room):
        written_and_taken(Spool(), pieces)


def test_little_waits_in_memory_and_much_on_the_disk_until_it_is_full():
    spool = Spool()
    spool.write(memoryview(bytes(MIB // 4)))
    assert spool._file is None
    spool.write(memoryview(bytes(MIB)))
    assert spool._file is not None
    with no_file_longer_than(2 * MIB):
        spool.write(memoryview(bytes(MIB)))
    assert spool._file is None
    assert spool.take() == bytes(2 * MIB + MIB // 4)
    spool.close()


def test_what_waits_on_the_disk_has_no_name_and_only_this_user_may_read_it():
    spool = Spool()
    spool.write(memoryview(bytes(MIB)))
    file = os.fstat(some(spool._file).fileno())
    spool.close()
    assert file.st_nlink == 0
    assert file.st_mode & 0o077 == 0


def test_without_a_folder_for_temporary_files_all_waits_in_memory(tmp_path):
    code = """
import os, tempfile
from genesys_export.store.s3_spool import Spool
tempfile.tempdir = os.path.join(os.getcwd(), "gone")
spool = Spool()
spool.write(memoryview(bytes(1 << 20)))
assert spool._file is None
assert spool.take() == bytes(1 << 20)
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=60)
