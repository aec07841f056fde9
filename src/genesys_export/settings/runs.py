"""The sections [backfill], [resume] and [catch_up]: how runs go over many days, and go on.

Checks single values; what a day's life makes of them is not known here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from . import values

_Whole = Annotated[int, BeforeValidator(values.number)]
_Span = Annotated[timedelta, BeforeValidator(values.span)]
_FROZEN = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Backfill(BaseModel):
    """How a range of days is exported."""

    model_config = _FROZEN

    days_at_once: Annotated[_Whole, Field(ge=1, le=32)] = 2
    order: Annotated[str, BeforeValidator(values.choice("newest", "oldest"))] = "newest"


class Resume(BaseModel):
    """What a run may adopt from an interrupted one."""

    model_config = _FROZEN

    max_age: _Span = timedelta(hours=6)
    lease: _Span = timedelta(minutes=10)

    @field_validator("lease")
    @classmethod
    def _renewable_in_time(cls, value: timedelta) -> timedelta:
        if value < timedelta(minutes=1):
            raise ValueError("this must be a minute or longer")
        return value


class CatchUp(BaseModel):
    """How far back a run exports missing days."""

    model_config = _FROZEN

    days: Annotated[_Whole, Field(ge=0, le=3660)] = 31
