"""What is cut out of a record before Arrow reads it: attributes, and learnt unknown fields.

Arrow would make a column of every attribute key ever used, and needs one type for each unknown
field. So attributes become rows of their own, and the value of a learnt field becomes a text that
holds its JSON. msgspec says where a value stands, whatever white space is around it. Anything
else that is odd raises Unfit, and the exact path takes the record.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from ..model import Attributes
from ..odd_input import UNREADABLE
from .arrow import Unfit
from .structs import Field, Thin
from .triage import Triaged
from .written import encode, parse

_TEXTS = msgspec.json.Decoder(dict[str, str])
_RAWS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)
_ENCODE = msgspec.json.Encoder().encode
_DEEPEST = 50  # opening brackets: what has fewer can be parsed at any time
_ODD = (b"\\", b" ", b"\n", b"\r", b"\t")

Owned = tuple[int, str | None, Mapping[str, str | None]]  # ordinal and id of a participant


@dataclass(frozen=True, slots=True)
class Cut:
    """A record as Arrow is to read it, in pieces, and what was taken out of it."""

    pieces: Sequence[bytes | memoryview]
    participants: Sequence[Owned] = ()
    drift: int = 0
    unknown: Mapping[Field, int] = field(default_factory=dict)


def cut(one: Triaged, thin: Thin | None) -> Cut:
    """Take attributes and learnt fields out of the record; raises Unfit.

    Pieces, because joining every record and then all of them would copy each byte three times.
    """
    if one.head is None:
        raise Unfit
    places, owned, drift = _attributes_of(one)
    unknown: Counter[Field] = Counter()
    if thin is not None:
        base = _address(one.record)
        for known, raw in _learnt(thin, one.record):
            unknown[known] += 1
            value = bytes(raw)
            places.append((_address(raw) - base, len(value), _as_text(canonical(value))))
        places.sort()
    view, pieces, at = memoryview(one.record), list[bytes | memoryview](), 0
    for place, length, instead in places:
        pieces += (view[at:place], instead)
        at = place + length
    return Cut((*pieces, view[at:], b"\n"), owned, drift, unknown)


def _attributes_of(one: Triaged) -> tuple[list[tuple[int, int, bytes]], list[Owned], int]:
    """Return the replacements, the participants' attributes, and the drift."""
    places, owned, drift = [], list[Owned](), 0
    base = _address(one.record)
    participants = one.head.participants if one.head else None
    for ordinal, participant in enumerate(participants or ()):
        if participant is None or not (raw := bytes(participant.attributes)):
            continue
        if raw == b"null":
            continue
        texts, drifted = _texts(raw)
        owned.append((ordinal, participant.participant_id, texts))
        drift += drifted
        places.append((_address(participant.attributes) - base, len(raw), b"null"))
    return places, owned, drift


def _address(buffer: bytes | msgspec.Raw) -> int:
    """Return the position of the bytes; msgspec's raw values are slices of their record."""
    address: int = pa.py_buffer(buffer).address
    return address


def _learnt(thin: Thin, record: bytes) -> Sequence[tuple[Field, msgspec.Raw]]:
    try:
        return thin.read(record)
    except UNREADABLE as problem:
        raise Unfit from problem


def canonical(raw: bytes) -> bytes:
    """Return a JSON value as the exact path writes it: compact, letters as they are; raises Unfit.

    Nearly always it is written so already.
    """
    if raw.startswith(b'"'):
        is_canonical = b"\\" not in raw
    else:
        if raw.count(b"[") + raw.count(b"{") > _DEEPEST:
            raise Unfit  # the exact path alone decides what is nested too deeply
        is_canonical = not any(letter in raw for letter in _ODD)
    if is_canonical:
        return raw
    try:
        return encode(parse(raw.decode())).encode()
    except (ValueError, RecursionError) as problem:
        raise Unfit from problem


def _as_text(value: bytes) -> bytes:
    """Return JSON as a JSON text that holds it."""
    if b'"' not in value:
        return b'"%b"' % value
    try:
        return _ENCODE(value.decode())
    except UnicodeDecodeError as problem:
        raise Unfit from problem


def _texts(raw: bytes) -> tuple[Mapping[str, str | None], int]:
    """Return attributes as texts, and how many were none; raises Unfit if a key is duplicate.

    A dict forgets the overruled value. Nearly always the text is as msgspec would write it, which
    rules that out for a tenth of what counting the pairs costs.
    """
    try:
        try:
            found = _TEXTS.decode(raw)
        except msgspec.ValidationError:
            return _mixed(raw)
    except UNREADABLE as problem:
        raise Unfit from problem
    if len(_ENCODE(found)) != len(raw):
        _refuse_doubled(raw, len(found))
    return found, 0


def _mixed(raw: bytes) -> tuple[Mapping[str, str | None], int]:
    """Read attributes that are not all texts: other values become their JSON text."""
    found = _RAWS.decode(raw)
    _refuse_doubled(raw, len(found))
    texts: dict[str, str | None] = {}
    drift = 0
    for key, value in found.items():
        json_text = bytes(value)
        if json_text.startswith(b'"'):
            texts[key] = _TEXT.decode(json_text)
        elif json_text == b"null":
            texts[key] = None
        else:
            texts[key] = canonical(json_text).decode()
            drift += 1
    return texts, drift


def _refuse_doubled(raw: bytes, keys: int) -> None:
    try:
        if json.loads(raw, parse_int=str, parse_float=str, object_pairs_hook=len) != keys:
            raise Unfit
    except (ValueError, RecursionError) as problem:
        raise Unfit from problem


@dataclass(slots=True)
class Gathered:
    """The attribute rows of a block, column by column."""

    rows: list[int] = field(default_factory=list)
    ordinals: list[int] = field(default_factory=list)
    ids: list[str | None] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    values: list[str | None] = field(default_factory=list)

    def add(self, row: int, participants: Sequence[Owned]) -> None:
        """Add the attributes of a conversation's participants."""
        for ordinal, participant_id, found in participants:
            self.rows.append(row)
            self.ordinals.append(ordinal)
            self.ids.append(participant_id)
            self.sizes.append(len(found))
            self.keys.extend(found)
            self.values.extend(found.values())

    def attributes(self) -> Attributes:
        """Return the rows as Arrow columns."""
        offsets = pa.array([0, *self.sizes], pa.int64())
        lists = pa.LargeListArray.from_arrays(
            pc.cumulative_sum(offsets), pa.array(self.keys, pa.string())
        )
        owners = pc.list_parent_indices(lists)
        return Attributes(
            rows=pa.array(self.rows, pa.int64()).take(owners),
            ordinals=pa.array(self.ordinals, pa.int64()).take(owners),
            participant_ids=pa.array(self.ids, pa.string()).take(owners),
            keys=lists.values,
            values=pa.array(self.values, pa.string()),
        )
