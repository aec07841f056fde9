"""Announcements beside a run: in threads of their own, so that no target delays a day.

Each dataset's first result makes it compare what is published with what was announced; the end of
a run does so for datasets without one. Whoever waits for the end of a run waits for the messages.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from urllib.parse import urlsplit

from ..api import Clock, Transport, TransportOptions
from ..errors import Stopped, TryAgainLater, WrongSettings, as_known
from ..events import Noticed, Observe
from ..export import DayExporter, DayResult, Shield
from ..locations import Home
from ..model import Store
from ..notify import Outcome, Target, Targets, Teller
from ..notify.alerts import alerts_of
from ..notify.aws import AwsTarget, Clients
from ..notify.webhook import Webhook
from ..settings import Settings
from ..settings.addresses import is_unproxied
from ..store.options import S3Options
from ..store.s3_client import session_of

_AT_ONCE = 4  # datasets being announced
_CONNECT_S, _ANSWER_S, _ANSWER_BYTES = 3.0, 10.0, 1 << 20


@dataclass(slots=True)
class _Desk:
    """The announcements of one dataset, one after the other."""

    teller: Teller
    observe: Observe
    _heard: deque[DayResult] = field(default_factory=deque)
    _caught_up: bool = False
    _lock: Lock = field(default_factory=Lock)

    def hear(self, result: DayResult) -> None:
        """Take a result, to be announced by `work`."""
        self._heard.append(result)

    def work(self) -> None:
        """Announce what was heard, unless another thread is at it: that one sees to all of it."""
        while self._heard and self._lock.acquire(blocking=False):
            try:
                self._announce()
            finally:
                self._lock.release()

    def finish(self, tried: frozenset[str] | None) -> None:
        """Announce what is left; `tried` are the days of a run that tried all that are due."""
        with self._lock:
            self._announce(tried)
            self._caught_up = False  # the next run looks again at what others published

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
        well = {}
        while self._heard:
            result = self._heard.popleft()
            problem = result.problem
            if problem is None and result.report:
                well[str(result.day)] = result.report.manifest
            elif problem and not isinstance(problem, TryAgainLater | Stopped):
                self.teller.failed(str(result.day), problem)
        if well:
            self.teller.ended_well(well)


class Announcing:
    """Announces what the runs of one set of settings do; safe from several threads."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        observe: Observe,
        shield: Shield = nullcontext,
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
        self._desks: dict[tuple[str, str], _Desk] = {}
        closing.callback(self._targets.close)

    def joined(self, exporter: DayExporter) -> DayExporter:
        """Return the exporter, whose days will be announced."""
        deps = exporter.deps
        teller = self.teller(deps.store, deps.plan.home)
        self._desks[deps.plan.org, deps.plan.dataset.name] = _Desk(teller, self._observe)
        return DayExporter(replace(deps, opening=teller.begin))

    def teller(self, store: Store, home: Home) -> Teller:
        """Return what announces the days of a dataset."""
        return Teller(
            store=store,
            home=home,
            targets=self._targets,
            observe=self._observe,
            sleep=self._clock.rest,
        )

    def told(self, results: Iterator[DayResult], *, all_due: bool) -> Iterator[DayResult]:
        """Yield the results, and announce them; ends when every message is sent or has failed.

        `all_due` says that the run tries every day that is due.
        """
        self._targets.revive()
        tried: dict[tuple[str, str], set[str]] = {}
        cut_short: set[tuple[str, str]] = set()
        stopped = False
        pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="notify")
        try:
            for result in results:
                whose = result.org, result.dataset
                tried.setdefault(whose, set()).add(str(result.day))
                if result.not_tried:
                    cut_short.add(whose)
                stopped = stopped or isinstance(result.problem, Stopped)
                if desk := self._desks.get(whose):
                    desk.hear(result)
                    pool.submit(desk.work)
                yield result
            for whose, desk in () if stopped else tuple(self._desks.items()):
                days = frozenset(tried.get(whose, ()))
                is_whole = all_due and whose not in cut_short
                pool.submit(desk.finish, days if is_whole else None)
        finally:
            with self._shield():
                pool.shutdown()


def targets_of(settings: Settings, clock: Clock) -> tuple[Target, ...]:
    """Return where messages go; raises WrongSettings."""
    asked, told = settings.notify, settings.genesys
    options = S3Options(bucket="", profile=settings.destination.profile)
    clients = Clients(partial(session_of, options))
    addresses = [one.get_secret_value() for one in asked.urls]

    def transport(address: str) -> Transport:
        direct = is_unproxied(urlsplit(address), told.no_proxy)
        proxy = None if direct or told.proxy is None else told.proxy.get_secret_value()
        bundle = str(settings.folder / told.ca_bundle) if told.ca_bundle else None
        return Transport(
            TransportOptions(
                connect_timeout_s=_CONNECT_S,
                read_timeout_s=_ANSWER_S,
                answer_timeout_s=_ANSWER_S,
                answer_bytes=_ANSWER_BYTES,
                ca_bundle=bundle,
                proxy=proxy,
            )
        )

    found: list[Target] = []
    for one in addresses:
        if one.startswith("http"):
            found.append(Webhook(one, asked.signing_key, transport(one), clock.now))
        else:
            found.append(AwsTarget(one, clients))
    return (*found, *alerts_of([one.get_secret_value() for one in asked.alerts]))
