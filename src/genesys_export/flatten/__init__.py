"""SHAPE, second half: nested Arrow becomes one batch a table.

Columns, order and types are the declaration's; instants stay texts (`2026-11-22T08:00:00.123Z`),
which CSV takes as they are. Rows come in the API's order. No row is ever looked at in Python.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

import pyarrow as pa

from ..datasets import EXTRA, Column, Dataset, Kind, Table, Type
from ..model import Attributes, Batch, Block
from . import derived
from .derived import TIMES
from .levels import ROOT, Level, explode, top
from .local import local_times
from .lookup import ById, Names, looked_up
from .metrics import metrics_of, pivot
from .pinned import pinned

__all__ = ["Flattener", "arrow_schema", "starts_of"]

_ARROW = {
    Type.STRING: pa.string(),
    Type.INT64: pa.int64(),
    Type.FLOAT64: pa.float64(),
    Type.BOOL: pa.bool_(),
    Type.TIMESTAMP: pa.string(),
    Type.DATE: pa.date32(),
    Type.STRINGS: pa.list_(pa.string()),
    Type.INT64S: pa.list_(pa.int64()),
}
_UTC = ZoneInfo("UTC")
_NO_NAMES: Names = {}
_Made = Mapping[str, Mapping[str, pa.Array]]  # computed columns: by table, by column


def arrow_schema(table: Table) -> pa.Schema:
    """Return the schema of a table's batches (instants as text)."""
    return pa.schema([pa.field(c.name, _ARROW[c.type]) for c in table.columns])


def starts_of(conversations: pa.RecordBatch) -> pa.TimestampArray:
    """Return when each conversation of a block began."""
    return conversations.column("conversationStart").cast(TIMES)


class Flattener:
    """Flattens the blocks of one day."""

    def __init__(
        self,
        dataset: Dataset,
        day: date,
        tables: Sequence[str] = (),
        *,
        zone: ZoneInfo = _UTC,
        names: Names = _NO_NAMES,
    ) -> None:
        """Make the `tables` named, in the declared order; all of them when none is named.

        `names` are protected already; a column of names without any is null.
        """
        self._dataset = dataset
        self._day, self._zone, self._names = day, zone, names
        self._metrics = metrics_of(dataset.table("conversations"), dataset.table("sessions"))
        self._wanted = frozenset(tables or (table.name for table in dataset.tables))

    def flatten(self, block: Block) -> tuple[Batch, ...]:
        """Return a batch for every wanted table that has rows."""
        if block.conversations.num_rows == 0:
            return ()
        levels = self._levels(block.conversations)
        made = {**self._computed(levels), **self._pinned(block)}
        starts = starts_of(block.conversations)
        namer = _Namer(levels)
        return tuple(
            self._attributes(table, levels["conversations"], block.attributes, starts)
            if table.of_kind(Kind.MAP_KEY)
            else self._batch(table, namer, made.get(table.name, {}), starts)
            for table in self._dataset.tables
            if table.name in self._wanted and _has_rows(table, levels, block.attributes)
        )

    def _levels(self, conversations: pa.RecordBatch) -> dict[str, Level]:
        """Return the objects of every table, by its name."""
        levels = {"conversations": top(conversations)}
        for table in self._dataset.tables:
            if table.path == ROOT:
                levels[table.name] = levels["conversations"]
            elif table.name not in levels and not table.of_kind(Kind.MAP_KEY):
                above = max(
                    (
                        level
                        for level in levels.values()
                        if table.path.startswith(level.path + ".")
                    ),
                    key=lambda level: len(level.path),
                )
                levels[table.name] = explode(above, table.path)
        return levels

    def _computed(self, levels: Mapping[str, Level]) -> _Made:
        """Return the columns that are not simply a field, a key or a copy."""
        the = derived.Levels(
            conversations=levels["conversations"],
            participants=levels["participants"],
            sessions=levels["sessions"],
            segments=levels["segments"],
            metrics=levels["session_metrics"],
        )
        order = derived.ordered(the)
        of_sessions = derived.of_sessions(order, len(the.sessions))
        owner = the.metrics.rows[the.sessions.path]
        by_session = pivot(the.metrics, self._metrics, owner, len(the.sessions))
        root = the.metrics.rows[the.conversations.path]
        by_conversation = pivot(the.metrics, self._metrics, root, len(the.conversations))
        edges = (the.segments.texts("segmentStart"), the.segments.texts("segmentEnd"))
        return {
            "conversations": {
                **by_conversation.columns(self._dataset.table("conversations")),
                **derived.of_conversations(the, order),
                **derived.outcomes(the, by_conversation.sums["nTransferred"]),
            },
            "sessions": {
                **by_session.columns(self._dataset.table("sessions")),
                **of_sessions,
            },
            "segments": {"duration_ms": derived.milliseconds(*edges)},
            "session_metrics": {"queue_id": of_sessions["queue_id"].take(owner)},
        }

    def _pinned(self, block: Block) -> _Made:
        """Return the columns of pinned attributes, where the dataset has any."""
        made = {}
        for table in self._dataset.tables:
            if columns := table.of_kind(Kind.PINNED):
                keys = [column.made_from for column in columns]
                found = pinned(block.attributes, keys, block.conversations.num_rows)
                made[table.name] = {one.name: found[one.made_from] for one in columns}
        return made

    def _dates(self, count: int) -> pa.Array:
        """Return the day, for so many rows."""
        return pa.repeat(pa.scalar(self._day, pa.date32()), count)

    def _batch(
        self,
        table: Table,
        namer: _Namer,
        made: Mapping[str, pa.Array],
        starts: pa.TimestampArray,
    ) -> Batch:
        level, by_path = namer.levels[table.name], namer.by_path
        columns: dict[str, pa.Array] = {}
        for column in table.columns:
            if column.name in made:
                columns[column.name] = made[column.name]
            elif column.kind is Kind.LOCAL:
                columns[column.name] = local_times(columns[column.made_from], self._zone)
            elif column.kind is Kind.NAME:
                ids = columns[column.made_from]
                names = self._names.get(f"{table.name}.{column.name}")
                if names is None:
                    columns[column.name] = pa.nulls(len(level), ids.type)
                elif column.made_from in made:
                    columns[column.name] = looked_up(ids, names)
                else:
                    columns[column.name] = namer.carried(
                        table.column(column.made_from), level, names
                    )
            elif column.path is None:
                columns[column.name] = self._dates(len(level))
            else:
                columns[column.name] = _value(column, level, by_path)
        owner = level.rows.get(ROOT)
        began = starts if owner is None else starts.take(owner)
        rows = pa.record_batch([*columns.values()], schema=arrow_schema(table))
        return Batch(table.name, rows, began)

    def _attributes(
        self,
        table: Table,
        conversations: Level,
        found: Attributes | None,
        starts: pa.TimestampArray,
    ) -> Batch:
        if found is None:
            raise ValueError("a block without attributes has no rows of them")
        columns = {
            "conversation_id": conversations.texts("conversationId").take(found.rows),
            "conversation_date": self._dates(len(found.rows)),
            "participant_index": found.ordinals,
            "participant_id": found.participant_ids,
            "attribute_key": found.keys,
            "attribute_value": found.values,
        }
        arrays = [columns[name] for name in table.names]
        rows = pa.record_batch(arrays, schema=arrow_schema(table))
        return Batch(table.name, rows, starts.take(found.rows))


