"""Which of a period's copies counts, for all periods of a slice at once.

Copies are rows of one user and start. The one that says more counts: closed over open, then the
later end. Only where copies of the same end differ are single rows looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(slots=True)
class Ordered:
    """The places of the rows that count, in order of user and start; and what else there was."""

    places: pa.Array
    duplicates: int
    differing: int  # of the duplicates: a copy that differs counts once, however often it came


def in_order(rows: pa.Table, rank: pa.Array, others: Sequence[str]) -> Ordered:
    """Return which rows count.

    `rank` is each row's user's place among the users; `others` are the columns beside `start` and
    `end` in which copies can differ.
    """
    keys = pa.table({"user": rank, "start": rows["start"], "end": rows["end"]})
    by = [("user", "ascending"), ("start", "ascending"), ("end", "descending")]
    order = pc.sort_indices(keys, by)  # nulls come last
    user, start, end = (keys[name].combine_chunks().take(order) for name in keys.column_names)
    again = pc.and_(_like_before(user), _like_before(start))
    if not again.true_count:
        return Ordered(order, 0, 0)
    alike = again
    for name in others:
        alike = pc.and_(alike, _like_before(_codes(rows[name]).take(order)))
    same_end = pc.and_(again, _like_before(end))
    differing = pc.and_(again, pc.invert(pc.and_(same_end, alike))).true_count
    kept = pc.invert(again)
    tied = pc.and_(same_end, pc.invert(alike))
    if tied.true_count:
        kept, more = _without_ties(rows.select(others), order, (again, same_end, tied))
        differing += more
    return Ordered(order.filter(kept), again.true_count, differing)


def _without_ties(
    rows: pa.Table, order: pa.Array, masks: tuple[pa.Array, pa.Array, pa.Array]
) -> tuple[pa.Array, int]:
    """Return what is kept where copies of the same end differ: the last in order of their text.

    Also by how much the differing copies were miscounted, as equal ones may not stand together.
    """
    again, same_end, tied = (mask.to_pylist() for mask in masks)
    kept, more = [not one for one in again], 0
    for first, stop in _groups(same_end, tied):
        told = [_told(rows, order[place].as_py()) for place in range(first, stop)]
        counted = sum(one != other for one, other in pairwise(told))
        more += len({*told}) - 1 - counted
        if kept[first]:
            kept[first] = False
            kept[first + told.index(max(told, key=_by_text))] = True
    return pa.array(kept), more


def _groups(same_end: Sequence[bool], tied: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Yield from where to where copies have one end, of those that differ."""
    stop = 0
    for place, is_tied in enumerate(tied):
        if is_tied and place >= stop:
            first = stop = place
            while same_end[first]:
                first -= 1
            while stop < len(same_end) and same_end[stop]:
                stop += 1
            yield first, stop


def _told(rows: pa.Table, place: int) -> tuple[str | None, ...]:
    return tuple(column[place].as_py() for column in rows.columns)


def _by_text(told: tuple[str | None, ...]) -> tuple[tuple[bool, str], ...]:
    return tuple((text is not None, text or "") for text in told)


def _codes(column: pa.ChunkedArray) -> pa.Array:
    """Return a column's values as numbers, if it has a dictionary."""
    values = column.combine_chunks()
    return values.indices if pa.types.is_dictionary(values.type) else values


def _like_before(values: pa.Array) -> pa.BooleanArray:
    """Return for each value whether it is that of the row before; null is like null."""
    one, other = values[1:], values[:-1]
    both_null = pc.and_(one.is_null(), other.is_null())
    same = pc.or_(pc.fill_null(pc.equal(one, other), fill_value=False), both_null)
    return pa.concat_arrays([pa.array([False]), same])
