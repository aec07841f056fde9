"""What only a bucket has: encryption, tags, rights, regions, and answers that go wrong."""

import subprocess
import sys

import pytest
from botocore.exceptions import EndpointConnectionError, HTTPClientError
from scripted import Answer, error, keys, scripted, store_of

from fakes import some
from genesys_export.errors import (
    ChangedMeanwhile,
    DestinationFailed,
    NeverSent,
    NotPermitted,
    SignInRefused,
    UnknownOutcome,
    WrongSettings,
)
from genesys_export.model import Always, IfAbsent, IfUnchanged, Part, StagedFile, Tag
from genesys_export.store import S3Options
from genesys_export.store.s3 import S3Store
from genesys_export.store.translate import translated

MIB = 1 << 20
GZIP, JSON = "application/gzip", "application/json"
BUCKET = "export-test"
FOUND = {"ETag": '"e"', "Last-Modified": "Mon, 23 Nov 2026 06:00:00 GMT"}
STAGED = StagedFile(
    key="k", upload_id="u", parts=(Part('"e"'),), token="t", size_bytes=1, sha256=""
)
DONE = Answer(
    body=b"<CompleteMultipartUploadResult><ETag>&quot;e&quot;</ETag>"
    b"</CompleteMultipartUploadResult>"
)


def export(store, key="segments/a.csv.gz", body=b"rows"):
    upload = store.stage(key, "attempt1", GZIP)
    upload.write(body)
    return store.complete(upload.seal())


# --- what reaches the server -----------------------------------------------------------------


@pytest.mark.xdist_group("moto")
def test_data_files_carry_type_tags_encryption_and_storage_class(moto):
    chosen = {
        "prefix": "styles",
        "sse": "AES256",
        "storage_class": "STANDARD_IA",
        "tags": {"team": "contact centre", "a+b": "c=d/e:f"},
    }
    with moto.store(**chosen) as store:
        export(store)
        store.put("manifest.json", b"{}", IfAbsent(), JSON)
    client = moto.client()
    head = client.head_object(Bucket=BUCKET, Key="styles/segments/a.csv.gz")
    tagged = [
        client.get_object_tagging(Bucket=BUCKET, Key=f"styles/{key}")["TagSet"]
        for key in ("segments/a.csv.gz", "manifest.json")
    ]
    client.close()
    assert head["ContentType"] == "application/gzip"
    assert "ContentEncoding" not in head
    assert (head["ServerSideEncryption"], head["StorageClass"]) == ("AES256", "STANDARD_IA")
    for tags in tagged:  # a policy may refuse what has none, whatever it is
        assert {tag["Key"]: tag["Value"] for tag in tags} == chosen["tags"]


def test_every_object_carries_the_acl_that_was_asked_for():
    created = Answer(body=b"<R><UploadId>u</UploadId></R>")
    with (
        scripted(created, Answer(headers={"ETag": '"x"'})) as script,
        store_of(script, acl="bucket-owner-full-control") as store,
    ):
        store.stage("k", "token", JSON)
        store.put("manifest.json", b"{}", Always(), JSON)
    told = [headers.get("x-amz-acl") for _, _, headers in script.asked]
    assert told == ["bucket-owner-full-control"] * 2


def test_a_write_that_is_forbidden_may_lack_the_acl():
    with (
        scripted(error(403, "AccessDenied")) as script,
        store_of(script) as store,
        pytest.raises(NotPermitted) as caught,
    ):
        store.put("k", b"", Always(), JSON)
    assert 'acl = "bucket-owner-full-control"' in caught.value.advice


def test_a_bucket_without_acls_says_to_leave_them_out():
    with (
        scripted(error(400, "AccessControlListNotSupported")) as script,
        store_of(script, acl="bucket-owner-full-control") as store,
        pytest.raises(WrongSettings) as caught,
    ):
        store.put("k", b"", Always(), JSON)
    assert "Leave out acl" in caught.value.advice


@pytest.mark.xdist_group("moto")
def test_a_kms_key_is_named_on_data_files_and_manifests(moto):
    with moto.store(prefix="kms", sse="aws:kms", kms_key_id="alias/exports") as store:
        export(store)
        store.put("manifest.json", b"{}", IfAbsent(), JSON)
    client = moto.client()
    heads = [
        client.head_object(Bucket=BUCKET, Key=f"kms/{key}")
        for key in ("segments/a.csv.gz", "manifest.json")
    ]
    client.close()
    assert [head["ServerSideEncryption"] for head in heads] == ["aws:kms", "aws:kms"]
    assert all("alias/exports" in head["SSEKMSKeyId"] for head in heads)


