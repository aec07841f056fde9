"""What the client of a cluster announces and reports: each day once it is final. Without Dask."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from dask_fakes import DATASET, FakeCluster, days, done, failed

from fakes import FakeClock
from genesys_export.assembly.working import Surroundings, Work
from genesys_export.errors import GenesysUnavailable, NotPermitted
from genesys_export.integrations.dask import driver_of
from genesys_export.integrations.dask.task import Ended, Recipe
from genesys_export.settings import load

ENVIRON = {
    "GENESYS_CLOUD_REGION": "mypurecloud.ie",
    "GENESYS_EXPORT_NOTIFY__SECRET": "whsec_" + base64.b64encode(b"k" * 30).decode(),
}


@dataclass
class Place:
    """Settings with everything on, and what was announced."""

    keywords: dict
    environ: dict
    got: list[dict] = field(default_factory=list)


@pytest.fixture
def place(tmp_path):
    found = Place({"to": tmp_path / "lake", "prometheus_file": str(tmp_path / "x.prom")}, {})

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            found.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.02,)).start()
        found.environ = {
            **ENVIRON,
            "GENESYS_EXPORT_NOTIFY__URLS": f"http://127.0.0.1:{server.server_port}",
        }
        yield found
        server.shutdown()


def driven(place, outcome):
    """Let a cluster end chunks like this; return the results."""
    clock: Any = FakeClock()
    settings = load(flags={}, keywords=place.keywords, environ=place.environ)
    work = Work(settings, Surroundings(clock=clock))
    found = [*work.watched(driver_of(work, days(3)).results(FakeCluster(clock, outcome)))]
    work.close()
    return found


def test_a_failed_day_of_any_chunk_stands_in_the_prometheus_file(place, tmp_path):
    def outcome(chunk):
        bad = chunk.days[0]
        refused = failed(chunk, bad, NotPermitted("no"))
        return Ended((refused, *(done(chunk, day) for day in chunk.days[1:])))

    assert [one.status for one in driven(place, outcome)] == ["failed", "published", "published"]
    text = (tmp_path / "x.prom").read_text()
    assert f'last_run_days{{org="",dataset="{DATASET}",status="failed"}} 1.0' in text
    assert f'failed_days{{org="",dataset="{DATASET}"}} 1.0' in text
    assert f'last_success_timestamp_seconds{{org="",dataset="{DATASET}"}} 0.0' in text


def test_only_what_is_final_is_announced(place):
    tries = []

    def outcome(chunk):
        tries.append(chunk)
        problem = GenesysUnavailable("no answer")
        if len(tries) == 1:
            return Ended(tuple(failed(chunk, day, problem) for day in chunk.days))
        return Ended(tuple(done(chunk, day) for day in chunk.days))

    assert {one.status for one in driven(place, outcome)} == {"published"}
    assert place.got == []
    assert len(tries) > 1


def test_a_day_that_failed_for_good_is_announced_by_the_client(place):
    def outcome(chunk):
        return Ended(tuple(failed(chunk, day, NotPermitted("no")) for day in chunk.days))

    driven(place, outcome)
    assert {one["outcome"] for one in place.got} == {"failed"}


def test_the_journal_is_there_before_a_worker_can_publish(place, tmp_path):
    seen = []

    def outcome(chunk):
        journal = tmp_path / f"lake/_genesys_export/{DATASET}/announced.json"
        seen.append(journal.exists())
        return Ended(tuple(done(chunk, day) for day in chunk.days))

    driven(place, outcome)
    assert seen == [True]


def test_workers_announce_nothing_and_report_to_no_monitoring_system(tmp_path):
    file = tmp_path / "genesys-export.toml"
    file.write_text(
        '[genesys]\nregion = "mypurecloud.ie"\n[destination]\nto = "lake"\n'
        '[telemetry]\notlp = true\nprometheus_file = "x.prom"\n'
        '[notify]\nurls = ["sns:arn:aws:sns:eu-central-1:123456789012:days"]\n'
    )
    recipe = Recipe(flags={"config": str(file)})
    assert recipe.settings("").notify
    settings = recipe.of_worker("")
    assert not settings.notify
    assert (settings.telemetry.otlp, settings.telemetry.prometheus_file) == (False, None)
    assert settings.destination.to == "lake"
