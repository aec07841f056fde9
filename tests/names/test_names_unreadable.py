"""A snapshot whose manifest can't be read costs no day: it is noted, and the next one serves."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from genesys_export.datasets import DEFAULT, NAMES
from genesys_export.days import Day
from genesys_export.errors import DestinationFailed
from genesys_export.export import ExportOptions
from genesys_export.model import Stored
from genesys_export.store import FolderStore

UTC = ZoneInfo("UTC")
BEFORE, DAY, AFTER = (Day(date(2025, 11, day), UTC) for day in (19, 20, 21))
JOINED = {
    "GENESYS_EXPORT_EXPORT__DATASETS": DEFAULT,
    "GENESYS_EXPORT_EXPORT__JOIN_NAMES": "true",
}
BROKEN = {
    "no JSON": b"{",
    "another shape": b'{"format": 1}',
    "a later format": b'{"format": 99}',
    "nothing": b"",
    "impossible additions": None,
    "a pipe": None,
    "a directory": None,
}


def place(there, day: Day):
    return there.root / f"_genesys_export/{NAMES}/{day}/manifest.json"


def break_manifest(there, day: Day, how: str) -> None:
    """Put something into the place of the snapshot's manifest."""
    path = place(there, day)
    text = path.read_text("utf-8") if path.exists() else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if how == "a pipe":
        os.mkfifo(path)
    elif how == "a directory":
        path.mkdir()
    elif how == "impossible additions":
        manifest = json.loads(text or place(there, AFTER).read_text("utf-8"))
        manifest["recipe"]["added"] = {"pin_attributes": ["conversation_id"]}
        path.write_text(json.dumps(manifest), "utf-8")
    else:
        path.write_bytes(BROKEN[how] or b"")


def export(there, day: Day):
    _, part = there.exporters(**JOINED)
    return part.export(day, ExportOptions())


def two_snapshots(there) -> None:
    for day in (DAY, AFTER):
        names, _ = there.exporters(**JOINED)
        names.export(day, ExportOptions())
        there.clock.sleep(timedelta(days=1).total_seconds())


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("day", [BEFORE, DAY], ids=str)
def test_an_unreadable_manifest_of_a_snapshot_is_passed_over_with_a_note(lake, day, how):
    there = lake()
    two_snapshots(there)
    break_manifest(there, DAY, how)
    manifest = export(there, day).manifest
    assert manifest.names.snapshot == str(AFTER)
    passed = f"The snapshot of {DAY} was passed over: its manifest can't be read."
    (*noted, last) = manifest.notes
    is_listed = day == DAY or how != "a directory"
    assert noted == ([passed] if is_listed else [])
    assert last.startswith(f"Names are from the snapshot of {AFTER}: ")
    (file,) = manifest.tables["segments"]
    text = gzip.decompress((there.root / file.key).read_bytes()).decode()
    assert any(row["queue_name"] for row in csv.DictReader(io.StringIO(text, newline="")))


def test_where_no_other_snapshot_is_there_names_are_null_and_the_day_is_published(lake):
    there = lake()
    break_manifest(there, DAY, "no JSON")
    assert export(there, DAY).manifest.notes == (
        f"The snapshot of {DAY} was passed over: its manifest can't be read.",
        "Names are missing: no other snapshot of dimensions is published here.",
    )
    assert {row["queue_name"] for row in there.rows("segments")} == {""}


class Failing(FolderStore):
    """A store that gives no object."""

    def read(self, key: str) -> Stored | None:
        raise DestinationFailed(f"{key} could not be read")


def test_an_error_of_the_store_is_not_a_broken_manifest(lake):
    there = lake()
    two_snapshots(there)
    _, part = there.exporters(**JOINED)
    with pytest.raises(DestinationFailed, match="could not be read"):
        replace(part.deps.lookups, store=Failing(there.root)).of(DAY)
