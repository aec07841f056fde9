"""Records that can't be read as conversations, kept whole: one JSON-lines file a day.

Where personal data is protected they are counted only: nobody can tell what they hold.

Opened at the first reject only; safe from several threads. The same record met in two slices is
kept once.
"""

from __future__ import annotations

import base64
from hashlib import blake2b
from threading import Lock

import msgspec

from ..encode import Format, Gzip
from ..model import Rejected, StagedFile, Store, Upload


class Rejects:
    """The rejects of one day being staged."""

    def __init__(self, store: Store, key: str, token: str, *, count_only: bool = False) -> None:
        """Write nothing yet; with `count_only` never (whole records can't be protected)."""
        self._store, self._key, self._token = store, key, token
        self._count_only = count_only
        self._lock = Lock()
        self._upload: Upload | None = None
        self._gzip: Gzip | None = None
        self._met: set[bytes] = set()
        self.rows = 0

    def add(self, rejected: tuple[Rejected, ...]) -> None:
        """Keep records; raises DestinationFailed."""
        with self._lock:
            for one in rejected:
                digest = blake2b(one.record, digest_size=16).digest()
                if digest not in self._met:
                    self._met.add(digest)
                    self.rows += 1
                    if not self._count_only:
                        self._write(_line(one))

    def seal(self) -> StagedFile | None:
        """Finish the file; None if there was no reject."""
        with self._lock:
            if self._gzip is None or self._upload is None:
                return None
            self._gzip.close()
            return self._upload.seal()

    def discard(self) -> None:
        """Discard everything."""
        if self._upload is not None:
            self._upload.discard()

    def _write(self, line: bytes) -> None:
        if self._gzip is None:
            self._upload = self._store.stage(self._key, self._token, Format.JSONL.content_type)
            self._gzip = Gzip(self._upload.write)
        self._gzip.write(line + b"\n")


def _line(rejected: Rejected) -> bytes:
    """Return one JSON line: the reason, and the record; base64 of bytes that are not JSON text."""
    try:
        rejected.record.decode()  # invalid UTF-8 passes the parser unnoticed
        one_line: bytes = msgspec.json.format(rejected.record, indent=-1)
        body: dict[str, object] = {"reason": rejected.reason, "record": msgspec.Raw(one_line)}
    except (UnicodeDecodeError, msgspec.MsgspecError, RecursionError):
        encoded = base64.b64encode(rejected.record).decode()
        body = {"reason": rejected.reason, "record_base64": encoded}
    return msgspec.json.encode(body)
