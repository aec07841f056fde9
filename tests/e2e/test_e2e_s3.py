"""A day into a bucket: what lies there, in which order it came, and what a bucket can refuse.

Two servers: moto, before whose door every request is written down, and SeaweedFS, which knows
rights. The command finds both by the AWS SDK's own variables.
"""

from __future__ import annotations

import gzip
import json
import signal
from contextlib import contextmanager
from threading import Lock, Thread
from typing import Any

import botocore.session
import pytest
from e2e_command import stop, wait_until
from e2e_reading import TABLES, is_book
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from genesys_simulator import Fault, ServerError, Slow
from s3_servers import BUCKET, REGION, S3Server

HOME = "_genesys_export/conversation_details"


class Watched:
    """A moto server that writes down every request: method, path and query."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.url = ""
        self._lock = Lock()
        self._app = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ, start_response):
        query = f"?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else ""
        with self._lock:
            self.seen.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}{query}")
        return self._app(environ, start_response)

    @contextmanager
    def running(self):
        server = make_server("127.0.0.1", 0, self, threaded=True)
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.port}"
        finally:
            server.shutdown()
            thread.join(10)
            server.server_close()


@pytest.fixture(scope="module")
def watched():
    application = Watched()
    with application.running() as url:
        application.url = url
        yield application


@pytest.fixture
def bucket(watched, request):
    """Return a client for a new bucket of the watched server, and the bucket's name."""
    name = "b-" + request.node.name.replace("_", "-").replace("[", "-").replace("]", "")[-50:]
    session = botocore.session.Session()
    session.set_credentials("k", "s")
    client: Any = session.create_client("s3", endpoint_url=watched.url, region_name=REGION)
    client.create_bucket(Bucket=name)
    watched.seen.clear()
    yield client, name
    client.close()


def credentials(url: str, key: str = "k", secret: str = "s") -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def keys(client, bucket: str) -> list[str]:
    """Return what is published, without the books that the program keeps for itself."""
    found = client.list_objects_v2(Bucket=bucket).get("Contents", ())
    return sorted(one["Key"] for one in found if not is_book(one["Key"]))


def body(client, bucket: str, key: str) -> bytes:
    return client.get_object(Bucket=bucket, Key=key)["Body"].read()


def unfinished(client, bucket: str) -> list:
    return client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])


def test_the_bucket_holds_what_a_folder_would(command, genesys, watched, bucket, day, exported):
    client, name = bucket
    told = command.against(genesys(), **credentials(watched.url))
    told("run", "--to", f"s3://{name}/some/where", "--date", day).ends(0)
    expected = [f"some/where/{table}/{day}.csv.gz" for table in TABLES]
    assert keys(client, name) == sorted([*expected, f"some/where/{HOME}/{day}/manifest.json"])
    for key, content in exported.lake.contents(day).items():
        assert gzip.decompress(body(client, name, f"some/where/{key}")) == content, key
    assert unfinished(client, name) == []


def test_objects_are_gzip_files_not_encoded_ones(command, genesys, watched, bucket, day):
    client, name = bucket
    told = command.against(genesys(), **credentials(watched.url))
    told("run", "--to", f"s3://{name}", "--date", day, "--table", "surveys").ends(0)
    head = client.head_object(Bucket=name, Key=f"surveys/{day}.csv.gz")
    assert head["ContentType"] == "application/gzip"
    assert "ContentEncoding" not in head
    manifest = json.loads(body(client, name, f"{HOME}/{day}/manifest.json"))
    (file,) = manifest["tables"]["surveys"]
    assert (file["etag"], file["bytes"]) == (head["ETag"], head["ContentLength"])


def test_the_manifest_comes_last_and_first_says_what_will_come(
    command, genesys, watched, bucket, day
):
    _, name = bucket
    told = command.against(genesys(), **credentials(watched.url))
    told("run", "--to", f"s3://{name}", "--date", day).ends(0)
    writes = [one.split("?")[0] for one in watched.seen if one.startswith(("PUT", "POST"))]
    manifest = f"PUT /{name}/{HOME}/{day}/manifest.json"
    assert writes.count(manifest) == 2
    claim = manifest.replace("manifest.json", "claim.json")
    last_run = manifest.replace(f"{day}/manifest.json", "last-run.json")
    assert writes[-4:] == [manifest, claim, claim, last_run]  # kept for the clean-up, released
    intended = writes.index(manifest)
    completions = [
        place
        for place, one in enumerate(watched.seen)
        if one.startswith("POST") and "uploadId=" in one and not is_book(one)
    ]
    assert len(completions) == len(TABLES)
    told_at = next(place for place, one in enumerate(watched.seen) if manifest in one)
    assert min(completions) > told_at
    staged = [one for one in writes[:intended] if f"/{day}." in one]
    assert len(staged) >= 2 * len(TABLES)  # each upload begun, and each one's parts


