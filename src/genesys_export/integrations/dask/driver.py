"""The loop of a backfill on a cluster: submits chunks, takes what became of them, tells how far.

Knows the agenda and a cluster, and neither Dask nor what a day is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from ...api import Clock
from ...errors import ExportError, Stopped
from ...events import BackfillProgress, Observe, OrgProgress
from ...export import DayResult, Outcome
from .agenda import Agenda, Chunk
from .cluster import Killed, Lost
from .cluster import Outcome as Ending

_LOOK_EVERY_S = 0.1
_TELL_EVERY_S = 5.0
