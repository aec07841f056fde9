"""How days are exported beside each other: of one organisation, and of all."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from . import values
from .section import Section, Whole

_USUALLY = 8  # days: enough for four organisations, and bounded in memory


class Backfill(Section):
    """How a range of days is exported."""

    days_at_once: Annotated[Whole, Field(ge=1, le=32)] = 2
    days_in_process: Annotated[Whole, Field(ge=0, le=4096)] = 0  # 0: the usual number
    order: Annotated[str, BeforeValidator(values.choice("newest", "oldest"))] = "newest"

    @property
    def days_in_all(self) -> int:
        """How many days of all organisations are exported in parallel."""
        return self.days_in_process or max(_USUALLY, self.days_at_once)
