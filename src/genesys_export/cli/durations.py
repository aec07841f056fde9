"""The flag that says how long a run may take."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from .options import ONCE


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
