"""A conversation that fills every declared field, each with a value that stands nowhere else.

Made from the declaration's paths alone. Beside them stand what has no column: unknown fields,
values of a wrong type, attributes, and a record that nobody can read.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from genesys_export.datasets import DEFAULT, Column, Kind, PersonalData, Type, dataset_named

DATASET = dataset_named(DEFAULT)
START = "2025-11-20T08:00:00.000Z"
WELL_KNOWN = {  # what the program looks at, or the simulator
    "$.conversationId": "00000000-0000-4000-8000-000000000001",
    "$.conversationStart": START,
    "$.conversationEnd": "2025-11-20T08:30:00.000Z",
    "$.participants[].purpose": "agent",
    "$.participants[].sessions[].segments[].segmentType": "interact",
}


@dataclass
class Nest:
    """The record, and the canaries in it by column."""

    record: dict = field(default_factory=dict)
    planted: dict[str, str] = field(default_factory=dict)  # by "table.column"
    hidden: list[str] = field(default_factory=list)  # where no column is


def nest(number: int = 1) -> Nest:
    """Return a record full of canaries; those of another number are others."""
    made = Nest()
    for table in DATASET.tables:
        for column in table.of_kind(Kind.FIELD):
            if table.name == "participant_attributes":
                continue
            assert column.path is not None
            value = WELL_KNOWN.get(column.path) or _value(column, number, len(made.planted))
            _put(made.record, column.path, value)
            if column.path not in WELL_KNOWN and column.type is not Type.BOOL:
                shown = value[0] if isinstance(value, list) else value
                made.planted[f"{table.name}.{column.name}"] = str(shown)
    made.record["conversationId"] = f"00000000-0000-4000-8000-{number:012d}"
    _hide(made, number)
    return made


def protected(name: str) -> bool:
    """Whether the column's class is any other than none."""
    table, _, column = name.partition(".")
    return DATASET.table(table).column(column).personal_data is not PersonalData.NONE


def broken(number: int) -> bytes:
    """Return a record without a start, which is rejected whole."""
    return b'{"conversationId": "canary-rejected-%d"}' % number


def _hide(made: Nest, number: int) -> None:
    """Plant what has no column: unknown fields at three levels, a drifted leaf, attributes."""
    participant = made.record["participants"][0]
    session = participant["sessions"][0]
    made.hidden = [f"canary-hidden-{number}-{what}" for what in ("top", "deep", "drift", "texts")]
    made.record["brandNew"] = {"inside": made.hidden[0]}
    session["brandNew"] = [made.hidden[1]]
    session["ani"] = {"number": made.hidden[2]}
    del made.planted["sessions.ani"]
    participant["attributes"] = {"customer_name": made.hidden[3], "language": f"german-{number}"}


def _value(column: Column, number: int, count: int) -> object:
    name = (column.path or "").removesuffix("[]").rpartition(".")[2]
    text = f"canary-{number}-{count:03d}-{name}"
    return {
        Type.STRING: text,
        Type.STRINGS: [text],
        Type.INT64: 70_000_000_000 + number * 1_000_000 + count,
        Type.INT64S: [80_000_000_000 + number * 1_000_000 + count],
        Type.FLOAT64: 90_000_000 + number * 1_000 + count + 0.125,
        Type.BOOL: True,
        Type.TIMESTAMP: f"2025-11-20T{9 + number:02d}:{count // 60:02d}:{count % 60:02d}.777Z",
    }[column.type]


def _put(record: dict, path: str, value: object) -> None:
    *steps, leaf = path.removeprefix("$.").split(".")
    node = record
    for step in steps:
        if step.endswith("[]"):
            node = node.setdefault(step[:-2], [{}])[0]
        else:
            node = node.setdefault(step, {})
    node[leaf.removesuffix("[]")] = value
