"""Groups whose value is no text: a filter can't ask for them, so nothing is split by them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from fakes import FakeClock, some
from genesys_export.api import AggregateSource, Question
from genesys_export.datasets import dataset_named
from genesys_export.days import Day, Interval
from genesys_export.errors import RequestRefused

MIDNIGHT = Day(date(2026, 11, 22), ZoneInfo("UTC")).interval.start


@dataclass
class Answering:
    """A client of a server that refuses too many users at once, and knows these groups."""

    groups: list[dict[str, Any]]
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def request(self, call: Any, read: Callable[[bytes], Any]) -> Any:
        body = call.body
        self.bodies.append(body)
        asked = [one for one in self.groups if self.is_asked(one, body)]
        if "granularity" in body and len(asked) > 1:
            raise RequestRefused("too large", http_status=413)
        return read(msgspec.json.encode({"results": [{"group": one} for one in asked]}))

    def is_asked(self, group: dict[str, Any], body: dict[str, Any]) -> bool:
        clauses = body.get("filter", {}).get("clauses", ())
        return all(
            any(group.get(one["dimension"]) == one.get("value") for one in clause["predicates"])
            for clause in clauses
        )


@pytest.mark.parametrize("odd", [["b"], 5, {"x": 1}, True])
def test_a_group_value_that_is_no_text_is_read_by_the_other_dimension(odd):
    groups = [{"queueId": odd, "userId": "u"}, {"queueId": "a", "userId": "v"}]
    client: Any = Answering(groups)
    dataset = dataset_named("conversation_aggregates")
    source = AggregateSource(
        endpoint=some(dataset.aggregates),
        question=Question(
            granularity="PT30M",
            timezone="UTC",
            group_by=("queueId", "userId"),
            metrics=("nError",),
        ),
        client=client,
        clock=FakeClock(datetime(2026, 11, 23, 6, tzinfo=UTC)),
    )
    half_hour = Interval(MIDNIGHT, MIDNIGHT.replace(minute=30))
    pages = [*source.fetch(half_hour).pages()]
    found = [msgspec.json.decode(record)["group"] for page in pages for record in page.records]
    assert found == groups