def test_the_usual_variables_name_the_bucket(command, genesys, watched, bucket, day):
    client, name = bucket
    told = command.against(genesys(), **credentials(watched.url), S3_BUCKET_NAME=name)
    told("run", "--date", day, "--table", "surveys").ends(0)
    told.with_variables(S3_PREFIX="mine")("run", "--date", day, "--table", "surveys").ends(0)
    tops = {key.split("/")[0] for key in keys(client, name)}
    assert tops == {"analytics", "mine"}


def test_a_bucket_that_is_not_there_is_a_wrong_setting(command, genesys, watched, day):
    told = command.against(genesys(), **credentials(watched.url))
    result = told("run", "--to", "s3://no-such-bucket-anywhere", "--date", day).ends(78)
    sentence = "genesys-export: the bucket no-such-bucket-anywhere does not exist ("
    assert result.err.splitlines()[-2].startswith(sentence)
    assert "last-run.json" not in result.err  # what the same cause keeps from being written
    assert "Traceback" not in result.err


def test_without_credentials_the_settings_are_wrong(command, genesys, watched, day):
    told = command.against(genesys(), **credentials(watched.url))
    bare = told.with_variables(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
    result = bare("run", "--to", "s3://some-bucket", "--date", day).ends(78)
    assert "credentials" in result.err.lower()


def test_a_failed_second_run_leaves_the_first_days_objects(command, genesys, watched, bucket, day):
    client, name = bucket
    to = ("run", "--to", f"s3://{name}", "--date", day)
    command.against(genesys(), **credentials(watched.url))(*to).ends(0)
    before = {key: body(client, name, key) for key in keys(client, name)}
    broken = genesys(faults=[Fault("results", 3, ServerError(503), times=999)])
    told = command.against(broken, **credentials(watched.url))
    told.with_variables(GENESYS_EXPORT_GENESYS__RETRY_DEADLINE="0.5s")(*to, "--force").ends(69)
    assert {key: body(client, name, key) for key in keys(client, name)} == before
    assert unfinished(client, name) == []


def test_fewer_slices_remove_the_old_objects(command, genesys, watched, bucket, day, world):
    client, name = bucket
    told = command.against(genesys(), **credentials(watched.url))
    corrected = genesys(world.altered(day, drop=0, change=1, add=0))
    told_later = command.against(corrected, **credentials(watched.url))
    to = ("run", "--to", f"s3://{name}", "--date", day, "--table", "surveys")
    told(*to, "--slices", 3).ends(0)
    assert len([key for key in keys(client, name) if key.startswith("surveys/")]) == 3
    told_later(*to, "--force").ends(0)
    assert [key for key in keys(client, name) if key.startswith("surveys/")] == [
        f"surveys/{day}.csv.gz"
    ]


def test_a_signal_leaves_no_upload_behind(command, genesys, watched, bucket, day):
    client, name = bucket
    slow = genesys(faults=[Fault("results", 2, Slow(5))])
    told = command.against(slow, **credentials(watched.url))
    with told.started("run", "--to", f"s3://{name}", "--date", day) as child:
        wait_until(child, lambda: len(slow.asked("results")) >= 2)
        wait_until(child, lambda: any("?uploads" in one for one in watched.seen))
        result = stop(child, signal.SIGTERM, 20)
    assert result.status == 143, result.err
    assert keys(client, name) == []
    assert unfinished(client, name) == []
    assert slow.jobs == {}


# --- a server that knows rights ----------------------------------------------------------------


@pytest.mark.xdist_group("seaweedfs")
def test_a_bucket_that_may_only_be_read_is_not_permitted(
    command,
    genesys,
    seaweedfs: S3Server,
    day,
):
    rights = credentials(seaweedfs.endpoint_url, seaweedfs.reader_key, seaweedfs.reader_secret)
    told = command.against(genesys(), **rights)
    result = told("run", "--to", f"s3://{BUCKET}/e2e-denied", "--date", day).ends(77)
    assert BUCKET in result.err
    assert seaweedfs.reader_secret not in result.words


@pytest.mark.xdist_group("seaweedfs")
def test_a_real_server_takes_the_same_day(
    command,
    genesys,
    seaweedfs: S3Server,
    day,
    exported,
):
    rights = credentials(seaweedfs.endpoint_url, seaweedfs.access_key, seaweedfs.secret_key)
    told = command.against(genesys(), **rights)
    client = seaweedfs.client()
    for _ in range(2):
        told("run", "--to", f"s3://{BUCKET}/e2e", "--date", day, "--force").ends(0)
        for key, content in exported.lake.contents(day).items():
            assert gzip.decompress(body(client, BUCKET, f"e2e/{key}")) == content, key
    client.close()


# --- folders that refuse -----------------------------------------------------------------------


def test_a_folder_below_a_file_is_a_wrong_setting(command, genesys, day):
    (command.folder / "file").write_text("here first")
    told = command.against(genesys())
    result = told("run", "--to", command.folder / "file" / "lake", "--date", day).ends(78)
    assert "--to" in result.err
    assert (command.folder / "file").read_text() == "here first"


def test_a_file_url_is_a_folder(command, genesys, lake, day):
    told = command.against(genesys())
    told("run", "--to", f"file://{lake.root}", "--date", day, "--table", "surveys").ends(0)
    lake.check(day)
