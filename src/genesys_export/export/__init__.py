"""The loop over a day's slices: fetch, shape, write, publish.

Owns the threads (one a slice, one more a slice for the page ahead). Everything is staged first;
only when the whole day lies at the destination does the ledger make it visible, manifest last.
"""

from __future__ import annotations

from .day import DayReport, Exporter, Shield
from .names import key_of
from .plan import Layout, Plan, Roll

__all__ = ["DayReport", "Exporter", "Layout", "Plan", "Roll", "Shield", "key_of"]
