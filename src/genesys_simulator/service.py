"""The API itself: each endpoint takes a request and returns an answer.

Knows no sockets and no frameworks; `app` brings requests and sends answers. Used by one thread.
"""

from __future__ import annotations

from collections.abc import Callable

from . import requests
from .aggregate_names import NAMES
from .aggregating import Aggregates
from .call import Call, JobEndpoints, results
from .catalogue import Listing
from .jobs import Jobs
from .lists import Asked, Depth, answer, permitted
from .options import Options
from .org import Org
from .replies import Reply, answered
from .requests import body_of
from .selection import select
from .times import text, to_ms
from .user_service import UserDetails
from .world import World

DETAILS = "analytics:conversationDetail:view"


class Service(JobEndpoints):
    """A simulated Genesys Cloud behind its front door."""

    def __init__(self, world: World, options: Options) -> None:
        """Serve that world."""
        self._world = world
        self._options = options
        self.jobs = Jobs(options.polls, "jobs", options.now)
        self.user_details = UserDetails(world, options)
        self.aggregates = {name: Aggregates(name, world, options) for name in NAMES}

    def states(self) -> dict[str, str]:
        """Return the state of every job that was not deleted."""
        of_aggregates = (one.jobs for one in self.aggregates.values())
        every = (self.jobs, self.user_details.jobs, *of_aggregates)
        return {job: state for jobs in every for job, state in jobs.states().items()}

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

    def results(self, call: Call) -> Reply:
        """Give a page of a job's results."""
        return results(call, self.jobs, self._options, self._watermark())

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
