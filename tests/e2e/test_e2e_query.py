"""The query engine and a query body of one's own, through the command as a user runs it."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

import genesys_export
from dialects import TUTORIAL, speaking, tutorial
from fakes import some
from genesys_simulator import Fault, Options, Refusal, World, serve
from genesys_simulator.times import DAY_MS, Span, read

DAY = "2025-11-20"
WORLD = World.generated(seed=7, per_day=240)
TOO_DEEP = Refusal(400, "bad.request", "Pagination may not exceed 100000 results.")
SOURCE = Path(genesys_export.__file__).parents[1]


@dataclass(frozen=True)
class Run:
    """A command that has ended, and the folder it exported to."""

    folder: Path
    status: int
    out: str
    err: str

    @property
    def lake(self) -> Path:
        return self.folder / "lake"

    @property
    def manifest(self) -> dict:
        home = self.lake / "_genesys_export/conversation_details" / DAY
        return json.loads((home / "manifest.json").read_text("utf-8"))

    def table(self, name: str) -> list[dict[str, str]]:
        """Return a table's rows out of all its files, in the order of all their values."""
        rows: list[dict[str, str]] = []
        for file in self.files(name):
            text = gzip.decompress((self.lake / file["key"]).read_bytes()).decode()
            rows += csv.DictReader(io.StringIO(text, newline=""))
        return sorted(rows, key=lambda row: list(row.values()))

    def files(self, name: str) -> list[dict]:
        return self.manifest["tables"][name]


