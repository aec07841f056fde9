"""Gzip in fixed blocks, so that the bytes depend on the content alone.

ISA-L's output depends on how its input is chunked (tried with isal 1.9): feeding whole blocks only
makes a file the same however its rows were batched. The header names no file and no time.

The first bytes are flushed as a deflate block of their own. Without it ISA-L 2.32 hashes the third
byte of a stream from a register that it never set (`.write_first_byte` in
igzip_icf_body_h1_gr_bt.asm), and one file of some 20,000 comes out a byte longer.
"""

from __future__ import annotations

from collections.abc import Callable

from isal import isal_zlib

_BLOCK = 1 << 18
_FIRST = 8  # bytes; ISA-L has no history yet after three or fewer
_LEVEL = 2  # 1300 MB/s of CSV at nine tenths of zlib 6's gain
_GZIP_WINDOW = 31


class Gzip:
    """Compresses what is written and passes it on; used by one thread."""

    def __init__(self, sink: Callable[[bytes], None]) -> None:
        """Begin one gzip member."""
        self._sink = sink
        self._pending = bytearray()
        self._deflate = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP_WINDOW)
        self._has_begun = False

    def write(self, data: bytes | memoryview) -> None:
        """Compress the next bytes; some wait until their block is full."""
        view = memoryview(data)
        if self._pending:
            missing = _BLOCK - len(self._pending)
            self._pending += view[:missing]
            view = view[missing:]
            if len(self._pending) < _BLOCK:
                return
            self._emit(bytes(self._pending))
            self._pending.clear()
        whole = len(view) // _BLOCK * _BLOCK
        for start in range(0, whole, _BLOCK):
            self._emit(view[start : start + _BLOCK])
        self._pending += view[whole:]

    def close(self) -> None:
        """Write what is left and the trailer."""
        self._emit(bytes(self._pending))
        self._pending.clear()
        self._sink(self._deflate.flush())

    def _emit(self, block: bytes | memoryview) -> None:
        if not self._has_begun and block:
            self._has_begun = True
            first = self._deflate.compress(block[:_FIRST])
            self._sink(first + self._deflate.flush(isal_zlib.Z_SYNC_FLUSH))
            block = block[_FIRST:]
        if packed := self._deflate.compress(block):
            self._sink(packed)
