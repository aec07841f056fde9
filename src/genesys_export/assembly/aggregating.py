"""Turn settings into what a dataset of statistics is asked for."""

from __future__ import annotations

import msgspec

from ..api import Question
from ..api.aggregates import RESULTS
from ..datasets import AggregateEndpoint, Dataset, JobEndpoint, dimensions_of
from ..settings import Settings


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


def jobs_of(endpoint: AggregateEndpoint, question: Question, page_size: int) -> JobEndpoint:
    """Return the job that answers the question."""
    return JobEndpoint(
        path=endpoint.jobs,
        availability=endpoint.availability,
        records_key=RESULTS,
        permission=endpoint.permission,
        body={**question.constant, "pageSize": page_size},
        sizes_pages=False,
    )
