"""The loop over a day's slices: fetch, shape, write, publish.

Owns the threads (one a slice, one more a slice for the page ahead). Everything is staged first;
only when the whole day lies at the destination does the ledger make it visible, manifest last.
"""

from __future__ import annotations

from .agenda import Due, agenda
from .backfill import Backfill, days_between, without_future
from .day import Exporter, ExportOptions
from .dependencies import Dependencies, Shield
from .plan import Layout, Plan, Roll
from .report import DayReport, Ended, Outcome

__all__ = [
    "Backfill",
    "DayReport",
    "Dependencies",
    "Due",
    "Ended",
    "ExportOptions",
    "Exporter",
    "Layout",
    "Outcome",
    "Plan",
    "Roll",
    "Shield",
    "agenda",
    "days_between",
    "without_future",
]