@pytest.mark.xdist_group("moto")
def test_a_manifest_stays_readable_at_once_whatever_class_the_data_has(moto):
    with moto.store(prefix="cold", storage_class="GLACIER") as store:
        store.put("manifest.json", b"{}", IfAbsent(), JSON)
        assert some(store.read("manifest.json")).body == b"{}"


@pytest.mark.xdist_group("moto")
def test_versions_are_told_where_the_bucket_has_them(moto):
    client = moto.client()
    client.create_bucket(Bucket="versioned")
    client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    client.close()
    with moto.store(bucket="versioned") as store:
        first, second = export(store), export(store, body=b"other")
        assert first.version_id != second.version_id
        assert store.look("segments/a.csv.gz").tag.version_id == second.version_id


def test_more_keys_than_one_answer_holds_are_listed():
    def listing(key, more):
        return Answer(
            body=f"<ListBucketResult><IsTruncated>{more}</IsTruncated><Contents><Key>p/{key}</Key>"
            "<Size>1</Size>"
            f"</Contents><NextContinuationToken>after-{key[-1]}</NextContinuationToken>"
            "<EncodingType>url</EncodingType></ListBucketResult>".encode()
        )

    pages = listing("a/1", "true"), listing("a/%2B2", "true"), listing("a/3", "false")
    with scripted(*pages) as script, store_of(script, prefix="p") as store:
        assert list(store.list("a/")) == ["a/1", "a/+2", "a/3"]
    assert "continuation-token=after-2" in script.asked[2][1]


@pytest.mark.xdist_group("seaweedfs")
def test_the_bucket_keeps_a_checksum_of_the_whole_file(seaweedfs):
    with seaweedfs.store(prefix="sums", part_bytes=5 * MIB) as store:
        export(store, body=b"x" * (7 * MIB))
    client = seaweedfs.client()
    head = client.head_object(Bucket=BUCKET, Key="sums/segments/a.csv.gz", ChecksumMode="ENABLED")
    client.close()
    assert head["ChecksumType"] == "FULL_OBJECT"
    assert head["ChecksumCRC32"]


@pytest.mark.xdist_group("seaweedfs")
def test_no_upload_is_left_behind_by_discarding(seaweedfs):
    with seaweedfs.store(prefix="left") as store:
        upload = store.stage("segments/a.csv.gz", "attempt1", GZIP)
        upload.write(b"x" * (9 * MIB))
        upload.discard()
        sealed = store.stage("segments/b.csv.gz", "attempt1", GZIP).seal()
        store.discard(sealed)
    client = seaweedfs.client()
    left = client.list_multipart_uploads(Bucket=BUCKET, Prefix="left/").get("Uploads", [])
    client.close()
    assert left == []


def test_the_expected_owner_goes_with_every_call():
    with (
        scripted(Answer(200, headers=FOUND)) as script,
        store_of(script, expected_bucket_owner="111122223333") as store,
    ):
        store.put("k", b"", IfAbsent(), JSON)
        store.look("k")
        store.read("k")
        store.delete("k")
        list(store.list(""))
    assert len(script.asked) == 5
    assert all(
        headers["x-amz-expected-bucket-owner"] == "111122223333" for _, _, headers in script.asked
    )


def test_parts_grow_so_that_ten_thousand_hold_any_file():
    options = S3Options(bucket="b")
    sizes = [options.size_of_part(number) for number in range(10_000)]
    assert set(sizes[:1000]) == {8 * MIB}
    assert sizes == sorted(sizes)
    assert sum(sizes) > 5 << 40
    assert max(sizes) <= 5 << 30


# --- settings and rights ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "server",
    [
        pytest.param("moto", marks=pytest.mark.xdist_group("moto")),
        pytest.param("seaweedfs", marks=pytest.mark.xdist_group("seaweedfs")),
    ],
)
def test_a_bucket_that_is_not_there_is_a_wrong_setting(server, request):
    with request.getfixturevalue(server).store(bucket="no-such-bucket") as store:
        for attempt in (
            lambda: store.stage("k", "t", GZIP),
            lambda: store.put("k", b"", IfAbsent(), JSON),
            lambda: store.read("k"),
            lambda: list(store.list("")),
        ):
            with pytest.raises(WrongSettings, match="no-such-bucket") as refused:
                attempt()
            assert refused.value.status == 78


