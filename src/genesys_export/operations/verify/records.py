"""A day's records as the API wrote them, and its index: whether they are the same, and the digest.

The digest is the sum, modulo 2**256, of the SHA-256 hashes of the records' bytes. The index holds
32 bytes a record, in order: 16 of its id (a UUID's own, else the id's BLAKE2b; where ids are
hashed the token's first) and the first 16 of its record's hash. Written apart from what makes
them: to ask the same code proves nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from hashlib import blake2b, sha256
from typing import Any

import msgspec

from ...odd_input import UNREADABLE
from .hashes import Hashes
from .mismatches import Unreadable
from .objects import Pieces

ENTRY_BYTES = 32
_ID, _ID_BYTES = "id", 16
_UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TOKEN = re.compile(rb"[0-9a-f]{64}")


class Records:
    """Which records an index, a table or a raw table has, each by id and by its bytes."""

    def __init__(self, field: str) -> None:
        """Hold nothing; a record's id is in its field of that name."""
        self._field = field
        head = msgspec.defstruct("Head", [(_ID, str)], rename={_ID: field})
        self._head = msgspec.json.Decoder(head)
        self.ids, self.entries = Hashes(), Hashes()
        self.digest = self.count = 0

    def take_ids(self, ids: Iterable[bytes]) -> None:
        """Take the ids of a table's rows."""
        self.ids.add(identity(one) for one in ids)

    def take_tokens(self, tokens: Iterable[bytes]) -> None:
        """Take the tokens of a table's rows if the ids are hashed."""
        self.ids.add(half(one) for one in tokens)

    def take_records(self, lines: Iterable[bytes]) -> int:
        """Take raw records; returns how many. Raises Unreadable for any other line."""
        count = 0
        for line in lines:
            whole = sha256(line).digest()
            key = identity(self._id_of(line))
            self.ids.add([key])
            self.entries.add([key + whole[:_ID_BYTES]])
            self.digest = (self.digest + int.from_bytes(whole)) % (1 << 256)
            count += 1
        self.count += count
        return count

    def take_index(self, pieces: Pieces) -> int:
        """Take one index, in pieces of any size; returns how many entries. Raises Unreadable."""
        before, count = b"", 0
        for entries in _entries(pieces):
            for entry in entries:
                if entry[:_ID_BYTES] <= before:
                    raise Unreadable("does not have sorted, unique ids")
                before = entry[:_ID_BYTES]
            self.ids.add(entry[:_ID_BYTES] for entry in entries)
            self.entries.add(entries)
            count += len(entries)
        self.count += count
        return count

    def close(self) -> None:
        """Give back memory and disk."""
        self.ids.close()
        self.entries.close()

    def _id_of(self, line: bytes) -> bytes:
        try:
            return str(getattr(self._head.decode(line), _ID)).encode()
        except UNREADABLE:
            found = _slowly(line)
        found = found.get(self._field) if isinstance(found, dict) else None
        if not isinstance(found, str):
            raise Unreadable(f"has a line that is not a record with a {self._field}")
        return found.encode("utf-8", "surrogatepass")


def half(token: bytes) -> bytes:
    """Return the 16 bytes of a token in an index; raises Unreadable for anything else."""
    if not _TOKEN.fullmatch(token):
        raise Unreadable("has an id that is not a token")
    return bytes.fromhex(token[: 2 * _ID_BYTES].decode())


def identity(ident: bytes) -> bytes:
    """Return an id's 16 bytes in an index."""
    if _UUID.fullmatch(ident):
        return bytes.fromhex(ident.replace(b"-", b"").decode())
    return blake2b(ident, digest_size=_ID_BYTES).digest()


def objects(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield lines that must be JSON objects; raises Unreadable."""
    for number, line in enumerate(lines, start=1):
        try:
            found = msgspec.json.decode(line)
        except UNREADABLE:
            found = _slowly(line)
        if not isinstance(found, dict):
            raise Unreadable(f"has no JSON object in line {number}")
        yield found


def _entries(pieces: Pieces) -> Iterator[list[bytes]]:
    rest = b""
    for piece in pieces:
        text = rest + piece
        whole = len(text) - len(text) % ENTRY_BYTES
        yield [text[at : at + ENTRY_BYTES] for at in range(0, whole, ENTRY_BYTES)]
        rest = text[whole:]
    if rest:
        raise Unreadable(f"is not a whole number of entries of {ENTRY_BYTES} bytes")


def _slowly(line: bytes) -> Any:
    """Read JSON that msgspec refuses, such as lone surrogates; None if it is not JSON."""
    try:
        return json.loads(line.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return None
