"""Prefect 3: a task that exports a day, and a flow that exports what is due and waits for Genesys.

A flow run is one organisation's: deploy it once for each. It waits in its own process, as
Prefect's retries do.
"""

from __future__ import annotations

import re
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_table_artifact

from ..errors import ExportError, TryAgainLater
from ..exporter import Exporter
from .day_task import CONVERSATIONS, DayTask, Then, log, retry_at, sentences, then

__all__ = ["export_day", "export_due"]


def _may_retry(_task: object, _run: object, state: Any) -> bool:
    """Retry outages: a day that Genesys lacks comes again later, all else needs a person."""
    problem = state.result(raise_on_failure=False)
    return isinstance(problem, ExportError) and then(problem) is Then.AGAIN


@task(
    name="genesys-export-day",
    task_run_name="{org} {dataset} {day}",
    retries=3,
    retry_delay_seconds=[60, 600, 1800],
    retry_condition_fn=_may_retry,
)
def export_day(
    day: str, org: str = "", dataset: str = CONVERSATIONS, config: str = ""
) -> dict[str, Any]:
    """Export one day of one dataset of one organisation; return what is published.

    Raises TryAgainLater while Genesys lacks part of the day. Outages are retried; a wrong setting
    or a missing permission is not. Leaves an artifact with the manifest's key.
    """
    told = DayTask(day=day, org=org, dataset=dataset, config=config).export()
    parts = re.sub("[^a-z0-9]+", "-", f"genesys-{org}-{dataset}".lower())
    create_table_artifact(key=parts, table=[told], description=f"{dataset} {day}")
    return told


@flow(name="genesys-export")
def export_due(
    org: str = "", config: str = "", hours_to_wait: float = 12.0
) -> list[dict[str, Any]]:
    """Export every day that is missing or may have been corrected; return what is published.

    Days that Genesys lacks are tried again at their `retry_at`, until that is `hours_to_wait`
    after the start. A failed day ends no other; the first error is raised at the end.
    """
    logger, until = get_run_logger(), datetime.now(UTC) + timedelta(hours=hours_to_wait)
    published, failed, waiting = [], [], _due(org, config)
    while waiting:
        later: list[tuple[datetime, TryAgainLater, DayTask]] = []
        for one in waiting:
            try:
                published.append(export_day(**asdict(one)))
            except TryAgainLater as problem:
                later.append((retry_at(problem, datetime.now(UTC)), problem, one))
            except ExportError as problem:
                failed.append(problem)
        failed += [problem for at, problem, _ in later if at > until]
        waiting = [one for at, _, one in later if at <= until]
        if waiting:
            first = min(at for at, _, _ in later)
            logger.info("%s Waiting until %s.", sentences(later[0][1]), first)
            time.sleep(max(0.0, (first - datetime.now(UTC)).total_seconds()))
    if failed:
        raise failed[0]
    return published


def _due(org: str, config: str) -> list[DayTask]:
    with Exporter.from_settings(config or None, org=org or None, on_event=log) as exporter:
        return [
            DayTask(day=str(one.day), org=one.org, dataset=one.dataset, config=config)
            for one in exporter.due()
        ]
