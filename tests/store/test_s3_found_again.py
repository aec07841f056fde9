"""A bucket's uploads found again, its clock, and large objects whose bodies break off half-way."""

import pytest
from scripted import Answer, error, scripted, store_of

from fakes import some
from genesys_export.errors import (
    Bug,
    ChangedMeanwhile,
    DestinationFailed,
    NotPermitted,
    WrongSettings,
)
from genesys_export.model import Part, StagedFile, Tag

MIB = 1 << 20
GZIP = "application/gzip"
TAG = Tag('"e"')
FOUND = {"ETag": '"e"', "Last-Modified": "Mon, 23 Nov 2026 06:00:00 GMT"}
SEALED = StagedFile(
    key="k", upload_id="u", parts=(Part('"1"'), Part('"2"')), token="t", size_bytes=7, sha256=""
)
BEGUN = Answer(
    body=b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
)
SENT = Answer(headers={"ETag": '"1"'})
SLOW_DOWN = error(503, "SlowDown", "Please reduce your request rate.")
DONE = Answer(
    body=b"<CompleteMultipartUploadResult><ETag>&quot;e&quot;</ETag>"
    b"</CompleteMultipartUploadResult>"
)


# --- large objects ---------------------------------------------------------------------------


def piece(start: int, body: bytes, *, cut: int = 0) -> Answer:
    end = start + len(body) + cut
    return Answer(
        206, body, {"ETag": '"e"', "Content-Range": f"bytes {start}-{end - 1}/{end}"}, cut
    )


def test_a_body_that_breaks_off_is_read_on_behind_its_last_byte():
    body = bytes(range(256)) * (3 * MIB // 256)
    one, two = MIB + 5, 2 * MIB + 14
    answers = (
        Answer(200, body[:one], FOUND, cut=len(body) - one),
        piece(one, body[one:two], cut=len(body) - two),
        piece(two, body[two:]),
    )
    with scripted(*answers) as script, store_of(script) as store:
        assert b"".join(store.chunks("k", TAG)) == body
    asked = [headers for _, _, headers in script.asked]
    assert [headers.get("Range") for headers in asked] == [None, f"bytes={one}-", f"bytes={two}-"]
    assert {headers["If-Match"] for headers in asked} == {'"e"'}


@pytest.mark.parametrize("each", [0, 1])
def test_a_body_that_breaks_off_again_and_again_is_a_failure(each):
    answers = [Answer(200, b"r"[:each], FOUND, cut=9)]
    answers += [piece(start, b"r"[:each], cut=9) for start in (each, 2 * each, 3 * each)]
    with (
        scripted(*(answers if each else answers[:1])) as script,
        store_of(script) as store,
        pytest.raises(DestinationFailed, match="s3://b/k"),
    ):
        list(store.chunks("k", TAG))
    assert len(script.asked) == 3


def test_breaking_off_often_does_no_harm_while_pieces_come():
    size = 6 * MIB
    answers = [Answer(200, b"x" * MIB, FOUND, cut=size - MIB)]
    answers += [piece(at, b"x" * MIB, cut=size - at - MIB) for at in range(MIB, size, MIB)]
    with scripted(*answers) as script, store_of(script) as store:
        assert sum(map(len, store.chunks("k", TAG))) == size
    assert len(script.asked) == 6


@pytest.mark.parametrize("meanwhile", [error(412, "PreconditionFailed"), error(404, "NoSuchKey")])
def test_an_object_that_is_replaced_while_its_body_breaks_off_is_not_read_on(meanwhile):
    with (
        scripted(Answer(200, b"x" * MIB, FOUND, cut=9), meanwhile) as script,
        store_of(script) as store,
    ):
        pieces = store.chunks("k", TAG)
        assert next(pieces) == b"x" * MIB
        with pytest.raises(ChangedMeanwhile):
            next(pieces)


def test_a_store_that_begins_anew_when_asked_to_go_on_is_not_believed():
    anew = Answer(200, b"x" * (2 * MIB), FOUND)
    with (
        scripted(Answer(200, b"x" * MIB, FOUND, cut=MIB), anew) as script,
        store_of(script) as store,
        pytest.raises(DestinationFailed, match="range requests"),
    ):
        list(store.chunks("k", TAG))


def test_an_archived_object_is_to_be_restored_first():
    with (
        scripted(error(403, "InvalidObjectState")) as script,
        store_of(script) as store,
        pytest.raises(WrongSettings) as archived,
    ):
        list(store.chunks("k", TAG))
    assert "Restore it" in archived.value.advice


# --- uploads ---------------------------------------------------------------------------------


def test_more_uploads_than_one_answer_holds_are_found():
    def listing(key, more):
        return Answer(
            body=f"<ListMultipartUploadsResult><IsTruncated>{more}</IsTruncated>"
            f"<NextKeyMarker>p/{key}</NextKeyMarker><NextUploadIdMarker>u-{key}"
            f"</NextUploadIdMarker><Upload><Key>p/{key}</Key><UploadId>u-{key}</UploadId>"
            "<Initiated>2026-11-23T06:00:00.000Z</Initiated></Upload>"
            "</ListMultipartUploadsResult>".encode()
        )

    with (
        scripted(listing("a/1", "true"), listing("a/2", "false")) as script,
        store_of(script, prefix="p", expected_bucket_owner="111122223333") as store,
    ):
        found = list(store.uploads("a/"))
    assert [(one.key, one.upload_id) for one in found] == [("a/1", "u-a/1"), ("a/2", "u-a/2")]
    assert found[0].began.isoformat() == "2026-11-23T06:00:00+00:00"
    assert "upload-id-marker=u-a" in script.asked[1][1]
    assert all(
        headers["x-amz-expected-bucket-owner"] == "111122223333" for _, _, headers in script.asked
    )


def parts(*told, more="false"):
    """Return an answer to ListParts: numbers, ETags and sizes."""
    body = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag><Size>{size}</Size></Part>"
        for number, etag, size in told
    )
    return Answer(
        body=f"<ListPartsResult><IsTruncated>{more}</IsTruncated><NextPartNumberMarker>1"
        f"</NextPartNumberMarker>{body}</ListPartsResult>".encode()
    )