class _Namer:
    """The names of one block's ids: where many rows have a copy of one, it is looked up once."""

    def __init__(self, levels: Mapping[str, Level]) -> None:
        self.levels = levels
        self.by_path = {each.path: each for each in levels.values()}
        self._known: dict[tuple[str, int], pa.Array] = {}

    def carried(self, column: Column, level: Level, names: ById) -> pa.Array:
        """Return the names of a field, or of the copy of an ancestor's field."""
        path = column.path or ""
        owner = level if column.kind is Kind.FIELD else self.by_path[path.rpartition(".")[0]]
        found = self._known.get((path, id(names)))
        if found is None:
            steps = path.removeprefix(owner.path + ".")
            found = looked_up(owner.leaf(steps, _ARROW[column.type]), names)
            self._known[path, id(names)] = found
        return found if owner is level else found.take(level.rows[owner.path])


def _has_rows(table: Table, levels: Mapping[str, Level], attributes: Attributes | None) -> bool:
    if table.of_kind(Kind.MAP_KEY):
        return attributes is not None and len(attributes.keys) > 0
    return len(levels[table.name]) > 0


def _value(column: Column, level: Level, by_path: Mapping[str, Level]) -> pa.Array:
    """Return a field, an ordinal, or a copy of an ancestor's leaf, by the column's path."""
    path = column.path or ""
    if column.kind is Kind.EXTRA:
        return level.leaf(EXTRA, pa.string())
    if path.endswith("[]") and path in by_path:
        owner, steps = by_path[path], ""
    else:
        owner = level if column.kind is Kind.FIELD else by_path[path.rpartition(".")[0]]
        steps = path.removeprefix(owner.path + ".")
    values = owner.leaf(steps, _ARROW[column.type]) if steps else owner.ordinal
    return values if owner is level else values.take(level.rows[owner.path])
