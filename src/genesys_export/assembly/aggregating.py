"""Turn settings into what a dataset of statistics is asked for, and through what it is read."""

from __future__ import annotations

from random import SystemRandom

import msgspec

from ..api import AggregateSource, Client, Clock, JobPolicy, JobSource, Question
from ..api.aggregates import RESULTS
from ..datasets import AggregateEndpoint, Dataset, JobEndpoint, dimensions_of
from ..events import Observe
from ..model import Source
from ..settings import Org, Settings


def question_of(settings: Settings, dataset: Dataset, endpoint: AggregateEndpoint) -> Question:
    """Return what is asked for, whatever the interval."""
    asked, (table,) = settings.aggregates, dataset.tables
    called = dimensions_of(table)
    columns = asked.chosen(asked.group_by, dataset.name) or endpoint.group_by
    return Question(
        granularity=asked.granularity,
        timezone=settings.export.timezone.key,
        group_by=tuple(called[name] for name in called if name in columns),
        metrics=asked.chosen(asked.metrics, dataset.name) or endpoint.metrics,
    )


def body_in_recipe(settings: Settings, dataset: Dataset) -> str | None:
    """Return what of the question makes other rows, as the recipe has it; None: no statistics.

    The time zone stands there already, and all metrics of an endpoint are those of the dataset's
    column version.
    """
    if dataset.aggregates is None:
        return None
    told = question_of(settings, dataset, dataset.aggregates).constant
    del told["timeZone"]
    if not settings.aggregates.chosen(settings.aggregates.metrics, dataset.name):
        del told["metrics"]
    return msgspec.json.encode(told, order="deterministic").decode()


def aggregates_of(  # noqa: PLR0913 - the parts of one source
    settings: Settings,
    org: Org,
    dataset: Dataset,
    client: Client,
    *,
    endpoint: AggregateEndpoint,
    clock: Clock,
    observe: Observe,
) -> Source:
    """Return where the dataset's statistics come from: queries or jobs."""
    question, told = question_of(settings, dataset, endpoint), org.genesys
    if settings.aggregates.engine == "query":
        return AggregateSource(
            endpoint=endpoint, question=question, client=client, clock=clock, observe=observe
        )
    return JobSource(
        endpoint=JobEndpoint(
            path=endpoint.jobs,
            availability=endpoint.availability,
            records_key=RESULTS,
            permission=endpoint.permission,
            body={**question.constant, "pageSize": told.page_size},
            sizes_pages=False,
        ),
        client=client,
        clock=clock,
        rng=SystemRandom(),
        policy=JobPolicy(
            page_size=told.page_size,
            first_s=told.poll_first.total_seconds(),
            deadline_s=told.poll_deadline.total_seconds(),
        ),
        observe=observe,
    )
