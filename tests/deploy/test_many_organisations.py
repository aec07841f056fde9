"""The files that divide organisations among tasks and pods: by their linters, and against us.

The state machine runs in moto's interpreter, its one task replaced; nothing else was run.
"""

from __future__ import annotations

import json
import re
import time
import tomllib
from secrets import token_hex
from typing import Any

import boto3
import pytest
import typer
from deploy_files import (
    MENDED_BY_NOTHING,
    ROOT,
    RUN_FLAGS,
    actions,
    cfn_lint,
    documents,
    flags_of,
    our_s3_actions,
)
from kubernetes_fields import faults
from moto import mock_aws

from genesys_export.cli import app
from genesys_export.settings import load
from genesys_export.settings.names import SHARD, VARIABLES
from genesys_export.settings.shards import read_shard

BATCH, MAP, JOB = "aws-batch-array.yaml", "step-functions-map.yaml", "kubernetes-indexed-job.yaml"
BACKFILL_FLAGS = {
    flag
    for option in typer.main.get_group(app).commands["backfill"].params
    for flag in option.opts
}
ORG_SECRET = re.compile(r"GENESYS_EXPORT_ORGS__\w+__CLIENT_SECRET")


def resources(name: str) -> dict[str, Any]:
    (only,) = documents(name)
    return {key: each["Properties"] for key, each in only["Resources"].items()}


def containers() -> dict[str, dict[str, Any]]:
    (task,) = resources(MAP)["Task"]["ContainerDefinitions"]
    return {BATCH: resources(BATCH)["Export"]["ContainerProperties"], MAP: task}


def words(command: list[Any]) -> list[str]:
    return [word for word in command if isinstance(word, str)]


@pytest.mark.parametrize("name", [BATCH, MAP])
def test_cfn_lint_finds_no_fault_with_the_template(name, tmp_path):
    assert cfn_lint(name, tmp_path) == (0, "")


@pytest.mark.parametrize("name", [BATCH, MAP])
def test_the_task_may_do_what_the_store_does_and_no_more(name):
    (policy,) = resources(name)["TaskRole"]["Policies"]
    assert actions(policy["PolicyDocument"], "s3") == our_s3_actions()


@pytest.mark.parametrize("name", [BATCH, MAP])
def test_the_command_and_the_variables_exist(name):
    container = containers()[name]
    command = words(container["Command"])
    assert command[:3] == ["run", "--shard", "auto"]
    assert flags_of(command) <= RUN_FLAGS
    assert container["User"] == "10001:10001"
    assert container["ReadonlyRootFilesystem"] is True
    plain = {each["Name"] for each in container["Environment"]}
    assert plain - {"AWS_DEFAULT_REGION"} <= VARIABLES.keys()
    assert all(ORG_SECRET.fullmatch(each["Name"]) for each in container["Secrets"])


def test_batch_tries_again_what_a_repetition_can_mend_and_nothing_else():
    strategy = resources(BATCH)["Export"]["RetryStrategy"]
    assert {each["Action"] for each in strategy["EvaluateOnExit"]} == {"EXIT"}
    assert [int(each["OnExitCode"]) for each in strategy["EvaluateOnExit"]] == MENDED_BY_NOTHING


def test_the_array_that_is_submitted_every_night_has_a_child_for_each_shard():
    found = resources(BATCH)
    submitted = found["EveryNight"]["Target"]["Input"]["Fn::Sub"].replace("${Shards}", "16")
    assert json.loads(submitted)["ArrayProperties"] == {"Size": 16}
    (policy,) = found["SchedulerRole"]["Policies"]
    assert actions(policy["PolicyDocument"], "batch") == {"batch:SubmitJob"}


