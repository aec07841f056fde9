"""A destination, a Genesys and the runs between them; and readers who know A6 and nothing else.

The readers read JSON, gzip and CSV by the standard library: none of the program's own reading
stands between what lies there and what they say of it.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from destinations import Dated, Process, Trouble

from fake_genesys import FakeGenesys, id_of, participant_of, session_of, tag_of
from fakes import FakeClock, feed_of, some
from genesys_export.datasets import DEFAULT, dataset_named
from genesys_export.days import Day
from genesys_export.encode import Format
from genesys_export.events import ignore
from genesys_export.export import DayExporter, DayReport, Dependencies, ExportOptions, Plan
from genesys_export.manifest import Recipe
from genesys_export.store import FolderStore, honours_preconditions

DAY = Day(date(2026, 11, 22), ZoneInfo("UTC"))
END = DAY.interval.end
HOME = "_genesys_export/conversation_details/2026-11-22"
MANIFEST, CLAIM = f"{HOME}/manifest.json", f"{HOME}/claim.json"
REGISTER = "_genesys_export/conversation_details/recipe.json"
_REMEMBERED = 20  # attempts in a manifest
SETTLE, LEASE = timedelta(days=4), timedelta(minutes=10)
# What tells of a row which version of its conversation it is from.
MARKS: dict[str, tuple[str, Callable[[int, int], str]]] = {
    "conversations": ("external_tag", tag_of),
    "participants": ("participant_id", participant_of),
    "sessions": ("session_id", session_of),
}
TABLES = tuple(MARKS)
Rows = frozenset[tuple[str, str]]


@dataclass
class Bench:
    """Everything outside the processes: it outlives them."""

    store: Any
    clock: FakeClock
    genesys: FakeGenesys
    recipe: str = "one"
    _known: dict[str, Rows] = field(default_factory=dict)

    @classmethod
    def over(cls, new_store: Callable[[FakeClock], Any], *, count: int = 6) -> Bench:
        clock = FakeClock(END + timedelta(hours=6))
        every = timedelta(days=1) / 40
        genesys = FakeGenesys(DAY.interval.start + every / 2, count=count, every=every)
        genesys.mark = END + timedelta(hours=5)
        return cls(Dated(new_store(clock), clock), clock, genesys)

    # --- runs --------------------------------------------------------------------------------

    def process(self, trouble: Trouble | None = None, *, watched: bool = False) -> Process:
        watch = self.check_readers if watched else (lambda: None)
        return Process(self.store, self.genesys, self.clock, trouble, watch)

    def exporter(
        self,
        process: Process,
        *,
        slices: int = 1,
        at_once: int = 8,
        partial: bool = False,
        **more: Any,
    ) -> DayExporter:
        dataset = dataset_named(DEFAULT)
        plan = Plan(
            dataset=dataset,
            tables=TABLES,
            slices=slices,
            slices_at_once=at_once,
            format=Format.CSV,
            allow_partial=partial,
            **more,
        )
        recipe = Recipe(
            timezone="UTC",
            engine="jobs",
            filters={"recipe": self.recipe},
            tables=plan.written,
            format=plan.format.value,
            layout=plan.layout.value,
            csv={"newlines": "keep"},
            column_version=dataset.column_version,
        )
        parts = Dependencies(
            plan=plan,
            recipe=recipe,
            feed=feed_of(plan, process.source, process.clock),
            store=process.store,
            clock=process.clock,
            observe=ignore,
            honours_preconditions=honours_preconditions,
            lease_time=LEASE,
        )
        return DayExporter(parts)

    def run(
        self,
        trouble: Trouble | None = None,
        *,
        options: ExportOptions | None = None,
        watched: bool = False,
        **told: Any,
    ) -> DayReport:
        """Export the day in a process of its own, and see to it that it is gone afterwards."""
        process = self.process(trouble, watched=watched)
        try:
            return self.exporter(process, **told).export(DAY, options or ExportOptions())
        finally:
            process.bury()

    def recover(self, trouble: Trouble | None = None) -> None:
        process = self.process(trouble)
        try:
            self.exporter(process).recover(DAY)
        finally:
            process.bury()

    # --- readers -----------------------------------------------------------------------------

    def manifest(self) -> dict[str, Any] | None:
        found = self.store.read(MANIFEST)
        return None if found is None else json.loads(found.body)

    def takes(self) -> dict[str, Rows] | None:
        """Return what a reader by the manifest takes, by table; None where it refuses.

        With no `next` everything must be there as it is named, at any instant.
        """
        manifest = self.manifest()
        if manifest is None or "next" in manifest or manifest["state"] == "damaged":
            return None
        found = {}
        for table, files in manifest["tables"].items():
            rows: set[tuple[str, str]] = set()
            for file in files:
                there = self.store.read(file["key"])
                assert there is not None, f"{file['key']} is named but not there"
                assert there.tag.etag == file["etag"], f"{file['key']} is not what is named"
                assert sha256(there.body).hexdigest() == file["sha256"]
                assert len(there.body) == file["bytes"]
                if table in MARKS:
                    mine = self.rows(table, there.body)
                    assert len(mine) == file["rows"]
                    rows |= mine
            if table in MARKS:
                found[table] = frozenset(rows)
        jobs = [self.genesys.jobs[one["job_ids"][-1]] for one in manifest["slices"]]
        kept = [self.records(file) for file in rejects(manifest)]
        assert kept == [job.unreadable for job in jobs if job.unreadable]
        return found

    def records(self, file: dict[str, Any]) -> tuple[bytes, ...]:
        """Read a file of unreadable records as it is named."""
        body = some(self.store.read(file["key"])).body
        assert sha256(body).hexdigest() == file["sha256"]
        lines = gzip.decompress(body).splitlines()
        assert len(lines) == file["rows"]
        return tuple(json.dumps(json.loads(line)["record"]).encode() for line in lines)

    def rows(self, table: str, body: bytes) -> Rows:
        """Read a whole file of a table: each row's conversation and version."""
        known = sha256(body).hexdigest() + table
        if known not in self._known:
            text = gzip.decompress(body).decode()
            column = MARKS[table][0]
            listed = [
                (row["conversation_id"], row[column]) for row in csv.DictReader(io.StringIO(text))
            ]
            assert len(listed) == len({*listed}), "a row is there twice"
            self._known[known] = frozenset(listed)
        return self._known[known]

    def check_readers(self) -> None:
        """Assert what holds at every instant: one day as Genesys had it, or a refusal."""
        self.check_objects()
        taken = self.takes()
        if taken is None:
            return
        manifest = some(self.manifest())
        versions: dict[int, int] = {}
        for one in manifest["slices"]:
            versions |= self.read_by(one)
        assert taken == expected(versions), "this is no day that Genesys gave"
        assert manifest["counts"]["exported"] == len(versions)
        assert manifest["state"] == self.state_of(manifest)

    def read_by(self, one: dict[str, Any]) -> dict[int, int]:
        """Return what the slice's job held of the slice's interval."""
        start, end = (datetime.fromisoformat(one["interval"][name]) for name in ("start", "end"))
        versions = self.genesys.jobs[one["job_ids"][-1]].versions
        return {
            number: version
            for number, version in versions.items()
            if start <= self.genesys.start(number) < end
        }

    def state_of(self, manifest: dict[str, Any]) -> str:
        """Say of a published day what it is: partial, provisional or final."""
        jobs = [self.genesys.jobs[one["job_ids"][-1]] for one in manifest["slices"]]
        covered = max(job.interval.end for job in jobs) == END
        reached = [job.watermark for job in jobs]
        if not covered or any(mark is None or mark < END for mark in reached):
            return "partial"
        fetched = min(datetime.fromisoformat(one["fetched"]) for one in manifest["slices"])
        return "final" if fetched >= END + SETTLE else "provisional"

    def check_objects(self) -> None:
        """Assert that each object is whole and one attempt's: what one job held of a slice."""
        for key in self.data_keys():
            there = self.store.read(key)
            table = key.partition("/")[0]
            if table not in MARKS:
                continue
            rows = self.rows(table, there.body)
            assert any(
                rows == expected(within(self.genesys, job, rows))[table]
                for job in self.genesys.jobs.values()
            ), f"{key} is of no attempt"

    def data_keys(self) -> list[str]:
        return [key for key in self.store.list("") if not key.startswith("_genesys_export/")]

    def named_keys(self) -> list[str]:
        tables = some(self.manifest())["tables"].values()
        return sorted(file["key"] for files in tables for file in files)

    def claim(self) -> dict[str, Any]:
        return json.loads(self.store.read(CLAIM).body)

    def is_claimed(self) -> bool:
        """Whether somebody holds the day whose lease has not ended."""
        claim = self.claim()
        seen = self.store.look(CLAIM)
        return not claim["released"] and seen.now - seen.modified < LEASE

    def deleted_since(self, instant: datetime) -> bool:
        return any(at >= instant for at in self.store.deleted)

    def text(self, table: str) -> str:
        """Return what a table's one file holds."""
        (file,) = some(self.manifest())["tables"][table]
        return gzip.decompress(self.store.read(file["key"]).body).decode()

    def tags(self) -> dict[str, str]:
        return {key: self.store.look(key).tag.etag for key in self.data_keys()}

    # --- what must be in the end -------------------------------------------------------------

    def check_settled(self, *, free: bool = True) -> None:
        """Assert that the day is exactly what Genesys has now, and nothing else lies there."""
        assert self.takes() == expected(self.genesys.within(DAY.interval))
        assert self.data_keys() == self.named_keys()
        assert all(self.store.look(file["key"]) for file in some(self.manifest())["index"])
        if not free:
            return
        self.check_contents()
        claim = self.claim()
        assert claim["released"]
        assert claim["slices"] == claim["jobs"] == []

    def check_contents(self) -> None:
        """Assert that nothing lies there but what manifest and claim name, and the register.

        Lists of changes are kept, so earlier attempts' are there, too.
        """
        manifest = some(self.manifest())
        assert [*self.store.uploads("")] == []
        named = {*self.named_keys(), MANIFEST, CLAIM, REGISTER}
        named |= {file["key"] for file in manifest["index"]}
        named |= {file["key"] for file in rejects(manifest)}
        named |= {manifest["changes"]["key"]} if manifest["changes"] else set()
        lists = {f"{HOME}/changes/{attempt}.jsonl.gz" for attempt in manifest["attempts"]}
        there = {*self.store.list("")}
        assert named <= there, f"missing: {named - there}"
        if len(manifest["attempts"]) < _REMEMBERED:
            assert there <= named | lists, f"left: {there - named - lists}"
        if isinstance(self.store.store, FolderStore):
            self.check_folder(self.store.store)

    def check_folder(self, store: FolderStore) -> None:
        """Assert that a folder holds nothing beside its keys but the lock."""
        root = Path(store.url("a")).parent
        hidden = {one.relative_to(root).as_posix() for one in root.rglob("*") if one.is_file()}
        assert hidden - {*store.list("")} == {"_genesys_export/.staging/lock"}

    def settle(self) -> DayReport:
        """Let all that is old be too old, then run without trouble: the exact day of now."""
        self.clock.rest(timedelta(hours=7).total_seconds())
        self.recover()
        self.clock.rest(timedelta(minutes=21).total_seconds())  # what that deleted has to rest
        self.genesys.mark = max(self.clock.now(), self.genesys.mark)
        report = self.run(options=ExportOptions(force=True, accept_shrink=True, rewrite=True))
        self.check_readers()
        self.check_settled()
        return report


def rejects(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the files of unreadable records: none, one, or one a slice."""
    found = manifest["rejects"]
    return found if isinstance(found, list) else [found] if found else []


def expected(versions: dict[int, int]) -> dict[str, Rows]:
    return {
        table: frozenset((id_of(number), mark(number, one)) for number, one in versions.items())
        for table, (_, mark) in MARKS.items()
    }


def within(genesys: FakeGenesys, job: Any, rows: Rows) -> dict[int, int]:
    """Return the job's conversations between the first and the last of the rows'."""
    numbers = [number for number in job.versions if id_of(number) in {row[0] for row in rows}]
    if not numbers:
        return {}
    return {n: v for n, v in job.versions.items() if min(numbers) <= n <= max(numbers)}
