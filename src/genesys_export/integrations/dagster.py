"""Dagster: an asset for each dataset of an organisation, partitioned by day, and what is due.

Waiting for Genesys is Dagster's: the step asks to be retried when the day may be complete.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    DailyPartitionsDefinition,
    Failure,
    MaterializeResult,
    RetryRequested,
    RunRequest,
    asset,
)

from ..errors import ExportError
from ..exporter import Exporter
from .day_task import CONVERSATIONS, DayTask, Then, log, retry_at, sentences, then

__all__ = ["day_asset", "due_runs"]

_OUTAGE_S = 900.0


def day_asset(
    *,
    start: str,
    org: str = "",
    dataset: str = CONVERSATIONS,
    config: str = "",
    max_retries: int = 72,
) -> AssetsDefinition:
    """Return the asset of one dataset of one organisation, with a partition a day since `start`.

    Days are those of the settings' time zone: the settings file is read when the code location is
    loaded, credentials when a day is exported. While Genesys lacks part of a day, or is down, the
    step is retried `max_retries` times; a wrong setting or a missing permission fails at once.
    """
    names = DayTask(org=org, dataset=dataset, config=config)
    with names.exporter() as exporter:
        zone = exporter.settings.export.timezone.key

    @asset(
        key=_key(org, dataset),
        partitions_def=DailyPartitionsDefinition(start_date=start, timezone=zone),
        description=f"{dataset} of a day, as tables. `manifest` is the manifest's key.",
        kinds={"genesys"},
    )
    def exported(context) -> MaterializeResult:  # type: ignore[no-untyped-def] # noqa: ANN001
        there: AssetExecutionContext = context
        try:
            told = replace(names, day=there.partition_key).export()
        except ExportError as problem:
            there.log.info(sentences(problem))
            raise _as_dagster(problem, max_retries) from problem
        return MaterializeResult(metadata=told)

    return exported


def due_runs(*, since: str, config: str = "") -> Iterator[RunRequest]:
    """Yield a run for every day that is missing or may have been corrected, for a schedule.

    `since` is the `start` of the assets: earlier days have no partition.
    """
    with Exporter.from_settings(config or None, on_event=log) as exporter:
        for one in exporter.due():
            if str(one.day) >= since:
                yield RunRequest(
                    asset_selection=[_key(one.org, one.dataset)], partition_key=str(one.day)
                )


def _key(org: str, dataset: str) -> AssetKey:
    return AssetKey([part for part in ("genesys_export", org, dataset) if part])


def _as_dagster(problem: ExportError, max_retries: int) -> Exception:
    now = datetime.now(UTC)
    match then(problem):
        case Then.LATER:
            wait_s = max(0.0, (retry_at(problem, now) - now).total_seconds())
            return RetryRequested(max_retries=max_retries, seconds_to_wait=wait_s)
        case Then.AGAIN:
            return RetryRequested(max_retries=max_retries, seconds_to_wait=_OUTAGE_S)
        case Then.NEVER:
            return Failure(sentences(problem), allow_retries=False)
