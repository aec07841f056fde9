"""Turn settings into a day's plan, recipe, filters and source."""

from __future__ import annotations

from datetime import timedelta
from random import SystemRandom

from .. import life
from ..api import (
    Client,
    Clock,
    Filters,
    GenesysCounter,
    JobPolicy,
    JobSource,
    OwnBody,
    OwnSource,
    QueryPolicy,
    QuerySource,
    parse_raw,
    read_body,
)
from ..datasets import DEFAULT, NAMES, Dataset, dataset_named, everything
from ..encode import Format, Newlines
from ..errors import WrongSettings
from ..events import Observe
from ..export import Layout, Plan, Roll
from ..manifest import Recipe
from ..model import Source
from ..privacy import resolve
from ..settings import Org, Settings
from ..source_count import Tolerance

# What the manifest says of an engine, and of a format.
_NOTES = {
    "query": "The synchronous query has no participant attributes: the table "
    "participant_attributes has no rows.",
    "own": "The day was exported with a custom query body; it has only what that body asks for.",
    "jsonl.gz": "Records are written as received: unknown fields, drifted values and broken "
    "structure deep in a record are neither detected nor counted.",
}


def plan_of(settings: Settings, org: Org) -> Plan:
    """Return how the org's days are exported; raises WrongSettings."""
    dataset = dataset_named(DEFAULT)
    export = settings.export
    form = Format(export.format)
    every = () if form is Format.JSONL else tuple(table.name for table in dataset.tables)
    return Plan(
        dataset=dataset,
        tables=export.tables or every,
        org=org.name,
        slices=export.slices,
        slices_at_once=export.slices_at_once,
        format=form,
        keep_raw=export.keep_raw,
        names=tuple(table.name for table in dataset_named(NAMES).tables) if export.names else (),
        layout=Layout(export.layout),
        roll=Roll(settings.roll.bytes, settings.roll.rows),
        newlines=Newlines(settings.csv.newlines),
        privacy=resolve(everything(), settings.privacy.wishes),
        life=policy_of(settings),
        keeps_state=settings.destination.state == "on",
        own_body=bool(export.query_body),
        tolerance=Tolerance(share=settings.proof.tolerance, floor=settings.proof.floor),
        strict=settings.proof.strict,
        resume_within=settings.resume.max_age,
        wait=export.wait or timedelta(0),
        allow_partial=export.allow_partial,
        notes=tuple(_NOTES[one] for one in (_engine(settings), form) if one in _NOTES),
    )


def policy_of(settings: Settings) -> life.Policy:
    """Return when days become final, and which of them a run exports."""
    return life.Policy(
        settle=timedelta(days=settings.settle.days),
        catch_up_days=settings.catch_up.days,
        publish=life.Publish(settings.export.publish),
    )


def _engine(settings: Settings) -> str:
    return "own" if settings.export.query_body else settings.export.engine


def recipe_of(settings: Settings, plan: Plan) -> Recipe:
    """Return what makes the files what they are."""
    own = _own_body(settings)
    return Recipe(
        timezone=settings.export.timezone.key,
        engine=settings.export.engine,
        filters=filters_of(settings).as_body(),
        tables=(*plan.written, *plan.names),
        format=plan.format.value,
        layout=plan.layout.value,
        csv={"newlines": plan.newlines.value} if plan.format is Format.CSV else {},
        column_version=plan.dataset.column_version,
        query_body=own.canonical(plan.dataset.query.path) if own and plan.dataset.query else None,
        keep_raw=plan.raw is not None,
        privacy=plan.privacy.described((*plan.tables, *plan.names)),
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
    own, told = _own_body(settings), org.genesys
    if own and dataset.query:
        return OwnSource(endpoint=dataset.query, client=client, clock=clock, own=own)
    if dataset.query and (settings.export.engine == "query" or dataset.jobs is None):
        return QuerySource(
            endpoint=dataset.query,
            client=client,
            clock=clock,
            policy=QueryPolicy(
                page_size=told.query_page_size,
                most_hits=told.query_most_hits,
                floor=told.query_floor,
            ),
            filters=filters_of(settings),
            observe=observe,
        )
    if dataset.jobs is None:
        raise WrongSettings(f"the dataset {dataset.name} is read neither by jobs nor by queries")
    return JobSource(
        endpoint=dataset.jobs,
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
        filters=filters_of(settings),
        observe=observe,
    )


def census_of(
    settings: Settings, dataset: Dataset, client: Client, clock: Clock
) -> GenesysCounter | None:
    """Return who asks the source for its own count; None if nobody does."""
    if settings.proof.count == "off":
        return None
    return counting(dataset, client, clock, filters_of(settings))


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
