"""Where an error nobody thought of ends: at its own day, or at its own organisation."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fakes import FakeClock, orgs_of
from genesys_export.datasets import DEFAULT, dataset_named
from genesys_export.days import Day
from genesys_export.errors import Bug, DestinationFailed
from genesys_export.events import ignore
from genesys_export.export import Choice, Kind, Run

DAY = Day(date(2026, 11, 22), ZoneInfo("UTC"))


class Broken:
    """An exporter that ends with an error of any kind."""

    def __init__(self, problem: Exception) -> None:
        dataset = dataset_named(DEFAULT)
        whose = {"org": "", "dataset": dataset.name}
        plan = SimpleNamespace(org="", dataset=dataset, whose=whose, after=())
        self.deps = SimpleNamespace(
            plan=plan, clock=FakeClock(), observe=ignore, disconnect=lambda: None
        )
        self._problem = problem

    def export(self, *_):
        raise self._problem


@pytest.mark.parametrize(
    ("problem", "kind", "told"),
    [
        (KeyError("customer 4711"), Bug, "2026-11-22: a bug: KeyError"),
        (
            OSError(28, "No space left on device", "/tmp/customer-4711"),
            DestinationFailed,
            "2026-11-22: reading or writing failed: No space left on device",
        ),
    ],
)
def test_an_error_nobody_thought_of_is_the_outcome_of_its_day(problem, kind, told):
    broken: Any = Broken(problem)
    choice = Choice(Kind.ALONE, (DAY,))
    (outcome,) = Run(orgs=orgs_of(broken), choice=choice, clock=FakeClock()).results()
    assert outcome.problem is not None
    assert type(outcome.problem) is kind
    assert outcome.problem.message == told
    assert outcome.problem.__cause__ is problem
    assert "4711" not in f"{outcome.problem} {outcome.problem.advice}"
