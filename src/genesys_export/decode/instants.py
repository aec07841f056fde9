"""Texts of instants, by the column: which are canonical, and the others brought to that shape.

Canonical is `2026-11-22T08:00:00.123Z`. Knows Arrow's text functions, no records.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ..days import iso_ms, parse_instant
from .arrow import TIMES, YEAR_1

_LENGTH = len("2026-11-22T08:00:00.123Z")
_YEAR_10000 = 253_402_300_800_000  # 10000-01-01 in milliseconds since 1970
# A part of what `days.parse_instant` reads; nearly all that is ever written.
_USUAL = (
    r"^(?P<date>\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))[T ]"
    r"(?P<minute>(?:[01]\d|2[0-3]):[0-5]\d)(?::(?P<second>[0-5]\d)(?:\.(?P<ms>\d{1,3})\d{0,6})?)?"
    r"(?P<zone>Z|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)$"
)


def is_canonical(texts: pa.StringArray) -> bool:
    """Whether every non-null text is an instant as `2026-11-22T08:00:00.123Z`, exactly.

    Arrow's parser checks the digits; that it also takes blanks, offsets and other precisions is
    ruled out by looking at every 24th byte, which costs nothing. Its year 0000 is no year of ours.
    """
    lengths = pc.min_max(pc.binary_length(texts))
    if lengths["min"].as_py() is None:
        return True
    if lengths["min"].as_py() != _LENGTH or lengths["max"].as_py() != _LENGTH:
        return False
    _, offsets, data = texts.buffers()
    edges = memoryview(offsets).cast("i")
    span = slice(edges[texts.offset], edges[texts.offset + len(texts)])
    letters = bytes(memoryview(data)[span])
    count = len(letters) // _LENGTH
    for place, letter in ((10, b"T"), (19, b"."), (23, b"Z")):
        if letters[place::_LENGTH].count(letter) != count:
            return False
    try:
        earliest = pc.min(texts.cast(TIMES).cast(pa.int64())).as_py()
    except pa.ArrowInvalid:
        return False
    return bool(earliest >= YEAR_1)


def canonical(texts: pa.StringArray) -> pa.StringArray:
    """Return every text's instant as its canonical text; null if it is not an instant."""
    is_other = pc.fill_null(pc.not_equal(pc.binary_length(texts), _LENGTH), pa.scalar(value=False))
    if 0 < is_other.true_count < len(texts) / 2:
        others = _all_canonical(texts.filter(is_other))
        made = pc.replace_with_mask(texts, is_other, others)
        if is_canonical(made):
            return made
    return _all_canonical(texts)


def _all_canonical(texts: pa.StringArray) -> pa.StringArray:
    made = _in_bulk(texts)
    return made if made is not None else pa.array(map(_one_by_one, texts.to_pylist()), pa.string())


def _in_bulk(texts: pa.StringArray) -> pa.StringArray | None:
    """Do it with Arrow's functions; None if a text is not written in a usual way."""
    found = pc.extract_regex(texts, _USUAL)
    if found.null_count != texts.null_count:
        return None
    date, minute, second, ms, zone = (found.field(place) for place in range(5))
    second = pc.if_else(pc.equal(second, ""), "00", second)
    ms = pc.utf8_rpad(ms, 3, "0")
    join = pc.binary_join_element_wise
    local = join(join(date, "T", minute, ":", second, ""), ".", ms, zone, "")
    local = pc.if_else(texts.is_valid(), local, pa.scalar(None, pa.string()))
    try:
        times = local.cast(TIMES)
    except pa.ArrowInvalid:  # a 30th of February
        return None
    edges = pc.min_max(times.cast(pa.int64()))
    if edges["min"].as_py() is None:
        return local
    if edges["min"].as_py() < YEAR_1 or edges["max"].as_py() >= _YEAR_10000:
        return None
    if pc.all(pc.or_(texts.is_null(), pc.equal(zone, "Z"))).as_py():
        return local
    return pc.utf8_replace_slice(times.cast(pa.string()), 10, 11, "T")


def _one_by_one(text: str | None) -> str | None:
    try:
        return None if text is None else iso_ms(parse_instant(text))
    except ValueError:
        return None
