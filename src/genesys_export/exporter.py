"""The Python API: everything that `run`, `backfill`, `verify` and `status` do, and reading back.

Synchronous. Installs no signal handler, sets up no logging, keeps nothing global.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import product
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .api import Budgets, check_budgets, is_shared
from .assembly.connections import destinations
from .assembly.dates import AnyDay, begun, every_day
from .assembly.planning import policy_of
from .assembly.stopping import StoppableClock
from .assembly.working import Surroundings, Work
from .days import Day
from .errors import DataMismatch, ExportError, Stopped, WrongUse, unpicklable
from .events import Noticed, Observe, ignore
from .export import DayResult, ExportOptions, Report, gravest, in_order
from .redaction import secrets_of
from .settings import Flags, load
from .settings.keywords import from_keywords

if TYPE_CHECKING:
    import pyarrow as pa

    from .operations.status.day import OrgStatus
    from .operations.verify.verify import Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDay:
    """A day that `export_due` would export, and why."""

    org: str  # "" for the only organisation
    dataset: str
    day: Day
    reason: str

    def __str__(self) -> str:
        """Return a line that says it all."""
        whose = " ".join(filter(None, (self.org, str(self.day), self.dataset)))
        return f"{whose}: {self.reason}"


class Exporter(Work):
    """Exports, verifies and reads days, with one set of settings; safe from several threads.

    Made by `from_settings`. Close it, or use it in a `with`.
    """

    _recipe: Callable[[], Exporter] | ExportError | None = None  # how to make it again

    @classmethod
    def from_settings(  # noqa: PLR0913 - all but the file by keyword
        cls,
        file: str | os.PathLike[str] | None = None,
        *,
        to: str | os.PathLike[str] | None = None,
        org: str | None = None,
        shard: str | None = None,
        environ: Mapping[str, str] | None = None,
        on_event: Observe = ignore,
        should_stop: Callable[[], bool] | None = None,
        budget: Budgets | None = None,
        **settings: object,
    ) -> Self:
        """Read and check the settings: keywords, then environment, then file, then defaults.

        Without `file`, ./genesys-export.toml is read if it exists. A keyword is a setting's key
        (`format="parquet"`), or section and key where several sections have it
        (`genesys__region="mypurecloud.ie"`). `org` chooses one organisation of [orgs],
        `shard` those of a shard (`3/16` or `auto`, as --shard). `environ` replaces the environment
        of the process. `on_event` gets every event, possibly from
        several threads at once, and must not raise. `should_stop` is asked several times a second;
        once it returns true, what is under way ends with Stopped. Exporters that share an OAuth
        client should share a `budget`: one for all organisations, or a function that returns that
        of an organisation by its name. Raises WrongSettings with everything that is wrong.
        """
        check_budgets(budget)
        keywords = {"to": to, **settings}
        flags = Flags(config=None if file is None else Path(file), org=org, shard=shard)
        read = load(flags=flags, keywords=keywords, environ=environ)
        clock = StoppableClock(should_stop)
        around = Surroundings(
            clock=clock,
            observe=on_event,
            pending=clock.pending,
            abandon=clock.abandon,
            budget=budget,
        )
        made = cls(read, around)
        given = {
            **keywords,
            "org": org,
            "shard": read.shard and str(read.shard),  # what auto found here holds there
            "environ": environ,
            "on_event": on_event,
            "should_stop": should_stop,
            "budget": budget,
        }
        made._recipe = _unshareable(keywords, environ, budget) or partial(_again, cls, file, given)
        for warning in (*read.warnings, *filter(None, (read.why_idle,))):
            on_event(Noticed(message=warning))
        return made

    def export(
        self,
        day: AnyDay,
        *,
        force: bool = False,
        rewrite: bool = False,
        accept_shrink: bool = False,
        deadline: timedelta | None = None,
    ) -> Report:
        """Export one day of every chosen dataset and organisation; return what became of each.

        A day that is final already is skipped unless `force`. Every dataset is tried; then the
        gravest error is raised, its message with the organisation if there are several:
        TryAgainLater (with `retry_at` where that is known) while Genesys
        does not have the whole day or another run holds it, and the other errors of this package.
        `deadline` is how long the call may take: then it ends with DeadlineReached, and the next
        call continues where this one ended.
        """
        options = ExportOptions(
            force=force, rewrite=rewrite, accept_shrink=accept_shrink, deadline=deadline
        )
        results = in_order(self.results(self.one(day, called="day"), options))
        if problem := gravest(results):
            whose = next(one.org for one in results if one.problem is problem)
            if len(self.orgs) > 1 and not isinstance(problem, Stopped):
                problem.message = f"{whose}: {problem.message}"
            raise problem
        return Report(results=tuple(results))

    def is_complete(self, day: AnyDay) -> bool:
        """Whether Genesys has all of the day, for each organisation and dataset; exports nothing.

        Where it is not, `export` would raise TryAgainLater. Raises the other errors of `export`.
        """
        at = begun("day", day, self.settings, self.around.clock)
        return all(one.is_complete(at) for one in self.parts)

    def due(self) -> tuple[DueDay, ...]:
        """Return the days that `export_due` would export, and why; asks nothing of Genesys."""
        choice = self.due_days()
        return tuple(
            DueDay(
                org=one.deps.plan.org,
                dataset=one.deps.plan.dataset.name,
                day=due.day,
                reason=due.reason.sentence,
            )
            for one in self.parts
            for due in choice.due(one)
        )

    def export_due(
        self,
        *,
        rewrite: bool = False,
        accept_shrink: bool = False,
        deadline: timedelta | None = None,
    ) -> Iterator[DayResult]:
        """Export every day that is missing or may have changed; yield how each ended, as it ends.

        A failed day ends only itself; where every further day of a dataset would fail alike, the
        rest is not tried. After `deadline` what is under way ends with DeadlineReached, and no
        further day begins.
        """
        options = ExportOptions(rewrite=rewrite, accept_shrink=accept_shrink, deadline=deadline)
        return self.results(self.due_days(), options)

    def backfill(
        self,
        start: AnyDay,
        end: AnyDay,
        *,
        force: bool = False,
        rewrite: bool = False,
        accept_shrink: bool = False,
        deadline: timedelta | None = None,
    ) -> Iterator[DayResult]:
        """Export the days from `start` to `end`; yield how each ended, as they end.

        `backfill.days_at_once` of them at a time, in the order of `backfill.order`; days that
        have not ended are left out. Goes on after a failed day, and ends at the `deadline`, as
        `export_due` does.
        """
        options = ExportOptions(
            force=force, rewrite=rewrite, accept_shrink=accept_shrink, deadline=deadline
        )
        choice, left_out = self.range(start, end)
        if left_out:
            self.around.observe(Noticed(message=left_out))
        return self.results(choice, options)

    def verify(self, day: AnyDay, *, source: bool = False) -> tuple[Verification, ...]:
        """Read a published day back and compare it with its manifests.

        Returns what was checked, for each organisation and dataset, without snapshots that were
        not taken; raises DataMismatch that lists what does not match. With `source` Genesys counts
        the day again.
        """
        at = begun("day", day, self.settings, self.around.clock)
        there = (one for one in self.verifiers(source=source) if not one.is_absent(at))
        found = tuple(verifier.verify(at) for verifier in there)
        if problem := next((one.problem for one in found if one.problem), None):
            told = [f"  {one}" for each in found for one in each.mismatches[:20]]
            message = "\n".join([problem.message, *told])
            raise DataMismatch(message, advice="Export the day again with force=True.")
        return found

    def status(self) -> tuple[OrgStatus, ...]:
        """Return what is published of every day, for each organisation and dataset."""
        # A run needs no status.
        from .assembly.reporting import target_keys  # noqa: PLC0415
        from .operations.status.reading import Place, read  # noqa: PLC0415

        settings, around = self.settings, self.around
        orgs, store = destinations(settings, around.observe)
        now, found, targets = around.clock.now(), [], target_keys(settings)
        for org, dataset in product(orgs, settings.datasets):
            place = Place(
                org=org,
                dataset=dataset,
                zone=settings.export.timezone,
                policy=policy_of(settings, dataset),
                given=around.given(org),
                targets=targets,
            )
            found.append(read(store, place, now))
        return tuple(found)

    def read(
        self,
        name: str,
        day: AnyDay,
        end: AnyDay | None = None,
        *,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Return a table of a published day, or of all days up to `end`, as an Arrow table.

        `name` is a table; a dataset stands for its first one, `…_raw` for its raw records. Raises
        TryAgainLater while a day is being replaced, DataMismatch where it is not published or not
        what its manifest says. Needs no credentials of Genesys.
        """
        from .operations.read import Reader, wanted  # noqa: PLC0415 - a run reads nothing back

        what = wanted(name, columns, self.settings.known_datasets)
        first = begun("day", day, self.settings, self.around.clock)
        days = every_day(first, first if end is None else end, self.settings, self.around.clock)
        orgs, store = destinations(self.settings, self.around.observe)
        if not orgs:
            raise WrongUse(self.settings.why_idle, advice="Leave the shard out to read.")
        if len(orgs) > 1:
            raise WrongUse(
                "the settings have several organisations, and a table is of one",
                advice=f"Choose one in from_settings: org={orgs[0]!r}.",
            )
        reader = Reader(store=store, org=orgs[0], pulse=partial(self.around.clock.sleep, 0))
        return reader.read(what, days)

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def __reduce__(self) -> tuple[Callable[[], Exporter], tuple[()]]:
        """Pickle how it was made; raises WrongUse where that holds a secret or a budget."""
        if isinstance(self._recipe, ExportError):
            raise self._recipe
        if self._recipe is None:
            raise WrongUse("only an exporter made by from_settings can be pickled", advice="")
        return self._recipe, ()


def _again(
    kind: type[Exporter], file: str | os.PathLike[str] | None, given: Mapping[str, Any]
) -> Exporter:
    return kind.from_settings(file, **given)


def _unshareable(
    keywords: Mapping[str, object], environ: Mapping[str, str] | None, budget: Budgets | None
) -> WrongUse | None:
    """Return why an exporter made of these can't be pickled, if it can't."""
    if is_shared(budget):
        return WrongUse(
            "an Exporter with a budget can't be pickled: processes don't share one",
            advice="Give each process its share as requests_per_minute, or pass a function that"
            " makes the budget there.",
        )
    if from_keywords(keywords).secrets() or any(secrets_of(environ or {})):
        return unpicklable("an Exporter that was given a secret")
    return None
