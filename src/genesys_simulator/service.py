"""The API itself: each endpoint takes a request and returns an answer.

Knows no sockets and no frameworks; `app` brings requests and sends answers. Used by one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from . import requests
from .aggregates import aggregated
from .catalogue import Listing
from .faults import Kind
from .jobs import Jobs
from .lists import Asked, Depth, answer, permitted
from .options import Options
from .org import Org
from .replies import Reply, answered, bad_request
from .requests import Received, body_of
from .selection import select
from .templates import dumped
from .times import text, to_ms
from .world import World

DETAILS = "analytics:conversationDetail:view"


@dataclass(frozen=True, slots=True)
class Call:
    """A request on its way through an endpoint."""

    received: Received
    fault: Kind | None
    path: Mapping[str, str]  # what the path's variables hold


class Service:
    """A simulated Genesys Cloud behind its front door."""

    def __init__(self, world: World, options: Options) -> None:
        """Serve that world."""
        self._world = world
        self._options = options
        self.jobs = Jobs(options.polls, "jobs", options.now)

    def availability(self, call: Call) -> Reply:
        """Tell how far the data lake is."""
        del call
        return answered({"dataAvailabilityDate": self._watermark()})

    def submit(self, call: Call) -> Reply:
        """Accept a job; its results are fixed now."""
        body = body_of(call.received, requests.JOB_KEYS)
        ask = requests.job_ask(body, to_ms(self._options.watermark))
        found = select(self._world.at(self._options.now()), ask)
        return answered(self.jobs.submit(found, call.fault), 202)

    def status(self, call: Call) -> Reply:
        """Look at a job."""
        status = self.jobs.status(call.path["job_id"])
        # 202 is documented for a job that still runs: a client must take both.
        return answered(status, 202 if status["state"] in ("QUEUED", "PENDING") else 200)

    def results(self, call: Call) -> Reply:
        """Give a page of a job's results."""
        query = call.received.query
        size = query.get("pageSize", str(self._options.page_size))
        if not size.isascii() or not size.isdigit() or int(size) < 1:
            raise bad_request(
                f"Value [{size}] is not valid for query parameter [pageSize].",
                "invalid.query.param.value",
            )
        page = self.jobs.results(
            call.path["job_id"],
            query.get("cursor"),
            min(int(size), self._options.max_page_size),
            call.fault,
        )
        comma = b"" if page == b"{" else b","
        last = dumped({"dataAvailabilityDate": self._watermark()})[1:]
        return Reply(200, b"".join((page, comma, last)))

    def delete(self, call: Call) -> Reply:
        """Forget a job."""
        self.jobs.delete(call.path["job_id"])
        return Reply(204)

    def query(self, call: Call) -> Reply:
        """Answer a synchronous query."""
        now = self._options.now()
        body = body_of(call.received, requests.QUERY_KEYS)
        ask, start, stop = requests.query_ask(body, to_ms(now), self._options.query_depth)
        found = select(self._world.at(now), ask)
        # Doubles are counted among the hits and fill the pages, but are not shown.
        double = self._options.query_double or len(found) + 2
        rows = found.page(start - start // double, stop - stop // double, attributes=False)
        told = len(found) + len(found) // (double - 1) + self._options.count_bias
        hits = b'"totalHits":%d}' % max(told, 0)
        if not rows:
            return Reply(200, b"{" + hits)
        return Reply(200, b"".join((b'{"conversations":[', b",".join(rows), b"],", hits)))

    def aggregates(self, call: Call) -> Reply:
        """Count conversations."""
        now = self._options.now()
        body = body_of(call.received)
        return answered(aggregated(self._world.at(now), body, to_ms(now)))

    def organization(self, call: Call) -> Reply:
        """Tell whose client asks."""
        del call
        ident = self._options.organization_id
        told = {"id": ident, "name": "Simulated", "selfUri": f"/api/v2/organizations/{ident}"}
        return answered(told)

    def listing(self, listing: Listing) -> Callable[[Call], Reply]:
        """Return the endpoint of a reference list."""
        depth = Depth(self._options.max_list_size, self._options.list_depth)

        def reply(call: Call) -> Reply:
            asked = Asked(call.received.path, call.received.query)
            entities = listing.entities(self._org(), asked.query, call.path)
            return answered(answer(listing, entities, asked, depth))

        return reply

    def permitted(self, call: Call) -> Reply:
        """Tell in which divisions the client has a permission."""
        asked = call.received.query
        if asked.get("permission") in self._options.missing_permissions:
            return answered(permitted(self._org(), asked, ()))
        return answered(permitted(self._org(), asked, self._options.divisions))

    def _org(self) -> Org:
        return self._world.at(self._options.now()).org

    def _watermark(self) -> str:
        return text(to_ms(self._options.watermark))
