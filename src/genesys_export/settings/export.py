"""The section [export]: what is exported, and how.

A module of its own, because it is the only section that knows datasets and their tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from ..datasets import DEFAULT, NAMES, Additions, known, owner, tables
from ..days import zone_named
from . import addresses, values
from .pins import pins
from .section import Names, Section, Slices, Text, Whole

DETAILS_QUERY = "/api/v2/analytics/conversations/details/query"


class Export(Section):
    """What is exported, and how."""

    datasets: Names = (DEFAULT,)
    names: bool = False
    join_names: bool = False
    local_times: bool = False
    pin_attributes: Annotated[tuple[str, ...], BeforeValidator(pins)] = ()
    tables: Names = ()
    format: Annotated[str, BeforeValidator(values.choice("csv.gz", "parquet", "jsonl.gz"))] = (
        "csv.gz"
    )
    keep_raw: bool = False
    layout: Annotated[str, BeforeValidator(values.choice("daily", "hive"))] = "daily"
    engine: Annotated[str, BeforeValidator(values.choice("jobs", "query"))] = "jobs"
    query_body: Text | None = None
    query_path: Annotated[str, BeforeValidator(addresses.path)] = DETAILS_QUERY
    slices: Slices = 1
    slices_at_once: Annotated[Whole, Field(ge=1, le=96)] = 8
    timezone: Annotated[ZoneInfo, BeforeValidator(values.zone)] = zone_named("UTC")
    wait: Annotated[timedelta | None, BeforeValidator(values.duration_or_none)] = None
    allow_partial: bool = False
    publish: Annotated[str, BeforeValidator(values.choice("available", "final"))] = "available"

    @model_validator(mode="before")
    @classmethod
    def _query_implied(cls, given: object) -> object:
        if not isinstance(given, Mapping) or not given.get("query_body"):
            return given
        if given.get("engine", "jobs") == "jobs":  # the default, which the complete file spells
            return {**given, "engine": "query"}
        return given

    @field_validator("datasets")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return values.of_known("dataset", value, known()) or (DEFAULT,)

    @field_validator("tables")
    @classmethod
    def _declared(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        added = Additions(pin_attributes=info.data.get("pin_attributes", ()))
        found = values.of_known("table", value, [table.name for table in tables(added)])
        chosen = {
            *info.data.get("datasets", known()),
            *([NAMES] if info.data.get("names") or info.data.get("join_names") else []),
        }
        for name in found:
            if (home := owner(name)) and home.name not in chosen:
                raise ValueError(
                    f"{name} is a table of the dataset {home.name}, which is not chosen "
                    "(--dataset, or datasets in [export])"
                )
        return found

    @field_validator("format")
    @classmethod
    def _with_these_tables(cls, value: str, info: ValidationInfo) -> str:
        if value == "jsonl.gz" and info.data.get("tables"):
            raise ValueError("jsonl.gz has whole records in one table; leave out tables")
        return value

    @property
    def added(self) -> Additions:
        """What is added to the declared tables."""
        return Additions(
            local_times=self.local_times,
            join_names=self.join_names,
            pin_attributes=self.pin_attributes,
        )
