"""The program's own road through a block, in the terms of plain.py, so that both compare.

Knows Decoder and Flattener; turns Arrow back into rows of Python values.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise

from plain import TABLES
from plain_values import Pairs, instant_text, parse
from strategies import DAY, INTERVAL

from genesys_export.datasets import DEFAULT, dataset_named
from genesys_export.days import Interval
from genesys_export.decode import Decoder
from genesys_export.encode import CsvGz, Newlines
from genesys_export.flatten import Flattener, arrow_schema
from genesys_export.model import Counts

DATASET = dataset_named(DEFAULT)
HEAD = {"conversationId": "c1", "conversationStart": "2026-11-22T08:00:00.000Z"}


@dataclass
class Made:
    """What the program made of some records."""

    tables: dict[str, list[dict]]
    rejected: list[tuple[str, bytes]]
    counts: Counts
    digest: int
    batches: list


def run(records, day, interval, *, cuts=()) -> Made:
    """Decode and flatten; the records come in pages, cut at the positions given."""
    decoder = Decoder(DATASET, Interval(interval.start, interval.end))
    flattener = Flattener(DATASET, day)
    tables: dict[str, list[dict]] = {table["name"]: [] for table in TABLES}
    rejected, batches = [], []
    edges = [0, *sorted(cuts), len(records)]
    for start, end in pairwise(edges):
        block = decoder.decode(records[start:end])
        rejected += [(one.reason, one.record) for one in block.rejected]
        for batch in flattener.flatten(block):
            batch.rows.validate(full=True)
            tables[batch.table] += batch.rows.to_pylist()
            batches.append(batch)
    return Made(tables, rejected, decoder.counts, decoder.digest, batches)


def record(**fields) -> bytes:
    """Return a small record of the day."""
    return json.dumps(HEAD | fields).encode()


def made_of(*records: bytes) -> Made:
    """Run the records as one page."""
    return run(records, DAY, INTERVAL)


def extras(made: Made, table: str) -> list:
    """Return the table's `_extra` values, parsed."""
    return [row["_extra"] and json.loads(row["_extra"]) for row in made.tables[table]]


def packed_tables(batches) -> dict[str, bytes]:
    """Return the csv.gz of every table."""
    files = {}
    for table in DATASET.tables:
        pieces: list[bytes] = []
        file = CsvGz(arrow_schema(table), pieces.append, Newlines.KEEP)
        for batch in batches:
            if batch.table == table.name:
                file.write(batch.rows)
        file.close()
        files[table.name] = b"".join(pieces)
    return files


def comparable(rows: list[dict], *, plain: bool) -> list[dict]:
    """Return rows that compare: instants as text, `_extra` as all its pairs."""
    return [
        {name: _comparable(name, value, plain=plain) for name, value in row.items()}
        for row in rows
    ]


def _comparable(name: str, value, *, plain: bool):
    if value is None:
        return None
    if name == "_extra":
        return pairs_of(value if plain else parse(value))
    return instant_text(value) if plain and hasattr(value, "hour") else value


def pairs_of(value):
    """Return a JSON value with its objects as lists of pairs."""
    if isinstance(value, Pairs):
        return ("object", [(name, pairs_of(one)) for name, one in value.pairs])
    if isinstance(value, list):
        return [pairs_of(one) for one in value]
    return value
