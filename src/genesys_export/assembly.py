"""Settings become the concrete parts of a run: once, here, for every door.

Knows every part and no behaviour. Nothing is asked or written while assembling.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from random import SystemRandom
from zoneinfo import ZoneInfo

from .api import (
    Budget,
    Client,
    Clock,
    Credentials,
    Filters,
    JobPolicy,
    JobSource,
    OwnBody,
    OwnSource,
    QueryPolicy,
    QuerySource,
    ReferenceLists,
    RetryPolicy,
    Transport,
    TransportOptions,
    hosts,
    parse_raw,
    read_body,
)
from .datasets import conversation_details, names, with_names
from .days import Day, split, yesterday
from .encode import Format, Newlines
from .events import Observe
from .export import Exporter, Layout, Plan, Roll, Shield, key_of
from .manifest import Recipe
from .model import Store
from .privacy import resolve
from .settings import Org, Settings, Target
from .store import S3Options, open_store

AnySource = JobSource | QuerySource | OwnSource

# What the manifest says of an engine.
_NOTES = {
    "query": "The synchronous query has no attributes of participants: participant_attributes, "
    "where it is written, has no rows.",
    "own": "A query body of the user's own told what to ask for: what it leaves out is not here.",
}


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a run would ask and write."""

    asked: tuple[dict[str, object], ...]  # the first body a slice: of a job or of a query
    written: tuple[str, ...]  # every object, as a person would find it


def exporters(
    settings: Settings, *, clock: Clock, observe: Observe, shield: Shield = nullcontext
) -> Iterator[Exporter]:
    """Yield an exporter for every organisation asked for; raises WrongSettings.

    Each day's publishing happens inside `shield()`: what must not interrupt it is kept out there.
    """
    orgs, target = settings.require_both()
    store = _store(target, observe)
    for org in orgs:
        plan = _plan(settings, org)
        client = _client(settings, org, clock=clock, observe=observe)
        source = _source(settings, org, client, clock=clock, observe=observe)
        yield Exporter(
            plan=plan,
            recipe=_recipe(settings, plan),
            source=source,
            store=store,
            clock=clock,
            observe=observe,
            names=ReferenceLists(client) if plan.names else None,
            shield=shield,
        )


def day_of(settings: Settings, text: str | None, clock: Clock) -> Day:
    """Return the day asked for; yesterday, in the settings' zone, where none is. ValueError."""
    zone: ZoneInfo = settings.export.timezone
    if text in {None, "yesterday"}:
        return Day(yesterday(clock.now(), zone), zone)
    asked = date.fromisoformat(str(text))
    if str(asked) != text:  # ISO 8601 has weeks and other forms that nobody means here
        raise ValueError("no YYYY-MM-DD")
    day = Day(asked, zone)
    try:
        _ = day.interval
    except OverflowError as problem:  # the calendar's first and last days
        raise ValueError("beyond the calendar") from problem
    return day


def dry_run(exporter: Exporter, day: Day) -> DryRun:
    """Return what exporting the day would ask and write; asks and writes nothing."""
    plan, source = exporter.plan, exporter.source
    parts = split(day, plan.slices)
    keys = [plan.key(table, part) for table in plan.written for part in parts]
    keys += [key_of(plan, table, day) for table in plan.names]
    written = [*keys, f"{plan.home(day)}/manifest.json"]
    asked = [source.body(part.interval) for part in parts] if isinstance(source, AnySource) else []
    return DryRun(tuple(asked), tuple(exporter.store.url(key) for key in written))


def _plan(settings: Settings, org: Org) -> Plan:
    dataset = conversation_details()
    export = settings.export
    form = Format(export.format)
    every = () if form is Format.JSONL else tuple(table.name for table in dataset.tables)
    return Plan(
        dataset=dataset,
        tables=export.tables or every,
        org=org.name,
        slices=export.slices,
        format=form,
        keep_raw=export.keep_raw,
        names=tuple(table.name for table in names().tables) if export.names else (),
        layout=Layout(export.layout),
        roll=Roll(settings.roll.bytes, settings.roll.rows),
        newlines=Newlines(settings.csv.newlines),
        privacy=resolve(with_names(dataset), settings.privacy.wishes),
        settle=timedelta(days=settings.settle.days),
        wait=export.wait or timedelta(0),
        allow_partial=export.allow_partial,
        notes=tuple(note for engine, note in _NOTES.items() if engine == _engine(settings)),
    )


