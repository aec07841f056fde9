"""What a cluster promises: nothing is lost or done twice whoever dies, and one budget is kept."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta

import pytest
from cluster_reading import RANGE

from genesys_simulator import Simulator
from s3_servers import BUCKET

pytestmark = pytest.mark.dask


def in_bucket(seaweedfs) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL_S3": seaweedfs.endpoint_url,
        "AWS_ACCESS_KEY_ID": seaweedfs.access_key,
        "AWS_SECRET_ACCESS_KEY": seaweedfs.secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def documents(seaweedfs, prefix: str, name: str) -> dict[str, dict]:
    """Return every object of that name below the prefix, by its folder."""
    client = seaweedfs.client()
    try:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        keys = [one["Key"] for page in pages for one in page.get("Contents", ())]
        return {
            key.removeprefix(prefix).rpartition("/")[0]: json.loads(
                client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
            )
            for key in keys
            if key.endswith(f"/{name}")
        }
    finally:
        client.close()


def jobs_of(org: Simulator) -> Counter[str]:
    """Return how many jobs were submitted for each day."""
    return Counter(str(one.body["interval"])[:10] for one in org.asked("submit"))


def test_workers_and_scheduler_may_die_and_no_day_is_lost_or_exported_twice(
    genesys, cluster, seaweedfs
):
    orgs = {name: genesys(page_latency_s=0.4) for name in ("emea", "apac")}
    at = cluster(orgs, **in_bucket(seaweedfs))
    command = ("backfill", *RANGE, "--to", f"s3://{BUCKET}/dying/", "--cluster")
    scheduler, address = at.scheduler()
    killed, closed, orphan = (at.worker(address, "--death-timeout", 5) for _ in range(3))
    run = at.command(*command, address)

    def jobs() -> int:
        return sum(len(org.asked("submit")) for org in orgs.values())

    run.until(lambda: jobs() >= 4, "the 4th job")
    killed.kill_session()
    run.until(lambda: jobs() >= 8, "the 8th job")
    closed.terminate()
    run.until(lambda: jobs() >= 12, "the 12th job")
    published = lambda: documents(seaweedfs, "dying/", "manifest.json")  # noqa: E731
    run.until(lambda: len(published()) >= 4, "the 4th manifest")
    scheduler.kill()
    run.ends(75)
    orphan.ended()
    claims = documents(seaweedfs, "dying/", "claim.json")
    assert claims
    before = {name: jobs_of(org) for name, org in orgs.items()}
    done = list(published())
    at.scheduler(port=int(address.rpartition(":")[2]))
    for _ in range(2):
        at.worker(address)
    assert "20 days:" in at.command(*command, address).ends(0)
    at.command("verify", *RANGE, "--to", f"s3://{BUCKET}/dying/").ends(0)
    claims = documents(seaweedfs, "dying/", "claim.json")
    assert len(claims) == 20
    made = published()
    # A worker that is killed between publishing a day and its release leaves nothing else.
    held = [key for key, claim in claims.items() if not claim["released"]]
    assert [key for key in held if claims[key]["attempt"] != made[key]["attempt"]] == []
    assert len(done) >= 4
    for key in done:
        org, _, _, day = key.split("/")
        assert jobs_of(orgs[org])[day] == before[org][day], f"{key} was exported twice"


@pytest.mark.timeout(200)
def test_one_organisation_on_two_workers_keeps_to_its_budget_in_any_minute(
    genesys, cluster, lake, tmp_path
):
    per_minute = 300
    org = genesys(requests_per_minute=per_minute)
    at = cluster({"emea": org}, GENESYS_EXPORT_CLUSTER__WORKERS_PER_ORG="2")
    _, address = at.scheduler()
    for _ in range(2):
        at.worker(address, "--no-nanny")
    told = ("--start", "2025-10-06", "--end", "2025-11-20", "--report", tmp_path / "report.json")
    run = at.command("backfill", *told, "--to", lake, "--cluster", address)
    run.ended(within_s=150)
    run.ends(0)
    times = [one.at for one in org.requests if one.endpoint != "token"]
    assert len(org.asked("token")) == 2
    assert json.loads((tmp_path / "report.json").read_bytes())["totals"]["throttled"] == 0
    assert len(times) > per_minute  # one minute's budget is not enough for all of it
    assert per_minute * 0.9 <= busiest_minute(times) <= per_minute


def busiest_minute(times: list[datetime]) -> int:
    """Return the most requests in any 60 seconds."""
    return max(
        sum(first <= time < first + timedelta(seconds=60) for time in times) for first in times
    )
