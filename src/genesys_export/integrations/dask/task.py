"""What crosses the wire: the chunk a worker is asked for, and what became of it.

Names and dates only: a worker reads its own settings file and environment, so that no secret is in
a task, its key, a log or a dashboard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ...errors import ExportError, WrongUse
from ...export import DayResult, ExportOptions
from ...settings import Flags, Settings, load
from ...settings.keywords import from_keywords
from ...settings.notify import Notify
from ...settings.telemetry import Telemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a worker makes its settings: what this run was told, never what it found."""

    flags: Flags = field(default_factory=Flags)
    keywords: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse secrets."""
        if from_keywords(self.keywords).secrets():
            raise WrongUse(
                "a secret can't be sent to a cluster",
                advice="Put it into the environment of the workers (such as"
                " GENESYS_CLIENT_SECRET), or into the settings file that they read.",
            )

    def settings(self, org: str) -> Settings:
        """Return the settings as this process reads them; raises WrongSettings."""
        flags: Flags = {**self.flags, "org": org or None}
        return load(flags=flags, keywords=self.keywords)

    def of_worker(self, org: str) -> Settings:
        """Return the settings of a task: only the client announces days and reports the run.

        It alone knows which of them are final: a chunk is no run, and a failed day may come again.
        """
        off = {"notify": Notify(), "telemetry": Telemetry()}
        return self.settings(org).model_copy(update=off)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A chunk of days of one organisation, as a worker is asked for it."""

    recipe: Recipe
    org: str  # "" for the only organisation
    first: date
    last: date
    options: ExportOptions
    version: str  # of genesys-export
    topic: str  # where events are told
    workers_per_org: int = 1


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of the days of a task, tried or not; or the error that came before any day."""

    outcome: tuple[DayResult, ...] | ExportError


class Lost:
    """What became of a task that no worker has any more."""


class Killed:
    """What became of a task whose workers died, each time it was tried."""


Outcome = Ended | Lost | Killed
