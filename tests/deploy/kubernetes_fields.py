"""The fields of the Kubernetes objects that we use, and of what type each is.

Noted from the models of Kubernetes' own Python client, 37.0.2 (API 1.37), in November 2026: types
that our manifest does not use are left out, and where a field is missing, the test says so.
A name in capitals is an object of this table; "[X]" a list of X; "{}" a map of texts.
"""

from __future__ import annotations

FIELDS: dict[str, dict[str, str]] = {
    "ServiceAccount": {
        "apiVersion": "str",
        "kind": "str",
        "metadata": "Meta",
        "automountServiceAccountToken": "bool",
    },
    "ConfigMap": {
        "apiVersion": "str",
        "kind": "str",
        "metadata": "Meta",
        "data": "{}",
        "immutable": "bool",
    },
    "CronJob": {"apiVersion": "str", "kind": "str", "metadata": "Meta", "spec": "CronJobSpec"},
    "Job": {"apiVersion": "str", "kind": "str", "metadata": "Meta", "spec": "JobSpec"},
    "Meta": {"name": "str", "namespace": "str", "labels": "{}", "annotations": "{}"},
    "CronJobSpec": {
        "schedule": "str",
        "timeZone": "str",
        "concurrencyPolicy": "str",
        "startingDeadlineSeconds": "int",
        "successfulJobsHistoryLimit": "int",
        "failedJobsHistoryLimit": "int",
        "suspend": "bool",
        "jobTemplate": "JobTemplate",
    },
    "JobTemplate": {"metadata": "Meta", "spec": "JobSpec"},
    "JobSpec": {
        "activeDeadlineSeconds": "int",
        "backoffLimit": "int",
        "backoffLimitPerIndex": "int",
        "completionMode": "str",
        "completions": "int",
        "parallelism": "int",
        "podFailurePolicy": "FailurePolicy",
        "suspend": "bool",
        "template": "PodTemplate",
        "ttlSecondsAfterFinished": "int",
    },
    "FailurePolicy": {"rules": "[FailureRule]"},
    "FailureRule": {
        "action": "str",
        "onExitCodes": "OnExitCodes",
        "onPodConditions": "[OnCondition]",
    },
    "OnExitCodes": {"containerName": "str", "operator": "str", "values": "[int]"},
    "OnCondition": {"type": "str", "status": "str"},
    "PodTemplate": {"metadata": "Meta", "spec": "PodSpec"},
    "PodSpec": {
        "restartPolicy": "str",
        "serviceAccountName": "str",
        "automountServiceAccountToken": "bool",
        "enableServiceLinks": "bool",
        "terminationGracePeriodSeconds": "int",
        "securityContext": "PodSecurity",
        "containers": "[Container]",
        "volumes": "[Volume]",
    },
    "PodSecurity": {
        "runAsNonRoot": "bool",
        "runAsUser": "int",
        "runAsGroup": "int",
        "fsGroup": "int",
        "seccompProfile": "Seccomp",
    },
    "Seccomp": {"type": "str", "localhostProfile": "str"},
    "Container": {
        "name": "str",
        "image": "str",
        "imagePullPolicy": "str",
        "command": "[str]",
        "args": "[str]",
        "workingDir": "str",
        "envFrom": "[EnvFrom]",
        "securityContext": "ContainerSecurity",
        "resources": "Resources",
        "volumeMounts": "[VolumeMount]",
    },
    "EnvFrom": {"secretRef": "Reference", "configMapRef": "Reference", "prefix": "str"},
    "Reference": {"name": "str", "optional": "bool"},
    "ContainerSecurity": {
        "allowPrivilegeEscalation": "bool",
        "readOnlyRootFilesystem": "bool",
        "runAsNonRoot": "bool",
        "privileged": "bool",
        "capabilities": "Capabilities",
    },
    "Capabilities": {"add": "[str]", "drop": "[str]"},
    "Resources": {"requests": "{}", "limits": "{}"},
    "VolumeMount": {"name": "str", "mountPath": "str", "readOnly": "bool", "subPath": "str"},
    "Volume": {"name": "str", "configMap": "Reference", "secret": "Reference"},
}
# What an object can't do without.
REQUIRED = {
    "CronJobSpec": {"schedule", "jobTemplate"},
    "JobSpec": {"template"},
    "FailurePolicy": {"rules"},
    "FailureRule": {"action"},
    "OnExitCodes": {"operator", "values"},
    "OnCondition": {"type", "status"},
    "PodSpec": {"containers"},
    "Container": {"name"},
    "VolumeMount": {"name", "mountPath"},
    "Volume": {"name"},
}
_SCALARS = {"str": str, "int": int, "bool": bool}


def faults(value: object, kind: str, path: str) -> list[str]:
    """Return what is wrong with a value, as sentences; nothing if it is what `kind` says."""
    if kind.startswith("["):
        if not isinstance(value, list):
            return [f"{path} is no list"]
        inner = kind[1:-1]
        return [f for n, each in enumerate(value) for f in faults(each, inner, f"{path}[{n}]")]
    if kind == "{}":
        fine = isinstance(value, dict) and all(type(each) is str for each in value.values())
        return [] if fine else [f"{path} is no map of texts"]
    if kind in _SCALARS:
        return [] if type(value) is _SCALARS[kind] else [f"{path} is no {kind}"]
    if not isinstance(value, dict):
        return [f"{path} is no {kind}"]
    known = FIELDS[kind]
    missing = [f"{path} has no {name}" for name in REQUIRED.get(kind, set()) - value.keys()]
    unknown = [f"{path} knows no {name}" for name in value.keys() - known.keys()]
    inside = [
        fault
        for name in value.keys() & known.keys()
        for fault in faults(value[name], known[name], f"{path}.{name}")
    ]
    return missing + unknown + inside
