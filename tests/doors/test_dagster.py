"""The shipped definitions in Dagster: its schedule, its assets, and the real command killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from dagster import (
    DagsterEventType,
    Failure,
    RetryRequested,
    build_asset_context,
    build_schedule_context,
    materialize,
)

DEFINITIONS = Path(__file__).parents[2] / "deploy/dagster_definitions.py"
DETAILS = "analytics:conversationDetail:view"
MANIFEST = "_genesys_export/conversation_details/{}/manifest.json"
pytestmark = pytest.mark.filterwarnings("default")  # Dagster's own


@pytest.fixture
def yesterday():
    return str(datetime.now(UTC).date() - timedelta(days=1))


def test_the_schedule_asks_for_a_run_of_each_day_that_is_due(load, start, yesterday):
    start()
    shipped = load("dagster_definitions.py")
    context = build_schedule_context(repository_def=shipped.definitions.get_repository_def())
    tick = shipped.every_night.evaluate_tick(context)
    assert [one.partition_key for one in tick.run_requests] == [yesterday]
    (asset,) = shipped.ASSETS
    assert [one.asset_selection for one in tick.run_requests] == [[asset.key]]


def test_a_day_that_another_run_holds_is_tried_again_when_it_may_be_free(
    load, start, held_for, yesterday, lake
):
    start()
    shipped = load("dagster_definitions.py")
    the_day_before = str(datetime.now(UTC).date() - timedelta(days=2))
    assert materialize(shipped.ASSETS, partition_key=the_day_before).success  # Dagster is warm
    held_for(yesterday, 5.0)
    result = materialize(shipped.ASSETS, partition_key=yesterday)
    retried = [
        event.step_retry_data.seconds_to_wait
        for event in result.all_events
        if event.event_type is DagsterEventType.STEP_UP_FOR_RETRY
    ]
    assert result.success
    assert 0 < retried[0] < 5
    (made,) = result.asset_materializations_for_node("genesys_export__conversation_details")
    assert made.metadata["manifest"].value == MANIFEST.format(yesterday)
    assert (lake / MANIFEST.format(yesterday)).is_file()
    assert made.metadata["counts"].value["exported"] == 40
    assert made.metadata["files"].value == 15


def test_a_day_that_genesys_lacks_is_tried_again_when_it_may_be_there(
    load, start, late, yesterday
):
    start(lag=late(1))
    (asset,) = load("dagster_definitions.py").ASSETS
    with pytest.raises(RetryRequested) as again:
        asset(build_asset_context(partition_key=yesterday))
    assert again.value.seconds_to_wait > 300
    assert asset(build_asset_context(partition_key=yesterday)).metadata["outcome"] == "published"


def test_the_page_shows_an_asset_for_each_organisation(shown, orgs, yesterday, lake):
    (text,) = shown("dagster")
    names: dict = {}
    exec(text, names)
    assets = list(names["definitions"].assets)
    assert materialize(assets, partition_key=yesterday).success
    for org in ("emea", "apac"):
        assert (lake / org / MANIFEST.format(yesterday)).is_file()


def test_a_missing_permission_fails_at_once(load, start, yesterday):
    genesys = start(missing_permissions=frozenset({DETAILS}))
    (asset,) = load("dagster_definitions.py").ASSETS
    with pytest.raises(Failure, match="conversationDetail") as failure:
        asset(build_asset_context(partition_key=yesterday))
    assert failure.value.allow_retries is False
    assert not genesys.jobs


def test_a_terminated_run_leaves_nothing_held(start, nothing_is_held, yesterday):
    genesys = start(polls=100_000)
    command = [sys.executable, "-m", "dagster", "asset", "materialize", "--select", "*"]
    command += ["--partition", yesterday, "-f", str(DEFINITIONS)]
    run = subprocess.Popen(command, start_new_session=True)
    try:
        while not genesys.jobs and run.poll() is None:
            Event().wait(0.05)
        run.send_signal(signal.SIGTERM)
        assert run.wait(timeout=120) != 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
    assert nothing_is_held(genesys)
