"""Hundreds of days exported on a bad road, by real processes that are killed, and all compared.

    make soak                      SOAK_ROUNDS=100 SOAK_SEED=… SOAK_MINUTES=…

A round is a dataset, a new destination, a simulated Genesys with faults, some runs in trouble,
then runs until one is clean; what lies there then must be what a run without trouble makes of the
same data, and the conversations those that the simulator itself says it has. Loopback only. Ends
with 1 where anything differs.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from soak_processes import Genesys, Runs, Worker, genesys
from soak_proxy import Road, running
from soak_reading import (
    BucketReader,
    Content,
    Day,
    FolderReader,
    Reader,
    content_of,
    leftovers,
    manifest_of,
    wrong_with,
)

from fakes import some
from genesys_export.datasets import DEFAULT, dataset_named, datasets
from genesys_simulator import World
from genesys_simulator.times import Span, to_ms
from s3_servers import BUCKET, S3Server, _make_bucket, _weed

DAY = "2025-11-20"
# Small days: that many more commits, and kills in them, go into an hour.
WORLDS = ((11, 80), (12, 150), (13, 300), (14, 300), (15, 1_000))
FAULTS = {
    "token": ("503", "reset", "429"),
    "submit": ("503", "job failed", "job expired", "dead token", "429"),
    "status": ("503", "cut answer", "502 as a page", "slow"),
    "results": (
        "503",
        "cut answer",
        "reset",
        "slow",
        "dead token",
        "repeated rows",
        "short page",
    ),
}
# What a run in trouble may end with; anything else is a difference.
MAY_END = {0, 69, 74, 75, 143, -9}
CLEAN_TRIES = 8


@dataclass
class Tally:
    """What was met, and what differed."""

    met: Counter[str] = field(default_factory=Counter)
    ended: Counter[int] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)


@dataclass
class Soak:
    """Everything that lasts longer than a round."""

    folder: Path
    genesys: Genesys
    road: Road
    road_url: str
    s3: S3Server
    client: object
    tally: Tally = field(default_factory=Tally)
    _references: dict[tuple[Day, int, int, bool], Content] = field(default_factory=dict)

    def reference(self, day: Day, seed: int, per_day: int, *, late: bool) -> Content:
        """Return what a run without any trouble makes of that world, and hold it against it."""
        key = (day, seed, per_day, late)
        if key not in self._references:
            root = self.folder / f"reference-{day.dataset}-{day.date}-{seed}-{per_day}-{late}"
            told = self.genesys.serve(day=DAY, seed=seed, per_day=per_day, late=late)
            runs = Runs(self.folder, told, {}, str(root), day.dataset, day.date)
            worker = runs.start()
            status = worker.ended()
            assert status == 0, f"a run without trouble ended {status}: {worker.said()}"
            found = content_of(FolderReader(root), day)
            if day.dataset == DEFAULT:
                assert found.ids == ids_of(seed, per_day, late=late), "the reference is wrong"
            self._references[key] = found
        return self._references[key]


def day_of(name: str) -> Day:
    """Return a day that can be read: a snapshot's is the newest one."""
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    return Day(name, str(yesterday) if dataset_named(name).is_snapshot else DAY)


def ids_of(seed: int, per_day: int, *, late: bool) -> frozenset[str]:
    """Return the conversations of the day as the simulator itself renders them."""
    world = World.generated(seed=seed, per_day=per_day)
    day = date.fromisoformat(DAY)
    if late:
        world = world.altered(day, drop=3, change=5, add=4)
    first = datetime(day.year, day.month, day.day, tzinfo=UTC)
    span = Span(to_ms(first), to_ms(first + timedelta(days=1)))
    places = list(world.holdings.positions(span, span.start_ms))
    records = world.holdings.render(places, attributes=True)
    return frozenset(json.loads(record)["conversationId"] for record in records)


