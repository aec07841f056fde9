"""A request on its way through an endpoint, and the page of a job that it may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .faults import Kind
from .jobs import Jobs
from .options import Options
from .replies import Reply, bad_request
from .requests import Received
from .templates import dumped


@dataclass(frozen=True, slots=True)
class Call:
    """A request on its way through an endpoint."""

    received: Received
    fault: Kind | None
    path: Mapping[str, str]  # what the path's variables hold


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
