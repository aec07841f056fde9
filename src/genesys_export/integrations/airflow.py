"""Airflow 3: an operator that exports a day, and a trigger that waits until Genesys has it.

The trigger runs in the triggerer and asks Genesys itself, so the triggerer needs the same settings
and credentials as the workers. What Airflow stores of both are names: no secret.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from threading import Event as Flag
from typing import Any

from airflow.sdk import Asset, BaseOperator, Context
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
)
from airflow.triggers.base import BaseTrigger, TriggerEvent

from ..errors import ExportError, TryAgainLater
from ..export import DayResult, gravest
from ..exporter import Exporter
from .day_task import CONVERSATIONS, DayTask, Then, retry_at, sentences, stoppable, then

__all__ = ["ExportDayOperator", "WatermarkTrigger", "answer", "stoppable"]


def answer(results: Iterable[DayResult]) -> Exception | None:
    """Return what a `@task` raises after these days: None if all of them ended well."""
    problem = gravest(list(results))
    return _as_airflow(problem) if problem else None


def _as_airflow(problem: ExportError) -> Exception:
    match then(problem):
        case Then.LATER:
            return AirflowRescheduleException(retry_at(problem, datetime.now(UTC)))
        case Then.AGAIN:
            return AirflowException(sentences(problem))
        case Then.NEVER:
            return AirflowFailException(sentences(problem))


class ExportDayOperator(BaseOperator):
    """Export one day of one dataset of one organisation; defer while Genesys lacks part of it.

    Without `day`: the last one that ended before the run's data interval does, in the settings'
    time zone. Returns what is published, and gives it to the event of each asset in `outlets` as
    its extra: `manifest` is the manifest's key. `retries` is for outages; a wrong setting or a
    missing permission fails at once. Asks every `look_every` whether Genesys has the day, for as
    long as `wait`.
    """

    template_fields = ("day", "org", "dataset", "config")

    def __init__(
        self,
        *,
        day: str = "",
        org: str = "",
        dataset: str = CONVERSATIONS,
        config: str = "",
        look_every: timedelta = timedelta(minutes=5),
        wait: timedelta = timedelta(hours=12),
        **kwargs: Any,
    ) -> None:
        """Take names, all templated; `config` is the settings file."""
        super().__init__(**kwargs)
        self.day, self.org, self.dataset, self.config = day, org, dataset, config
        self.look_every, self.wait = look_every, wait

    def execute(self, context: Context) -> dict[str, Any]:
        """Export the day."""
        return self._export(context)

    def resume(self, context: Context, event: dict[str, str]) -> dict[str, Any]:
        """Export the day, now that the trigger has seen that Genesys has it."""
        if problem := event["problem"]:
            raise AirflowFailException(f"the triggerer can't ask Genesys: {problem}")
        return self._export(context)

    def _export(self, context: Context) -> dict[str, Any]:
        task = DayTask(day=self.day, org=self.org, dataset=self.dataset, config=self.config)
        try:
            if not task.day:
                task = task.ended_before(
                    context.get("data_interval_end") or context["dag_run"].run_after
                )
            told = task.export()
        except TryAgainLater as problem:
            self.log.info("%s", sentences(problem))
            trigger = WatermarkTrigger(
                **asdict(task), look_every_s=self.look_every.total_seconds()
            )
            self.defer(trigger=trigger, method_name="resume", timeout=self.wait)
        except ExportError as problem:
            raise _as_airflow(problem) from problem
        for outlet in self.outlets:
            if isinstance(outlet, Asset):
                context["outlet_events"][outlet].extra = told
        return told


class WatermarkTrigger(BaseTrigger):
    """Fires once Genesys has all of the day; asks at intervals, in a thread."""

    def __init__(
        self, *, day: str, org: str, dataset: str, config: str, look_every_s: float
    ) -> None:
        """Take names alone: Airflow stores them."""
        super().__init__()
        self.names = DayTask(day=day, org=org, dataset=dataset, config=config)
        self.look_every_s = look_every_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return where the class is and what makes it again."""
        kind = type(self)
        return f"{kind.__module__}.{kind.__name__}", {
            **asdict(self.names),
            "look_every_s": self.look_every_s,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event: `problem` is empty once the day is there."""
        ended = Flag()  # for a request under way, when Airflow cancels the trigger
        try:
            with await asyncio.to_thread(self.names.exporter, ended.is_set) as exporter:
                try:
                    is_there = False
                    while not is_there:
                        await asyncio.sleep(self.look_every_s)
                        is_there = await asyncio.to_thread(self._is_there, exporter)
                finally:
                    ended.set()
        except ExportError as problem:
            yield TriggerEvent({"problem": sentences(problem)})
        else:
            yield TriggerEvent({"problem": ""})

    def _is_there(self, exporter: Exporter) -> bool:
        try:
            return exporter.is_complete(self.names.day)
        except ExportError as problem:
            if then(problem) is Then.NEVER:
                raise
            self.log.warning("%s", sentences(problem))  # an outage: it looks again
            return False
