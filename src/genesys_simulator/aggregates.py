"""Counting conversations: the one use the exporter has for the aggregates query.

Knows nConversations and nConnected, grouped by mediaType or not at all. A conversation counts
where it began: the real service goes by each metric's emission, which for these two is nearly
the same moment.
"""

from __future__ import annotations

from collections import Counter

from .dimensions import objects
from .filters import Filters, read_filters
from .replies import bad_request
from .requests import interval_of
from .selection import Ask, Selection, look, select
from .templates import Json
from .times import text
from .world import Holdings

_METRICS = ("nConversations", "nConnected")
_GROUPS: tuple[list[str], ...] = ([], ["mediaType"])


def aggregated(holdings: Holdings, body: Json, known_ms: int) -> Json:
    """Answer an aggregates query; raises Refused."""
    metrics, group_by = body.get("metrics") or [], body.get("groupBy") or []
    if not metrics or group_by not in _GROUPS or not set(metrics) <= set(_METRICS):
        raise bad_request(f"Not simulated: {metrics} grouped by {group_by}.", "invalid.value")
    interval = interval_of(body)
    ask = Ask(
        interval=interval,
        first_ms=interval.start_ms,
        known_ms=known_ms,
        filters=_filters(body),
    )
    counts = _counts(select(holdings, ask))
    media = sorted({medium for medium, _ in counts if medium}) if group_by else [""]
    written = f"{text(interval.start_ms)}/{text(interval.end_ms)}"
    results = []
    for medium in media:
        found = [(metric, counts[medium, metric]) for metric in metrics if counts[medium, metric]]
        values = [{"metric": metric, "stats": {"count": count}} for metric, count in found]
        group = {"mediaType": medium} if medium else {}
        if values:  # what has no data is left out, not zero
            results.append({"group": group, "data": [{"interval": written, "metrics": values}]})
    return {"results": results}


def _filters(body: Json) -> Filters:
    """Read the one filter of an aggregates query as one of conversations or of segments."""
    one = body.get("filter")
    if one is None:
        return Filters()
    about = str(one)
    if "divisionId" in about or "originatingDirection" in about:
        return read_filters({"conversationFilters": [one]})
    return read_filters({"segmentFilters": [one]})


def _counts(selection: Selection) -> Counter[tuple[str, str]]:
    """Count by medium and metric; the medium "" means all together."""
    counts: Counter[tuple[str, str]] = Counter()
    known: dict[int, Counter[tuple[str, str]]] = {}
    for position in selection.found:
        kind = selection.holdings.kind(position)
        if kind is None:
            counts.update(_of(look(selection.holdings, position)))
            continue
        if kind not in known:
            known[kind] = _of(look(selection.holdings, position))
        counts.update(known[kind])
    return counts


def _of(record: Json) -> Counter[tuple[str, str]]:
    """Count what one conversation adds."""
    found: Counter[tuple[str, str]] = Counter({("", "nConversations"): 1})
    for participant in objects(record.get("participants")):
        for session in objects(participant.get("sessions")):
            medium = str(session.get("mediaType", "unknown"))
            found[medium, "nConversations"] = 1
            for metric in objects(session.get("metrics")):
                if metric.get("name") == "nConnected":
                    found[medium, "nConnected"] += 1
                    found["", "nConnected"] += 1
    return found
