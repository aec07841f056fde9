"""A rule of a name column itself holds: what the manifest promises is what is written."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from datetime import date
from itertools import product
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fakes import some
from genesys_export.datasets import DEFAULT, NAMES, Additions, Kind, dataset_named, tables
from genesys_export.days import Day
from genesys_export.errors import WrongSettings
from genesys_export.export import ExportOptions
from genesys_export.feeds.names import names_of, usable
from genesys_export.flatten import arrow_schema
from genesys_export.flatten.lookup import looked_up
from genesys_export.model import Batch
from genesys_export.privacy import Action, Wishes, faults, resolve
from genesys_export.privacy.values import protect

DAY = Day(date(2025, 11, 20), ZoneInfo("UTC"))
ANEW = ExportOptions(force=True, rewrite=True)
JOINED = {
    "GENESYS_EXPORT_EXPORT__DATASETS": DEFAULT,
    "GENESYS_EXPORT_EXPORT__JOIN_NAMES": "true",
}
ADDED = Additions(join_names=True)
EVERY = tuple(tables(ADDED))
COLUMNS = [
    (table, column)
    for table in dataset_named(DEFAULT, ADDED).tables
    for column in table.of_kind(Kind.NAME)
]
KEY = "0123456789abcdef0123456789abcdef"
CANARY = "Canary of the lookup tables"


def plant(there) -> None:
    """Export the names of the day; put a canary into the place of each of them."""
    names, _ = there.exporters(**JOINED)
    names.export(DAY, ANEW)
    path = there.root / f"_genesys_export/{NAMES}/{DAY}/manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    for table, (file,) in manifest["tables"].items():
        rows = there.rows(table)
        text = io.StringIO(newline="")
        written = csv.DictWriter(text, rows[0], quoting=csv.QUOTE_ALL, lineterminator="\n")
        written.writeheader()
        for number, row in enumerate(rows):
            planted = {"name": f"{CANARY} {table} {number}"} if "name" in row else {}
            written.writerow({**row, **planted})
        body = gzip.compress(text.getvalue().encode())
        (there.root / file["key"]).write_bytes(body)
        file |= {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    path.write_text(json.dumps(manifest), "utf-8")


def files_with_canaries(there) -> set[str]:
    """Return the tables of conversations, and other files, that show a planted name."""
    found = set()
    for path in there.root.rglob("*"):
        place = path.relative_to(there.root)
        if not path.is_file() or place.parts[0].startswith("dim_"):
            continue
        body = path.read_bytes()
        if path.suffix == ".gz":
            body = gzip.decompress(body)
        elif path.suffix == ".parquet":
            with pq.ParquetFile(path) as file:
                body = f"{file.read().to_pylist()} {file.metadata.to_dict()}".encode()
        if CANARY.encode() in body:
            found.add(place.parts[0])
    return found


def export(there, form: str, wishes: dict[str, str]) -> dict[str, str]:
    """Export the conversations; return what the manifest says of the columns."""
    columns = ",".join(f"{name}={action}" for name, action in wishes.items())
    hidden = {"GENESYS_EXPORT_PRIVACY__COLUMNS": columns} if columns else {}
    settings = {"GENESYS_EXPORT_EXPORT__FORMAT": form, "GENESYS_EXPORT_PRIVACY__KEY": KEY}
    _, part = there.exporters(**JOINED, **settings, **hidden)
    assert part.export(DAY, ANEW).manifest.notes == ()
    privacy = there.manifest_of(DEFAULT)["recipe"]["privacy"]
    told: dict[str, str] = privacy.get("columns", {})
    return told


@pytest.mark.parametrize("form", ["csv.gz", "parquet"])
def test_a_dropped_name_column_shows_no_name_in_any_file(lake, form):
    there = lake()
    plant(there)
    export(there, form, {})
    filled = files_with_canaries(there)
    assert {"participants", "sessions", "segments", "conversations"} <= filled
    every = {f"{table.name}.{column.name}": "drop" for table, column in COLUMNS}
    told = export(there, form, every)
    assert every.items() <= told.items()
    assert files_with_canaries(there) == set()
    own = {name: "drop" for name in every if name.startswith("participants.")}
    export(there, form, own)
    assert files_with_canaries(there) == filled - {"participants"}


@pytest.mark.parametrize("action", ["keep", "mask", "hash"])
def test_any_other_rule_of_a_name_column_is_refused_by_name(lake, action):
    there = lake()
    hidden = "dim_users.name=drop" if action == "keep" else ""
    wish = f"participants.user_name={action},{hidden}"
    with pytest.raises(WrongSettings) as caught:
        export(there, "csv.gz", dict(one.split("=") for one in wish.split(",") if one))
    assert "participants.user_name can't be " in caught.value.message
    assert "it repeats dim_users.name, so set that one" in caught.value.message


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda one: one.name)
def test_what_the_rules_say_of_a_name_is_what_is_written(table, column):
    lookup, here = column.repeats.partition(".")[0], f"{table.name}.{column.name}"
    held = 0
    for own, shared in product([None, *Action], [None, *Action]):
        columns = {here: own, column.repeats: shared}
        wishes = Wishes(columns={name: one for name, one in columns.items() if one}, key=KEY)
        if faults(EVERY, wishes):
            continue
        rules = resolve(EVERY, wishes)
        rows = pa.table({"id": ["an-id"], "name": [CANARY]})
        names = usable(lookup, rows, {}, rules)
        found = names_of(dataset_named(DEFAULT, ADDED), {lookup: some(names)}, rules).get(here)
        schema = arrow_schema(table)
        ids = pa.array(
            [["an-id"] if column.type.is_list else "an-id"], schema.field(column.name).type
        )
        made = looked_up(ids, found) if found else pa.nulls(1, ids.type)
        values = [made if one.name == column.name else pa.nulls(1, one.type) for one in schema]
        batch = Batch(
            table.name, pa.record_batch(values, schema=schema), pa.nulls(1, pa.timestamp("ms"))
        )
        (shown,) = protect(batch, rules).rows.column(column.name).to_pylist()
        told = rules.actions.get(table.name, {}).get(column.name, Action.KEEP)
        text = shown[0] if isinstance(shown, list) else shown
        assert kind_of(text) is told, (own, shared)
        held += 1
    assert held > len(Action)


def kind_of(text: str | None) -> Action:
    """Return what was done to the canary."""
    if text is None:
        return Action.DROP
    if text == CANARY:
        return Action.KEEP
    return Action.MASK if text.startswith("****") else Action.HASH