def _engine(settings: Settings) -> str:
    return "own" if settings.export.query_body else settings.export.engine


def _recipe(settings: Settings, plan: Plan) -> Recipe:
    own = _own_body(settings)
    return Recipe(
        timezone=settings.export.timezone.key,
        engine=settings.export.engine,
        filters=_filters(settings).as_body(),
        tables=(*plan.written, *plan.names),
        format=plan.format.value,
        layout=plan.layout.value,
        csv={"newlines": plan.newlines.value} if plan.format is Format.CSV else {},
        column_version=plan.dataset.column_version,
        query_body=own.canonical() if own else None,
        keep_raw=plan.raw is not None,
        privacy=plan.privacy.described((*plan.tables, *plan.names)),
    )


def _source(
    settings: Settings, org: Org, client: Client, *, clock: Clock, observe: Observe
) -> AnySource:
    if own := _own_body(settings):
        return OwnSource(client=client, clock=clock, own=own)
    if settings.export.engine == "query":
        told = org.genesys
        return QuerySource(
            client=client,
            clock=clock,
            policy=QueryPolicy(
                page_size=told.query_page_size,
                most_hits=told.query_most_hits,
                floor=told.query_floor,
            ),
            filters=_filters(settings),
            observe=observe,
        )
    return _jobs(settings, org, client, clock=clock, observe=observe)


def _client(settings: Settings, org: Org, *, clock: Clock, observe: Observe) -> Client:
    told = org.genesys
    where = hosts(base_url=told.base_url, region=told.region, login_url=told.login_url)
    proxy = org.proxy_for(where.api)
    return Client(
        where,
        Credentials(org.client_id, org.client_secret.get_secret_value()),
        transport=Transport(
            TransportOptions(
                connect_timeout_s=told.connect_timeout.total_seconds(),
                read_timeout_s=told.read_timeout.total_seconds(),
                threads=settings.export.slices + 1,
                ca_bundle=str(org.ca_bundle) if org.ca_bundle else None,
                proxy=proxy.get_secret_value() if proxy else None,
            )
        ),
        clock=clock,
        budget=Budget(told.requests_per_minute, told.headroom),
        retry=RetryPolicy(deadline_s=told.retry_deadline.total_seconds()),
        rng=SystemRandom(),
        observe=observe,
    )


def _jobs(
    settings: Settings, org: Org, client: Client, *, clock: Clock, observe: Observe
) -> JobSource:
    told = org.genesys
    return JobSource(
        client=client,
        clock=clock,
        rng=SystemRandom(),
        policy=JobPolicy(
            page_size=told.page_size,
            first_s=told.poll_first.total_seconds(),
            most_s=told.poll_max.total_seconds(),
            deadline_s=told.poll_deadline.total_seconds(),
            submissions=told.submissions,
        ),
        filters=_filters(settings),
        observe=observe,
    )


def _own_body(settings: Settings) -> OwnBody | None:
    """Return the user's own query body, if there is one; raises WrongSettings."""
    asked = settings.export
    if not asked.query_body:
        return None
    return read_body(settings.folder / asked.query_body, path=asked.query_path)


def _filters(settings: Settings) -> Filters:
    asked = settings.filters
    return Filters(
        media_types=asked.media_type,
        queues=asked.queue,
        divisions=asked.division,
        directions=asked.direction,
        raw=parse_raw(asked.raw) if asked.raw else {},
    )


def _store(target: Target, observe: Observe) -> Store:
    asked = target.options

    def options(bucket: str, prefix: str) -> S3Options:
        return S3Options(
            bucket=bucket,
            prefix=prefix,
            endpoint_url=asked.endpoint_url,
            region=asked.region,
            profile=asked.profile,
            storage_class=asked.storage_class,
            sse=None if asked.sse == "none" else asked.sse,
            kms_key_id=asked.kms_key_id,
            tags=asked.tags,
            expected_bucket_owner=asked.expected_bucket_owner,
            part_bytes=asked.part_size,
            max_attempts=asked.max_attempts,
        )

    return open_store(target.to, options, observe=observe)
