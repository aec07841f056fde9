"""Settings become exporters, one per organisation and dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..api import Budgets, ClientMembership, Clock
from ..days import Day, split
from ..events import Observe
from ..export import DayExporter, Dependencies, Plan, Shield
from ..feeds.records import RecordsFeed
from ..ledger import this_process
from ..model import Feed, Lookups, Store
from ..settings import Org, Settings
from ..store import honours_preconditions
from .connections import client_of
from .planning import counter_of, feed_of, plans_of, recipe_of


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a run would ask and write."""

    asked: tuple[Mapping[str, object], ...]  # the first request a slice: a job, a query, a list
    written: tuple[str, ...]  # every object, as a person would find it


def exporters(  # noqa: PLR0913 - all but the first by keyword
    settings: Settings,
    *,
    org: Org,
    store: Store,
    clock: Clock,
    observe: Observe,
    shield: Shield,
    budget: Budgets | None,
) -> Iterator[DayExporter]:
    """Yield an exporter for every dataset of an organisation; raises WrongSettings.

    They share its client: its token and its budget of requests; `budget` replaces its own. Each
    day's publishing happens inside `shield()`: what must not interrupt it is kept out there.
    """
    client = client_of(settings, org, clock=clock, observe=observe, budget=budget)
    membership = ClientMembership(client, org.client_id)
    for plan in plans_of(settings, org):
        feed = feed_of(settings, org, plan, client, clock=clock, observe=observe)
        deps = Dependencies(
            plan=plan,
            recipe=recipe_of(settings, plan),
            feed=feed,
            store=store,
            clock=clock,
            observe=observe,
            honours_preconditions=honours_preconditions,
            membership=membership if plan.keeps_state else None,
            single_writer=settings.destination.single_writer,
            lookups=_lookups(plan, feed, store, clock),
            counter=counter_of(settings, plan, client, clock),
            shield=shield,
            holder=this_process(),
            lease_time=settings.resume.lease,
            check_clock=client.check_clock,
            disconnect=client.close,
        )
        yield DayExporter(deps)


def _lookups(plan: Plan, feed: Feed, store: Store, clock: Clock) -> Lookups | None:
    """Return where the names of ids come from, if rows are to have them."""
    if not plan.after or not isinstance(feed, RecordsFeed):
        return None
    from .naming import SnapshotLookups  # noqa: PLC0415 - most runs read nothing back

    return SnapshotLookups(store=store, plan=plan, feed=feed, clock=clock)


def dry_run(exporter: DayExporter, day: Day) -> DryRun:
    """Return what exporting the day would ask and write; asks and writes nothing."""
    plan, feed = exporter.deps.plan, exporter.deps.feed
    parts = split(day, 1 if plan.auto else plan.slices)
    keys = [plan.key(table, part) for table in plan.written for part in parts]
    written = [*keys, plan.home.manifest(day)] if plan.keeps_state else keys
    asked = [body for part in parts for body in feed.describe(part.interval)]
    return DryRun(tuple(asked), tuple(exporter.deps.store.url(key) for key in written))
