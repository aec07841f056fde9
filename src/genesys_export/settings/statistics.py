"""The section [aggregates]: how statistics by interval are asked for.

Which columns and metrics there are is for the declarations to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, field_validator

from ..datasets import datasets, dimensions_of
from . import values
from .section import Names, Section


def _groupable() -> Mapping[str, tuple[str, ...]]:
    """Return the columns that each dataset of statistics can be grouped by."""
    return {one.name: tuple(dimensions_of(one.tables[0])) for one in datasets() if one.aggregates}


def _measured() -> Mapping[str, tuple[str, ...]]:
    """Return the metrics of each dataset of statistics."""
    return {one.name: one.aggregates.metrics for one in datasets() if one.aggregates}


class Aggregates(Section):
    """How statistics by interval are asked for."""

    engine: Annotated[str, BeforeValidator(values.choice("query", "jobs"))] = "query"
    granularity: Annotated[
        str, BeforeValidator(values.choice("PT15M", "PT30M", "PT1H", "P1D"))
    ] = "PT30M"
    group_by: Names = ()
    metrics: Names = ()

    @field_validator("group_by")
    @classmethod
    def _dimensions(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return values.of_several("column to group by", value, _groupable())

    @field_validator("metrics")
    @classmethod
    def _metrics(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return values.of_several("metric", value, _measured())

    def chosen(self, given: tuple[str, ...], dataset: str) -> tuple[str, ...]:
        """Return what was given for the dataset, without its name."""
        parts = (one.partition(".") for one in given)
        return tuple(name for owner_, _, name in parts if owner_ == dataset)
