"""Entities written by hand, and the tables made of them as read and checked by eye.

To renew the tables after a change of the rules: delete the CSV files, run the test (it writes
what is missing and fails), read what it wrote.
"""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path
from threading import Event

import pytest

from fakes import FakeClock
from genesys_export.datasets import NAMES, dataset_named
from genesys_export.days import Day, split, zone_named
from genesys_export.encode import Format, Opener
from genesys_export.feeds.snapshot import SnapshotFeed
from genesys_export.model import Batch

GOLDEN = Path(__file__).parent / "golden"
DATASET = dataset_named(NAMES)
TABLES = (
    *("dim_queues", "dim_queue_media", "dim_queue_members"),
    *("dim_users", "dim_user_skills", "dim_user_languages", "dim_group_members"),
    "dim_groups",
)
DAY = Day(date(2026, 11, 22), zone_named("UTC"))


class Written:
    """The lists of the file, by their paths; each entity is a page."""

    lists = json.loads((GOLDEN / "lists.json").read_text("utf-8"))

    def pages(self, source, *, patience_s=None):
        del patience_s
        yield from ([entity] for entity in self.lists[source.path])


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """Return every table's file, unpacked."""
    feed = SnapshotFeed(dataset=DATASET, lists=Written(), tables=TABLES, clock=FakeClock())
    (whole,) = split(DAY, 1)
    files = {name: bytearray() for name in TABLES}
    for batch in feed.open(whole).read(Event()):
        assert isinstance(batch, Batch)
        table = DATASET.table(batch.table)
        encoder = Opener().open(Format.CSV, table, files[batch.table].extend)
        encoder.write(batch.rows, batch.starts)
        encoder.close()
    return {name: gzip.decompress(bytes(one)).decode() for name, one in files.items()}


@pytest.mark.parametrize("name", TABLES)
def test_the_rows_are_those_that_were_checked_by_eye(made, name):
    path = GOLDEN / f"{name}.csv"
    if not path.exists():
        path.write_text(made[name], "utf-8", newline="")
        pytest.fail("written now: read it")
    assert made[name] == path.read_text("utf-8")
