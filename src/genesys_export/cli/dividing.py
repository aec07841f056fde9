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
        help="Stop after this long (14m), with status 75; the next run continues.",
        metavar="DURATION",
        rich_help_panel=ONCE,
        parser=_duration,
    ),
]
Shard = Annotated[
    str | None,
    flag(
        "--shard",
        "Export only part NUMBER of COUNT of the organisations, such as 3/16; auto reads it from"
        " AWS Batch or GENESYS_EXPORT_SHARD; auto/16 for Kubernetes.",
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
        r"Spread the days over a Dask cluster (extra \[dask]): its scheduler at tls://HOST:PORT or"
        " tcp://HOST:PORT, or local:N for N workers here. Not with --deadline.",
        value="ADDRESS",
        panel=HOW,
    ),
]
