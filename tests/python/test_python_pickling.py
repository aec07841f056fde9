"""What goes to other processes: exporters by their names, results and errors as they are."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from datetime import UTC, datetime
from inspect import isclass

import pytest

import genesys_export
from genesys_export import Budget, DayResult, Exporter, ExportError, WrongUse, errors
from genesys_export.ledger import Damaged, LeaseLost

DAY = "2025-11-20"
SECRET = "a-made-up-secret-4711"

IN_ANOTHER_PROCESS = """
import pickle, sys
exporter = pickle.load(sys.stdin.buffer)
with exporter:
    sys.stdout.buffer.write(pickle.dumps(exporter.export("2025-11-20").results))
"""


def test_an_exporter_works_in_another_process(genesys, lake, environ):
    exporter = Exporter.from_settings(to=lake, tables=["conversations"], format="parquet")
    told = pickle.dumps(exporter)
    assert genesys.client_secret.encode() not in told
    child = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS],
        input=told,
        capture_output=True,
        env=os.environ | environ(genesys),
        check=True,
    )
    (result,) = pickle.loads(child.stdout)
    assert isinstance(result, DayResult)
    assert (str(result.day), result.status) == (DAY, "published")
    assert exporter.read("conversations", DAY).num_rows == 40


@pytest.mark.parametrize(
    "given",
    [
        {"client_secret": SECRET},
        {"genesys": {"client_secret": SECRET}},
        {"orgs": {"emea": {"client_secret": SECRET}}},
        {"proxy": f"http://user:{SECRET}@proxy.example:3128"},
        {"environ": {"GENESYS_CLIENT_SECRET": SECRET}},
    ],
)
def test_a_secret_is_never_pickled(given):
    exporter = Exporter.from_settings(**{"environ": {}, **given})
    with pytest.raises(WrongUse, match="given a secret") as problem:
        pickle.dumps(exporter)
    assert SECRET not in f"{problem.value} {problem.value.advice}"


def test_a_budget_is_not_shared_between_processes():
    exporter = Exporter.from_settings(environ={}, budget=Budget())
    with pytest.raises(WrongUse, match="with a budget"):
        pickle.dumps(exporter)


def budget_of(org: str) -> Budget:
    assert org == ""
    return Budget(per_minute=30)


def test_what_makes_budgets_goes_to_the_other_process_by_its_name():
    exporter = Exporter.from_settings(environ={}, budget=budget_of)
    again = pickle.loads(pickle.dumps(exporter))
    assert again.around.budget is budget_of


def made(kind: type[ExportError]) -> ExportError:
    if issubclass(kind, errors.Stopped):
        return kind(15)
    if issubclass(kind, errors.RequestRefused):
        return kind("refused", http_status=404, code="not.found", advice="Look.")
    problem = kind("a sentence", advice="Another.")
    problem.aftermath = errors.Aftermath.PUBLISHED
    return problem


KINDS = [
    *(one for one in vars(errors).values() if isclass(one) and issubclass(one, ExportError)),
    Damaged,
    LeaseLost,
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_survives_pickling(kind):
    problem = made(kind)
    again = pickle.loads(pickle.dumps(problem))
    assert type(again) is kind
    assert vars(again) == vars(problem)
    assert (str(again), again.status, again.args) == (
        str(problem),
        problem.status,
        problem.args,
    )


def test_when_to_try_again_survives_pickling():
    at = datetime(2026, 11, 29, tzinfo=UTC)
    again = pickle.loads(pickle.dumps(errors.TryAgainLater("early", retry_at=at)))
    assert again.retry_at == at


def test_everything_public_is_there():
    for name in genesys_export.__all__:
        assert getattr(genesys_export, name) is not None
    assert set(genesys_export.__all__) == set(dir(genesys_export))
    with pytest.raises(AttributeError, match="no attribute 'exporters'"):
        _ = genesys_export.exporters