@pytest.mark.xdist_group("seaweedfs")
@pytest.mark.parametrize("who", [("testkey", "not-its-secret"), ("nobody", "canary-secret-7Q")])
def test_wrong_credentials_are_refused_without_being_quoted(seaweedfs, who):
    with seaweedfs.store(session=seaweedfs.session(*who)) as store:
        for attempt in (
            lambda: store.stage("k", "t", GZIP),
            lambda: store.put("k", b"", IfAbsent(), JSON),
            lambda: store.read("k"),
        ):
            with pytest.raises(SignInRefused) as refused:
                attempt()
            assert refused.value.status == 77
            assert "AWS_SECRET_ACCESS_KEY" in refused.value.advice
            assert who[1] not in f"{refused.value} {refused.value.advice}"


@pytest.mark.xdist_group("seaweedfs")
def test_who_may_only_read_is_told_which_right_is_missing(seaweedfs):
    with seaweedfs.store(prefix="rights") as owner:
        export(owner)
    reader = seaweedfs.session(seaweedfs.reader_key, seaweedfs.reader_secret)
    with seaweedfs.store(prefix="rights", session=reader) as store:
        assert store.read("segments/a.csv.gz").body == b"rows"
        for attempt, action in (
            (lambda: store.stage("k", "t", GZIP), "s3:PutObject"),
            (lambda: store.put("k", b"", IfAbsent(), JSON), "s3:PutObject"),
            (lambda: store.delete("segments/a.csv.gz"), "s3:DeleteObject"),
        ):
            with pytest.raises(NotPermitted, match=action) as refused:
                attempt()
            assert refused.value.status == 77
            assert f"s3://{BUCKET}/rights/" in str(refused.value)
            assert action in refused.value.advice


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(301, "Elsewhere"), WrongSettings),
        (error(307, "TemporaryRedirect"), WrongSettings),
        (error(400, "AuthorizationHeaderMalformed", "expecting 'eu-west-1'"), WrongSettings),
        (error(400, "InvalidStorageClass"), WrongSettings),
        (error(400, "KMS.NotFoundException"), WrongSettings),
        (error(501, "NotImplemented"), WrongSettings),
        (error(403, "RequestTimeTooSkewed"), WrongSettings),
        (error(400, "ExpiredToken"), SignInRefused),
        (error(403, "AccessDenied"), NotPermitted),
        (error(401, "Whatever"), NotPermitted),
        (error(400, "EntityTooLarge"), DestinationFailed),
    ],
)
def test_refusals_say_whose_turn_it_is(answer, kind):
    with scripted(answer) as script, store_of(script, max_attempts=1) as store:
        with pytest.raises(kind) as refused:
            store.put("manifest.json", b"", Always(), JSON)
        assert type(refused.value) is kind
        assert "s3://b/manifest.json" in str(refused.value)


@pytest.mark.parametrize("where", ["in botocore", "in its HTTP client"])
def test_redirects_without_end_are_a_wrong_setting(where):
    inner = RecursionError()
    problem = inner if where == "in botocore" else HTTPClientError(error=inner)
    with pytest.raises(WrongSettings, match="redirected"), translated("s3:GetObject", "s3://b/k"):
        raise problem


def unreachable(region: str) -> EndpointConnectionError:
    return EndpointConnectionError(endpoint_url=f"https://b.s3.{region}.amazonaws.com/k")


def test_a_misspelt_region_of_the_bucket_is_a_wrong_setting():
    with (
        pytest.raises(WrongSettings, match=r"did you mean eu-central-1\?"),
        translated("s3:PutObject", "s3://b/k", conditional=True),
    ):
        raise unreachable("eu-centrl-1")


@pytest.mark.parametrize("region", ["eu-central-1", "us-gov-west-1", "cn-north-1"])
def test_a_region_that_is_one_may_be_out_of_reach(region):
    with pytest.raises(NeverSent), translated("s3:PutObject", "s3://b/k"):
        raise unreachable(region)


