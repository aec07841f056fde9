"""The conversations a slice has seen: 32 bytes each, and a table of 4-byte numbers to find them.

Knows ids and digests, not records. A set of a few million texts would be hundreds of megabytes;
this takes 39 to 59 bytes a conversation. Afterwards it is the slice's index: id and hash of every
record that was exported, in order of id.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from hashlib import blake2b, sha256

import pyarrow as pa
import pyarrow.compute as pc

_KEY_BYTES = 16
_ENTRY_BYTES = 32
_PIECE = 1 << 15  # entries: a piece is one mebibyte
_FULL = 0.6
_GROW = 4  # times: entering all anew is most of what a conversation costs here
_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch


def key_of(conversation_id: str) -> bytes:
    """Return 16 bytes for an id: a UUID's own, else a hash that meets no other in this universe.

    Only the canonical spelling is a UUID here: ids that differ in case are two ids.
    """
    if _UUID(conversation_id):
        return bytes.fromhex(conversation_id.replace("-", ""))
    return blake2b(conversation_id.encode(), digest_size=_KEY_BYTES).digest()


def digest_of(record: bytes) -> bytes:
    """Return the 32 bytes that identify a record: its SHA-256.

    Line breaks don't count (in JSON they stand between values only): they are what JSON lines
    leave out, and the digest of a day can be told from its raw lines.
    """
    if b"\n" in record or b"\r" in record:
        record = record.translate(None, b"\r\n")
    return sha256(record).digest()


class Ids:
    """An open-addressing table over entries that are only ever appended.

    Slots are chosen by Python's own hash of bytes: UUIDs made to share their last bytes must not
    fall onto one another.
    """

    def __init__(self) -> None:
        """Begin small."""
        self._entries = bytearray()
        self._slots = array("I", bytes(4 << 10))  # the entry's number from 1; 0 is free
        self._broken = array("Q")
        self._count = 0

    def add(self, key: bytes, digest: bytes) -> bytes | None:
        """Remember key and digest (16 bytes each), unless the key was seen.

        Returns the digest it was met with, None when it is new.
        """
        slot, number = self._find(key)
        if number:
            return bytes(self._entries[number * _ENTRY_BYTES - 16 : number * _ENTRY_BYTES])
        self._entries += key
        self._entries += digest
        self._count += 1
        self._slots[slot] = self._count
        if self._count > len(self._slots) * _FULL:
            self._grow()
        return None

    def __contains__(self, key: bytes) -> bool:
        return bool(self._find(key)[1])

    def replace(self, key: bytes, digest: bytes) -> None:
        """Remember another digest for a key that was seen."""
        end = self._find(key)[1] * _ENTRY_BYTES
        self._entries[end - 16 : end] = digest

    def disown(self, key: bytes) -> None:
        """Leave a seen key out of the index: its record was not exported."""
        self._broken.append(self._find(key)[1] - 1)

    def index(self) -> Iterator[bytes]:
        """Yield key and digest of what was exported, in order of key, in pieces of 1 MiB at most.

        Nothing can be added while it is read. Takes eight more bytes a conversation.
        """
        if not self._count:  # Arrow's first sort takes a mebibyte
            return
        held = [None, pa.py_buffer(self._entries)]
        entries = pa.FixedSizeBinaryArray.from_buffers(pa.binary(_ENTRY_BYTES), self._count, held)
        order = pc.array_sort_indices(entries)
        broken = pa.array(self._broken, pa.uint64())
        for first in range(0, self._count, _PIECE):
            numbers = order.slice(first, _PIECE)
            if len(broken):
                numbers = numbers.filter(pc.invert(pc.is_in(numbers, broken)))
            if len(numbers):
                yield entries.take(numbers).buffers()[1].to_pybytes()

    def _find(self, key: bytes) -> tuple[int, int]:
        """Return the key's slot and number; a free slot and 0 if it was not seen."""
        mask = len(self._slots) - 1
        slot = hash(key) & mask
        while number := self._slots[slot]:
            at = (number - 1) * _ENTRY_BYTES
            if self._entries[at : at + _KEY_BYTES] == key:
                break
            slot = (slot + 1) & mask
        return slot, number

    def _grow(self) -> None:
        slots = self._slots = array("I", bytes(_GROW * 4 * len(self._slots)))
        mask = len(slots) - 1
        with memoryview(self._entries).toreadonly() as entries:
            for number in range(self._count):
                at = number * _ENTRY_BYTES
                slot = hash(bytes(entries[at : at + _KEY_BYTES])) & mask
                while slots[slot]:
                    slot = (slot + 1) & mask
                slots[slot] = number + 1