@dataclass
class Round:
    """One destination and what happens to it."""

    soak: Soak
    number: int
    rng: Random

    def play(self) -> None:
        soak, rng = self.soak, self.rng
        self.seed, self.per_day = rng.choice(WORLDS)
        others = [one.name for one in datasets() if one.name != DEFAULT]
        self.day = day_of(rng.choice([*others, *[DEFAULT] * len(others)]))
        self.is_snapshot = dataset_named(self.day.dataset).is_snapshot
        soak.tally.met[f"rounds of {self.day.dataset}"] += 1
        for late in (False, True):
            soak.reference(self.day, self.seed, self.per_day, late=late)
        self.in_bucket = rng.random() < 0.75
        name = f"round-{self.number:05d}"
        self.to = f"s3://{BUCKET}/{name}/" if self.in_bucket else str(soak.folder / name)
        self.reader: Reader = (
            BucketReader(soak.client, BUCKET, f"{name}/")
            if self.in_bucket
            else FolderReader(Path(self.to))
        )
        self.slices = 1 if self.is_snapshot else rng.randint(1, 4)
        soak.road.calm()
        if rng.random() < 0.5:
            self._publish_first()
        changes = self.changes = rng.choice([None, None, None, rng.uniform(0.5, 4.0)])
        faults = self._faults()
        began = time.monotonic()
        told = soak.genesys.serve(
            day=DAY,
            seed=self.seed,
            per_day=self.per_day,
            late=True,
            changes_in_s=changes,
            faults=faults,
            polls=rng.choice([1, 1, 2]),
        )
        soak.tally.met.update(f"Genesys: {one['kind']}" for one in faults)
        soak.tally.met["late data"] += changes is not None
        self.runs = self._runs(told)
        if self.in_bucket:
            soak.road.share = rng.choice([0.0, 0.0, 0.03, 0.08])
        for _ in range(rng.choice([1, 1, 2])):
            rng.choice([self._killed, self._killed, self._ambushed, self._two, self._slept])()
            self._look()
        if changes is not None and (left := began + changes - time.monotonic()) > 0:
            time.sleep(left)
        soak.road.calm()
        self._until_clean()
        self._compare()

    # --- trouble -----------------------------------------------------------------------------

    def _publish_first(self) -> None:
        """Publish the day as it was before, in other slices perhaps: it is to be replaced."""
        told = self.soak.genesys.serve(day=DAY, seed=self.seed, per_day=self.per_day, late=False)
        runs = self._runs(told)
        slices = self.rng.choice([self.slices, self.slices, self.rng.randint(1, 4)])
        self._ended(runs.start("--slices", slices), {0})
        self.soak.tally.met["a day to be replaced"] += 1

    def _runs(self, genesys: dict[str, str]) -> Runs:
        day = self.day
        return Runs(self.soak.folder, genesys, self._variables(), self.to, day.dataset, day.date)

    def _start(self) -> Worker:
        # In days so small, some conversations less can be many values less.
        shrinks = [] if self.day.dataset == DEFAULT else ["--accept-shrink"]
        return self.runs.start("--slices", self.slices, "--force", *shrinks)

    def _killed(self) -> None:
        worker = self._start()
        worker.kill_after(self.rng.uniform(0.3, 3.5))
        self._ended(worker, MAY_END, "kill -9 at a random moment")

    def _ambushed(self) -> None:
        """Kill at a request to the bucket: before it arrives, or before its answer does."""
        if not self.in_bucket:
            self._killed()
            return
        worker = self._start()
        call, done = self.rng.randint(1, 170), self.rng.random() < 0.5
        self.soak.road.ambush(call, done, worker.kill)
        self._ended(worker, MAY_END, "kill -9 at a request to the bucket")
        self.soak.road.ambush(1_000_000, done=False, strike=worker.kill)

    def _two(self) -> None:
        first = self._start()
        time.sleep(self.rng.uniform(0, 1.0))
        second = self._start()
        if self.rng.random() < 0.4:
            first.kill_after(self.rng.uniform(0.3, 2.5))
        for worker in (first, second):
            self._ended(worker, MAY_END)
        self.soak.tally.met["two runs at once"] += 1

    def _slept(self) -> None:
        """Stop a run, let its lease be over by the bucket's clock, and wake it later."""
        first = self._start()
        time.sleep(self.rng.uniform(0.8, 3.0))
        first.stop()
        self.soak.road.later = timedelta(minutes=11)
        second = self._start()
        if self.rng.random() < 0.3:
            second.kill_after(self.rng.uniform(0.5, 3.0))
        elif self.rng.random() < 0.5:
            time.sleep(self.rng.uniform(0.5, 2.0))
            first.wake()
        self._ended(second, MAY_END)
        first.wake()
        self._ended(first, MAY_END, "a run that slept past its lease")
        self.soak.road.later = timedelta(0)

    def _ended(self, worker: Worker, may: set[int], what: str = "") -> None:
        status = worker.ended()
        self.soak.tally.ended[status] += 1
        if what and (what.startswith("a run") or status == -9):
            self.soak.tally.met[what] += 1
        if status not in may:
            self._differs(f"a run ended {status}: {worker.said()[-700:]}")

    # --- what must hold ----------------------------------------------------------------------

    def _look(self) -> None:
        """Hold what lies there against A6, with nobody at work."""
        for wrong in wrong_with(self.reader, self.day):
            self._differs(wrong)
        manifest = manifest_of(self.reader, self.day)
        met = self.soak.tally.met
        if manifest is None:
            met["seen: nothing published"] += 1
        elif "next" in manifest:
            met["seen: a replacement under way"] += 1
        elif manifest["state"] == "damaged":
            met["seen: damaged"] += 1
        else:
            met["seen: a whole day"] += 1
            late = (False, True)
            ours = content_of(self.reader, self.day)
            known = [self._reference(late=one) for one in late]
            is_whole = manifest["state"] != "partial"
            if self.slices == 1 and is_whole and ours not in known:
                self._differs("a day that Genesys never had")

    def _reference(self, *, late: bool) -> Content:
        return self.soak.reference(self.day, self.seed, self.per_day, late=late)

    def _until_clean(self) -> None:
        for _ in range(CLEAN_TRIES):
            worker = self._start()
            status = worker.ended()
            self.soak.tally.ended[status] += 1
            if status == 0 and some(manifest_of(self.reader, self.day))["state"] != "partial":
                if self.changes is not None:
                    # It may have read a job of before the change; another one reads what is now.
                    self._ended(self._start(), {0})
                return
            time.sleep(0.2)
        self._differs(f"no run came to a good end: {status}: {worker.said()[-700:]}")

    def _compare(self) -> None:
        manifest = manifest_of(self.reader, self.day)
        ends = {"final", "provisional"} if self.is_snapshot else {"final"}
        if manifest is None or "next" in manifest or manifest["state"] not in ends:
            self._differs(f"the day is not final: {manifest and manifest['state']}")
            return
        for wrong in wrong_with(self.reader, self.day):
            self._differs(wrong)
        wanted = self._reference(late=True)
        found = content_of(self.reader, self.day)
        if found.ids != wanted.ids:
            missing, more = wanted.ids - found.ids, found.ids - wanted.ids
            self._differs(f"{len(missing)} conversations missing, {len(more)} too many")
        for table, fingerprint in wanted.tables.items():
            if found.tables.get(table) != fingerprint:
                self._differs(f"{table}: {found.tables.get(table)} instead of {fingerprint}")
        if lost := leftovers(self.reader, self.day):
            self._differs(f"lying about: {lost}")
        self.soak.tally.met["uploads left over"] += self.reader.uploads()
        if not self.in_bucket:
            shutil.rmtree(self.to)

    def _differs(self, what: str) -> None:
        where = f"round {self.number} ({self.day.dataset}, slices {self.slices}, {self.to})"
        self.soak.tally.differences.append(f"{where}: {what}")
        sys.stdout.write(f"DIFFERENCE in {where}: {what}\n")
        sys.stdout.flush()

    # --- settings ----------------------------------------------------------------------------

    def _variables(self) -> dict[str, str]:
        if not self.in_bucket:
            return {}
        return {
            "AWS_ENDPOINT_URL_S3": self.soak.road_url,
            "AWS_ACCESS_KEY_ID": self.soak.s3.access_key,
            "AWS_SECRET_ACCESS_KEY": self.soak.s3.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _faults(self) -> list[dict[str, object]]:
        found = []
        for _ in range(self.rng.choice([0, 0, 1, 2])):
            endpoint = self.rng.choice([*FAULTS])
            kind = self.rng.choice(FAULTS[endpoint])
            found.append({"on": endpoint, "nth": self.rng.randint(1, 6), "kind": kind})
        return found


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no child outlives it
    rounds = int(os.environ.get("SOAK_ROUNDS", "100"))
    seed = os.environ.get("SOAK_SEED") or str(time.time_ns())
    deadline = time.monotonic() + 60 * float(os.environ.get("SOAK_MINUTES", "60"))
    sys.stdout.write(f"soak: {rounds} rounds, SOAK_SEED={seed}\n")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="soak-")))
        (folder / "weed").mkdir()
        s3 = stack.enter_context(_weed(folder / "weed"))
        _make_bucket(s3)
        host, port = s3.endpoint_url.removeprefix("http://").split(":")
        road, url = stack.enter_context(running((host, int(port))))
        client = s3.client()
        stack.callback(client.close)
        served = stack.enter_context(genesys())
        soak = Soak(folder, served, road, url, s3, client)
        began, done = time.monotonic(), 0
        for number in range(1, rounds + 1):
            if time.monotonic() > deadline:
                break
            Round(soak, number, Random(f"{seed}/{number}")).play()
            done = number
            if number % 10 == 0:
                say(soak, number, time.monotonic() - began)
        tally = soak.tally
        tally.met.update({f"bucket: {kind}": times for kind, times in road.met.items()})
    table(tally, done)
    return 1 if tally.differences or not done else 0


def say(soak: Soak, number: int, passed_s: float) -> None:
    runs = sum(soak.tally.ended.values())
    differences = len(soak.tally.differences)
    sys.stdout.write(
        f"{number} rounds, {runs} runs, {soak.tally.ended[-9]} killed, {differences} differences,"
        f" {passed_s:.0f} s\n"
    )
    sys.stdout.flush()


def table(tally: Tally, rounds: int) -> None:
    rows = {"rounds": rounds, "runs": sum(tally.ended.values())}
    rows |= {f"runs that ended {status}": n for status, n in sorted(tally.ended.items())}
    rows |= dict(sorted(tally.met.items()))
    rows |= {"differences": len(tally.differences)}
    width = max(map(len, rows))
    for name, count in rows.items():
        sys.stdout.write(f"{name:<{width}}  {count:>7,}\n")
    for one in tally.differences:
        sys.stdout.write(f"DIFFERENCE {one}\n")


if __name__ == "__main__":
    sys.exit(main())
