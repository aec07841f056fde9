"""AWS Lambda: exports what fits into one invocation, and says whether and when to invoke again.

The event chooses: {} exports the days that are due, {"day": "2026-11-22"} one day; "org" and
"dataset" narrow both. Settings come from the environment, and from ./genesys-export.toml where the
image has one. Returns no secret: messages are redacted like every error.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from ..api import SystemClock
from ..errors import DeadlineReached, TryAgainLater, WrongSettings, WrongUse
from ..export import DayResult, ExportOptions, gravest, in_order
from ..exporter import Exporter
from ..progress import progress

_KEYS = {"org", "day", "dataset"}
_OF_A_SCHEDULE = "detail-type"  # EventBridge's own event chooses nothing
# What remains after the deadline: for an answer under way or for publishing, then at most ten
# seconds for deleting jobs.
_LEAST_MARGIN_S, _MOST_MARGIN_S = 20.0, 90.0


class Context(Protocol):
    """What the handler uses of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the function is killed."""
        ...


def handler(event: Mapping[str, Any] | None, context: Context) -> dict[str, Any]:
    """Export until shortly before the function's timeout; return what became of each day.

    `again` is true if another invocation has something to do, from `retry_at` on (None: at any
    time). Raises the gravest error where another invocation would not help by itself.
    """
    clock = SystemClock()
    left_s = context.get_remaining_time_in_millis() / 1000
    deadline = timedelta(seconds=left_s - _margin_s(left_s))
    if deadline <= timedelta(0):
        raise WrongUse(
            f"the function has {left_s:.0f} s left, too little to export anything",
            advice="Set its timeout to a minute or more; 15 minutes is the most.",
        )
    asked = _asked({} if event is None else event)
    with (
        progress(sys.stderr, format="json", clock=clock) as observe,
        Exporter.from_settings(
            org=asked.get("org"), datasets=asked.get("dataset"), on_event=observe
        ) as exporter,
    ):
        if exporter.settings.destination.state == "off":
            raise WrongSettings(
                "an export in several invocations needs the destination's state",
                advice='Remove state = "off" from [destination].',
            )
        day = asked.get("day")
        choice = exporter.one(day, called="day") if day else exporter.due_days()
        return answer(in_order(exporter.results(choice, ExportOptions(deadline=deadline))))


def answer(results: Sequence[DayResult]) -> dict[str, Any]:
    """Return what the handler returns; raises the gravest error unless a deadline comes first.

    Where work is unfinished, the next invocations finish it and meet the other errors again.
    """
    problems = [one.problem for one in results if one.problem]
    is_unfinished = any(isinstance(one, DeadlineReached) for one in problems)
    others = [one for one in results if not isinstance(one.problem, TryAgainLater)]
    if not is_unfinished and (failure := gravest(others)):
        raise failure
    later = [one for one in problems if isinstance(one, TryAgainLater)]
    known = [one.retry_at for one in later if one.retry_at]
    return {
        "again": bool(later),
        "retry_at": _iso(min(known)) if known else None,
        "days": [_told(one) for one in results],
    }


def _asked(event: object) -> dict[str, Any]:
    """Return what the event asks for; raises WrongUse where it can't be understood."""
    if not isinstance(event, Mapping):
        raise WrongUse("the event is not a JSON object", advice="{} exports the due days.")
    if _OF_A_SCHEDULE in event:
        return {}
    if unknown := sorted(map(str, event.keys() - _KEYS)):
        raise WrongUse(
            f"the event has a key that means nothing here: {', '.join(unknown)}",
            advice="An event can have org, day and dataset.",
        )
    given = {name: value for name, value in event.items() if value is not None}
    for name, value in given.items():
        words = value if name == "dataset" and isinstance(value, list) else [value]
        if not all(isinstance(one, str) for one in words):
            raise WrongUse(f"{name} in the event is not a string", advice="Put it in quotes.")
    return given


def _margin_s(left_s: float) -> float:
    return min(_MOST_MARGIN_S, max(_LEAST_MARGIN_S, left_s / 10))


def _told(result: DayResult) -> dict[str, Any]:
    return {
        "org": result.org,
        "dataset": result.dataset,
        "day": str(result.day),
        "status": result.status,
        "exit_status": result.exit_status,
        "message": result.message,
        "retry_at": _iso(result.retry_at) if result.retry_at else None,
    }


def _iso(at: datetime) -> str:
    """Return the next whole second, as Step Functions reads it."""
    whole = at.replace(microsecond=0) + timedelta(seconds=bool(at.microsecond))
    return whole.strftime("%Y-%m-%dT%H:%M:%SZ")
