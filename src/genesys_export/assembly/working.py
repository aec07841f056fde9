"""What both doors do with one set of settings: the command line and the Python API.

Chooses days, exports them, verifies them. Connects to nothing before it must.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from threading import RLock
from typing import TYPE_CHECKING

from ..api import Budgets, SystemClock
from ..days import Day
from ..errors import Stopped
from ..events import Observe, ignore, named
from ..export import Choice, DayExporter, DayResult, ExportOptions, Kind, Org, Run, Shield
from ..model import Store
from ..settings import Settings
from ..telemetry import Telemetry, Wanted
from .connections import store_of
from .dates import AnyDay, begun, ended_days
from .exporting import exporters
from .stopping import one_call

if TYPE_CHECKING:
    from ..operations.verify.verify import Verifier
    from .announcing import Announcing


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an exporter is used in: its clock, who observes it, what may stop or not stop it."""

    clock: SystemClock = field(default_factory=SystemClock)
    observe: Observe = ignore
    pending: Callable[[], Stopped | None] = lambda: None
    abandon: Callable[[], None] = lambda: None  # wakes what a call left behind
    shield: Shield = nullcontext
    budget: Budgets | None = None
    given: Callable[[str], str] = lambda _org: ""  # the flags that suggested commands repeat


class Work:
    """The work of one set of settings; safe from several threads. To be closed at the end."""

    def __init__(self, settings: Settings, around: Surroundings) -> None:
        """Use checked settings."""
        self._telemetry = Telemetry(_wanted(settings), around.observe, around.clock.now)
        self.settings, self.around = settings, replace(around, observe=named(self._telemetry))
        self._store: Store | None = None
        self._parts: dict[str, tuple[DayExporter, ...]] = {}
        self._announcing: Announcing | None = None
        self._opening: defaultdict[str, RLock] = defaultdict(RLock)
        self._lock, self._closing = RLock(), ExitStack()

    @property
    def orgs(self) -> tuple[str, ...]:
        """The organisations it exports, in order; "" is the only one where none has a name."""
        return self.settings.org_names

    def close(self) -> None:
        """Close the connections; what is asked for later opens new ones."""
        with self._lock:
            for part in chain.from_iterable(self._parts.values()):
                part.deps.disconnect()
            self._parts.clear()
            self._store = self._announcing = None
            self._closing.close()
        self._telemetry.close()

    @property
    def store(self) -> Store:
        """The destination; raises WrongSettings."""
        with self._lock:
            if self._store is None:
                target = self.settings.require_destination()
                self._store = store_of(target, self.around.observe)
            return self._store

    @property
    def parts(self) -> tuple[DayExporter, ...]:
        """One exporter for each organisation and dataset; raises WrongSettings."""
        self.settings.require_both()
        return tuple(part for org in self.orgs for part in self.parts_of(org))

    def parts_of(self, org: str) -> tuple[DayExporter, ...]:
        """Return an exporter for each dataset of an organisation; raises WrongSettings."""
        around = self.around
        with self._lock:
            opening = self._opening[org]
        with opening:  # of one organisation: others are opened meanwhile
            if org not in self._parts:
                found = exporters(
                    self.settings,
                    org=self.settings.require_org(org),
                    store=self.store,
                    clock=around.clock,
                    observe=around.observe,
                    shield=around.shield,
                    budget=around.budget,
                )
                announcing = self.announcing
                self._parts[org] = tuple(map(announcing.joined, found) if announcing else found)
            return self._parts[org]

    @property
    def announcing(self) -> Announcing | None:
        """What announces the days, with [notify]; raises WrongSettings."""
        if not self.settings.notify:
            return None
        from .announcing import Announcing  # noqa: PLC0415 - most runs announce nothing

        with self._lock:
            if self._announcing is None:
                self._announcing = Announcing(
                    self.settings,
                    clock=self.around.clock,
                    observe=self.around.observe,
                    shield=self.around.shield,
                    pending=self.around.pending,
                    closing=self._closing,
                )
            return self._announcing

    def results(self, choice: Choice, options: ExportOptions) -> Iterator[DayResult]:
        """Export the chosen days; yield how each ended, as they end.

        Organisations take turns, and what is wrong with one ends no other. Raises WrongSettings
        where no organisation, or no destination, is set as it must be. The deadline and the
        wait for Genesys count from now.
        """
        options = self._begun(options)
        self.settings.require_some()
        if len(self.orgs) == 1:
            self.parts_of(*self.orgs)
        results = self._run(choice, options).results()
        return self.watched(results, all_due=choice.kind is Kind.DUE, ends_s=options.ends_s)

    def watched(
        self, results: Iterator[DayResult], *, all_due: bool = False, ends_s: float | None = None
    ) -> Iterator[DayResult]:
        """Yield the results of a call, which is announced and shown to monitoring systems."""
        if announcing := self.announcing:
            results = announcing.told(results, store=self.store, all_due=all_due, ends_s=ends_s)
        return one_call(self._telemetry.called(results))

    def is_threaded(self, choice: Choice, options: ExportOptions) -> bool:
        """Whether the chosen days are exported in other threads, several at a time."""
        return self._run(choice, self._begun(options)).is_threaded

    def _begun(self, options: ExportOptions) -> ExportOptions:
        """Return the options of a call that begins now, with its end."""
        began_s = self.around.clock.monotonic()
        if options.deadline is None:
            return replace(options, began_s=began_s)
        ends_s = began_s + options.deadline.total_seconds()
        return replace(options, began_s=began_s, ends_s=ends_s)

    def _run(self, choice: Choice, options: ExportOptions) -> Run:
        asked, around = self.settings.backfill, self.around
        datasets = tuple(one.name for one in self.settings.datasets)
        return Run(
            orgs=[
                Org(name=org, datasets=datasets, open=partial(self.parts_of, org))
                for org in self.orgs
            ],
            choice=choice,
            clock=around.clock,
            observe=around.observe,
            options=options,
            at_once=asked.days_at_once if choice.is_range else 1,
            in_process=asked.days_in_all,
            waits=bool(self.settings.export.wait),
            pending=around.pending,
            abandon=around.abandon,
        )

    def one(self, day: AnyDay, *, called: str) -> Choice:
        """Return the choice of one day; raises WrongUse for none, or one that has not begun."""
        return Choice(Kind.ALONE, (begun(called, day, self.settings, self.around.clock),))

    def due_days(self) -> Choice:
        """Return the choice of all days that are due."""
        newest = begun("", None, self.settings, self.around.clock)
        return Choice(Kind.DUE, (newest,))

    def range(self, start: AnyDay, end: AnyDay, *, called: str = "") -> tuple[Choice, str]:
        """Return the choice of a range, and a sentence about days that have not ended."""
        settings = self.settings
        days, to_come = ended_days(start, end, settings, self.around.clock, called=called)
        newest_first = settings.backfill.order == "newest"
        choice = Choice(Kind.RANGE, days[::-1] if newest_first else days)
        return choice, _left_out(to_come) if to_come else ""

    def verifiers(self, *, source: bool) -> Iterator[Verifier]:
        """Yield who verifies the days of each organisation and dataset; raises WrongSettings."""
        from .examining import verifiers  # noqa: PLC0415 - a run verifies nothing

        around = self.around
        return verifiers(
            self.settings,
            clock=around.clock,
            observe=around.observe,
            source=source,
            given=around.given,
        )


def _wanted(settings: Settings) -> Wanted:
    file = settings.telemetry.prometheus_file
    return Wanted(
        otlp=settings.telemetry.otlp,
        prometheus_file=settings.folder / file if file else None,
        orgs=settings.org_names if settings.shard else tuple(settings.orgs) or ("",),
    )


def _left_out(to_come: tuple[Day, ...]) -> str:
    first, last = to_come[0], to_come[-1]
    which = f"{first} has" if first == last else f"{first} to {last} have"
    return f"{which} not ended yet and will not be exported"
