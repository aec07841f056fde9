"""A process that serves simulated Genesys Clouds, one after another, as it is told line by line.

A line on stdin is a JSON object: the world (seed, per_day), how the day changes and when, the
faults. The answer on stdout is a JSON object: where it listens. Imports the simulator only.
"""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from typing import Any

from genesys_simulator import (
    CutBody,
    DeadToken,
    Fault,
    JobEnds,
    Options,
    RateLimited,
    RepeatedRows,
    Reset,
    ServerError,
    ShortPage,
    Slow,
    World,
    serve,
)

KINDS: dict[str, Any] = {
    "503": ServerError(503),
    "502 as a page": ServerError(502),
    "429": RateLimited("1"),
    "cut answer": CutBody(),
    "reset": Reset(),
    "slow": Slow(0.3),
    "dead token": DeadToken(),
    "job failed": JobEnds("FAILED"),
    "job expired": JobEnds("EXPIRED", after_pages=1),
    "repeated rows": RepeatedRows(),
    "short page": ShortPage(),
}


def world_of(told: dict) -> World:
    """Return a world that changes once, so many seconds from now (null: never)."""
    day = date.fromisoformat(told["day"])
    early = World.generated(seed=told["seed"], per_day=told["per_day"])
    late = early.altered(day, drop=3, change=5, add=4)
    if told["changes_in_s"] is None:
        return late if told["late"] else early
    return early.until(datetime.now(UTC) + timedelta(seconds=told["changes_in_s"]), late)


def main() -> None:
    with ExitStack() as stack:
        for line in sys.stdin:
            told = json.loads(line)
            stack.close()
            faults = tuple(
                Fault(one["on"], one["nth"], KINDS[one["kind"]]) for one in told["faults"]
            )
            options = Options(faults=faults, page_size=100, polls=told["polls"])
            simulator = stack.enter_context(serve(world_of(told), options))
            answer = {
                "base_url": simulator.base_url,
                "client_id": simulator.client_id,
                "client_secret": simulator.client_secret,
            }
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
