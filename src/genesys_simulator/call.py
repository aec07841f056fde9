"""A request on its way through an endpoint, and the page of a job that it may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .faults import Kind
from .jobs import Jobs
from .options import Options
from .replies import Reply, answered, bad_request
from .requests import Received
from .templates import dumped


@dataclass(frozen=True, slots=True)
class Call:
    """A request on its way through an endpoint."""

    received: Received
    fault: Kind | None
    path: Mapping[str, str]  # what the path's variables hold


class JobEndpoints:
    """Looking at jobs and forgetting them, the same whatever they are about."""

    jobs: Jobs

    def status(self, call: Call) -> Reply:
        """Look at a job."""
        status = self.jobs.status(call.path["job_id"])
        # 202 is documented for a job that still runs: a client must take both.
        return answered(status, 202 if status["state"] in ("QUEUED", "PENDING") else 200)

    def delete(self, call: Call) -> Reply:
        """Forget a job."""
        self.jobs.delete(call.path["job_id"])
        return Reply(204)


def results(call: Call, jobs: Jobs, options: Options, watermark: str) -> Reply:
    """Give a page of a job's results; raises Refused."""
    query = call.received.query
    size = query.get("pageSize", str(options.page_size))
    if not size.isascii() or not size.isdigit() or int(size) < 1:
        raise bad_request(
            f"Value [{size}] is not valid for query parameter [pageSize].",
            "invalid.query.param.value",
        )
    page = jobs.results(
        call.path["job_id"],
        query.get("cursor"),
        min(int(size), options.max_page_size),
        call.fault,
    )
    comma = b"" if page == b"{" else b","
    last = dumped({"dataAvailabilityDate": watermark})[1:]
    return Reply(200, b"".join((page, comma, last)))
