"""The CloudFormation template by cfn-lint; policies and role against what the program asks for."""

from __future__ import annotations

import json
import re

import pytest
from deploy_files import (
    ROOT,
    RUN_FLAGS,
    actions,
    cfn_lint,
    documents,
    flags_of,
    our_s3_actions,
    text,
)

from genesys_export.datasets import NAMES, dataset_named, datasets
from genesys_export.settings.names import VARIABLES

NAME = "ecs-fargate.yaml"
HOW_TO_S3 = (ROOT / "docs/how-to/write-to-s3.md").read_text("utf-8")


@pytest.fixture
def template():
    (only,) = documents(NAME)
    return only


@pytest.fixture
def resources(template):
    return {name: each["Properties"] for name, each in template["Resources"].items()}


@pytest.fixture
def container(resources):
    (only,) = resources["Task"]["ContainerDefinitions"]
    return only


def policies(role):
    return [each["PolicyDocument"] for each in role["Policies"]]


def test_cfn_lint_finds_no_fault_with_the_template(tmp_path):
    assert cfn_lint(NAME, tmp_path) == (0, "")


def test_the_task_may_do_what_the_store_does_and_no_more(resources):
    (policy,) = policies(resources["TaskRole"])
    assert actions(policy, "s3") == our_s3_actions()
    assert {one["Sid"] for one in policy["Statement"]} == {"Objects", "Bucket"}


def test_the_scheduler_may_start_this_task_and_nothing_else(resources):
    (policy,) = policies(resources["SchedulerRole"])
    assert actions(policy, "ecs") == {"ecs:RunTask"}
    assert actions(policy, "iam") == {"iam:PassRole"}
    assert "*" not in json.dumps([one["Resource"] for one in policy["Statement"]])


def test_the_task_runs_as_nobody_with_a_root_that_nobody_writes(container):
    assert container["User"] == "10001:10001"
    assert container["ReadonlyRootFilesystem"] is True
    assert container["LinuxParameters"] == {"InitProcessEnabled": True}


def test_the_tasks_command_and_variables_exist(container):
    words = [word for word in container["Command"] if isinstance(word, str)]
    assert words[0] == "run"
    assert flags_of(words) <= RUN_FLAGS
    assert "--wait" in words  # EventBridge repeats no task that ends with 75
    named = {each["Name"] for each in container["Environment"] + container["Secrets"]}
    assert named - {"AWS_DEFAULT_REGION"} <= VARIABLES.keys()
    assert {each["Name"] for each in container["Secrets"]} == {
        "GENESYS_CLIENT_ID",
        "GENESYS_CLIENT_SECRET",
    }


def test_the_policy_holds_exactly_the_actions_that_the_store_uses():
    policy = json.loads(text("iam-policy.json"))
    assert policy["Version"] == "2012-10-17"
    assert actions(policy, "s3") == our_s3_actions()
    of_bucket = {
        action
        for one in policy["Statement"]
        if not one["Resource"].endswith("/*")
        for action in one["Action"]
    }
    assert of_bucket == {"s3:ListBucket", "s3:ListBucketMultipartUploads"}


def test_the_policy_without_state_holds_what_writing_takes_and_no_more():
    policy = json.loads(text("iam-policy-without-state.json"))
    assert actions(policy, "s3") == {"s3:PutObject", "s3:AbortMultipartUpload"}
    assert [one["Resource"].endswith("/*") for one in policy["Statement"]] == [True]


def test_the_policy_of_announcements_holds_what_the_targets_call():
    policy = json.loads(text("iam-policy-notify.json"))
    source = (ROOT / "src/genesys_export/notify/aws.py").read_text("utf-8")
    called = set(re.findall(r"client\.(publish|get_queue_url|send_message|put_events)\(", source))
    rights = {
        "publish": "sns:Publish",
        "get_queue_url": "sqs:GetQueueUrl",
        "send_message": "sqs:SendMessage",
        "put_events": "events:PutEvents",
    }
    allowed = {action for one in policy["Statement"] for action in one["Action"]}
    assert allowed == {rights[one] for one in called} == {*rights.values()}
    for one in policy["Statement"]:
        service = one["Action"][0].partition(":")[0]
        assert one["Resource"].startswith(f"arn:aws:{service}:")


@pytest.mark.parametrize("name", ["iam-policy.json", "bucket-lifecycle.json"])
def test_the_file_is_what_the_page_shows(name):
    shown = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", HOW_TO_S3, re.DOTALL)]
    assert json.loads(text(name)) in shown


def test_the_lifecycle_rule_ends_uploads_and_nothing_else():
    (rule,) = json.loads(text("bucket-lifecycle.json"))["Rules"]
    assert rule.keys() == {"ID", "Status", "Filter", "AbortIncompleteMultipartUpload"}


def granted(name):
    """Return the permissions of a role, as Genesys writes them."""
    return {
        f"{one['domain']}:{one['entityName']}:{action}"
        for one in json.loads(text(name))["permissionPolicies"]
        for action in one["actionSet"]
    }


def test_the_role_has_the_one_permission_that_its_page_asks_for():
    page = (ROOT / "docs/how-to/genesys-role.md").read_text("utf-8")
    first = page.partition("## 2.")[0]
    assert granted("genesys-role.json") == set(
        re.findall(r"^\| `([\w:]+)` \|", first, re.MULTILINE)
    )


def needed(tables):
    """Return a permission for each list of these tables: any of those that it names will do."""
    sources = [dataset_named(NAMES).table(name).source for name in tables]
    return {one.permissions[0] for one in sources if one and one.permissions}


def test_the_larger_roles_have_every_permission_that_their_tables_need():
    counts = {"analytics:conversationAggregate:view"}
    names = dataset_named(NAMES)
    least = granted("genesys-role.json") | counts
    assert granted("genesys-role-with-names.json") == least | needed(names.lookups)
    others = {
        endpoint.permission
        for each in datasets()
        for endpoint in (each.jobs, each.query, each.aggregates)
        if endpoint
    }
    every = others | needed(table.name for table in names.tables)
    assert granted("genesys-role-with-every-dataset.json") == least | every
