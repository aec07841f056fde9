"""How the bucket keeps objects: versions, locks, and incomplete uploads.

The looks ask; what an answer means is said by the functions `of_…`, which ask nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ...findings import Finding, doubtful, fine
from ...plural import plural
from .connection import Connection, glance

_NO_LOCK = {"404", "NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"}
_DAYS = 2  # longer than any run takes; deploy/bucket-lifecycle.json says the same


def versioning(connection: Connection) -> Finding:
    """Say whether old versions are kept."""

    def look() -> Finding:
        told = connection.ask("s3:GetBucketVersioning", "get_bucket_versioning") or {}
        return of_versioning(str(told.get("Status") or ""))

    return glance("s3:GetBucketVersioning", look)


def object_lock(connection: Connection) -> Finding:
    """Check whether objects are retained."""
    action = "s3:GetBucketObjectLockConfiguration"

    def look() -> Finding:
        told = connection.ask(
            action,
            "get_object_lock_configuration",
            absent=_NO_LOCK,
        )
        return of_lock((told or {}).get("ObjectLockConfiguration") or {})

    return glance(action, look)


def lifecycle(connection: Connection) -> Finding:
    """Check whether incomplete uploads are aborted."""
    action = "s3:GetLifecycleConfiguration"

    def look() -> Finding:
        told = connection.ask(
            action,
            "get_bucket_lifecycle_configuration",
            absent={"404", "NoSuchLifecycleConfiguration"},
        )
        return of_lifecycle((told or {}).get("Rules") or (), connection.options.key(""))

    return glance(action, look)


def of_versioning(status: str) -> Finding:
    """Judge a bucket's versioning: any will do."""
    match status:
        case "Enabled":
            return fine("on: replaced files remain as old versions until a rule expires them")
        case "Suspended":
            return fine("suspended")
        case _:
            return fine("off")


def of_lock(lock: Mapping[str, Any]) -> Finding:
    """Judge a bucket's object lock."""
    if lock.get("ObjectLockEnabled") != "Enabled":
        return fine("off")
    held = (lock.get("Rule") or {}).get("DefaultRetention") or {}
    if not held:
        return fine("on, without a default retention")
    unit = "Years" if held.get("Years") else "Days"
    return doubtful(
        f"every object is retained for {held.get(unit)} {unit.lower()} ({held.get('Mode')}): "
        f"replaced and deleted files remain as versions that can't be deleted earlier",
        "Use a bucket without a default retention unless this is intended: days are exported "
        "several times, and each version is kept.",
    )


def of_lifecycle(rules: Sequence[Mapping[str, Any]], prefix: str) -> Finding:
    """Judge a bucket's rules by what they do to uploads below the prefix."""
    days = [
        int(rule["AbortIncompleteMultipartUpload"].get("DaysAfterInitiation", 0))
        for rule in rules
        if rule.get("Status") == "Enabled"
        and rule.get("AbortIncompleteMultipartUpload")
        and prefix.startswith(_prefix(rule))
    ]
    if days:
        return fine(f"incomplete uploads are aborted after {plural(min(days), 'day')}")
    wanted = {
        "ID": "abort-old-uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _DAYS},
    }
    return doubtful(
        "no rule aborts uploads left by a killed run; they are invisible but billed",
        f"Add this rule to the bucket's lifecycle: {json.dumps(wanted)}",
    )


def _prefix(rule: Mapping[str, Any]) -> str:
    """Return the prefix a rule is about; older rules have it outside of the filter."""
    only = rule.get("Filter") or {}
    both = only.get("And") or {}
    return str(only.get("Prefix") or both.get("Prefix") or rule.get("Prefix") or "")
