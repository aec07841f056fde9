"""What both doors do with one set of settings: the command line and the Python API.

Chooses days, exports them, verifies them. Connects to nothing before it must.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from ..api import Budgets, SystemClock
from ..days import Day
from ..errors import Stopped
from ..events import Observe, ignore
from ..export import Choice, DayExporter, DayResult, ExportOptions, Kind, Run, Shield
from ..settings import Settings
from .dates import AnyDay, begun, ended_days
from .exporting import exporters

if TYPE_CHECKING:
    from ..operations.verify.verify import Verifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an exporter is used in: its clock, who observes it, what may stop or not stop it."""

    clock: SystemClock = field(default_factory=SystemClock)
    observe: Observe = ignore
    pending: Callable[[], Stopped | None] = lambda: None
    shield: Shield = nullcontext
    budget: Budgets | None = None
    given: Callable[[str], str] = lambda _org: ""  # the flags that suggested commands repeat


class Work:
    """The work of one set of settings; safe from several threads. To be closed at the end."""

    def __init__(self, settings: Settings, around: Surroundings) -> None:
        """Use checked settings."""
        self.settings, self.around = settings, around
        self._parts: tuple[DayExporter, ...] | None = None
        self._opening, self._closing = Lock(), ExitStack()

    def close(self) -> None:
        """Close the connections; what is asked for later opens new ones."""
        with self._opening:
            self._parts = None
            self._closing.close()

    @property
    def parts(self) -> tuple[DayExporter, ...]:
        """One exporter for each organisation and dataset; raises WrongSettings."""
        around = self.around
        with self._opening:
            if self._parts is None:
                found = exporters(
                    self.settings,
                    clock=around.clock,
                    observe=around.observe,
                    shield=around.shield,
                    budget=around.budget,
                    closing=self._closing,
                )
                self._parts = tuple(found)
            return self._parts

    def results(self, choice: Choice, options: ExportOptions) -> Iterator[DayResult]:
        """Export the chosen days; yield how each ended, as they end."""
        run = Run(
            exporters=self.parts,
            choice=choice,
            options=options,
            at_once=self.at_once(choice),
            pending=self.around.pending,
        )
        return run.results()

    def at_once(self, choice: Choice) -> int:
        """Return how many of the chosen days are exported side by side."""
        return self.settings.backfill.days_at_once if choice.is_range else 1

    def one(self, day: AnyDay, *, called: str) -> Choice:
        """Return the choice of one day; raises WrongUse for none, or one that has not begun."""
        return Choice(Kind.ALONE, (begun(called, day, self.settings, self.around.clock),))

    def due_days(self) -> Choice:
        """Return the choice of all days that are due."""
        newest = begun("", None, self.settings, self.around.clock)
        return Choice(Kind.DUE, (newest,))

    def range(self, start: AnyDay, end: AnyDay, *, called: str = "") -> tuple[Choice, str]:
        """Return the choice of a range, and a sentence about days that have not ended."""
        settings = self.settings
        days, to_come = ended_days(start, end, settings, self.around.clock, called=called)
        newest_first = settings.backfill.order == "newest"
        choice = Choice(Kind.RANGE, days[::-1] if newest_first else days)
        return choice, _left_out(to_come) if to_come else ""

    def verifiers(self, *, source: bool) -> Iterator[Verifier]:
        """Yield who verifies the days of each organisation and dataset; raises WrongSettings."""
        from .examining import verifiers  # noqa: PLC0415 - a run verifies nothing

        around = self.around
        return verifiers(
            self.settings,
            clock=around.clock,
            observe=around.observe,
            source=source,
            given=around.given,
        )


def _left_out(to_come: tuple[Day, ...]) -> str:
    first, last = to_come[0], to_come[-1]
    which = f"{first} has" if first == last else f"{first} to {last} have"
    return f"{which} not ended yet and will not be exported"
