"""SHAPE of statuses: records that are a user with lists of periods become columns of texts.

A strict struct reads nearly every record in one go. What it refuses takes the exact path that
conversations take too: what is unknown or does not fit its column moves to `_extra`, and a record
of broken structure, or without a readable user, is rejected. Knows no day and no duplicates.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import GenericAlias
from typing import Any

import msgspec

from ..datasets import EXTRA, Dataset, PeriodColumns, api_name, record_shape
from ..model import Rejected
from ..odd_input import UNREADABLE
from .exact import Broken, clean
from .structs import ONE_AT_A_TIME
from .unknown import note

_VALUES = ("first", "second", "third", "fourth")  # attributes of a period
_LONGEST_ID = 1_000  # it stands in every row of the user


@dataclass(slots=True)
class Rows:
    """Rows of one table as they came, by the column; equal places belong together."""

    users: array[int] = field(default_factory=lambda: array("i"))  # their numbers
    starts: list[str | None] = field(default_factory=list)
    ends: list[str | None] = field(default_factory=list)
    values: tuple[list[str | None], ...] = ()
    extras: list[str | None] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.users)

    def written(self, columns: PeriodColumns, place: int) -> bytes:
        """Write one row as the API would, for the rejects."""
        named = (columns.start, columns.end, *columns.values)
        texts = (self.starts[place], self.ends[place], *(one[place] for one in self.values))
        told = {api_name(one): text for one, text in zip(named, texts, strict=True) if text}
        row, extra = msgspec.json.encode(told), (self.extras[place] or "{}").encode()
        between = b"," if len(row) > 2 and len(extra) > 2 else b""
        return row[:-1] + between + extra[1:]


class StatusDecoder:
    """The decoder of one slice; used by one thread."""

    def __init__(self, dataset: Dataset, tables: Iterable[str]) -> None:
        """Make rows of these tables."""
        self.columns = tuple(PeriodColumns.of(dataset.table(name)) for name in tables)
        self._shape = record_shape(dataset)
        with ONE_AT_A_TIME:
            self._strict = msgspec.json.Decoder(_record(dataset, is_strict=True))
            self._cleaned = msgspec.json.Decoder(_record(dataset, is_strict=False))
        self._numbers: dict[str, int] = {}
        self.drift = 0
        self.unknown: Counter[str] = Counter()

    @property
    def users(self) -> tuple[str, ...]:
        """Every user's id, by number."""
        return tuple(self._numbers)

    def decode(
        self, records: Iterable[bytes | memoryview]
    ) -> tuple[Mapping[str, Rows], list[Rejected]]:
        """Return the records' rows, by table, and the records that none can be made of."""
        made = {one.table.name: Rows(values=tuple([] for _ in one.values)) for one in self.columns}
        rejected = []
        for record in records:
            try:
                user = self._read(record)
                number = self._number(user.ident)
            except Broken as problem:
                rejected.append(Rejected(str(problem), bytes(record)))
                continue
            for columns in self.columns:
                if periods := getattr(user.found, columns.list_name):
                    self._append(made[columns.table.name], number, user, periods)
        return made, rejected

    def _read(self, record: bytes | memoryview) -> _User:
        try:
            found = self._strict.decode(record)
        except UNREADABLE:
            cleaned = clean(self._shape, bytes(record))
        else:
            return _User(found, found.ident)
        self.drift += cleaned.drift
        note(self.unknown, cleaned.unknown)
        found = self._cleaned.decode(cleaned.line)
        return _User(found, found.ident, is_exact=True, extra=found.extra)

    def _append(self, rows: Rows, number: int, user: _User, periods: Sequence[Any]) -> None:
        if user.is_exact:
            there = [one for one in periods if one is not None]
            self.drift += len(periods) - len(there)
            periods = there
            rows.extras += [_merged(user.extra, one.extra) for one in periods]
        else:
            rows.extras += [None] * len(periods)
        rows.users.extend([number] * len(periods))
        rows.starts += [one.start for one in periods]
        rows.ends += [one.end for one in periods]
        for place, column in enumerate(rows.values):
            column += [getattr(one, _VALUES[place]) for one in periods]

    def _number(self, user: str | None) -> int:
        if not user:
            raise Broken("userId is missing or not a text")
        if len(user) > _LONGEST_ID:
            raise Broken("userId is too long")
        return self._numbers.setdefault(user, len(self._numbers))


@dataclass(frozen=True, slots=True)
class _User:
    """A record as it was read."""

    found: Any
    ident: str | None
    is_exact: bool = False  # whether it took the exact path
    extra: str | None = None  # what of the user itself has no column


def _record(dataset: Dataset, *, is_strict: bool) -> Any:
    """Return the struct of a record: the user's id, and each table's list of periods."""
    extra = () if is_strict else (("extra", str | None, None),)
    names = {} if is_strict else {"extra": EXTRA}
    lists = []
    for table in dataset.tables:
        columns = PeriodColumns.of(table)
        named = {"start": columns.start, "end": columns.end}
        named |= dict(zip(_VALUES, columns.values, strict=False))
        period = msgspec.defstruct(
            "Period",
            [*((name, str | None, None) for name in named), *extra],
            rename={**{name: api_name(one) for name, one in named.items()}, **names},
            forbid_unknown_fields=is_strict,
            gc=False,
        )
        element: Any = period if is_strict else period | None
        lists.append((columns.list_name, GenericAlias(list, (element,)) | None, None))
    return msgspec.defstruct(
        "User",
        [("ident", str | None, None), *lists, *extra],
        rename={"ident": api_name(PeriodColumns.of(dataset.tables[0]).user), **names},
        forbid_unknown_fields=is_strict,
    )


def _merged(of_user: str | None, of_row: str | None) -> str | None:
    """Return a row's `_extra`: what is the user's own comes under `user`."""
    if of_user is None:
        return of_row
    return f'{{"user":{of_user}{"," + of_row[1:] if of_row else "}"}'