def state_machine(failing: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the state machine of four shards; instead of a task, some of them just fail."""
    text = resources(MAP)["Machine"]["DefinitionString"]
    values = {name: name for name in resources(MAP)["Machine"]["DefinitionSubstitutions"]}
    for name, value in {**values, "Shards": "4", "AtOnce": "2"}.items():
        text = text.replace(f"${{{name}}}", value)
    machine = json.loads(text)
    states = machine["States"]["Shards"]["ItemProcessor"]["States"]
    fails = [{"Variable": "$.shard", "StringEquals": one, "Next": "Failed"} for one in failing]
    never = {"Variable": "$.shard", "StringEquals": "", "Next": "Failed"}
    states["Export"] = {"Type": "Choice", "Choices": [*fails, never], "Default": "Exported"}
    states["Exported"] = {
        "Type": "Pass",
        "Parameters": {"failed": False, "shard.$": "$.shard"},
        "End": True,
    }
    return machine


LONGEST_S = 60


def executed(machine: dict[str, Any]) -> dict[str, Any]:
    """Run a state machine to its end and return its execution."""
    moto = mock_aws(config={"stepfunctions": {"execute_state_machine": True}})
    moto.start(reset=False)  # other tests' buckets are in a moto server of this process
    try:
        given: Any = {"aws_access_key_id": "nobody", "aws_secret_access_key": "nothing"}
        client: Any = boto3.client("stepfunctions", "eu-central-1", **given)
        role = "arn:aws:iam::123456789012:role/machine"
        made = client.create_state_machine(
            name=f"shards-{token_hex(4)}", definition=json.dumps(machine), roleArn=role
        )
        begun = client.start_execution(stateMachineArn=made["stateMachineArn"])
        ends_s = time.monotonic() + LONGEST_S
        while time.monotonic() < ends_s:
            found = client.describe_execution(executionArn=begun["executionArn"])
            if found["status"] != "RUNNING":
                return dict(found)
            time.sleep(0.05)
    finally:
        moto.stop(remove_data=False)
    raise AssertionError("it does not end")


def test_the_map_gives_every_task_a_shard_that_we_understand():
    found = executed(state_machine())
    assert found["status"] == "SUCCEEDED"
    machine = state_machine()
    machine["States"]["Shards"].pop("Next")
    machine["States"]["Shards"]["End"] = True
    shards = [each["shard"] for each in json.loads(executed(machine)["output"])]
    assert shards == [str(read_shard("auto", {SHARD: shard})) for shard in shards]
    assert shards == ["1/4", "2/4", "3/4", "4/4"]


def test_a_shard_that_fails_ends_no_other_and_the_map_says_so_at_its_end():
    found = executed(state_machine(failing=("2/4", "4/4")))
    assert (found["status"], found["error"]) == ("FAILED", "ShardsFailed")


def test_the_map_starts_the_task_with_the_variable_that_auto_reads():
    definition = resources(MAP)["Machine"]["DefinitionString"]
    assert f'{{"Name": "{SHARD}", "Value.$": "$.shard"}}' in definition
    (policy,) = resources(MAP)["MachineRole"]["Policies"]
    assert actions(policy["PolicyDocument"], "ecs") == {
        "ecs:RunTask",
        "ecs:StopTask",
        "ecs:DescribeTasks",
    }


@pytest.fixture
def objects():
    return {each["kind"]: each for each in documents(JOB)}


def pods(objects) -> dict[str, dict[str, Any]]:
    """Return the spec of each kind of job."""
    nightly = objects["CronJob"]["spec"]["jobTemplate"]["spec"]
    return {"backfill": objects["Job"]["spec"], "run": nightly}


def test_every_field_is_one_that_kubernetes_knows(objects):
    versions = {kind: each["apiVersion"] for kind, each in objects.items()}
    assert versions == {
        "ServiceAccount": "v1",
        "ConfigMap": "v1",
        "Job": "batch/v1",
        "CronJob": "batch/v1",
    }
    assert [f for kind, each in objects.items() for f in faults(each, kind, kind)] == []


def test_every_pod_is_told_how_many_there_are(objects):
    known = {"run": RUN_FLAGS, "backfill": BACKFILL_FLAGS}
    for command, spec in pods(objects).items():
        (container,) = spec["template"]["spec"]["containers"]
        args = container["args"]
        assert args[0] == command
        assert flags_of(args) <= known[command]
        assert spec["completionMode"] == "Indexed"
        assert args[args.index("--shard") + 1] == f"auto/{spec['completions']}"
        last = read_shard(
            f"auto/{spec['completions']}", {"JOB_COMPLETION_INDEX": str(spec["completions"] - 1)}
        )
        assert str(last) == f"{spec['completions']}/{spec['completions']}"


def test_a_shard_that_cannot_be_mended_ends_alone(objects):
    for spec in pods(objects).values():
        first, second = spec["podFailurePolicy"]["rules"]
        assert (first["action"], second["action"]) == ("FailIndex", "Ignore")
        assert first["onExitCodes"]["values"] == MENDED_BY_NOTHING
        assert spec["backoffLimitPerIndex"] > 0  # FailIndex is for jobs that count by index
        assert "backoffLimit" not in spec
        assert spec["template"]["spec"]["restartPolicy"] == "Never"


def test_the_pods_run_as_nobody_and_differ_by_their_command_alone(objects):
    nightly, backfill = (
        {**pods(objects)[name]["template"]["spec"]["containers"][0], "args": []}
        for name in ("run", "backfill")
    )
    assert nightly == backfill
    (single,) = documents("kubernetes-cronjob.yaml")[-1]["spec"]["jobTemplate"]["spec"][
        "template"
    ]["spec"]["containers"]
    assert nightly["securityContext"] == single["securityContext"]


def test_the_settings_name_organisations_whose_secrets_are_variables(objects, tmp_path):
    for name, text in objects["ConfigMap"]["data"].items():
        orgs = tomllib.loads(text)["orgs"]
        (tmp_path / name).write_text(text)
    environ = {f"GENESYS_EXPORT_ORGS__{one.upper()}__CLIENT_SECRET": "hush" for one in orgs}
    settings = load(flags={"shard": "2/2"}, environ=environ, cwd=tmp_path)
    assert [org.name for org in settings.require_source()] == sorted(orgs)[1::2]


def test_the_page_says_what_could_not_be_run():
    page = (ROOT / "docs/how-to/many-organisations.md").read_text("utf-8")
    for name in (BATCH, MAP, JOB):
        assert f"deploy/{name}" in page
    assert "## How these files were tested" in page
