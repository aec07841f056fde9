"""Rounds of `backfill --cluster` on a cluster that dies, each compared with one plain process.

    make soak-cluster              SOAK_ROUNDS=200 SOAK_SEED=… SOAK_MINUTES=…

A round is a new prefix on SeaweedFS, two simulated organisations, a scheduler and its workers,
some of which are killed or asked to close at random moments; then the same command on a new
cluster, until it ends with 0. Every file must be what one process without trouble makes of the
same data, no claim may be held by an attempt that did not publish its day, and no day that was
final may be asked for again. Ends with 1 on a difference.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from soak_reading import BucketReader

from cluster_processes import HERE, Process, Processes, free_port, processes
from genesys_simulator import Options, Simulator, World, serve
from s3_servers import BUCKET, S3Server, _make_bucket, _weed

ORGS = {"apac": 21, "emea": 22}  # name → the seed of its world
PER_DAY, LATENCY_S = 250, 0.15
LAST_DAY = 20
MAY_END = {0, 69, 74, 75}
CLEAN_TRIES = 5
Files = dict[str, tuple[int, str]]  # key → rows, sha256


@dataclass
class Tally:
    """What was met, and what differed."""

    met: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)


@dataclass
class Soak:
    """Everything that lasts longer than a round."""

    folder: Path
    orgs: dict[str, Simulator]
    s3: S3Server
    client: object
    variables: dict[str, str]
    reference: dict[str, Files]  # day → its files, of both organisations
    tally: Tally = field(default_factory=Tally)


@dataclass
class Round:
    """One prefix and what happens to the clusters that fill it."""

    soak: Soak
    number: int
    rng: Random

    def play(self) -> None:
        days = self.rng.randint(4, 8)
        self.days = [f"2025-11-{LAST_DAY - n:02}" for n in range(days)]
        self.prefix = f"round-{self.number:05d}/"
        self.reader = BucketReader(self.soak.client, BUCKET, self.prefix)
        self.port = free_port()
        self.workers: list[Process] = []
        with processes(self.soak.folder, self.soak.variables) as at:
            self._in_trouble(at)
        done = self._final()
        asked = self._asked()
        with processes(self.soak.folder, self.soak.variables) as at:
            self._until_clean(at)
        for org, day in done:
            if self._asked()[org, day] > asked[org, day]:
                self._differs(f"{org} {day} was final, and was exported again")
        self._compare()

    def _in_trouble(self, at: Processes) -> None:
        scheduler = self._cluster(at, self.rng.randint(1, 3))
        run = self._command(at)
        for _ in range(self.rng.randint(1, 4)):
            time.sleep(self.rng.uniform(0.3, 4.0))
            what = self.rng.choice(["kill", "kill", "close", "add", "scheduler"])
            self.soak.tally.met[f"in trouble: {what}"] += 1
            if what == "add":
                self._worker(at)
            elif what == "scheduler":
                scheduler.kill()
                break
            elif self.workers:
                worker = self.workers.pop(self.rng.randrange(len(self.workers)))
                worker.kill_session() if what == "kill" else worker.terminate()
                self._worker(at)
        if self.rng.random() < 0.2:
            self.soak.tally.met["in trouble: command killed"] += 1
            run.child.kill()
        self._ended(run, MAY_END | {-9})

    def _until_clean(self, at: Processes) -> None:
        self._cluster(at, 2)
        for _ in range(CLEAN_TRIES):
            run = self._command(at)
            if self._ended(run, MAY_END) == 0:
                return
        self._differs(f"no run came to a good end: {run.said()[-700:]}")

    def _cluster(self, at: Processes, workers: int) -> Process:
        scheduler, self.address = at.scheduler(self.port)
        self.workers = []
        for _ in range(workers):
            self._worker(at)
        return scheduler

    def _worker(self, at: Processes) -> None:
        nanny = self.rng.choice([("--nanny",), ("--no-nanny",)])
        self.workers.append(at.worker(self.address, *nanny, "--death-timeout", 30))

    def _command(self, at: Processes) -> Process:
        to = f"s3://{BUCKET}/{self.prefix}"
        told = ("--start", self.days[-1], "--end", self.days[0], "--to", to)
        per_org = self.rng.choice(["1", "1", "2"])
        more = {"GENESYS_EXPORT_CLUSTER__WORKERS_PER_ORG": per_org}
        return at.command("backfill", *told, "--cluster", self.address, **more)

    def _ended(self, run: Process, may: set[int]) -> int:
        status = run.ended(within_s=180)
        self.soak.tally.met[f"commands that ended {status}"] += 1
        if status not in may or "Traceback" in run.said():
            self._differs(f"the command ended {status}: {run.said()[-1500:]}")
        return status

    # --- looking ------------------------------------------------------------------------------

    def _asked(self) -> Counter[tuple[str, str]]:
        return Counter(
            (name, str(one.body["interval"])[:10])
            for name, org in self.soak.orgs.items()
            for one in org.asked("submit")
        )

    def _final(self) -> list[tuple[str, str]]:
        found = [(org, day, self._document(org, day, "manifest")) for org, day in self._every()]
        return [(org, day) for org, day, one in found if one and "next" not in one]

    def _every(self) -> list[tuple[str, str]]:
        return [(org, day) for org in ORGS for day in self.days]

    def _document(self, org: str, day: str, name: str) -> dict | None:
        found = self.reader.read(f"{org}/_genesys_export/conversation_details/{day}/{name}.json")
        return json.loads(found[0]) if found else None

    def _compare(self) -> None:
        named: Files = {}
        for org, day in self._every():
            manifest, claim = (self._document(org, day, one) for one in ("manifest", "claim"))
            if manifest is None or "next" in manifest or manifest["state"] != "final":
                self._differs(f"{org} {day} is not final")
                continue
            if claim is None:
                self._differs(f"{org} {day} has no claim")
            elif not claim["released"]:
                self._held(org, day, claim, manifest)
            named |= files_of(manifest)
        wanted = {key: one for day in self.days for key, one in self.soak.reference[day].items()}
        for key in sorted(wanted.keys() | named.keys()):
            if wanted.get(key) != named.get(key):
                self._differs(f"{key}: {named.get(key)} instead of {wanted.get(key)}")
        every = self.reader.keys()
        there = {key for key in every if "_genesys_export/" not in key}
        if there != named.keys():
            self._differs(f"lying about or missing: {sorted(there ^ named.keys())[:10]}")

    def _held(self, org: str, day: str, claim: dict, manifest: dict) -> None:
        """Judge a claim that nobody released: only a killed worker may have left it."""
        if claim["attempt"] != manifest["attempt"]:
            self._differs(f"the claim of {org} {day} is held")
        self.soak.tally.met["killed before a release"] += 1

    def _differs(self, what: str) -> None:
        self.soak.tally.differences.append(f"round {self.number}: {what}")
        sys.stdout.write(f"DIFFERENCE in round {self.number}: {what}\n")
        sys.stdout.flush()


def files_of(manifest: dict) -> Files:
    return {
        file["key"]: (file["rows"], file["sha256"])
        for files in manifest["tables"].values()
        for file in files
    }


def reference_of(folder: Path, variables: dict[str, str]) -> dict[str, Files]:
    """Return the files of every day as one process without trouble makes them."""
    lake, found = folder / "reference", dict[str, Files]()
    with processes(folder, variables) as at:
        told = ("--start", f"2025-11-{LAST_DAY - 7:02}", "--end", f"2025-11-{LAST_DAY}")
        at.command("backfill", *told, "--to", lake).ends(0)
    for path in lake.glob("*/_genesys_export/conversation_details/*/manifest.json"):
        found.setdefault(path.parent.name, {}).update(files_of(json.loads(path.read_bytes())))
    return found


def settings(orgs: dict[str, Simulator]) -> str:
    lines = ["[genesys]", 'poll_first = "0.05s"', "page_size = 100"]
    for name, org in orgs.items():
        lines += [f"[orgs.{name}]", f'base_url = "{org.base_url}"']
        lines += [f'client_id = "{org.client_id}"', f'client_secret = "{org.client_secret}"']
    return "\n".join(lines) + "\n"


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no child outlives it
    rounds = int(os.environ.get("SOAK_ROUNDS", "200"))
    seed = os.environ.get("SOAK_SEED") or str(time.time_ns())
    deadline = time.monotonic() + 60 * float(os.environ.get("SOAK_MINUTES", "180"))
    sys.stdout.write(f"soak-cluster: {rounds} rounds, SOAK_SEED={seed}\n")
    assert (HERE / "dask").exists(), "Dask is not installed: make soak-cluster"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="soak-")))
        (folder / "weed").mkdir()
        s3 = stack.enter_context(_weed(folder / "weed"))
        _make_bucket(s3)
        client = s3.client()
        stack.callback(client.close)
        options = Options(page_latency_s=LATENCY_S)
        orgs = {
            name: stack.enter_context(serve(World.generated(seed=one, per_day=PER_DAY), options))
            for name, one in ORGS.items()
        }
        (folder / "genesys-export.toml").write_text(settings(orgs))
        variables = {
            "AWS_ENDPOINT_URL_S3": s3.endpoint_url,
            "AWS_ACCESS_KEY_ID": s3.access_key,
            "AWS_SECRET_ACCESS_KEY": s3.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        reference = reference_of(folder, variables)
        soak = Soak(folder, orgs, s3, client, variables, reference)
        began, done = time.monotonic(), 0
        for number in range(1, rounds + 1):
            if time.monotonic() > deadline:
                break
            Round(soak, number, Random(f"{seed}/{number}")).play()
            done = number
            passed_s = time.monotonic() - began
            different = len(soak.tally.differences)
            sys.stdout.write(f"{number} rounds, {different} differences, {passed_s:.0f} s\n")
            sys.stdout.flush()
    for name, count in sorted(soak.tally.met.items()):
        sys.stdout.write(f"{name:<32}  {count:>5,}\n")
    return 1 if soak.tally.differences or not done else 0


if __name__ == "__main__":
    sys.exit(main())
