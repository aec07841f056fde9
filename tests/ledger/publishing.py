"""Days to publish, a reader who keeps to the rules, and stores that misbehave on purpose."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

from genesys_export.days import Day
from genesys_export.ledger import Damaged, Ledger, Published
from genesys_export.locations import Home
from genesys_export.manifest import Manifest, Recipe, decode, file_of
from genesys_export.model import Counts, SliceRecord, StagedFile

DAY = Day(date(2026, 11, 22), ZoneInfo("UTC"))
HOME = Home("", "conversation_details")
MANIFEST = f"{HOME}/2026-11-22/manifest.json"
TABLES = ("conversations", "participants", "segments")
BEGAN = datetime(2026, 11, 23, 6, tzinfo=UTC)

RECIPE = Recipe(
    timezone="UTC",
    engine="jobs",
    filters={},
    tables=TABLES,
    format="csv.gz",
    layout="daily",
    csv={"newlines": "keep"},
    column_version=1,
)


def ledger(store, **options) -> Ledger:
    told: dict[str, Any] = {"sleep": lambda _seconds: None, "recreate_after": timedelta(0)}
    return Ledger(store=store, home=HOME, **told | options)


def body(attempt: str, key: str) -> bytes:
    """Return the bytes that an attempt writes to a key: no two the same."""
    return f"{attempt} wrote {key}".encode() * 20


def keys(slices: int = 1) -> dict[str, list[str]]:
    names = ["2026-11-22"] if slices == 1 else [f"2026-11-22.{i:03}" for i in range(slices)]
    return {table: [f"{table}/{name}.csv.gz" for name in names] for table in TABLES}


def stage(store, attempt: str, *, slices: int = 1) -> tuple[Manifest, tuple[StagedFile, ...]]:
    """Stage a whole day; return what `publish` wants."""
    tables, staged = {}, []
    for table, names in keys(slices).items():
        made = [_stage(store, attempt, key) for key in names]
        tables[table] = tuple(file_of(file, 3) for file in made)
        staged += made
    manifest = Manifest(
        dataset="conversation_details",
        day=str(DAY),
        interval=DAY.interval,
        timezone="UTC",
        recipe=RECIPE,
        state="provisional",
        attempt=attempt,
        attempts=(),
        tool_version="0.1.0",
        slices=(
            SliceRecord(
                interval=DAY.interval,
                watermark=DAY.interval.end,
                fetched=BEGAN,
                job_ids=("job-1",),
            ),
        ),
        tables=tables,
        digest="0" * 64,
        counts=Counts(received=3, exported=3, unknown_fields={"newField": 2}),
        rejects=None,
        began=BEGAN,
        ended=BEGAN,
    )
    return manifest, tuple(staged)


def recover(books: Ledger) -> Published | None:
    """Finish what a dead run decided, as the next one does before anything else."""
    there = books.read(DAY)
    if there is None or there.value.next is None:
        return there
    try:
        return books.roll_forward(DAY, there)
    except Damaged:
        return books.read(DAY)


def publish(store, attempt: str, *, slices: int = 1, **options) -> Published:
    """Export a day as a run does it: finish what was begun, read, stage, publish."""
    books = ledger(store, **options)
    before = recover(books)
    made, staged = stage(store, attempt, slices=slices)
    return books.publish(DAY, before, made, staged)


def take(store) -> str | None:
    """Return which attempt a loader takes: by the manifest, each file as it is named there.

    None means that the manifest refuses (or is not there yet, or names nothing); anything wrong
    fails.
    """
    found = store.read(MANIFEST)
    if found is None:
        return None
    manifest = decode(found.body, MANIFEST)
    if manifest.next is not None or manifest.state == "damaged":
        return None
    for files in manifest.tables.values():
        for file in files:
            there = store.read(file.key)
            assert there is not None, f"{file.key} is named but not there"
            assert there.tag.etag == file.etag
            assert sha256(there.body).hexdigest() == file.sha256
            assert there.body == body(manifest.attempt, file.key)
    return manifest.attempt


def visible(store) -> list[str]:
    """Return the data files that lie there."""
    return [key for key in store.list("") if not key.startswith("_genesys_export/")]


def _stage(store, attempt: str, key: str) -> StagedFile:
    upload = store.stage(key, attempt, "application/gzip")
    upload.write(body(attempt, key))
    return upload.seal()


class Killed(BaseException):
    """The process is gone."""


class Through:
    """A store in front of another one; `before` and `after` see every call to it."""

    def __init__(self, store, *, before=None, after=None) -> None:
        self._store = store
        self._before = before or (lambda _name, _arguments: None)
        self._after = after or (lambda _name, _arguments: None)

    def __getattr__(self, name):
        def call(*arguments):
            self._before(name, arguments)
            result = getattr(self._store, name)(*arguments)
            self._after(name, arguments)
            return result

        return call


class Dying:
    """Counts the calls to a store and kills the process at one of them, for good."""

    def __init__(self, store, call: int, *, done: bool) -> None:
        """Die at the call of that number, from 0: before it, or after it is `done`."""
        self.calls = 0
        self.died = False
        self._at, self._done, self._lock = call, done, Lock()
        self._last = False
        self.store = Through(store, before=self._enter, after=self._leave)

    def _enter(self, name, _arguments) -> None:
        with self._lock:
            if self.died:
                raise Killed
            if name in {"url", "stage"}:
                return
            self._last = self.calls == self._at
            self.died = self._last
            self.calls += 1
            if self._last and not self._done:
                raise Killed

    def _leave(self, name, _arguments) -> None:
        with self._lock:
            if self.died and self._done and name not in {"url", "stage"}:
                raise Killed