def run(folder: Path, server, *flags: str, date: str = DAY, **variables: str) -> Run:
    """Export the day with the command."""
    folder.mkdir(exist_ok=True)
    environ = {
        "PYTHONPATH": str(SOURCE),
        "HOME": str(folder),
        "GENESYS_CLOUD_BASE_URL": server.base_url,
        "GENESYS_CLIENT_ID": server.client_id,
        "GENESYS_CLIENT_SECRET": server.client_secret,
        "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
        **variables,
    }
    command = [sys.executable, "-m", "genesys_export", "run", "--to", "lake", "--date", date]
    ended = subprocess.run(
        [*command, *flags],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return Run(folder, ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def begun() -> list[dict]:
    """Return the world's conversations that begin on the day."""
    start = some(read(f"{DAY}T00:00:00Z"))
    span = Span(start, start + DAY_MS)
    places = list(WORLD.holdings.positions(span, span.start_ms))
    return [json.loads(one) for one in WORLD.holdings.render(places, attributes=True)]


@pytest.fixture(scope="module")
def by_jobs(tmp_path_factory) -> Run:
    with serve(WORLD) as genesys:
        return run(tmp_path_factory.mktemp("jobs"), genesys)


@pytest.mark.parametrize(
    ("faults", "slices"),
    [([], "1"), ([Fault("query", 2, TOO_DEEP), Fault("query", 3, TOO_DEEP)], "1"), ([], "3")],
    ids=["whole", "halved", "sliced"],
)
def test_both_engines_export_the_same_but_for_the_attributes(tmp_path, by_jobs, faults, slices):
    with serve(WORLD, Options(query_double=5, faults=faults)) as genesys:
        by_query = run(tmp_path, genesys, "--engine", "query", "--slices", slices)
        assert (by_query.status, by_jobs.status) == (0, 0), by_query.err
        assert genesys.asked("submit") == genesys.asked("availability") == []
    tables = set(by_jobs.manifest["tables"])
    assert tables == set(by_query.manifest["tables"])
    for table in tables - {"participant_attributes"}:
        assert by_query.table(table) == by_jobs.table(table), table
    assert by_jobs.table("participant_attributes") != []
    for file in by_query.files("participant_attributes"):
        header = gzip.decompress((by_query.lake / file["key"]).read_bytes())
        assert (file["rows"], header.count(b"\n")) == (0, 1)


def test_the_manifest_tells_of_the_engine_and_of_what_it_has_not(tmp_path, by_jobs):
    with serve(WORLD) as genesys:
        manifest = run(tmp_path, genesys, "--engine", "query").manifest
    (note,) = manifest["notes"]
    assert "no participant attributes" in note
    assert by_jobs.manifest["notes"] == []
    assert (manifest["recipe"]["engine"], manifest["recipe"]["query_body"]) == ("query", None)
    assert [(one["watermark"], one["job_ids"]) for one in manifest["slices"]] == [(None, [])]
    assert manifest["state"] == "final"


def test_a_zones_day_is_exported_whole_by_the_query(tmp_path):
    with serve(WORLD) as genesys:
        flags = ("--timezone", "Asia/Kolkata", "--table", "conversations")
        jobs = run(tmp_path / "jobs", genesys, *flags)
        query = run(tmp_path / "query", genesys, "--engine", "query", *flags)
    assert query.status == 0, query.err
    assert query.table("conversations") == jobs.table("conversations") != []


def test_a_day_that_has_not_ended_is_too_early_for_the_query_too(tmp_path):
    with serve(WORLD) as genesys:
        ended = run(tmp_path, genesys, "--engine", "query", date=f"{datetime.now(UTC):%F}")
        assert [one.path for one in genesys.requests] == ["/"]  # whose clock is right?
    assert ended.status == 75
    assert not (tmp_path / "lake/conversations").exists()


def test_a_lake_that_lags_behind_is_no_hindrance_to_the_query(tmp_path):
    lag = Options(lag=Options().now() - Options().now().replace(year=2020))
    with serve(WORLD, lag) as genesys:
        assert run(tmp_path, genesys).status == 75
        assert run(tmp_path, genesys, "--engine", "query").status == 0


def test_a_day_is_exported_from_a_server_that_speaks_the_tutorials_dialect(tmp_path, by_jobs):
    (tmp_path / "body.json").write_text(json.dumps(TUTORIAL), "utf-8")
    with speaking(tutorial(begun())) as server:
        ended = run(tmp_path, server, "--query-body", "body.json")
    assert ended.status == 0, ended.err
    assert ended.table("conversations") == by_jobs.table("conversations")
    assert ended.table("participant_attributes") == by_jobs.table("participant_attributes")
    recipe = ended.manifest["recipe"]
    assert recipe["engine"] == "query"
    assert json.loads(recipe["query_body"]) == TUTORIAL
    assert "custom query body" in ended.manifest["notes"][0]
    assert [body.get("nextPageToken") for body in server.bodies if body] == [
        None,
        "page-100",
        "page-200",
    ]


def test_tokens_without_end_end_the_run_and_publish_nothing(tmp_path):
    (tmp_path / "body.json").write_text(json.dumps(TUTORIAL), "utf-8")
    with speaking(lambda _: {"entities": [{}], "nextPageToken": "again"}) as server:
        ended = run(tmp_path, server, "--query-body", "body.json")
    assert ended.status == 69
    assert "the same token was returned twice" in ended.err
    assert [path for path in ended.lake.rglob("*.gz") if ".staging" not in path.parts] == []


@pytest.mark.parametrize("text", ["{", '{"interval": "{start}"}'])
def test_a_body_that_will_not_do_is_a_wrong_setting(tmp_path, text):
    (tmp_path / "body.json").write_text(text, "utf-8")
    with speaking(lambda _: {}) as server:
        ended = run(tmp_path, server, "--query-body", "body.json")
    assert ended.status == 78
    assert "export.query_body, given by --query-body: body.json" in ended.err
    assert server.bodies == []


@pytest.mark.parametrize("own", [False, True])
def test_a_dry_run_tells_what_would_be_asked(tmp_path, own):
    (tmp_path / "body.json").write_text(json.dumps({"asks": "{start} {end}"}), "utf-8")
    flags = ("--query-body", "body.json") if own else ("--engine", "query")
    with serve(WORLD) as genesys:
        ended = run(tmp_path, genesys, "--dry-run", *flags)
        assert genesys.requests == []
    (line,) = [one for one in ended.out.splitlines() if one.startswith("would ask: ")]
    body = json.loads(line.removeprefix("would ask: "))
    interval = f"{DAY}T00:00:00.000Z{' ' if own else '/'}2025-11-21T00:00:00.000Z"
    assert body["asks" if own else "interval"] == interval
