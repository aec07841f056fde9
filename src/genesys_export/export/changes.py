"""What a new export of a day changed of it, conversation by conversation: ids and hashes only.

Beside a day's manifest lies an index a slice: 32 bytes a conversation, 16 of its id (or token) and
16 of its record's hash, in order of id. The old indexes and the new ones are merged, so two days
of any size are compared in constant memory. No customer's data comes this way.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter

import msgspec

from ..encode import Format, Gzip
from ..errors import DataMismatch
from ..manifest import File, Manifest, Recipe
from ..model import StagedFile, Store, Tag, Upload

ENTRY_BYTES = 32
_ID_BYTES = 16


class Kind(StrEnum):
    """What became of a conversation."""

    NEW = "new"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Change:
    """A conversation that has changed."""

    kind: Kind
    id: bytes
    old: bytes | None  # the hash of its record as published; None of a new one
    new: bytes | None  # the hash as it is now; None of one that is gone


@dataclass(frozen=True, slots=True)
class Tally:
    """How many conversations are new, changed and gone."""

    new: int = 0
    changed: int = 0
    gone: int = 0

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return self.total > 0

    @property
    def total(self) -> int:
        """How many conversations differ."""
        return self.new + self.changed + self.gone


def is_same(old: Manifest, digest: str, exported: int, recipe: Recipe) -> bool:
    """Whether an export with that digest found the published content unchanged."""
    return (
        old.state != "damaged"
        and old.next is None
        and (old.digest, old.counts.exported) == (digest, exported)
        and old.recipe.is_like(recipe)
    )


def read(store: Store, index: Iterable[File]) -> Iterator[bytes]:
    """Yield the entries of a day's indexes, one a slice, in order.

    Raises DataMismatch for what is no index, and what `Store.chunks` raises.
    """
    chunks = ((one.key, store.chunks(one.key, Tag(one.etag, one.version_id))) for one in index)
    return heapq.merge(*(entries(pieces, key) for key, pieces in chunks))


def entries(chunks: Iterable[bytes], where: str) -> Iterator[bytes]:
    """Cut one index, given in pieces of any size, into its entries; raises DataMismatch."""
    rest, before = b"", b""
    for chunk in chunks:
        piece = rest + chunk
        whole = len(piece) - len(piece) % ENTRY_BYTES
        for at in range(0, whole, ENTRY_BYTES):
            found = piece[at : at + ENTRY_BYTES]
            if found[:_ID_BYTES] <= before:
                raise _broken(where, "its ids are not in order")
            before = found[:_ID_BYTES]
            yield found
        rest = piece[whole:]
    if rest:
        raise _broken(where, "it was truncated or extended")


def compare(old: Iterator[bytes], new: Iterator[bytes]) -> Iterator[Change]:
    """Yield what differs between two streams of entries, each in order, in order of id."""
    left, right = _by_id(old, "old"), _by_id(new, "new")
    for key, group in groupby(heapq.merge(left, right), itemgetter(0)):
        hashes = {side: digest for _, side, digest in group}
        was, now = hashes.get("old"), hashes.get("new")
        if was is None:
            yield Change(Kind.NEW, key, None, now)
        elif now is None:
            yield Change(Kind.GONE, key, was, None)
        elif was != now:
            yield Change(Kind.CHANGED, key, was, now)


def line(change: Change, spell: Callable[[bytes], str]) -> bytes:
    """Return the change as a JSON line, its id written out by `spell`."""
    told = {
        "change": change.kind,
        "conversation_id": spell(change.id),
        "was": change.old and change.old.hex(),
        "is": change.new and change.new.hex(),
    }
    return msgspec.json.encode(told) + b"\n"


def write_changes(
    store: Store,
    key: str,
    token: str,
    changes: Iterable[Change],
    spell: Callable[[bytes], str],
) -> tuple[StagedFile | None, Tally]:
    """Stage the list of changes at `key`, and count them; stages nothing if there are none.

    Whatever goes wrong, what was staged is discarded before the error goes on.
    """
    counts = dict.fromkeys(Kind, 0)
    staging = _Staging(store, key, token)
    try:
        for change in changes:
            counts[change.kind] += 1
            staging.write(line(change, spell))
        staged = staging.seal()
    except BaseException:
        staging.discard()
        raise
    return staged, Tally(counts[Kind.NEW], counts[Kind.CHANGED], counts[Kind.GONE])


class _Staging:
    """The list being staged, from its first line on."""

    def __init__(self, store: Store, key: str, token: str) -> None:
        self._store, self._key, self._token = store, key, token
        self._open: tuple[Upload, Gzip] | None = None

    def write(self, text: bytes) -> None:
        if self._open is None:
            upload = self._store.stage(self._key, self._token, Format.JSONL.content_type)
            self._open = upload, Gzip(upload.write)
        self._open[1].write(text)

    def seal(self) -> StagedFile | None:
        if self._open is None:
            return None
        upload, gzip = self._open
        gzip.close()
        return upload.seal()

    def discard(self) -> None:
        if self._open is not None:
            self._open[0].discard()


def _by_id(found: Iterator[bytes], side: str) -> Iterator[tuple[bytes, str, bytes]]:
    """Yield id, side and hash; an id that several slices hold once, its hashes folded."""
    for key, group in groupby(found, itemgetter(slice(_ID_BYTES))):
        hashes = b"".join(one[_ID_BYTES:] for one in group)
        yield key, side, hashes if len(hashes) == _ID_BYTES else _folded(hashes)


def _folded(hashes: bytes) -> bytes:
    return blake2b(hashes, digest_size=ENTRY_BYTES - _ID_BYTES).digest()


def _broken(where: str, how: str) -> DataMismatch:
    return DataMismatch(
        f"{where} is not an index of a day's conversations: {how}",
        advice="Something else wrote to it. Move the day's manifest away, then export the day "
        "again; it is published as new.",
    )
