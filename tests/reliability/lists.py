"""Lookup tables and the runs that write them, over the same destination as the conversations.

Each version of a list is told by the name of its one entry, so a reader's table tells which
version it holds.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any

from destinations import Process, Trouble
from workbench import DAY, LEASE, Bench

from fakes import some
from genesys_export.datasets import NAMES, dataset_named
from genesys_export.errors import GenesysUnavailable
from genesys_export.events import ignore
from genesys_export.export import DayExporter, DayReport, Dependencies, ExportOptions, Plan
from genesys_export.feeds.snapshot import SnapshotFeed
from genesys_export.life import Policy
from genesys_export.locations import Home
from genesys_export.manifest import Recipe
from genesys_export.store import honours_preconditions

DATASET = dataset_named(NAMES)
TABLES = ("dim_queues", "dim_divisions")
_HOME = Home("", NAMES)
MANIFEST, CLAIM, REGISTER = _HOME.manifest(DAY), _HOME.claim(DAY), _HOME.recipe
ONCE = Policy(settle=timedelta(0), catch_up_days=0, looks=(), open_looks=(), snapshot=True)


@dataclass
class Lists:
    """A Names with an entry a list, and the readers of what becomes of it."""

    bench: Bench
    versions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TABLES, 1))
    cut: set[str] = field(default_factory=set)  # lists that break off before their first entry

    # --- runs ------------------------------------------------------------------------------------

    def exporter(self, process: Process) -> DayExporter:
        plan = Plan(dataset=DATASET, tables=TABLES, life=ONCE)
        recipe = Recipe(
            timezone="UTC",
            engine=DATASET.feed,
            filters={},
            tables=plan.written,
            format=plan.format.value,
            layout=plan.layout.value,
            csv={"newlines": "keep"},
            column_version=DATASET.column_version,
        )
        lists = _Asked(self, process)
        parts = Dependencies(
            plan=plan,
            recipe=recipe,
            feed=SnapshotFeed(dataset=DATASET, lists=lists, tables=TABLES, clock=process.clock),
            store=process.store,
            clock=process.clock,
            observe=ignore,
            honours_preconditions=honours_preconditions,
            lease_time=LEASE,
        )
        return DayExporter(parts)

    def run(self, trouble: Trouble | None = None, *, watched: bool = False) -> DayReport:
        watch = self.check_readers if watched else (lambda: None)
        bench = self.bench
        process = Process(bench.store, bench.genesys, bench.clock, trouble, watch)
        try:
            return self.exporter(process).export(DAY, ExportOptions(force=True))
        finally:
            process.bury()

    # --- readers ---------------------------------------------------------------------------------

    def manifest(self) -> dict[str, Any] | None:
        found = self.bench.store.read(MANIFEST)
        return None if found is None else json.loads(found.body)

    def takes(self) -> dict[str, int] | None:
        """Return which version of each list a reader takes; None where the manifest refuses."""
        manifest = self.manifest()
        if manifest is None or "next" in manifest or manifest["state"] == "damaged":
            return None
        return taken(self.bench, manifest["tables"])

    def check_readers(self) -> None:
        """Assert that each table is one version, whole, or that the manifest refuses."""
        for table, version in (self.takes() or {}).items():
            assert 1 <= version <= self.versions[table]

    def check_settled(self) -> None:
        """Assert that the lists lie there as they are now, and nothing else of theirs."""
        assert self.takes() == self.versions
        manifest = some(self.manifest())
        assert (manifest["state"], manifest["cut"], manifest["index"]) == ("final", [], [])
        named = {file["key"] for files in manifest["tables"].values() for file in files}
        there = {key for key in self.bench.store.list("") if NAMES in key or key[:4] == "dim_"}
        assert there == named | {MANIFEST, CLAIM, REGISTER}
        assert [*self.bench.store.uploads("")] == []


@dataclass
class _Asked:
    """The lists as one process asks for them."""

    lists: Lists
    process: Process

    def pages(self, source, *, patience_s=None):
        del patience_s
        (table,) = [one.name for one in DATASET.tables if one.source == source]
        yield self.process.call("source", lambda: self._entries(table))

    def _entries(self, table):
        if table in self.lists.cut:
            raise GenesysUnavailable("no answer")
        return [{"id": "the-one", "name": f"{self.lists.versions[table]}"}]


def taken(bench: Bench, tables: dict[str, Any]) -> dict[str, int]:
    """Return the version of each lookup table that is named."""
    found = {}
    for table in TABLES:
        if table not in tables:
            continue
        (file,) = tables[table]
        there = bench.store.read(file["key"])
        assert there is not None, f"{file['key']} is named but not there"
        assert there.tag.etag == file["etag"], f"{file['key']} is not what is named"
        assert sha256(there.body).hexdigest() == file["sha256"]
        (row,) = csv.DictReader(io.StringIO(gzip.decompress(there.body).decode()))
        found[table] = int(row["name"])
    return found
