"""A Genesys Cloud in one process: the contract of its API, made-up organisations, faults.

Used by tests and by the commands `simulate` and `demo`. Imports nothing of genesys_export: it
shares no code with what it tests, so that a misreading of the API can't hide on both sides.

    with serve(World.generated(seed=1, per_day=1_000), Options(polls=3)) as genesys:
        ...  # genesys.base_url, genesys.client_id, genesys.client_secret, genesys.requests
"""

from __future__ import annotations

from .faults import (
    CutBody,
    DeadToken,
    EndlessCursors,
    Fault,
    GarbledBody,
    HtmlPage,
    JobEnds,
    JobUnseen,
    MissingPermission,
    NoConversations,
    RateLimited,
    Refusal,
    RepeatedCursor,
    RepeatedRows,
    Reset,
    Revoked,
    ServerError,
    ShortPage,
    Slow,
)
from .options import Options
from .requests import Received
from .server import Simulator, run, serve
from .world import World

__all__ = [
    "CutBody",
    "DeadToken",
    "EndlessCursors",
    "Fault",
    "GarbledBody",
    "HtmlPage",
    "JobEnds",
    "JobUnseen",
    "MissingPermission",
    "NoConversations",
    "Options",
    "RateLimited",
    "Received",
    "Refusal",
    "RepeatedCursor",
    "RepeatedRows",
    "Reset",
    "Revoked",
    "ServerError",
    "ShortPage",
    "Simulator",
    "Slow",
    "World",
    "run",
    "serve",
]
