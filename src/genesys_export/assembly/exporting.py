"""Settings become exporters, one per organisation, and their days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from ..api import ClientMembership, Clock, ReferenceLists
from ..days import Day, date_named, split, yesterday
from ..events import Observe
from ..export import Dependencies, Exporter, Shield, key_of
from ..ledger import this_process
from ..settings import Settings
from ..store import honours_preconditions
from .connections import client_of, store_of
from .planning import census_of, plan_of, recipe_of, source_of


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a run would ask and write."""

    asked: tuple[Mapping[str, object], ...]  # the first body a slice: of a job or of a query
    written: tuple[str, ...]  # every object, as a person would find it


def exporters(
    settings: Settings, *, clock: Clock, observe: Observe, shield: Shield = nullcontext
) -> Iterator[Exporter]:
    """Yield an exporter for every organisation asked for; raises WrongSettings.

    Each day's publishing happens inside `shield()`: what must not interrupt it is kept out there.
    """
    orgs, target = settings.require_both()
    store = store_of(target, observe)
    for org in orgs:
        plan = plan_of(settings, org)
        client = client_of(settings, org, clock=clock, observe=observe)
        deps = Dependencies(
            plan=plan,
            recipe=recipe_of(settings, plan),
            source=source_of(settings, org, plan.dataset, client, clock=clock, observe=observe),
            store=store,
            clock=clock,
            observe=observe,
            honours_preconditions=honours_preconditions,
            membership=ClientMembership(client, org.client_id),
            single_writer=target.options.single_writer,
            names=ReferenceLists(client) if plan.names else None,
            counter=census_of(settings, plan.dataset, client, clock),
            shield=shield,
            holder=this_process(),
            lease_time=settings.resume.lease,
            check_clock=client.check_clock,
        )
        yield Exporter(deps)


def day_of(settings: Settings, text: str | None, clock: Clock) -> Day:
    """Return the day asked for; yesterday, in the settings' zone, where none is. ValueError."""
    zone: ZoneInfo = settings.export.timezone
    if text in {None, "yesterday"}:
        return Day(yesterday(clock.now(), zone), zone)
    asked = date_named(str(text))
    if asked is None:
        raise ValueError("no day")
    return Day(asked, zone)


def dry_run(exporter: Exporter, day: Day) -> DryRun:
    """Return what exporting the day would ask and write; asks and writes nothing."""
    plan, source = exporter.deps.plan, exporter.deps.source
    parts = split(day, plan.slices)
    keys = [plan.key(table, part) for table in plan.written for part in parts]
    keys += [key_of(plan, table, day) for table in plan.names]
    written = [*keys, f"{plan.home(day)}/manifest.json"] if plan.keeps_state else keys
    asked = [body for part in parts for body in source.describe(part.interval)]
    return DryRun(tuple(asked), tuple(exporter.deps.store.url(key) for key in written))