def test_a_look_or_an_abort_that_is_forbidden_names_its_right():
    with scripted(error(403, "AccessDenied")) as script, store_of(script) as store:
        with pytest.raises(NotPermitted, match="s3:GetObject"):
            store.look("k")
        with pytest.raises(NotPermitted, match="s3:AbortMultipartUpload"):
            store.discard(STAGED)


def test_the_buckets_true_region_is_told():
    moved = error(301, "PermanentRedirect", "Elsewhere.", x_amz_bucket_region="eu-west-1")
    with (
        scripted(moved) as script,
        store_of(script, max_attempts=1) as store,
        pytest.raises(WrongSettings, match="the bucket is in eu-west-1"),
    ):
        store.put("k", b"", Always(), JSON)


def test_a_look_in_a_wrong_region_tells_the_true_one():
    wrong = Answer(400, headers={"x-amz-bucket-region": "eu-west-1"})
    with (
        scripted(wrong) as script,
        store_of(script) as store,
        pytest.raises(WrongSettings, match="the bucket is in eu-west-1"),
    ):
        store.look("k")


def test_no_credentials_at_all_is_a_wrong_setting(tmp_path):
    program = """
from genesys_export.errors import WrongSettings
from genesys_export.store import S3Options
from genesys_export.store.s3 import S3Store
try:
    S3Store(S3Options(bucket="b", endpoint_url="http://127.0.0.1:9")).read("k")
except WrongSettings as refused:
    print(refused, refused.advice)
"""
    child = subprocess.run(
        [sys.executable, "-c", program],
        env={"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "no usable credentials" in child.stdout
    assert "AWS_ACCESS_KEY_ID" in child.stdout


@pytest.mark.parametrize(
    "options",
    [{"profile": "no-such-profile"}, {"endpoint_url": "not a url"}, {"region": "no region"}],
)
def test_a_setting_that_botocore_can_not_use_is_named_at_once(options):
    session = None if "profile" in options else keys()
    with pytest.raises(WrongSettings):
        S3Store(S3Options(bucket="b", **options), session=session)


def test_a_bucket_name_that_can_not_be_is_a_wrong_setting():
    store = S3Store(S3Options(bucket="B!"), session=keys())
    with pytest.raises(WrongSettings, match="B!"):
        store.read("k")
    store.close()


@pytest.mark.parametrize("size", [5 * MIB - 1, (5 << 30) + 1])
def test_parts_that_s3_refuses_are_refused_here(size):
    with pytest.raises(WrongSettings, match="part size"):
        S3Options(bucket="b", part_bytes=size)


# --- answers that go wrong -------------------------------------------------------------------

SLOW_DOWN = error(503, "SlowDown", "Please reduce your request rate.")


def test_a_busy_bucket_is_asked_again_and_then_given_up():
    with scripted(SLOW_DOWN) as script, store_of(script, max_attempts=3) as store:
        with pytest.raises(DestinationFailed, match="SlowDown") as failed:
            store.read("manifest.json")
        assert failed.value.status == 74
        assert type(failed.value) is DestinationFailed
    assert len(script.asked) == 3


def test_a_bucket_that_was_busy_once_does_no_harm():
    found = Answer(200, b"{}", {"ETag": '"e"'})
    with scripted(SLOW_DOWN, found) as script, store_of(script) as store:
        assert some(store.read("manifest.json")).body == b"{}"
    assert len(script.asked) == 2


def test_a_conditional_write_is_never_repeated_on_its_own():
    for condition, header in (
        (IfAbsent(), "If-None-Match"),
        (IfUnchanged(Tag("e")), "If-Match"),
    ):
        with (
            scripted(SLOW_DOWN) as script,
            store_of(script) as store,
            pytest.raises(UnknownOutcome),
        ):
            store.put("manifest.json", b"{}", condition, JSON)
        assert len(script.asked) == 1
        assert header in script.asked[0][2]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(412, "PreconditionFailed"), ChangedMeanwhile),
        (error(404, "NoSuchKey"), ChangedMeanwhile),
        (error(409, "ConditionalRequestConflict"), UnknownOutcome),
        (error(500, "InternalError"), UnknownOutcome),
        (error(403, "AccessDenied"), NotPermitted),
        (error(404, "NoSuchBucket"), WrongSettings),
        (error(501, "NotImplemented"), UnknownOutcome),
    ],
)
def test_a_conditional_write_ends_in_one_of_few_ways(answer, kind):
    with scripted(answer) as script, store_of(script) as store, pytest.raises(kind):
        store.put("manifest.json", b"{}", IfUnchanged(Tag('"e"')), JSON)


