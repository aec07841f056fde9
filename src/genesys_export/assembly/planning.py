"""Turn settings into a day's plan, recipe, filters and source."""

from __future__ import annotations

from datetime import timedelta
from random import SystemRandom

from .. import life
from ..api import (
    AggregateSource,
    Client,
    Clock,
    Filters,
    GenesysCounter,
    JobPolicy,
    JobSource,
    OwnBody,
    OwnSource,
    QuerySource,
    ReferenceLists,
    parse_raw,
    read_body,
)
from ..datasets import NAMES, Additions, Dataset, FeedKind, tables
from ..encode import Format, Newlines
from ..errors import WrongSettings
from ..events import Observe
from ..export import Layout, Plan, Roll
from ..feeds.aggregates import AggregatesFeed
from ..feeds.records import RecordsFeed
from ..feeds.snapshot import SnapshotFeed
from ..feeds.status import StatusFeed
from ..manifest import Recipe
from ..model import Feed, Source
from ..privacy import resolve
from ..settings import Org, Settings
from ..settings.values import AUTO, MOST_SLICES
from ..source_count import Tolerance
from .aggregating import body_in_recipe, jobs_of, question_of

# What the manifest says of an engine, and of a format.
_NOTES = {
    "query": "The synchronous query has no participant attributes: the table "
    "participant_attributes has no rows.",
    "own": "The day was exported with a custom query body; it has only what that body asks for.",
    "jsonl.gz": "Records are written as received: unknown fields, drifted values and broken "
    "structure deep in a record are neither detected nor counted.",
}


def plans_of(settings: Settings, org: Org) -> tuple[Plan, ...]:
    """Return the plan of every dataset asked for; one that others read comes before them."""
    plans = [plan_of(settings, org, dataset) for dataset in settings.datasets]
    read = {name for plan in plans for name in plan.after}
    return tuple(sorted(plans, key=lambda plan: plan.dataset.name not in read))


def plan_of(settings: Settings, org: Org, dataset: Dataset) -> Plan:
    """Return how the dataset's days of the org are exported; raises WrongSettings."""
    export = settings.export
    form = Format(export.format)
    as_records = form is Format.JSONL and dataset.record is not None
    keeps_raw = as_records or (export.keep_raw and dataset.record is not None)
    return Plan(
        dataset=dataset,
        tables=() if as_records else settings.tables_of(dataset),
        org=org.name,
        slices=_most_slices(export.slices, dataset),
        auto=_is_cut(dataset) and export.slices == AUTO,
        slices_at_once=export.slices_at_once,
        format=form,
        raw=dataset.raw if keeps_raw else None,
        layout=Layout(export.layout),
        roll=Roll() if dataset.is_snapshot else Roll(settings.roll.bytes, settings.roll.rows),
        newlines=Newlines(settings.csv.newlines),
        privacy=resolve(tables(settings.export.added), settings.privacy.wishes),
        life=policy_of(settings, dataset),
        keeps_state=settings.destination.state == "on",
        own_body=bool(export.query_body) and dataset.record is not None,
        tolerance=Tolerance(share=settings.proof.tolerance, floor=settings.proof.floor),
        strict=settings.proof.strict,
        wait=export.wait or timedelta(0),
        allow_partial=export.allow_partial,
        after=(NAMES,) if dataset.added.join_names and not as_records else (),
        notes=_notes(settings, form) if dataset.record else (),
    )


def _is_cut(dataset: Dataset) -> bool:
    """Whether days of the dataset can have several slices."""
    return not (dataset.is_snapshot or dataset.aggregates)


def _most_slices(asked: int | str, dataset: Dataset) -> int:
    if not _is_cut(dataset):
        return 1
    return asked if isinstance(asked, int) else MOST_SLICES


def _notes(settings: Settings, form: Format) -> tuple[str, ...]:
    engine = "own" if settings.export.query_body else settings.export.engine
    return tuple(_NOTES[one] for one in (engine, form) if one in _NOTES)


def policy_of(settings: Settings, dataset: Dataset) -> life.Policy:
    """Return when the dataset's days become final, and which of them a run exports."""
    if dataset.is_snapshot:
        return life.Policy(
            settle=timedelta(0), catch_up_days=0, looks=(), open_looks=(), snapshot=True
        )
    return life.Policy(
        settle=timedelta(days=settings.settle.days),
        catch_up_days=settings.catch_up.days,
        publish=life.Publish(settings.export.publish),
    )


