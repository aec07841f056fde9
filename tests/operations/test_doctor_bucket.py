"""doctor at a bucket: everything is tried once, nothing is left behind, no look is a must."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fakes import MemoryStore
from genesys_export.findings import Verdict
from genesys_export.model import Always
from genesys_export.operations.doctor.access import of_region
from genesys_export.operations.doctor.destination import Concessions, bucket
from genesys_export.operations.doctor.keeping import of_lifecycle, of_lock, of_versioning
from genesys_export.operations.doctor.summary import status_of
from genesys_export.operations.doctor.writing import Writing
from genesys_export.store import S3Options
from s3_servers import BUCKET

ROOT = Path(__file__).parents[2]
RULE = ROOT / "deploy/bucket-lifecycle.json"
PAGE = ROOT / "docs/how-to/check-the-set-up.md"
_NO_CONCESSIONS = Concessions()
LOOKS = sorted((ROOT / "src/genesys_export/operations/doctor").glob("*.py"))


def examined(server, *, now=None, session=None, concessions=_NO_CONCESSIONS, **options):
    asked = {"bucket": BUCKET, "prefix": "doctor", "endpoint_url": server.endpoint_url} | options
    return bucket(
        S3Options(**asked),
        now=now or (lambda: datetime.now(UTC)),
        token="t0k3n",
        concessions=concessions,
        session=session or server.session(),
    )


def found(server, **options):
    return {one.name: one for one in examined(server, **options)}


@pytest.fixture
def left(seaweedfs):
    """Return what tells what lies below the prefix, uploads included."""
    client = seaweedfs.client()

    def look():
        objects = client.list_objects_v2(Bucket=BUCKET, Prefix="doctor/").get("Contents", ())
        uploads = client.list_multipart_uploads(Bucket=BUCKET, Prefix="doctor/")
        return [one["Key"] for one in (*objects, *uploads.get("Uploads", ()))]

    yield look
    client.close()


def test_where_all_is_well_every_check_says_so_and_nothing_is_left(seaweedfs, left):
    seen = found(seaweedfs, tags={"team": "bi"}, sse="AES256")
    host = seaweedfs.endpoint_url.removeprefix("http://")
    lifecycle = seen.pop("lifecycle rule")
    assert {name: one.found for name, one in seen.items()} == {
        "credentials": "from the program that calls",
        "connection": f"{host} answers",
        "clock": "less than a minute off the clock of the bucket's server",
        "bucket": f"s3://{BUCKET} exists",
        "region": "us-east-1, according to the server, which is not AWS",
        "versioning": "off",
        "object lock": "off",
        "put": "an object was written with AES256",
        "encryption": "AES256",
        "get": "the object was read back",
        "list": "the object is in the list",
        "conditional writes": "If-None-Match and If-Match are honoured",
        "multipart upload": "a file was uploaded with tags",
        "uploads in progress": "uploads and their parts are listed",
        "abort": "an aborted upload can't be completed",
        "delete": "everything written was deleted again",
    }
    assert {one.verdict for one in seen.values()} == {Verdict.OK}
    assert lifecycle.verdict is Verdict.WARN
    assert '"Prefix": "doctor/"' in lifecycle.fix
    assert left() == []


def test_who_may_only_read_is_told_which_right_is_missing(seaweedfs, left):
    reader = seaweedfs.session(seaweedfs.reader_key, seaweedfs.reader_secret)
    every = list(examined(seaweedfs, session=reader))
    seen = {one.name: one for one in every}
    assert (seen["put"].verdict, seen["put"].status) == (Verdict.FAIL, 77)
    assert "s3:PutObject is not permitted" in seen["put"].found
    assert seen["put"].fix.startswith("Allow s3:PutObject on it")
    for name in ("get", "conditional writes", "multipart upload", "abort", "delete"):
        assert seen[name].found == "not checked: put failed"
    assert status_of(every) == 77
    assert left() == []


def test_a_look_that_is_not_permitted_is_unknown_and_names_its_right(seaweedfs):
    reader = seaweedfs.session(seaweedfs.reader_key, seaweedfs.reader_secret)
    one = found(seaweedfs, session=reader)["object lock"]
    assert (one.verdict, one.status) == (Verdict.UNKNOWN, 0)
    assert one.found == "not checked: s3:GetBucketObjectLockConfiguration is not permitted"


def test_where_no_state_is_kept_the_right_to_write_is_enough(seaweedfs, left):
    writer = seaweedfs.session(seaweedfs.writer_key, seaweedfs.writer_secret)
    every = list(examined(seaweedfs, session=writer, concessions=Concessions(stateless=True)))
    assert [one.name for one in every if one.verdict is Verdict.OK] == [
        "credentials",
        "connection",
        "clock",
        "multipart upload",
    ]
    assert all(one.status == 0 for one in every)
    assert left() == []


def test_a_wrong_secret_is_told_and_not_shown(seaweedfs):
    stranger = seaweedfs.session(seaweedfs.access_key, "a-wrong-secret")
    every = list(examined(seaweedfs, session=stranger))
    seen = {one.name: one for one in every}
    assert (seen["bucket"].verdict, seen["bucket"].status) == (Verdict.FAIL, 77)
    assert "the credentials are not accepted (SignatureDoesNotMatch)" in seen["bucket"].found
    assert "a-wrong-secret" not in repr(every)


def test_a_bucket_that_is_not_there_is_a_wrong_setting(seaweedfs):
    one = found(seaweedfs, bucket="no-such-bucket")["bucket"]
    assert (one.verdict, one.status) == (Verdict.FAIL, 78)
    assert one.found == "s3://no-such-bucket: the bucket does not exist"
    assert "--to" in one.fix


def test_a_kms_key_that_does_not_serve_is_found_by_writing(seaweedfs, left):
    one = found(seaweedfs, sse="aws:kms", kms_key_id="alias/none")["put"]
    assert one.verdict is Verdict.FAIL
    assert "s3:PutObject failed" in one.found
    assert left() == []


def test_an_endpoint_where_nobody_listens_bars_the_rest(seaweedfs, closed_address):
    every = list(examined(seaweedfs, endpoint_url=f"http://{closed_address}"))
    assert [one.verdict for one in every[:2]] == [Verdict.OK, Verdict.FAIL]
    assert every[1].status == 74
    assert "AWS_ENDPOINT_URL_S3" in every[1].fix
    assert {one.found for one in every[2:]} == {"not checked: connection failed"}


def test_a_clock_that_is_wrong_is_found_before_signatures_are_refused(seaweedfs):
    ahead = timedelta(minutes=12)
    one = found(seaweedfs, now=lambda: datetime.now(UTC) + ahead)["clock"]
    assert (one.verdict, one.status) == (Verdict.FAIL, 78)
    assert one.fix == "Set this machine's clock (NTP)."


def test_an_unknown_profile_is_a_wrong_setting():
    every = list(
        bucket(
            S3Options(bucket=BUCKET, profile="nobody-has-this-one"),
            now=lambda: datetime.now(UTC),
            token="t",
        )
    )
    assert (every[0].name, every[0].verdict, every[0].status) == ("credentials", Verdict.FAIL, 78)
    assert "nobody-has-this-one" in every[0].found


def test_an_examination_that_is_broken_off_leaves_nothing_behind(seaweedfs, left):
    running = examined(seaweedfs)
    for one in running:
        if one.name == "multipart upload":
            break
    assert left() != []
    running.close()
    assert left() == []


class Careless(MemoryStore):
    """A store that takes conditions and but ignores them, as some do."""

    def put(self, key, body, condition, content_type):
        del condition
        return super().put(key, body, Always(), content_type)


@pytest.mark.parametrize(
    ("alone", "verdict", "status"), [(False, Verdict.FAIL, 78), (True, Verdict.WARN, 0)]
)
def test_a_store_that_ignores_conditions_serves_a_single_writer_only(alone, verdict, status):
    connection: Any = SimpleNamespace(store=Careless())
    one = Writing(connection, "home", alone=alone).conditions()
    assert (one.verdict, one.status) == (verdict, status)
    assert "but ignores them" in one.found


def test_a_versioned_bucket_keeps_no_versions_of_it(moto):
    client = moto.client()
    client.create_bucket(Bucket="doctor-versions")
    client.put_bucket_versioning(
        Bucket="doctor-versions", VersioningConfiguration={"Status": "Enabled"}
    )
    seen = found(moto, bucket="doctor-versions")
    told = client.list_object_versions(Bucket="doctor-versions")
    client.close()
    assert seen["versioning"].found.startswith("on:")
    assert seen["delete"].verdict is Verdict.OK
    assert "Versions" not in told
    assert "DeleteMarkers" not in told


def test_a_bucket_with_the_rule_of_the_docs_passes(moto):
    client = moto.client()
    client.create_bucket(Bucket="doctor-rules")
    client.put_bucket_lifecycle_configuration(
        Bucket="doctor-rules", LifecycleConfiguration=json.loads(RULE.read_text("utf-8"))
    )
    client.close()
    below, beside = (found(moto, bucket="doctor-rules", prefix=p) for p in ("analytics", "other"))
    assert below["lifecycle rule"].found == "incomplete uploads are aborted after 2 days"
    assert beside["lifecycle rule"].verdict is Verdict.WARN


def test_the_docs_name_every_right_that_only_looks_need():
    source = "".join(path.read_text("utf-8") for path in LOOKS)
    looks = set(re.findall(r'"(s3:Get(?:Bucket|Lifecycle)\w+)"', source))
    assert len(looks) == 4
    assert set(re.findall(r'"(s3:\w+)"', PAGE.read_text("utf-8"))) == looks


def test_a_rule_counts_only_where_it_is_on_and_covers_the_prefix():
    abort = {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3}}
    on, off = {"Status": "Enabled", **abort}, {"Status": "Disabled", **abort}
    assert of_lifecycle([on], "a/").verdict is Verdict.OK
    assert of_lifecycle([off], "a/").verdict is Verdict.WARN
    assert of_lifecycle([{"Status": "Enabled", "Expiration": {"Days": 9}}], "a/").fix
    assert of_lifecycle([{**on, "Prefix": "a/"}], "a/b/").verdict is Verdict.OK
    assert of_lifecycle([{**on, "Filter": {"And": {"Prefix": "c"}}}], "a/").verdict is Verdict.WARN


def test_a_default_retention_is_told_of():
    days = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}}
    held = of_lock({"ObjectLockEnabled": "Enabled", "Rule": days})
    assert held.verdict is Verdict.WARN
    assert "retained for 30 days (COMPLIANCE)" in held.found
    assert of_lock({"ObjectLockEnabled": "Enabled"}).verdict is Verdict.OK
    assert of_lock({}).found == "off"


def test_versioning_is_told_in_all_its_states():
    told = [of_versioning(status).found for status in ("Suspended", "")]
    assert told == ["suspended", "off"]


def test_a_region_that_is_not_the_buckets_is_told_of_at_aws_only():
    assert of_region("eu-central-1", "eu-central-1", is_aws=True).verdict is Verdict.OK
    assert of_region("us-east-1", "aws-global", is_aws=True).verdict is Verdict.OK
    apart = of_region("eu-central-1", "us-east-1", is_aws=True)
    assert apart.verdict is Verdict.WARN
    assert apart.found == "the bucket is in eu-central-1, but the settings say us-east-1"
    assert "AWS_DEFAULT_REGION=eu-central-1" in apart.fix
    assert of_region("here", "us-east-1", is_aws=False).verdict is Verdict.OK
