"""The endpoints of the users' details: jobs, their results, and the synchronous query.

Knows no sockets and no frameworks, like `service`. Their availability is one of its own.
"""

from __future__ import annotations

from . import requests
from .call import Call, JobEndpoints, results
from .jobs import Jobs
from .options import Options
from .replies import Reply, answered
from .requests import body_of
from .templates import Json
from .times import SECOND_MS, text, to_ms
from .user_details import Details, DetailsAsk, found
from .world import World

USER_DETAILS = "analytics:userDetail:view"


class UserDetails(JobEndpoints):
    """Presence and routing status of the users of a simulated Genesys Cloud."""

    def __init__(self, world: World, options: Options) -> None:
        """Serve that world."""
        self._world = world
        self._options = options
        self.jobs = Jobs(options.polls, "user jobs", options.now)

    def availability(self, call: Call) -> Reply:
        """Tell how far the data lake is."""
        del call
        return answered({"dataAvailabilityDate": self._watermark()})

    def submit(self, call: Call) -> Reply:
        """Accept a job; its results are fixed now."""
        body = body_of(call.received, requests.DETAILS_JOB_KEYS)
        return answered(self.jobs.submit(self._found(self._ask(body)), call.fault), 202)

    def results(self, call: Call) -> Reply:
        """Give a page of a job's results."""
        return results(call, self.jobs, self._options, self._watermark())

    def query(self, call: Call) -> Reply:
        """Answer a synchronous query."""
        body = body_of(call.received, requests.DETAILS_QUERY_KEYS)
        ask = self._ask(body)
        start, stop = requests.details_page(body, ask, self._options.query_depth)
        details = self._found(ask)
        rows = b",".join(details.page(start, stop, attributes=False))
        hits = b'"totalHits":%d}' % len(details)
        return Reply(200, b'{"userDetails":[%b],%b' % (rows, hits) if rows else b"{" + hits)

    def _ask(self, body: Json) -> DetailsAsk:
        known_ms = to_ms(self._options.status_watermark)
        late_ms = int(self._options.late_status.total_seconds() * SECOND_MS)
        return requests.details_ask(body, known_ms, late_ms)

    def _found(self, ask: DetailsAsk) -> Details:
        return found(self._world.at(self._options.now()), ask)

    def _watermark(self) -> str:
        return text(to_ms(self._options.status_watermark))
