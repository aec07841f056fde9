"""The service level of a queue: of those answered or abandoned, the share answered in time.

Told where groups have a queue, with the queue's target for the medium.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .templates import Json
from .world import Holdings

JUDGED = ("tAnswered", "tAbandon", "nOverSla")
LEVEL, TARGET = "oServiceLevel", "oServiceTarget"
_USUAL_TARGET = 0.8
_SETTINGS = {"voice": "call", "callback": "callback", "chat": "chat", "email": "email"}
Stats = list[int]  # count, sum, min, max


@dataclass(slots=True)
class Levels:
    """The service levels of an organisation's queues."""

    holdings: Holdings
    _settings: dict[str, Json] | None = field(default=None)

    def stats(self, name: str, cell: dict[str, Stats], group: dict[str, str]) -> Json | None:
        """Return a cell's service level, or the target of it; None where there is none."""
        if "queueId" not in group:
            return None
        target = self._target(group["queueId"], group.get("mediaType", "voice"))
        if name == TARGET:
            return {"current": target}
        answered, abandoned, over = (cell.get(one, [0])[0] for one in JUDGED)
        in_time, visits = max(0, answered - over), answered + abandoned
        if not visits:
            return None
        return {
            "ratio": in_time / visits,
            "numerator": in_time,
            "denominator": visits,
            "target": target,
        }

    def _target(self, queue: str, medium: str) -> float:
        """Return the queue's target for a medium."""
        if self._settings is None:
            queues = self.holdings.org.queues
            self._settings = {one["id"]: one.get("mediaSettings", {}) for one in queues}
        told = self._settings.get(queue, {}).get(_SETTINGS.get(medium, "message"), {})
        return float(told.get("serviceLevel", {}).get("percentage", _USUAL_TARGET))