@pytest.mark.parametrize(
    ("answers", "held"),
    [
        ([parts((1, "&quot;1&quot;", 5), (2, "&quot;2&quot;", 2))], True),
        ([parts((1, "1", 5), (2, "2", 2))], True),  # some stores leave the quotes out
        ([parts((1, "1", 5), more="true"), parts((2, "2", 2))], True),
        ([parts((1, "1", 5))], False),
        ([parts((1, "1", 5), (2, "other", 2))], False),
        ([parts((1, "1", 5), (3, "2", 2))], False),
        ([parts((1, "1", 5), (2, "2", 3))], False),
        ([parts((1, "1", 5), (2, "2", 2), (3, "3", 1))], False),
        ([error(404, "NoSuchUpload")], False),
    ],
)
def test_an_upload_is_held_with_exactly_the_parts_that_were_sealed(answers, held):
    with scripted(*answers) as script, store_of(script) as store:
        assert store.holds(SEALED) is held


def test_a_missing_right_to_list_uploads_or_parts_is_named():
    with scripted(error(403, "AccessDenied")) as script, store_of(script) as store:
        with pytest.raises(NotPermitted, match="s3:ListBucketMultipartUploads"):
            list(store.uploads("a/"))
        with pytest.raises(NotPermitted, match="s3:ListMultipartUploadParts"):
            store.holds(SEALED)


def test_a_bucket_that_is_not_there_holds_nothing_by_mistake():
    with scripted(error(404, "NoSuchBucket")) as script, store_of(script) as store:
        with pytest.raises(WrongSettings):
            store.holds(SEALED)
        with pytest.raises(WrongSettings):
            list(store.chunks("k", TAG))


# --- the clock -------------------------------------------------------------------------------


def test_a_look_tells_the_servers_time():
    answer = Answer(headers=FOUND | {"Date": "Mon, 23 Nov 2026 06:05:00 GMT"}, dated=True)
    with scripted(answer) as script, store_of(script) as store:
        seen = some(store.look("k"))
    assert (seen.now - seen.modified).total_seconds() == 300


@pytest.mark.parametrize("said", [{}, {"Date": "yesterday"}])
def test_a_server_that_does_not_tell_the_time_is_a_failure(said):
    answer = Answer(headers=FOUND | said, dated=True)
    with (
        scripted(answer) as script,
        store_of(script) as store,
        pytest.raises(DestinationFailed, match="no Date header"),
    ):
        store.look("k")


# --- a whole upload, with the bucket in trouble ----------------------------------------------


def test_a_bucket_that_is_busy_now_and_then_gets_its_file_all_the_same():
    answers = [SLOW_DOWN, BEGUN, SLOW_DOWN, SLOW_DOWN, SENT, SLOW_DOWN, DONE]
    with scripted(*answers) as script, store_of(script, max_attempts=3) as store:
        upload = store.stage("k", "t", GZIP)
        upload.write(b"rows")
        assert store.complete(upload.seal()).etag == '"e"'
    assert [method for method, _, _ in script.asked] == ["POST"] * 2 + ["PUT"] * 3 + ["POST"] * 2


def test_a_right_to_look_that_is_missing_for_a_table_is_found_before_it_matters():
    with (
        scripted(error(403, "AccessDenied")) as script,
        store_of(script) as store,
        pytest.raises(NotPermitted, match="s3:GetObject is not permitted"),
    ):
        store.check_replaceable(["conversations/a", "conversations/b", "sessions/a"])
    assert len(script.asked) <= 2  # one of each table


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (error(403, "AccessDenied"), "s3:PutObject is not permitted"),
        (error(400, "ExpiredToken"), "the credentials are not accepted"),
    ],
)
def test_a_right_that_ends_half_way_ends_the_upload_with_a_sentence(refusal, said):
    with (
        scripted(BEGUN, SENT, refusal) as script,
        store_of(script, part_bytes=5 * MIB) as store,
    ):
        upload = store.stage("k", "t", GZIP)
        upload.write(b"x" * (5 * MIB))
        with pytest.raises(NotPermitted, match=said) as refused:
            upload.write(b"x" * (5 * MIB))
        with pytest.raises(Bug):  # a part of it is lost
            upload.seal()
    assert refused.value.status == 77
    assert "s3://b/k" in str(refused.value)
