"""The record of a run, kept at the destination so that `status` can show how the last one ended.

A run must not fail because its record can't be written: that is a notice. Where the destination
can't be reached, or isn't known because the settings don't say, there is no place for a record.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from .. import __version__, last_run
from ..api import SystemClock
from ..assembly.connections import destinations
from ..errors import ExportError, NeverSent, Stopped, WrongSettings
from ..events import Noticed, Observe, ignore
from ..export import DayResult, gravest
from ..last_run import LastRun
from ..locations import Home
from ..settings import Flags, Need, Settings, load


def settings_of(
    command: str,
    flags: Flags,
    environ: Mapping[str, str] | None,
    clock: SystemClock,
    *,
    dates: Mapping[str, str | None],
    recorded: bool,
) -> Settings:
    """Return the settings of a run; if they are wrong, that is recorded before it is raised.

    Invalid `dates` (flag → text) are reported with them; alone they raise WrongUse, unrecorded.
    """
    began = clock.now()
    try:
        needs = {Need.SOME_SOURCE, Need.DESTINATION}
        return load(flags=flags, environ=environ, needs=needs, dates=dates)
    except WrongSettings as problem:
        if recorded:
            with suppress(WrongSettings):  # those of the destination may be wrong, too
                known = load(flags=flags, environ=environ, needs={Need.DESTINATION})
                recorder = Recorder(settings=known, command=command, began=began, clock=clock)
                recorder.refused(problem)
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """Records one run, for each dataset of its organisations."""

    settings: Settings
    command: str
    began: datetime
    clock: SystemClock

    def ended(self, results: Sequence[DayResult], observe: Observe) -> None:
        """Record how the days of each dataset ended; an error becomes a notice.

        One without results had nothing to do, unless a signal came before it.
        """
        stopped = any(isinstance(one.problem, Stopped) for one in results)
        if self.settings.destination.state != "on":
            return
        ended = defaultdict(list)
        for one in results:
            ended[one.org, one.dataset].append(one)
        orgs, store = destinations(self.settings, ignore)
        for org, dataset in product(orgs, self.settings.datasets):
            mine = ended[org, dataset.name]
            unreachable = any(isinstance(one.problem, NeverSent) for one in mine)
            if unreachable or (stopped and not mine):
                continue
            try:
                last_run.write(store, Home(org, dataset.name), self._run(mine))
            except ExportError as problem:
                if any(type(one.problem) is type(problem) for one in mine):
                    continue  # the run's own error says it: a bucket that is not there, say
                told = f"status can't show how this run ended: {problem.message}"
                observe(Noticed(message=told))

    def refused(self, problem: ExportError) -> None:
        """Record, for every dataset, an error that came before any day; as far as possible.

        Wrong settings are recorded only where something was exported before: a first try leaves
        nothing behind. If the record can't be written, the error itself is all that is shown.
        """
        first_try_counts = not isinstance(problem, WrongSettings)
        if self.settings.destination.state != "on":
            return
        run = LastRun(
            command=self.command,
            began=self.began,
            ended=self.clock.now(),
            status=problem.status,
            tool_version=__version__,
            message=problem.message,
            advice=problem.advice,
        )
        with suppress(ExportError):
            orgs, store = destinations(self.settings, ignore)
            for org, dataset in product(orgs, self.settings.datasets):
                home = Home(org, dataset.name)
                if first_try_counts or next(store.list(f"{home}/"), None):
                    last_run.write(store, home, run)

    def _run(self, results: Sequence[DayResult]) -> LastRun:
        problem = gravest(results)
        day = next((str(one.day) for one in results if problem and one.problem is problem), "")
        ends = Counter(one.status for one in results)
        return LastRun(
            command=self.command,
            began=self.began,
            ended=self.clock.now(),
            status=problem.status if problem else 0,
            tool_version=__version__,
            published=ends["published"],
            unchanged=ends["unchanged"],
            skipped=ends["skipped"],
            failed=ends["failed"],
            unfinished=ends["unfinished"],
            not_tried=ends["not tried"],
            day=day,
            message=problem.message if problem else "",
            advice=problem.advice if problem else "",
        )
