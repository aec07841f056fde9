"""The flags that say how the work is divided: over time, processes and machines."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from .options import HOW, ONCE, WHICH, flag


def _duration(given: str) -> timedelta:
    from ..settings.values import span  # noqa: PLC0415 - heavy

    try:
        return span(given)
    except ValueError as problem:
        raise typer.BadParameter(str(problem)) from problem


Deadline = Annotated[
    timedelta | None,
    typer.Option(
        "--deadline",
        help="End after this long (14m); the next run continues where this one ended.",
        metavar="DURATION",
        rich_help_panel=ONCE,
        parser=_duration,
    ),
]
Shard = Annotated[
    str | None,
    flag(
        "--shard",
        "Export one part of the organisations: 3/16, or auto under Kubernetes and AWS Batch.",
        value="NUMBER/COUNT",
        default="all of them",
        panel=WHICH,
    ),
]
DaysAtOnce = Annotated[
    int | None,
    flag(
        "--days-at-once",
        "Export N days in parallel; they share one rate limit.",
        value="N",
        default="2",
        panel=HOW,
    ),
]
Cluster = Annotated[
    str | None,
    flag(
        "--cluster",
        r"Spread the days over a Dask cluster: its scheduler, or workers here (extra \[dask]).",
        value="tls://HOST:PORT|tcp://HOST:PORT|local:N",
        panel=HOW,
    ),
]
