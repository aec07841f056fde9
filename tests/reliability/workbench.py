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

from fake_genesys import (
    FakeGenesys,
    conversation,
    id_of,
    participant_of,
    session_of,
    tag_of,
    user_details,
)
from fakes import FakeClock, feed_of, some
from genesys_export.datasets import DEFAULT, dataset_named
from genesys_export.days import Day
from genesys_export.encode import Format
from genesys_export.events import ignore
from genesys_export.export import DayExporter, DayReport, Dependencies, ExportOptions, Plan
from genesys_export.feeds.status import StatusFeed
from genesys_export.locations import Home
from genesys_export.manifest import Recipe
from genesys_export.model import Feed
from genesys_export.store import FolderStore, honours_preconditions

DAY = Day(date(2026, 11, 22), ZoneInfo("UTC"))
END = DAY.interval.end
_REMEMBERED = 20  # attempts in a manifest
SETTLE, LEASE = timedelta(days=4), timedelta(minutes=10)
Rows = frozenset[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What is exported: its rows, and how a source writes them."""

    dataset: str
    ident: str  # the column of the record's id
    # What tells of a row which version of its record it is from.
    marks: dict[str, tuple[str, Callable[[int, int], str]]]
    write: Callable[[int, int, datetime], bytes]
    feed: Callable[..., Feed]
    counted: int = 1  # of a record

    @property
    def keys(self) -> Home:
        return Home("", self.dataset)

    def expected(self, versions: dict[int, int]) -> dict[str, Rows]:
        return {
            table: frozenset((id_of(number), mark(number, n)) for number, n in versions.items())
            for table, (_, mark) in self.marks.items()
        }


def status_feed(plan: Plan, source: Any, clock: Any) -> StatusFeed:
    return StatusFeed(
        dataset=plan.dataset, source=source, tables=plan.tables, observe=ignore, clock=clock
    )


CONVERSATIONS = Kind(
    dataset=DEFAULT,
    ident="conversation_id",
    marks={
        "conversations": ("external_tag", tag_of),
        "participants": ("participant_id", participant_of),
        "sessions": ("session_id", session_of),
    },
    write=conversation,
    feed=feed_of,
)
STATUSES = Kind(
    dataset="user_status",
    ident="user_id",
    marks={
        "user_presence": ("system_presence", tag_of),
        "user_routing_status": ("routing_status", tag_of),
    },
    write=user_details,
    feed=status_feed,
    counted=2,
)
TABLES = tuple(CONVERSATIONS.marks)
HOME = CONVERSATIONS.keys.day(DAY)
MANIFEST, CLAIM = CONVERSATIONS.keys.manifest(DAY), CONVERSATIONS.keys.claim(DAY)
REGISTER = CONVERSATIONS.keys.recipe


@dataclass
class Bench:
    """Everything outside the processes: it outlives them."""

    store: Any
    clock: FakeClock
    genesys: FakeGenesys
    kind: Kind = CONVERSATIONS
    recipe: str = "one"
    _known: dict[str, Rows] = field(default_factory=dict)

    @classmethod
    def over(
        cls, new_store: Callable[[FakeClock], Any], *, count: int = 6, kind: Kind = CONVERSATIONS
    ) -> Bench:
        clock = FakeClock(END + timedelta(hours=6))
        every = timedelta(days=1) / 40
        genesys = FakeGenesys(DAY.interval.start + every / 2, count=count, every=every)
        genesys.mark = END + timedelta(hours=5)
        genesys.write = kind.write
        return cls(Dated(new_store(clock), clock), clock, genesys, kind)

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
        dataset = dataset_named(self.kind.dataset)
        plan = Plan(
            dataset=dataset,
            tables=tuple(self.kind.marks),
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
            feed=self.kind.feed(plan, process.source, process.clock),
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
        found = self.store.read(self.kind.keys.manifest(DAY))
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
                if table in self.kind.marks:
                    mine = self.rows(table, there.body)
                    assert len(mine) == file["rows"]
                    rows |= mine
            if table in self.kind.marks:
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
            column = self.kind.marks[table][0]
            listed = [
                (row[self.kind.ident], row[column]) for row in csv.DictReader(io.StringIO(text))
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
        assert taken == self.kind.expected(versions), "this is no day that Genesys gave"
        assert manifest["counts"]["exported"] == self.kind.counted * len(versions)
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
            if table not in self.kind.marks:
                continue
            rows = self.rows(table, there.body)
            assert any(
                rows == self.kind.expected(within(self.genesys, job, rows))[table]
                for job in self.genesys.jobs.values()
            ), f"{key} is of no attempt"

    def data_keys(self) -> list[str]:
        return [key for key in self.store.list("") if not key.startswith("_genesys_export/")]

    def named_keys(self) -> list[str]:
        tables = some(self.manifest())["tables"].values()
        return sorted(file["key"] for files in tables for file in files)

    def claim(self) -> dict[str, Any]:
        return json.loads(self.store.read(self.kind.keys.claim(DAY)).body)

    def is_claimed(self) -> bool:
        """Whether somebody holds the day whose lease has not ended."""
        claim = self.claim()
        seen = self.store.look(self.kind.keys.claim(DAY))
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
        assert self.takes() == self.kind.expected(self.genesys.within(DAY.interval))
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
        keys = self.kind.keys
        named = {*self.named_keys(), keys.manifest(DAY), keys.claim(DAY), keys.recipe}
        named |= {file["key"] for file in manifest["index"]}
        named |= {file["key"] for file in rejects(manifest)}
        named |= {manifest["changes"]["key"]} if manifest["changes"] else set()
        lists = {f"{keys.day(DAY)}/changes/{attempt}.jsonl.gz" for attempt in manifest["attempts"]}
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


def within(genesys: FakeGenesys, job: Any, rows: Rows) -> dict[int, int]:
    """Return the job's conversations between the first and the last of the rows'."""
    numbers = [number for number in job.versions if id_of(number) in {row[0] for row in rows}]
    if not numbers:
        return {}
    return {n: v for n, v in job.versions.items() if min(numbers) <= n <= max(numbers)}
