"""The loop over a day's slices: fetch, shape, write, publish.

Owns the threads (one a slice, one more a slice for the page ahead). Everything is staged first;
only when the whole day lies at the destination does the ledger make it visible, manifest last.
"""

from __future__ import annotations

from .agenda import Due, agenda
from .choice import (
    NOTHING_DUE,
    Choice,
    Kind,
    days_between,
    published_among,
    settled_days,
    without_future,
)
from .day import DayExporter, ExportOptions
from .dependencies import Dependencies, Shield
from .plan import Layout, Plan, Roll
from .report import DayReport, DayResult, Outcome, Report, gravest, in_order
from .run import Run
from .turns import Org

__all__ = [
    "NOTHING_DUE",
    "Choice",
    "DayExporter",
    "DayReport",
    "DayResult",
    "Dependencies",
    "Due",
    "ExportOptions",
    "Kind",
    "Layout",
    "Org",
    "Outcome",
    "Plan",
    "Report",
    "Roll",
    "Run",
    "Shield",
    "agenda",
    "days_between",
    "gravest",
    "in_order",
    "published_among",
    "settled_days",
    "without_future",
]
