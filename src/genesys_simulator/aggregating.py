"""The endpoints of statistics: the synchronous query, and jobs that answer the same.

Knows paths, permissions and bodies; what the statistics are is for `aggregates` to say. A row of a
job's results is a group with all its intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from .aggregate_ask import read_ask
from .aggregate_names import NAMES
from .aggregates import aggregated
from .call import Call, JobEndpoints
from .jobs import Jobs
from .options import Options
from .presences import PRESENCES
from .replies import Reply, answered
from .requests import body_of
from .templates import Json, dumped
from .times import to_ms
from .user_aggregates import user_aggregated
from .world import World


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SHARED = _words(
    "interval granularity timeZone groupBy filter metrics flattenMultivaluedDimensions views "
    "alternateTimeDimension"
)
_MORE = ("queryType", "sortMetric", "limit")
_PERMISSIONS = {
    "conversations": "analytics:conversationAggregate:view",
    "flows": "analytics:flowAggregate:view",
    "users": "analytics:userAggregate:view",
}
Row = tuple[str, str, str, str | None, Callable[[Call], Reply]]


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups that a job found."""

    key: ClassVar[str] = "results"
    found: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.found)

    def page(self, start: int, stop: int, *, attributes: bool) -> list[bytes]:
        """Return those from start to stop."""
        del attributes
        return [*self.found[start:stop]]


class Aggregates(JobEndpoints):
    """Statistics of one kind: conversations, flows, users."""

    def __init__(self, kind: str, world: World, options: Options) -> None:
        """Answer from that world."""
        self._kind, self._world, self._options = kind, world, options
        self._keys = frozenset((*_SHARED, *(_MORE if kind == "conversations" else ())))
        self._sizes: dict[str, int] = {}
        self.jobs = Jobs(options.polls, f"aggregates of {kind}", options.now)

    def rows(self) -> Iterator[Row]:
        """Yield name, method, path, permission and answer of each endpoint."""
        path, needed = f"/api/v2/analytics/{self._kind}/aggregates", _PERMISSIONS[self._kind]
        job = f"{path}/jobs/(?P<job_id>[^/]+)"
        yield "aggregates", "POST", f"{path}/query", needed, self.query
        yield "aggregates_submit", "POST", f"{path}/jobs", needed, self.submit
        yield "aggregates_status", "GET", job, needed, self.status
        yield "aggregates_results", "GET", f"{job}/results", needed, self.results
        yield "aggregates_delete", "DELETE", job, needed, self.delete

    def query(self, call: Call) -> Reply:
        """Answer at once."""
        results = self._results(body_of(call.received, self._keys))
        if self._kind != "users":
            return answered({"results": results})
        mappings = {one.system: [one.ident] for one in PRESENCES if not one.is_own}
        for own in PRESENCES:
            if own.is_own:
                mappings[own.system] = [*mappings[own.system], own.ident]
        return answered({"systemToOrganizationMappings": mappings, "results": results})

    def submit(self, call: Call) -> Reply:
        """Accept a job; its results are fixed now."""
        body = body_of(call.received, self._keys | {"pageSize"})
        groups = Groups(tuple(map(dumped, self._results(body))))
        told = self.jobs.submit(groups, call.fault)
        self._sizes[told["jobId"]] = int(body.get("pageSize") or self._options.page_size)
        return answered(told, 202)

    def results(self, call: Call) -> Reply:
        """Give a page of a job's results."""
        ident = call.path["job_id"]
        size = min(self._sizes.get(ident, 1), self._options.max_page_size)
        page = self.jobs.results(ident, call.received.query.get("cursor"), size, call.fault)
        return Reply(200, page + b"}")

    def _results(self, body: Json) -> list[Json]:
        now, ask = self._options.now(), read_ask(body, NAMES[self._kind])
        add = user_aggregated if self._kind == "users" else aggregated
        return add(self._world.at(now), ask, to_ms(now), self._options.most_aggregates)
