"""Records that can't be read, kept whole: one JSON-lines file a slice.

Where personal data is protected they are counted only: nobody can tell what they hold. Opened at
the first reject only; used by one thread.
"""

from __future__ import annotations

import base64

import msgspec

from ..claim import SealedFile
from ..encode import Format, Gzip
from ..model import Rejected, Store, Upload
from ..odd_input import UNREADABLE

REJECTS = "rejects"


class Rejects:
    """The rejects of one slice being staged."""

    def __init__(self, store: Store, key: str, token: str, *, count_only: bool = False) -> None:
        """Write nothing yet; with `count_only` never (whole records can't be protected)."""
        self._store, self._key, self._token = store, key, token
        self._count_only = count_only
        self._open: tuple[Upload, Gzip] | None = None
        self._rows = 0

    def add(self, one: Rejected) -> None:
        """Keep a record; raises DestinationFailed."""
        if self._count_only:
            return
        if self._open is None:
            upload = self._store.stage(self._key, self._token, Format.JSONL.content_type)
            self._open = upload, Gzip(upload.write)
        self._open[1].write(_line(one) + b"\n")
        self._rows += 1

    def seal(self) -> tuple[SealedFile, ...]:
        """Finish the file; nothing if there was no reject."""
        if self._open is None:
            return ()
        upload, gzip = self._open
        gzip.close()
        return (SealedFile(table=REJECTS, rows=self._rows, file=upload.seal()),)

    def discard(self) -> None:
        """Discard everything."""
        if self._open is not None:
            self._open[0].discard()


def _line(rejected: Rejected) -> bytes:
    """Return one JSON line: the reason, and the record; base64 of bytes that are not JSON text."""
    try:
        rejected.record.decode()  # invalid UTF-8 passes the parser unnoticed
        one_line: bytes = msgspec.json.format(rejected.record, indent=-1)
        body: dict[str, object] = {"reason": rejected.reason, "record": msgspec.Raw(one_line)}
    except UNREADABLE:
        encoded = base64.b64encode(rejected.record).decode()
        body = {"reason": rejected.reason, "record_base64": encoded}
    return msgspec.json.encode(body)
