"""What goes to other processes: exporters by their names, results and errors as they are."""

from __future__ import annotations

import inspect
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pkgutil import walk_packages

import pytest

import genesys_export
from genesys_export import Budget, DayResult, Event, Exporter, ExportError, WrongUse, errors
from genesys_export.privacy.rules import Rules, Wishes

DAY = "2025-11-20"
CANARY = "a-made-up-secret-4711"

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
        {"client_secret": CANARY},
        {"genesys": {"client_secret": CANARY}},
        {"orgs": {"emea": {"client_secret": CANARY}}},
        {"proxy": f"http://user:{CANARY}@proxy.example:3128"},
        {"privacy": {"key": CANARY}},
        {"environ": {"GENESYS_CLIENT_SECRET": CANARY}},
        {"environ": {"GENESYS_EXPORT_ORGS__EMEA__CLIENT_SECRET": CANARY}},
        {"environ": {"GENESYS_EXPORT_PRIVACY__KEY": CANARY}},
        {"environ": {"HTTPS_PROXY": f"http://user:{CANARY}@proxy.example:3128"}},
        {"environ": {"AWS_SECRET_ACCESS_KEY": CANARY}},
        {"environ": {"AWS_SESSION_TOKEN": CANARY}},
    ],
    ids=lambda given: "-".join(given.get("environ", given)),
)
def test_a_secret_is_never_pickled(given):
    exporter = Exporter.from_settings(**{"environ": {}, **given})
    with pytest.raises(WrongUse, match="given a secret") as problem:
        pickle.dumps(exporter)
    assert CANARY not in f"{problem.value} {problem.value.advice}"


def test_settings_that_hold_a_secret_are_not_pickled(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text(f'[genesys]\nclient_secret = "{CANARY}"\n')
    plain = Exporter.from_settings(file, environ={})
    assert CANARY.encode() not in pickle.dumps(plain)  # by the name of its file
    for given in ({"client_secret": CANARY}, {"privacy": {"key": CANARY}}, {"file": file}):
        settings = Exporter.from_settings(**{"environ": {}, **given}).settings
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(WrongUse, match="settings with a secret can't be pickled"):
                pickle.dumps(settings, protocol)


def test_privacy_rules_that_hold_a_key_are_not_pickled():
    for rules in (Wishes(key=CANARY), Rules(key=CANARY.encode())):
        with pytest.raises(WrongUse, match="with a key can't be pickled"):
            pickle.dumps(rules)
    assert pickle.loads(pickle.dumps(Rules())) == Rules()


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


def test_a_shard_that_was_found_here_holds_in_the_other_process():
    environ = {"AWS_BATCH_JOB_ARRAY_INDEX": "1", "AWS_BATCH_JOB_ARRAY_SIZE": "4"}
    exporter = Exporter.from_settings(environ=environ, shard="auto")
    environ.clear()  # as it is elsewhere
    again = pickle.loads(pickle.dumps(exporter))
    assert str(exporter.settings.shard) == str(again.settings.shard) == "2/4"


# --- errors ----------------------------------------------------------------------------------

AT = datetime(2026, 11, 29, tzinfo=UTC)
# What the constructors of errors take, by the parameter's name.
SAMPLES: dict[str, object] = {
    "message": "2025-11-20: a sentence",
    "advice": "Another.",
    "retry_at": AT,
    "http_status": 404,
    "code": "not.found",
    "permissions": ("analytics:conversationDetail:view",),
    "signum": 15,
    "by": "should_stop",
    "waited_for": "job",
}


def every_kind(kind: type[ExportError]) -> Iterator[type[ExportError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from every_kind(below)


def of_all_modules() -> list[type[ExportError]]:
    for module in walk_packages(genesys_export.__path__, "genesys_export."):
        if "__main__" not in module.name:
            with suppress(ModuleNotFoundError):  # an extra that is not installed
                import_module(module.name)
    return [kind for kind in every_kind(ExportError) if kind.__module__.startswith("genesys_")]


KINDS = of_all_modules()


def made(kind: type[ExportError], *, full: bool) -> ExportError:
    """Make one, with all that its constructor takes or with no more than it needs."""
    wanted = inspect.signature(kind).parameters.values()
    given = {one.name: SAMPLES[one.name] for one in wanted if full or one.default is one.empty}
    positional = [one.name for one in wanted if one.kind is one.POSITIONAL_OR_KEYWORD]
    first = [given.pop(name) for name in positional if name in given]
    return kind(*first, **given)  # type: ignore[arg-type]


def test_errors_are_found_wherever_they_are_defined():
    names = {kind.__name__ for kind in KINDS}
    assert names > {"LeaseLost", "Damaged", "Abandoned", "RequestRefused", "Stopped"}


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_survives_pickling(kind, full):
    problem = made(kind, full=full)
    problem.aftermath = errors.Aftermath.PUBLISHED
    problem.add_note("a note")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(problem, protocol))
        assert type(again) is kind
        assert vars(again) == vars(problem)
        assert (str(again), again.status, again.args) == (
            str(problem),
            problem.status,
            problem.args,
        )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_error_takes_its_cause_along(kind):
    problem = made(kind, full=True)
    problem.__cause__ = OSError(CANARY)
    assert CANARY.encode() not in pickle.dumps(problem)


def test_when_to_try_again_survives_pickling():
    at = datetime(2026, 11, 29, tzinfo=UTC)
    again = pickle.loads(pickle.dumps(errors.TryAgainLater("early", retry_at=at)))
    assert again.retry_at == at


# --- results ---------------------------------------------------------------------------------


@pytest.mark.parametrize("timezone", ["Europe/Berlin", "America/St_Johns", "Etc/GMT+12", "UTC"])
def test_every_result_survives_pickling_with_its_zone_and_without_a_secret(
    make, genesys, timezone
):
    seen: list[Event] = []
    keywords = {"timezone": timezone, "tables": ["conversations"], "format": "parquet"}
    with make(on_event=seen.append, **keywords) as exporter:
        report = exporter.export(DAY)
        failed = list(exporter.backfill("2025-11-19", DAY))
        found = (
            report,
            *report.results,
            *(one.report for one in report.results if one.report),
            *(one.report.manifest for one in report.results if one.report),
            *failed,
            *exporter.verify(DAY, source=True),
            *exporter.status(),
            *exporter.due()[:3],
            *seen,
        )
    kinds = {type(one).__name__ for one in found}
    assert kinds > {"Report", "DayResult", "DayReport", "Manifest", "Verification", "OrgStatus"}
    for one in found:
        told = pickle.dumps(one)
        assert genesys.client_secret.encode() not in told
        assert pickle.loads(told) == one
    day = pickle.loads(pickle.dumps(report)).results[0].day
    assert day.zone is report.results[0].day.zone


def test_the_result_of_a_day_that_failed_survives_pickling(make, start):
    refusing = start(missing_permissions=frozenset({"analytics:conversationDetail:view"}))
    with make(of=refusing) as exporter:
        (result,) = exporter.backfill(DAY, DAY)
    again = pickle.loads(pickle.dumps(result))
    assert result.problem is not None
    assert (again.status, again.problem.message) == ("failed", result.problem.message)


def test_everything_public_is_there():
    for name in genesys_export.__all__:
        assert getattr(genesys_export, name) is not None
    assert set(genesys_export.__all__) == set(dir(genesys_export))
    with pytest.raises(AttributeError, match="no attribute 'exporters'"):
        _ = genesys_export.exporters
