"""The manifest against the published names of fields (kubernetes_fields.py), and against us.

No cluster and no kubeconform is asked: what a server's admission would add is not checked.
"""

from __future__ import annotations

import copy
import tomllib
from zoneinfo import ZoneInfo

import pytest
from deploy_files import MENDED_BY_NOTHING, RUN_FLAGS, documents, flags_of
from kubernetes_fields import FIELDS, faults

from genesys_export.settings import load

NAME = "kubernetes-cronjob.yaml"
SECRETS = {"GENESYS_CLIENT_ID": "somebody", "GENESYS_CLIENT_SECRET": "secret"}


@pytest.fixture
def objects():
    return {each["kind"]: each for each in documents(NAME)}


@pytest.fixture
def pod(objects):
    return objects["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]


@pytest.fixture
def container(pod):
    (only,) = pod["containers"]
    return only


def test_every_field_is_one_that_kubernetes_knows(objects):
    versions = {kind: each["apiVersion"] for kind, each in objects.items()}
    assert versions == {"ServiceAccount": "v1", "ConfigMap": "v1", "CronJob": "batch/v1"}
    assert [f for kind, each in objects.items() for f in faults(each, kind, kind)] == []


def test_a_wrong_field_would_be_found(objects):
    broken = copy.deepcopy(objects["CronJob"])
    broken["spec"]["timezone"] = broken["spec"].pop("timeZone")
    broken["spec"]["jobTemplate"]["spec"]["backoffLimit"] = "6"
    del broken["spec"]["schedule"]
    assert sorted(faults(broken, "CronJob", "CronJob")) == [
        "CronJob.spec has no schedule",
        "CronJob.spec knows no timezone",
        "CronJob.spec.jobTemplate.spec.backoffLimit is no int",
    ]
    kinds = {name.strip("[]") for fields in FIELDS.values() for name in fields.values()}
    assert kinds <= {*FIELDS, "str", "int", "bool", "{}"}


def test_the_choices_are_among_those_that_there_are(objects, pod):
    spec = objects["CronJob"]["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    ZoneInfo(spec["timeZone"])  # raises where there is no such zone
    assert len(spec["schedule"].split()) == 5
    assert pod["restartPolicy"] == "Never"  # the only one that goes with a podFailurePolicy


def test_only_what_a_repetition_can_mend_is_repeated(objects, container):
    rules = objects["CronJob"]["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    by_action = {rule["action"]: rule for rule in rules}
    assert list(by_action) == ["FailJob", "Ignore"]
    exits = by_action["FailJob"]["onExitCodes"]
    assert exits["containerName"] == container["name"]
    assert (exits["operator"], exits["values"]) == ("In", MENDED_BY_NOTHING)


def test_it_runs_as_nobody_and_writes_nowhere(pod, container):
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] == 10001
    own = container["securityContext"]
    assert own["readOnlyRootFilesystem"]
    assert not own["allowPrivilegeEscalation"]
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert all(mount["readOnly"] for mount in container["volumeMounts"])


def test_other_services_put_no_variables_into_it(pod):
    assert pod["enableServiceLinks"] is False


def test_every_name_that_is_referred_to_is_there(objects, pod, container):
    assert pod["serviceAccountName"] == objects["ServiceAccount"]["metadata"]["name"]
    (volume,) = pod["volumes"]
    assert volume["configMap"]["name"] == objects["ConfigMap"]["metadata"]["name"]
    assert [mount["name"] for mount in container["volumeMounts"]] == [volume["name"]]


def test_the_settings_it_mounts_are_found_and_taken(objects, container, tmp_path):
    (mount,) = container["volumeMounts"]
    assert container["workingDir"] == mount["mountPath"]
    for name, text in objects["ConfigMap"]["data"].items():
        tomllib.loads(text)
        (tmp_path / name).write_text(text)
    settings = load(flags={}, environ=SECRETS, cwd=tmp_path)
    assert settings.log.format == "json"


def test_the_flags_of_its_command_exist(container):
    assert container["args"][0] == "run"
    assert flags_of(container["args"]) <= RUN_FLAGS