def recipe_of(settings: Settings, plan: Plan) -> Recipe:
    """Return what makes the files what they are."""
    is_asked = plan.dataset.record is not None  # a list takes neither engine nor filters
    own = _own_body(settings) if is_asked else None
    body = own.canonical(plan.dataset.query.path) if own and plan.dataset.query else None
    return Recipe(
        timezone=settings.export.timezone.key,
        engine=settings.export.engine if is_asked else plan.dataset.feed.value,
        filters=filters_of(settings).as_body() if is_asked else {},
        tables=plan.written,
        format=plan.format.value,
        layout=plan.layout.value,
        csv={"newlines": plan.newlines.value} if plan.format is Format.CSV else {},
        column_version=plan.dataset.column_version,
        query_body=body or body_in_recipe(settings, plan.dataset),
        keep_raw=plan.raw is not None,
        privacy=plan.privacy.described(plan.tables),
        added=plan.dataset.added if plan.tables else Additions(),
    )


def feed_of(
    settings: Settings, org: Org, plan: Plan, client: Client, *, clock: Clock, observe: Observe
) -> Feed:
    """Return what the dataset's slices are read through; raises WrongSettings."""
    if plan.dataset.feed is FeedKind.LISTS:
        return SnapshotFeed(
            dataset=plan.dataset,
            lists=ReferenceLists(client),
            tables=plan.tables,
            clock=clock,
        )
    if plan.dataset.feed is FeedKind.STATUS:
        return StatusFeed(
            dataset=plan.dataset,
            source=source_of(settings, org, plan.dataset, client, clock=clock, observe=observe),
            tables=plan.tables,
            org=org.name,
            observe=observe,
            clock=clock,
        )
    if plan.dataset.aggregates:
        return AggregatesFeed(
            dataset=plan.dataset,
            source=source_of(settings, org, plan.dataset, client, clock=clock, observe=observe),
            question=question_of(settings, plan.dataset, plan.dataset.aggregates),
            org=org.name,
            observe=observe,
            clock=clock,
            groups_are_long=settings.aggregates.engine == "jobs",
        )
    return RecordsFeed(
        dataset=plan.dataset,
        source=source_of(settings, org, plan.dataset, client, clock=clock, observe=observe),
        tables=plan.tables,
        raw=plan.raw,
        privacy=plan.privacy,
        org=org.name,
        observe=observe,
        clock=clock,
        page_by_page=plan.roll.rows is not None,
    )


def source_of(
    settings: Settings,
    org: Org,
    dataset: Dataset,
    client: Client,
    *,
    clock: Clock,
    observe: Observe,
) -> Source:
    """Return where the dataset's records of the org come from; raises WrongSettings."""
    own, told, jobs = _own_body(settings), org.genesys, dataset.jobs
    if found := dataset.aggregates:
        question = question_of(settings, dataset, found)
        if settings.aggregates.engine == "query":
            return AggregateSource(
                endpoint=found, question=question, client=client, clock=clock, observe=observe
            )
        jobs = jobs_of(found, question, told.page_size)
    if own and dataset.query:
        return OwnSource(endpoint=dataset.query, client=client, clock=clock, own=own)
    if dataset.query and (settings.export.engine == "query" or jobs is None):
        return QuerySource(
            endpoint=dataset.query,
            client=client,
            clock=clock,
            filters=filters_of(settings),
            observe=observe,
        )
    if jobs is None:
        raise WrongSettings(f"the dataset {dataset.name} is read neither by jobs nor by queries")
    return JobSource(
        endpoint=jobs,
        client=client,
        clock=clock,
        rng=SystemRandom(),
        policy=JobPolicy(
            page_size=told.page_size,
            first_s=told.poll_first.total_seconds(),
            deadline_s=told.poll_deadline.total_seconds(),
        ),
        filters=filters_of(settings) if dataset.record else Filters(),
        observe=observe,
    )


def counter_of(
    settings: Settings, plan: Plan, client: Client, clock: Clock
) -> GenesysCounter | None:
    """Return who asks the source for its own count; None if nobody does."""
    if settings.proof.count == "off":
        return None
    return counting(plan.dataset, client, clock, filters_of(settings))


def counting(
    dataset: Dataset, client: Client, clock: Clock, filters: Filters
) -> GenesysCounter | None:
    """Return who counts the dataset's records; None if no query finds them."""
    if dataset.query is None:
        return None
    return GenesysCounter(
        query=dataset.query, counts=dataset.counts, client=client, clock=clock, filters=filters
    )


def _own_body(settings: Settings) -> OwnBody | None:
    """Return the custom query body, if there is one; raises WrongSettings."""
    asked = settings.export
    if not asked.query_body:
        return None
    return read_body(settings.folder / asked.query_body, path=asked.query_path)


def filters_of(settings: Settings) -> Filters:
    """Return the filters."""
    asked = settings.filters
    return Filters(
        media_types=asked.media_type,
        queues=asked.queue,
        divisions=asked.division,
        directions=asked.direction,
        raw=parse_raw(asked.raw) if asked.raw else {},
    )