def test_a_conditional_write_without_an_answer_is_unknown():
    silent, breaks_off = Answer(hangs=True), Answer(200, b"", {"Content-Type": "text/xml"}, cut=9)
    for answer in (silent, breaks_off, Answer(200)):
        with (
            scripted(answer) as script,
            store_of(script, timeout_s=0.5) as store,
            pytest.raises(UnknownOutcome),
        ):
            store.put("manifest.json", b"{}", IfAbsent(), JSON)
        assert len(script.asked) == 1


def test_a_conditional_write_that_never_left_has_not_happened(closed_address):
    url = f"http://{closed_address}"
    store = S3Store(S3Options(bucket="b", endpoint_url=url, max_attempts=1), session=keys())
    with pytest.raises(DestinationFailed) as failed:
        store.put("manifest.json", b"{}", IfAbsent(), JSON)
    store.close()
    assert type(failed.value) is NeverSent


def test_completing_is_repeated_but_never_guessed_about():
    with scripted(SLOW_DOWN, DONE) as script, store_of(script) as store:
        assert store.complete(STAGED).etag == '"e"'
    with scripted(SLOW_DOWN) as script, store_of(script) as store, pytest.raises(UnknownOutcome):
        store.complete(STAGED)
    assert len(script.asked) == 2


def test_an_upload_that_is_gone_may_have_been_completed():
    gone = error(404, "NoSuchUpload")
    with (
        scripted(SLOW_DOWN, gone) as script,
        store_of(script) as store,
        pytest.raises(UnknownOutcome, match="no longer exists"),
    ):
        store.complete(STAGED)


def test_a_success_that_carries_an_error_is_none():
    late = Answer(200, b"<Error><Code>InternalError</Code><Message>Again.</Message></Error>")
    with scripted(late, DONE) as script, store_of(script) as store:
        assert store.complete(STAGED).etag == '"e"'
    assert len(script.asked) == 2


def test_a_body_that_breaks_off_is_read_again():
    cut = Answer(200, b"{", {"ETag": '"e"'}, cut=1)
    whole = Answer(200, b"{}", {"ETag": '"e"'})
    with scripted(cut, cut, whole) as script, store_of(script) as store:
        assert some(store.read("manifest.json")).body == b"{}"
    assert len(script.asked) == 3


def test_a_body_that_always_breaks_off_is_a_failure():
    cut = Answer(200, b"{", {"ETag": '"e"'}, cut=1)
    with scripted(cut) as script, store_of(script) as store, pytest.raises(DestinationFailed):
        store.read("manifest.json")
    assert len(script.asked) == 3


def test_a_part_that_fails_stops_the_upload_and_can_be_discarded():
    begun = Answer(
        200,
        b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
    )
    with scripted(begun, SLOW_DOWN, SLOW_DOWN, Answer(204)) as script, store_of(script) as store:
        upload = store.stage("k", "t", GZIP)
        upload.write(b"rows")
        with pytest.raises(DestinationFailed):
            upload.seal()
        upload.discard()
    assert [method for method, _, _ in script.asked] == ["POST", "PUT", "PUT", "DELETE"]


def test_an_endpoint_that_redirects_without_end_is_a_wrong_setting():
    with (
        scripted(error(301, "PermanentRedirect")) as script,
        store_of(script, max_attempts=1) as store,
        pytest.raises(WrongSettings, match="redirected"),
    ):
        store.read("manifest.json")


def test_older_stores_are_not_asked_for_checksums_they_do_not_know(tmp_path):
    config = tmp_path / "config"
    config.write_text("[default]\nrequest_checksum_calculation = when_required\n")
    program = """
from genesys_export.store import S3Options
from genesys_export.store.s3 import S3Store
store = S3Store(S3Options(bucket="b", region="us-east-1"))
print(store._checksum())
"""
    environment = {"HOME": str(tmp_path), "AWS_CONFIG_FILE": str(config)}
    child = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert child.stdout.strip() == "{}"


def test_botocore_is_not_imported_before_a_bucket_is_opened():
    program = "import sys, genesys_export.store; print('botocore' in sys.modules)"
    child = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert child.stdout.strip() == "False"
