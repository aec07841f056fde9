"""The shipped flow in Prefect, with a temporary server: waits, retries, a time-out, SIGTERM."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL
from prefect.testing.utilities import prefect_test_harness

from genesys_export import NotPermitted, TryAgainLater
from genesys_export.integrations.prefect import export_day, export_due
from genesys_simulator import Fault, ServerError

DAY = "2025-11-20"
DETAILS = "analytics:conversationDetail:view"
pytestmark = pytest.mark.filterwarnings("default")  # Prefect's own


@pytest.fixture(scope="module", autouse=True)
def server():
    with prefect_test_harness(server_startup_timeout=180):
        yield


@pytest.fixture
def yesterday():
    return str(datetime.now(UTC).date() - timedelta(days=1))


def test_the_shipped_flow_waits_for_a_day_that_another_run_holds(
    load, start, held_for, yesterday, lake
):
    start()
    held_for(yesterday, 5.0)
    shipped = load("prefect_flow.py")
    (deployment,) = shipped.DEPLOYMENTS
    (told,) = shipped.export_due(**deployment.parameters)
    assert told["manifest"] == f"_genesys_export/conversation_details/{yesterday}/manifest.json"
    assert (lake / told["manifest"]).is_file()
    with get_client(sync_client=True) as client:
        (artifact,) = client.read_artifacts()
    assert told["manifest"] in str(artifact.data)


def test_a_day_that_genesys_lacks_is_left_when_the_wait_would_be_too_long(start, late):
    start(lag=late(1))
    with pytest.raises(TryAgainLater, match="is not complete at Genesys"):
        export_due(hours_to_wait=0)
    assert [one["outcome"] for one in export_due(hours_to_wait=0)] == ["published"]


def test_an_outage_is_retried_and_a_missing_permission_is_not(start):
    os.environ["GENESYS_EXPORT_GENESYS__RETRY_DEADLINE"] = "0.5s"
    down = [Fault("availability", 1, ServerError(), times=2)]
    start(faults=down)
    once = export_day.with_options(retries=1, retry_delay_seconds=0)
    assert once(DAY)["outcome"] == "published"
    start(missing_permissions=frozenset({DETAILS}))
    with pytest.raises(NotPermitted):
        export_day("2025-11-19")  # a retry would come in a minute


def test_the_task_is_used_in_the_flow_that_the_page_shows(shown, start, lake):
    start()
    (text,) = shown("prefect")
    names: dict = {"__name__": "shown"}
    exec(text, names)
    assert (lake / names["export_one_day"](DAY)).is_file()


def test_a_time_out_leaves_nothing_held(start, nothing_is_held):
    genesys = start(polls=100_000)
    with pytest.raises(TimeoutError):
        export_day.with_options(timeout_seconds=2)(DAY)
    assert nothing_is_held(genesys)


def test_a_cancelled_flow_leaves_nothing_held(start, nothing_is_held):
    genesys = start(polls=100_000)
    code = "from genesys_export.integrations.prefect import export_due; export_due()"
    environment = os.environ | {"PREFECT_API_URL": PREFECT_API_URL.value()}
    run = subprocess.Popen([sys.executable, "-c", code], env=environment)
    try:
        while not genesys.jobs and run.poll() is None:
            Event().wait(0.05)
        run.send_signal(signal.SIGTERM)
        assert run.wait(timeout=120) != 0
    finally:
        run.kill()
    assert nothing_is_held(genesys)
