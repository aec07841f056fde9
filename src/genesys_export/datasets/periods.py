"""Tables whose rows are periods of a user: which column is what, read off the declaration."""

from __future__ import annotations

from dataclasses import dataclass

from .spec import Column, Kind, Table, Type

_USER = "$.userId"


@dataclass(frozen=True, slots=True)
class PeriodColumns:
    """Which of a table's columns are what, and which list of a user's record its rows are in."""

    table: Table
    list_name: str
    user: Column
    start: Column
    end: Column
    values: tuple[Column, ...]  # what the user was meanwhile
    extra: Column

    @classmethod
    def of(cls, table: Table) -> PeriodColumns:
        """Read them off the declaration: the first instant is the start, the second the end."""
        inner = [one for one in table.of_kind(Kind.FIELD) if one.path != _USER]
        (user,) = (one for one in table.columns if one.path == _USER)
        start, end = (one for one in inner if one.type is Type.TIMESTAMP)
        return cls(
            table=table,
            list_name=table.path.removeprefix("$.").removesuffix("[]"),
            user=user,
            start=start,
            end=end,
            values=tuple(one for one in inner if one.type is Type.STRING),
            extra=table.of_kind(Kind.EXTRA)[0],
        )


def api_name(column: Column) -> str:
    """Return what the API calls the column's values."""
    return (column.path or "").rpartition(".")[2]
