"""Gzip members: their bytes depend on the content alone."""

from __future__ import annotations

import gzip
import zlib

import pytest

from genesys_export.encode.gzip import Gzip

LINES = b"".join(b'"%d","%d"\n' % (n, n * n % 9_973) for n in range(60_000))


def packed(*pieces: bytes) -> list[bytes]:
    """Return what comes out, piece by piece."""
    out: list[bytes] = []
    member = Gzip(out.append)
    for piece in pieces:
        member.write(piece)
    member.close()
    return out


@pytest.mark.parametrize("size", [0, 1, 3, 4, 8, 9, 1_000, 1 << 18, (1 << 18) + 1, len(LINES)])
def test_a_member_holds_what_was_written(size):
    assert gzip.decompress(b"".join(packed(LINES[:size]))) == LINES[:size]


@pytest.mark.parametrize("size", [1, 7, 50_000, 1 << 18, 300_000])
def test_however_the_content_comes_the_bytes_are_the_same(size):
    pieces = [LINES[at : at + size] for at in range(0, 400_000, size)]
    whole = b"".join(pieces)
    assert b"".join(packed(*pieces)) == b"".join(packed(whole))


@pytest.mark.parametrize("content", [LINES[:1_000], LINES])
def test_the_first_bytes_are_a_block_of_their_own(content):
    """Else ISA-L hashes the third byte from a register that holds anything."""
    inflate = zlib.decompressobj(31)
    assert inflate.decompress(packed(content)[0]) == content[:8]
