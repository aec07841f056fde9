"""What the manifest keeps of how a day was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..days import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceRecord:
    """What the manifest keeps of a slice."""

    interval: Interval
    watermark: datetime | None
    fetched: datetime
    job_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many records came, and what became of them."""

    received: int = 0
    exported: int = 0
    duplicates: int = 0
    differing_duplicates: int = 0
    of_other_days: int = 0
    open: int = 0
    rejected: int = 0
    drift: int = 0
    unknown_fields: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Counts) -> Counts:
        """Add up two slices."""
        fields = dict(self.unknown_fields)
        for name, count in other.unknown_fields.items():
            fields[name] = fields.get(name, 0) + count
        return Counts(
            received=self.received + other.received,
            exported=self.exported + other.exported,
            duplicates=self.duplicates + other.duplicates,
            differing_duplicates=self.differing_duplicates + other.differing_duplicates,
            of_other_days=self.of_other_days + other.of_other_days,
            open=self.open + other.open,
            rejected=self.rejected + other.rejected,
            drift=self.drift + other.drift,
            unknown_fields=fields,
        )
