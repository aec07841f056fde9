"""The Lambda function's image and template: by cfn-lint, and run by moto's Step Functions."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from deploy_files import ROOT, actions, cfn_lint, documents, our_s3_actions, text

from genesys_export import errors
from genesys_export.settings import load
from genesys_export.settings.names import PREFIX, VARIABLES

NAME = "lambda.yaml"
IMAGE = "Dockerfile.lambda"


@pytest.fixture
def resources() -> dict[str, Any]:
    (template,) = documents(NAME)
    return {name: each["Properties"] for name, each in template["Resources"].items()}


@pytest.fixture
def machine(resources) -> dict[str, Any]:
    return resources["Machine"]["Definition"]


def policy(role: dict[str, Any]) -> dict[str, Any]:
    (only,) = role["Policies"]
    return only["PolicyDocument"]


def test_cfn_lint_finds_no_fault_with_the_template(tmp_path):
    assert cfn_lint(NAME, tmp_path) == (0, "")


def test_every_role_may_do_what_it_needs_and_no_more(resources):
    function = policy(resources["FunctionRole"])
    assert actions(function, "s3") == our_s3_actions()
    assert actions(function, "logs") == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert actions(policy(resources["MachineRole"]), "lambda") == {"lambda:InvokeFunction"}
    assert actions(policy(resources["SchedulerRole"]), "states") == {"states:StartExecution"}
    roles = [one for name, one in resources.items() if name.endswith("Role")]
    places = [each["Resource"] for one in roles for each in policy(one)["Statement"]]
    assert '"*"' not in json.dumps(places)


def test_the_functions_variables_exist_and_are_accepted(resources):
    variables = resources["Function"]["Environment"]["Variables"]
    assert {one for one in variables if not one.startswith(PREFIX)} <= VARIABLES.keys()
    given = {name: one for name, one in variables.items() if isinstance(one, str)}
    settings = load(flags={}, environ={**given, f"{PREFIX}EXPORT__TIMEZONE": "UTC"})
    assert settings.export.slices == "auto"


def test_the_function_has_all_the_time_that_lambda_gives(resources, machine):
    assert resources["Function"]["Timeout"] == 900
    assert machine["States"]["Export"]["TimeoutSeconds"] > 900


def test_the_errors_that_are_retried_are_those_that_may_pass(machine):
    (retry,) = machine["States"]["Export"]["Retry"]
    ours = {one for one in retry["ErrorEquals"] if "." not in one}
    passing = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.ExportError)
        if kind.exit_status in {69, 74}
    }
    assert ours == passing - {"RequestRefused"}


def test_the_machine_invokes_the_function_until_nothing_is_left(machine, tmp_path):
    machine["States"]["WaitSomeMinutes"]["Seconds"] = 0
    answers = [
        {"again": True, "retry_at": "2026-11-28T12:00:01Z", "days": []},
        {"again": True, "retry_at": None, "days": []},
        {"again": False, "retry_at": None, "days": []},
    ]
    program = Path(__file__).with_name("step_functions.py")
    done = subprocess.run(
        [sys.executable, program, json.dumps(machine), json.dumps(answers)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    again = ["Export", "IsDone"]
    states = ["Begin", *again, "WaitUntilThen", *again, "WaitSomeMinutes", *again, "Done"]
    assert json.loads(done.stdout) == [*states, "ExecutionSucceeded"]


def instructions() -> dict[str, list[str]]:
    joined = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text(IMAGE), flags=re.MULTILINE))
    found: dict[str, list[str]] = {}
    for line in filter(None, map(str.strip, joined.splitlines())):
        name, _, arguments = line.partition(" ")
        found.setdefault(name, []).append(arguments.strip())
    return found


def test_the_image_runs_the_handler_under_awss_runtime_client():
    told = instructions()
    assert json.loads(told["ENTRYPOINT"][0]) == ["python", "-m", "awslambdaric"]
    (handler,) = json.loads(told["CMD"][0])
    module, _, name = handler.rpartition(".")
    assert callable(getattr(import_module(module), name))
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert '".[lambda]"' in told["RUN"][0]
    assert extras["optional-dependencies"]["lambda"][0].startswith("awslambdaric")


def test_the_image_is_made_like_the_other_one():
    assert text(f"{IMAGE}.dockerignore") == text("Dockerfile.dockerignore")
    other = text("Dockerfile")
    for name in ("ARG", "FROM"):
        assert all(f"{name} {one}\n" in other for one in instructions()[name])
    assert instructions()["COPY"][:2] == re.findall(r"^COPY (.*)$", other, re.MULTILINE)[:2]
