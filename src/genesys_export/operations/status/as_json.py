"""The status as JSON: everything that is known, under stable keys.

docs/reference/commands.md lists the keys; a later version may add some. Instants are UTC,
durations seconds, sizes bytes. What is not known is null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import msgspec

from ... import __version__
from ...datasets import Dataset
from ...manifest import File, one_or_more
from .attention import cases
from .day import DayStatus, OrgStatus
from .remarks import by_state, needs_attention, remarks, summary


def as_json(orgs: Sequence[OrgStatus], *, asked: datetime) -> bytes:
    """Return the JSON text, indented."""
    body = {
        "tool_version": __version__,
        "asked": asked,
        "organisations": [_org(status) for status in orgs],
    }
    return bytes(msgspec.json.format(msgspec.json.encode(body), indent=2)) + b"\n"


def _org(status: OrgStatus) -> Mapping[str, Any]:
    days = status.days
    return {
        "org": status.org,
        "dataset": status.dataset.name,
        "url": status.url,
        "timezone": status.zone.key,
        "summary": summary(status),
        "recipe": status.recipe,
        "recipe_fingerprint": status.recipe.fingerprint if status.recipe else None,
        "states": by_state(days),
        "attention": sum(map(needs_attention, days)),
        "needs_attention": [asdict(case) for case in cases(status)],
        "last_run": status.last_run,
        **_counted(status.dataset, sum(day.exported for day in days)),
        "rows": sum(day.rows for day in days),
        "bytes": sum(day.size_bytes for day in days),
        "days": [_day(day) for day in days],
    }


def _day(day: DayStatus) -> Mapping[str, Any]:
    made = day.manifest
    return {
        "day": day.day,
        "state": day.state,
        "due": day.due,
        "interval": day.interval,
        **_counted(day.dataset, day.exported if made else None),
        "rows": day.rows if made else None,
        "bytes": day.size_bytes if made else None,
        "counts": asdict(day.counts) if made else None,
        "tables": {name: [_file(each) for each in files] for name, files in day.tables.items()},
        "cut": made.cut if made else [],
        "rejects": one_or_more([_file(one) for one in made.reject_files]) if made else None,
        "changes": _file(made.changes) if made and made.changes else None,
        "fetched": day.fetched,
        "fetched_late_s": _seconds(day.fetched_late),
        "watermark": day.watermark,
        "published": made.ended if made else None,
        "published_late_s": _seconds(day.published_late),
        "attempt": made.attempt if made else None,
        "attempts": made.attempts if made else [],
        "tool_version": made.tool_version if made else None,
        "recipe_fingerprint": made.recipe.fingerprint if made else None,
        "recipe_differences": day.differences,
        "damage": day.damage or None,
        "source_count": day.source,
        "completeness_percent": day.completeness,
        "failure": day.failure,
        "held": day.held,
        "remarks": [asdict(remark) for remark in remarks(day)],
        "manifest": day.manifest_url or None,
    }


def _counted(dataset: Dataset, count: int | None) -> Mapping[str, int | None]:
    """Return the number of records, under a key of all datasets and under their own name."""
    return {"records": count, dataset.records: count}


def _file(file: File) -> Mapping[str, Any]:
    return {name: getattr(file, name) for name in ("key", "rows", "bytes", "sha256")}


def _seconds(delta: timedelta | None) -> float | None:
    return None if delta is None else delta.total_seconds()
