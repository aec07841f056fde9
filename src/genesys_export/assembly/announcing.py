"""Announcements during a run: in threads of their own, so that no target delays a day.

Each dataset's first result makes it compare what is published with what was announced; the end of
a run does so for datasets without one. The end of a run waits for the messages, for a limited
time: what was not sent by then is sent by the next run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from secrets import SystemRandom
from threading import Lock

from ..api import Clock, Transport, TransportOptions
from ..errors import DeadlineReached, Stopped, TryAgainLater, WrongSettings, as_known
from ..events import Noticed, Observe
from ..export import DayExporter, DayResult, Shield
from ..locations import Home
from ..model import Store
from ..notify import Failure, Outcome, Target, Targets, Teller, TimeLimit
from ..notify.alerts import alerts_of
from ..notify.aws import AwsTarget, Clients
from ..notify.journal import Told
from ..notify.round import told_of
from ..notify.webhook import Webhook
from ..settings import Settings
from ..store.options import S3Options
from ..store.s3_client import session_of

Whose = tuple[str, str]  # organisation, dataset

_AT_ONCE = 4  # datasets being announced
_LOOK_EVERY_S = 0.1  # for a signal
_AFTER_A_STOP_S, _AFTER_THE_END_S = 3.0, 60.0  # how long messages are still sent
_CONNECT_S, _ANSWER_S, _ANSWER_BYTES = 3.0, 10.0, 1 << 20


@dataclass(slots=True)
class _Desk:
    """The announcements of one dataset, one after the other."""

    teller: Teller
    observe: Observe
    _well: dict[str, Told | None] = field(default_factory=dict)  # by day
    _failed: dict[str, Failure] = field(default_factory=dict)
    _caught_up: bool = False
    _announcing: Lock = field(default_factory=Lock)
    _hearing: Lock = field(default_factory=Lock)

    @property
    def has_heard(self) -> bool:
        """Whether something is to be announced."""
        return bool(self._well or self._failed)

    def hear(self, result: DayResult) -> None:
        """Take from a result what `work` announces; the manifests would fill the memory."""
        day, problem = str(result.day), result.problem
        with self._hearing:
            if problem is None and result.report:
                made = result.report.manifest
                self._failed.pop(day, None)
                self._well[day] = told_of(made, "") if made else None
            elif problem and not isinstance(problem, TryAgainLater | Stopped):
                self._well.pop(day, None)
                self._failed[day] = Failure.of(problem)

    def work(self) -> None:
        """Announce what was heard, unless another thread is at it: that one sees to all of it."""
        while self.has_heard and self._announcing.acquire(blocking=False):
            try:
                self._announce()
            finally:
                self._announcing.release()

    def finish(self, tried: frozenset[str] | None) -> None:
        """Announce what is left; `tried` are the days of a run that tried all that are due."""
        with self._announcing:
            self._announce(tried)

    def look_again(self) -> None:
        """Let the next run look again at what others published."""
        self._caught_up = False

    def _announce(self, tried: frozenset[str] | None = None) -> None:
        try:
            if not self._caught_up:
                self._caught_up = True
                self.teller.catch_up()
            self._announce_heard()
            if tried is not None:
                self.teller.forget_failures(tried)
            self.teller.release()
        except Exception as problem:  # noqa: BLE001 - nothing here may end a run
            self.observe(Noticed(message=f"notify: {as_known(problem).message}"))

    def _announce_heard(self) -> None:
        while self.has_heard:
            with self._hearing:
                failed, self._failed = self._failed, {}
                well, self._well = self._well, {}
            if failed:
                self.teller.failed(failed)
            if well and not self.teller.targets.is_over:  # else the next run sees the difference
                self.teller.ended_well(well)


@dataclass(slots=True, kw_only=True)
class _Call:
    """The announcements of one call, in threads of its own."""

    limit: TimeLimit
    pending: Callable[[], Stopped | None]
    all_due: bool
    is_cut: bool = False  # by a stop or the deadline
    _tried: dict[Whose, set[str]] = field(default_factory=dict)
    _cut_short: set[Whose] = field(default_factory=set)
    _work: dict[Whose, Future[None]] = field(default_factory=dict)
    _pool: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        """Begin."""
        self._pool = ThreadPoolExecutor(
            _AT_ONCE, thread_name_prefix="notify", initializer=self.limit.apply
        )

    def hear(self, result: DayResult, desk: _Desk) -> None:
        """Take a result, and let its desk work unless that is to come anyway."""
        whose = result.org, result.dataset
        if self.all_due:
            self._tried.setdefault(whose, set()).add(str(result.day))
        if result.not_tried:
            self._cut_short.add(whose)
        self.is_cut |= isinstance(result.problem, Stopped | DeadlineReached)
        desk.hear(result)
        self._go_on(whose, desk)

    def _go_on(self, whose: Whose, desk: _Desk) -> None:
        there = self._work.get(whose)
        if desk.has_heard and (there is None or there.done()):
            self._work[whose] = self._pool.submit(desk.work)

    def finish(self, desks: Mapping[Whose, _Desk]) -> None:
        """Let all desks announce what is left, after a run that came to its end."""
        turns = [*desks.items()]
        SystemRandom().shuffle(turns)  # with thousands, time may run out: not always on the same
        for whose, desk in turns:
            is_whole = self.all_due and whose not in self._cut_short
            days = frozenset(self._tried.get(whose, ())) if is_whole else None
            self._work[whose] = self._pool.submit(desk.finish, days)

    def end(self, desks: Mapping[Whose, _Desk]) -> None:
        """Wait for the messages until the time for them is over."""
        for whose, desk in desks.items():
            self._go_on(whose, desk)
        self._pool.shutdown(wait=False)
        while wait(self._work.values(), timeout=_LOOK_EVERY_S).not_done:
            if self.pending():
                self.limit.end_within(_AFTER_A_STOP_S)
        for desk in desks.values():
            desk.look_again()


class Announcing:
    """Announces what the runs of one set of settings do; safe from several threads."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        observe: Observe,
        shield: Shield = nullcontext,
        pending: Callable[[], Stopped | None] = lambda: None,
        closing: ExitStack,
    ) -> None:
        """Connect to nothing yet; raises WrongSettings."""
        if settings.destination.state != "on":
            raise WrongSettings(
                "[notify] needs destination.state = on: without it nothing remembers what was"
                " announced",
                advice="Remove urls and alerts from [notify], or set state.",
            )
        on = [Outcome(one) for one in settings.notify.on]
        self._targets = Targets(targets_of(settings, clock), on, observe)
        self._clock, self._observe, self._shield = clock, observe, shield
        self._pending = pending
        datasets = tuple(one.name for one in settings.datasets)
        self._whose = tuple(product(settings.org_names, datasets))
        self._desks: dict[Whose, _Desk] = {}
        self._lock = Lock()
        closing.callback(self._targets.close)

    def joined(self, exporter: DayExporter) -> DayExporter:
        """Return the exporter, whose days will be announced."""
        deps = exporter.deps
        desk = self._desk((deps.plan.org, deps.plan.dataset.name), deps.store)
        return DayExporter(replace(deps, opening=desk.teller.begin))

    def begin(self, org: str, store: Store) -> None:
        """Make the journals of an organisation, before others export its days."""
        for whose in self._whose:
            if whose[0] == org:
                self._desk(whose, store).teller.begin()

    def teller(self, store: Store, home: Home) -> Teller:
        """Return what announces the days of a dataset."""
        return Teller(
            store=store,
            home=home,
            targets=self._targets,
            observe=self._observe,
            clock=self._clock,
        )

    def told(
        self,
        results: Iterator[DayResult],
        *,
        store: Store,
        all_due: bool,
        ends_s: float | None = None,
    ) -> Iterator[DayResult]:
        """Yield the results, and announce them; ends when every message is sent or has failed.

        `all_due` says that the run tries every day that is due. Only for a moment it goes on after
        a stop or `ends_s`, the deadline, and for a minute otherwise.
        """
        self._targets.revive()
        limit = TimeLimit(self._clock.monotonic)
        if ends_s is not None:
            limit.end_at(ends_s + _AFTER_A_STOP_S)
        call = _Call(limit=limit, pending=self._pending, all_due=all_due)
        is_whole = False
        try:
            for result in results:
                call.hear(result, self._desk((result.org, result.dataset), store))
                yield result
            is_whole = not call.is_cut
        finally:
            with self._shield():
                if close := getattr(results, "close", None):
                    close()
                limit.end_within(_AFTER_THE_END_S if is_whole else _AFTER_A_STOP_S)
                desks = {whose: self._desk(whose, store) for whose in self._whose}
                if is_whole:
                    call.finish(desks)
                call.end(desks)
            if limit.cut_short:
                told = "notify: no time was left for all messages; the next run sends the others"
                self._observe(Noticed(message=told))

    def _desk(self, whose: Whose, store: Store) -> _Desk:
        with self._lock:
            if whose not in self._desks:
                teller = self.teller(store, Home(*whose))
                self._desks[whose] = _Desk(teller, self._observe)
            return self._desks[whose]


def targets_of(settings: Settings, clock: Clock) -> tuple[Target, ...]:
    """Return where messages go; raises WrongSettings."""
    asked, told = settings.notify, settings.genesys
    options = S3Options(bucket="", profile=settings.destination.profile)
    clients = Clients(partial(session_of, options))
    addresses = [one.get_secret_value() for one in asked.urls]

    def transport(address: str) -> Transport:
        proxy = told.proxy_for(address)
        bundle = str(settings.folder / told.ca_bundle) if told.ca_bundle else None
        return Transport(
            TransportOptions(
                connect_timeout_s=_CONNECT_S,
                read_timeout_s=_ANSWER_S,
                answer_timeout_s=_ANSWER_S,
                answer_bytes=_ANSWER_BYTES,
                ca_bundle=bundle,
                proxy=proxy.get_secret_value() if proxy else None,
            )
        )

    found: list[Target] = []
    for one in addresses:
        if one.startswith("http"):
            found.append(Webhook(one, asked.signing_key, transport(one), clock.now))
        else:
            found.append(AwsTarget(one, clients))
    return (*found, *alerts_of([one.get_secret_value() for one in asked.alerts]))
