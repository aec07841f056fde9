"""`backfill --cluster` on real schedulers and workers that live, close and die."""

from __future__ import annotations

import json
import os
import signal

import pytest
from cluster_reading import RANGE, days_of, held

from cluster_processes import killed_when

pytestmark = pytest.mark.dask

CANARY = "canary-secret-4711"


def test_organisations_are_spread_over_workers_and_every_day_is_exported_once(
    genesys, cluster, lake, tmp_path
):
    orgs = {name: genesys(client_secret=CANARY) for name in ("emea", "apac")}
    at = cluster(orgs)
    scheduler, address = at.scheduler()
    workers = [at.worker(address, "--no-nanny") for _ in range(2)]
    run = at.command(
        "backfill",
        *RANGE,
        "--to",
        lake,
        "--cluster",
        address,
        "--report",
        tmp_path / "report.json",
    )
    said = run.ends(0)
    assert "20 days: 20 exported" in said
    assert "organisation org=apac ended=10 failed=0 total=10" in said
    assert set(days_of(tmp_path / "report.json").values()) == {"published"}
    for org in orgs.values():
        assert len(org.asked("submit")) == 10
        assert len(org.asked("token")) == 1  # all of an organisation is on one worker
        assert org.jobs == {}
    assert held(lake) == []
    at.command("verify", *RANGE, "--to", lake).ends(0)
    again = at.command("backfill", *RANGE, "--to", lake, "--cluster", address)
    assert "20 days: 0 exported, 20 skipped" in again.ends(0)
    for process in (scheduler, *workers, run, again):
        assert CANARY not in process.said()


def test_workers_on_this_machine_need_no_cluster(genesys, cluster, lake):
    at = cluster({"emea": genesys()})
    run = at.command("backfill", *RANGE, "--to", lake, "--cluster", "local:1")
    assert "10 days: 10 exported" in run.ends(0)


def test_ctrl_c_ends_workers_on_this_machine_with_nothing_held(genesys, cluster, lake):
    org = genesys(page_latency_s=0.5)
    at = cluster({"emea": org})
    run = at.command("backfill", *RANGE, "--to", lake, "--cluster", "local:1")
    run.until(lambda: len(org.asked("submit")) >= 3, "the third job")
    os.killpg(run.child.pid, signal.SIGINT)  # as a terminal sends it: to the workers as well
    said = run.ends(130)
    assert held(lake) == []
    assert org.jobs == {}
    assert "Traceback" not in said


def test_a_day_that_kills_its_worker_fails_alone(genesys, cluster, lake, tmp_path):
    at = cluster({"emea": genesys()}, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1")
    _, address = at.scheduler()
    for _ in range(2):
        at.worker(address)  # with a nanny that starts another one
    claim = lake / "emea/_genesys_export/conversation_details/2025-11-15/claim.json"
    run = at.command(
        "backfill",
        *RANGE,
        "--to",
        lake,
        "--cluster",
        address,
        "--report",
        tmp_path / "report.json",
    )

    def at_work() -> int | None:
        """Return who works on the poisonous day."""
        try:
            told = json.loads(claim.read_bytes())
        except (OSError, ValueError):
            return None
        return None if told.get("released") else told["holder"]["pid"]

    killed = killed_when(at_work, run)
    said = run.ends(78)
    ends = days_of(tmp_path / "report.json")
    assert [day for (_, day), end in ends.items() if end == "failed"] == ["2025-11-15"]
    assert len(ends) == 10
    assert "killed its worker each time" in said
    assert len(killed) == 4  # twice in its chunk, twice alone


def test_a_worker_that_is_asked_to_close_releases_its_claims_and_deletes_its_jobs(
    genesys, cluster, lake
):
    org = genesys(page_latency_s=0.5)
    at = cluster({"emea": org})
    _, address = at.scheduler()
    first = at.worker(address)
    run = at.command("backfill", *RANGE, "--to", lake, "--cluster", address)
    run.until(lambda: len(org.asked("submit")) >= 3, "the third job")
    first.terminate()
    first.ended()
    assert held(lake) == []
    assert org.jobs == {}
    at.worker(address)
    assert "10 days:" in run.ends(0)
    at.command("verify", *RANGE, "--to", lake).ends(0)


@pytest.mark.parametrize("how", ["kill", "terminate"])
def test_what_nobody_waits_for_any_more_is_stopped(genesys, cluster, lake, how):
    org = genesys(page_latency_s=0.5)
    at = cluster({"emea": org})
    _, address = at.scheduler()
    worker = at.worker(address, "--no-nanny")
    run = at.command("backfill", *RANGE, "--to", lake, "--cluster", address)
    run.until(lambda: len(org.asked("submit")) >= 3, "the third job")
    getattr(run, how)()
    assert run.ended() == {"kill": -9, "terminate": 143}[how]
    worker.until(lambda: not held(lake) and not org.jobs, "the release")
    done = len(org.asked("submit"))
    again = at.command("backfill", *RANGE, "--to", lake, "--cluster", address).ends(0)
    assert "10 days:" in again
    assert done + len(org.asked("submit")) > 10


def test_a_scheduler_that_is_gone_ends_the_command_and_the_next_one_goes_on(
    genesys, cluster, lake
):
    org = genesys(page_latency_s=0.3)
    at = cluster({"emea": org}, DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT="2s")
    scheduler, address = at.scheduler()
    worker = at.worker(address, "--no-nanny", "--death-timeout", 5)
    run = at.command("backfill", *RANGE, "--to", lake, "--cluster", address)
    run.until(lambda: len(org.asked("submit")) >= 3, "the third job")
    scheduler.kill()
    said = run.ends(75)
    assert f"the Dask scheduler {address} is gone" in said
    worker.ended()
    assert held(lake) == []
    assert org.jobs == {}
    at.scheduler(port=int(address.rpartition(":")[2]))
    at.worker(address, "--no-nanny")
    at.command("backfill", *RANGE, "--to", lake, "--cluster", address).ends(0)
    at.command("verify", *RANGE, "--to", lake).ends(0)


def test_a_plain_text_scheduler_elsewhere_is_refused(cluster, genesys, lake):
    at = cluster({"emea": genesys()})
    said = at.command("backfill", *RANGE, "--to", lake, "--cluster", "tcp://dask.example:8786")
    assert "is not encrypted" in said.ends(2)


def test_no_scheduler_is_a_sentence(cluster, genesys, lake, closed_address):
    at = cluster({"emea": genesys()}, DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT="1s")
    said = at.command("backfill", *RANGE, "--to", lake, "--cluster", f"tcp://{closed_address}")
    assert f"no Dask scheduler answers at tcp://{closed_address}" in said.ends(75)
    assert "Traceback" not in said.said()
