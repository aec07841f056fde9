"""The shipped DAGs and the operator in Airflow, by `dag.test()`: tasks and triggers really run."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models.asset import AssetEvent
from airflow.models.taskreschedule import TaskReschedule
from airflow.utils.session import create_session
from sqlalchemy import select, update

from genesys_export.integrations.airflow import WatermarkTrigger
from genesys_simulator import Fault, Slow

ROOT = Path(__file__).parents[2]
DAY = "2025-11-20"
DETAILS = "analytics:conversationDetail:view"
moment = Event()  # is never set: to wait for a moment
pytestmark = pytest.mark.filterwarnings("default")  # Airflow's own


@pytest.fixture(scope="session")
def dags(home, shown):
    """Return every DAG, shipped, shown and of these tests, from a folder that Airflow knows."""
    folder = shutil.copytree(ROOT / "tests/doors/dags", home / "dags")
    shutil.copy(ROOT / "deploy/airflow_dag.py", folder)
    for number, text in enumerate(shown("airflow")):
        (folder / f"shown_{number}.py").write_text(text)
    migrate = [sys.executable, "-m", "airflow", "db", "migrate"]
    subprocess.run(migrate, check=True, capture_output=True, timeout=120)
    bag = DagBag(str(folder))
    assert not bag.import_errors
    return bag.dags


@pytest.fixture
def events():
    """Return the extras of the asset events that came since the test began."""

    def all_of_them():
        with create_session() as session:
            return [one.extra for one in session.query(AssetEvent).order_by(AssetEvent.id)]

    before = len(all_of_them())
    return lambda: all_of_them()[before:]


def states(run) -> list[str]:
    return [str(one.state) for one in run.get_task_instances() if one.task_id == "export"]


def test_what_is_due_is_exported_by_a_task_a_day_that_is_deferred_until_genesys_has_it(
    dags, events, start, late, lake, caplog
):
    start(lag=late(2))
    dag = dags["genesys_export"]
    dag.task_dict["export"].partial_kwargs["look_every"] = timedelta(seconds=0.1)
    run = dag.test()
    assert states(run) == ["success"]
    (extra,) = events()
    assert (extra["outcome"], extra["state"]) == ("published", "provisional")
    assert (lake / extra["manifest"]).is_file()
    assert caplog.text.count("running trigger in line") == 1


def test_a_task_of_an_organisation_is_rescheduled_to_when_genesys_may_have_the_day(
    dags, start, late, lake
):
    start(lag=late(1))
    found: list[datetime] = []

    def time_passes() -> None:
        """Let Airflow's next look be now: the real one is hours away."""
        while not found:
            moment.wait(0.2)
            with create_session() as session:
                found.extend(session.scalars(select(TaskReschedule.reschedule_date)))
                session.execute(update(TaskReschedule).values(reschedule_date=datetime.now(UTC)))

    waiting = Thread(target=time_passes)
    waiting.start()
    run = dags["genesys_export_tasks"].test()
    waiting.join()
    assert states(run) == ["success"]
    assert found[0] > datetime.now(UTC) + timedelta(minutes=5)
    assert list(lake.rglob("manifest.json"))


def test_an_operator_is_mapped_over_organisations(dags, events, orgs):
    night = datetime(2026, 11, 27, 3, 15, tzinfo=UTC)  # 04:15 in Berlin
    assert states(dags["genesys_each_org"].test(logical_date=night)) == ["success", "success"]
    assert [one["manifest"] for one in events()] == [
        f"{org}/_genesys_export/conversation_details/2026-11-26/manifest.json"
        for org in ("emea", "apac")
    ]


def test_the_other_dags_of_the_page_run(dags, start, lake):
    start()
    days = {"start": "2025-11-19", "end": DAY}
    runs = [dags["genesys_backfill"].test(run_conf=days), dags["load_what_changed"].test()]
    assert [str(one.state) for run in runs for one in run.get_task_instances()] == ["success"] * 2
    assert len(list(lake.rglob("manifest.json"))) == 2


def test_a_time_out_leaves_nothing_held(dags, start, nothing_is_held):
    genesys = start(polls=100_000)
    assert states(dags["timed_out"].test()) == ["failed"]
    assert nothing_is_held(genesys)


def test_a_killed_task_leaves_nothing_held(dags, start, nothing_is_held):
    genesys, done = start(polls=100_000), Event()

    def kill() -> None:
        while not genesys.jobs and not done.wait(0.05):
            pass
        if not done.is_set():
            os.kill(os.getpid(), signal.SIGTERM)

    killer = Thread(target=kill)
    killer.start()
    run = dags["timed_out"].test()
    done.set()
    killer.join()
    assert states(run) == ["failed"]
    assert nothing_is_held(genesys)


def test_a_missing_permission_fails_at_once(dags, start):
    genesys = start(missing_permissions=frozenset({DETAILS}))
    run = dags["a_day"].test(run_conf={"day": DAY})
    assert states(run) == ["failed"]
    assert len({one.task_id for one in run.get_task_instances() if one.try_number == 1}) == 1
    assert not genesys.jobs


def test_a_trigger_is_made_of_names_and_says_why_it_cannot_ask(start):
    genesys = start()
    trigger = WatermarkTrigger(
        day=DAY, org="", dataset="conversation_details", config="", look_every_s=0.0
    )
    kind, kwargs = trigger.serialize()
    assert kind == "genesys_export.integrations.airflow.WatermarkTrigger"
    assert genesys.client_secret not in str(kwargs)

    async def first():
        return await anext(WatermarkTrigger(**kwargs).run())

    assert asyncio.run(first()).payload == {"problem": ""}
    os.environ["GENESYS_CLIENT_SECRET"] = "another"
    assert "refused to sign in" in asyncio.run(first()).payload["problem"]


def test_a_cancelled_trigger_ends_at_once(start):
    genesys = start(faults=[Fault("availability", 1, Slow(120))])
    trigger = WatermarkTrigger(
        day=DAY, org="", dataset="conversation_details", config="", look_every_s=0.0
    )

    def until_asked() -> None:
        while not any(one.endpoint == "availability" for one in genesys.requests):
            moment.wait(0.05)

    async def cancelled() -> None:
        waiting = asyncio.ensure_future(anext(trigger.run()))
        await asyncio.to_thread(until_asked)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(cancelled())  # waits for its threads
