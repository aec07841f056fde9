"""How a dataset is declared: tables, columns, and where each value comes from.

Knows the vocabulary of the declarations (types, kinds, personal-data classes), no dataset.
Imports nothing heavy: `tables` and `--help` must answer at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

from .additions import Additions
from .endpoints import AggregateEndpoint, CountEndpoint, JobEndpoint, ListEndpoint, QueryEndpoint


class Type(StrEnum):
    """Column types, by Arrow's names; times are in UTC with milliseconds."""

    STRING = "string"
    INT64 = "int64"
    FLOAT64 = "float64"
    BOOL = "bool"
    TIMESTAMP = "timestamp[ms, UTC]"
    DATE = "date32"
    STRINGS = "list<string>"
    INT64S = "list<int64>"

    @property
    def is_list(self) -> bool:
        """Whether the column holds lists."""
        return self in (Type.STRINGS, Type.INT64S)


class Kind(StrEnum):
    """Where a column's values come from."""

    FIELD = "field"  # one leaf of the API's record, here and nowhere else
    KEY = "key"  # the row's place: ordinals and the conversation's id and day
    CARRIED = "carried"  # a copy of an ancestor's leaf
    SUM = "sum"  # the sum of the readings of one metric
    COUNT = "count"  # how many readings that sum has
    DERIVED = "derived"  # by a rule
    EXTRA = "extra"  # what has no column of its own, as JSON
    MAP_KEY = "map_key"  # the key of a key/value pair
    LOCAL = "local"  # an instant of the row, as local time
    NAME = "name"  # what an id of the row is called, by a lookup table
    PINNED = "pinned"  # the value of one attribute


class PersonalData(StrEnum):
    """How much a column reveals about a person."""

    NONE = "none"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    name: str
    type: Type
    kind: Kind
    path: str | None
    unit: str
    personal_data: PersonalData
    description: str
    rule: str = ""
    metric: str = ""
    repeats: str = ""  # the field whose values these are, as `table.column`
    made_from: str = ""  # LOCAL and NAME: a column of the row; PINNED: the attribute's key
    since: int = 1  # the first column version that has it
    in_history: bool = True  # False: it changes so often that it makes no new row of a history
    optional: bool = False  # a part of the key that may be null: null is a value like others


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns that point to another table's key."""

    columns: tuple[str, ...]
    references: str
    ref_columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table: what a row is, its keys, its columns in file order."""

    name: str
    path: str
    model: str
    grain: str
    primary_key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]
    note: str
    columns: tuple[Column, ...]
    source: ListEndpoint | None = None  # of a table that is made of a list of the API
    identity: str = ""  # the column of the record's id; empty where records have none
    of: str = ""  # the table whose entities have these, in themselves or in a list each
    asks: Mapping[str, str] = field(default_factory=dict)  # what its list is asked for these
    omits: frozenset[str] = frozenset()  # fields, at any depth, that say nothing of their own
    is_lookup: bool = False  # whether it holds names for conversations: see `export.names`

    def __post_init__(self) -> None:
        """Refuse two columns of one name: a file can't hold them."""
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError(f"table {self.name} has two columns of one name")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The column names, in file order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def day(self) -> Column:
        """The column of the day that a row belongs to; every table has one."""
        return next(one for one in self.of_kind(Kind.KEY) if one.type is Type.DATE)

    def column(self, name: str) -> Column:
        """Return the column of that name; raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def as_of(self, version: int) -> Table:
        """Return the table as it was with that column version."""
        kept = tuple(column for column in self.columns if column.since <= version)
        return self if len(kept) == len(self.columns) else replace(self, columns=kept)

    def of_kind(self, kind: Kind) -> tuple[Column, ...]:
        """Return the columns of one kind, in file order."""
        return tuple(column for column in self.columns if column.kind is kind)


class FeedKind(StrEnum):
    """What reads the slices of a dataset: a room in `feeds`."""

    RECORDS = "records"  # JSON records from jobs and queries
    LISTS = "lists"  # lists of the API, a table each
    STATUS = "status"  # users with lists of periods, from jobs; cut at the day's edges
    AGGREGATES = "aggregates"  # statistics by interval and group


class Life(StrEnum):
    """How a day of the dataset comes to its end."""

    SETTLING = "settling"  # Genesys goes on correcting it for days, so it is read again
    SNAPSHOT = "snapshot"  # of the instant it is read: a past day can't be read any more


@dataclass(frozen=True, slots=True)
class Record:
    """Where a record says what it is, and which day it belongs to."""

    id: str
    start: str


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """What is exported together, under one manifest a day: tables made from one kind of record."""

    name: str
    summary: str
    source_model: str
    column_version: int
    records: str  # what is counted, in the plural: conversations
    feed: FeedKind
    life: Life
    tables: tuple[Table, ...]
    record: Record | None = None
    jobs: JobEndpoint | None = None
    query: QueryEndpoint | None = None
    counts: CountEndpoint | None = None
    aggregates: AggregateEndpoint | None = None
    named_by: tuple[str, ...] = ()  # the lookup tables that its ids may have names from
    pinned: Table | None = None  # of pinned attributes; who has one takes all Additions
    added: Additions = field(default_factory=Additions)  # what settings added

    @property
    def names_from(self) -> tuple[str, ...]:
        """The lookup tables that ids of its tables have names from."""
        columns = (column for table in self.tables for column in table.of_kind(Kind.NAME))
        return tuple(dict.fromkeys(column.repeats.partition(".")[0] for column in columns))

    @property
    def lookups(self) -> tuple[str, ...]:
        """The tables of names for conversations."""
        return tuple(table.name for table in self.tables if table.is_lookup)

    def children(self, name: str) -> tuple[Table, ...]:
        """Return the tables whose rows the entities of that table have."""
        return tuple(table for table in self.tables if table.of == name)

    @property
    def raw(self) -> str:
        """The table of the API's own records."""
        return f"{self.name}_raw"

    @property
    def top(self) -> Table | None:
        """The table with one row for each record; None where there are no records, but lists."""
        return next((table for table in self.tables if table.path == "$"), None)

    @property
    def is_snapshot(self) -> bool:
        """Whether a day is what was there when it was read."""
        return self.life is Life.SNAPSHOT

    def has(self, name: str) -> bool:
        """Whether the table of that name is one of this dataset's, with or without settings."""
        return name in self.prefixes

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The name of every table that the dataset may ever have: its prefix is taken."""
        optional = [self.pinned.name] if self.pinned else []
        names = (*(table.name for table in self.tables), *optional, self.raw)
        return tuple(dict.fromkeys(names))

    def table(self, name: str) -> Table:
        """Return the table of that name; raises KeyError."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)
