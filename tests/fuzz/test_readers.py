"""Every reader of outside input, fed with every kind of oddity: a value or one sentence, no bug.

Documents of the destination, answers of Genesys, headers, settings: each is given all bodies of
`nasty`, and a good one of its kind with each of its values replaced in turn.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO
from zoneinfo import ZoneInfo

import msgspec
import pytest
from nasty import VALUES, bodies, mutants

from fakes import MemoryStore
from genesys_export import claim, document, manifest
from genesys_export.api import auth, own_body, paging, reference, refusals, source_count, wire
from genesys_export.api.retry import told_wait
from genesys_export.api.splitting import Garbled
from genesys_export.api.transport import Answer
from genesys_export.datasets import DEFAULT, dataset_named, tables
from genesys_export.days import Interval, date_named, http_date
from genesys_export.errors import ExportError
from genesys_export.ledger import register
from genesys_export.life import Policy
from genesys_export.model import Always, Counts
from genesys_export.operations.status.as_json import as_json
from genesys_export.operations.status.as_text import show
from genesys_export.operations.status.page import as_page
from genesys_export.operations.status.reading import Place, read
from genesys_export.settings import Need, load
from genesys_export.settings.names import own_variable
from genesys_export.settings.sections import every_path

NOW = datetime(2026, 11, 28, tzinfo=UTC)
DAY = "2026-11-22"
HOME = "_genesys_export/conversation_details"
INTERVAL = Interval(NOW - timedelta(6), NOW - timedelta(5))


def as_object(noun) -> dict:
    return json.loads(document.encode(noun))


RECIPE = manifest.Recipe(
    timezone="UTC",
    engine="jobs",
    filters={"a": [1]},
    tables=("sessions",),
    format="csv.gz",
    layout="daily",
    csv={"newlines": "keep"},
    column_version=1,
)
FILE = manifest.File(key="sessions/a.csv.gz", rows=1, bytes=2, sha256="ab", token="t", etag="e")
MANIFEST = as_object(
    manifest.Manifest(
        dataset="conversation_details",
        day=DAY,
        interval=INTERVAL,
        timezone="UTC",
        recipe=RECIPE,
        state="final",
        attempt="a",
        attempts=("a",),
        tool_version="0",
        slices=(),
        tables={"sessions": (FILE,)},
        digest="00",
        counts=Counts(received=1),
        rejects=FILE,
        began=NOW,
        ended=NOW,
        changes=FILE,
        deleted={"k": NOW},
        notes=("n",),
        nonce="n",
    )
)
CLAIM = as_object(
    claim.Claim(
        day=DAY,
        attempt="a",
        recipe="r",
        manifest="",
        holder=claim.Holder(host="h", pid=1, process="p"),
        began=NOW,
        lease_s=900,
        jobs=(claim.OpenJob(interval=INTERVAL, job_id="j", fetched=NOW),),
        failure=claim.Failure(status=74, message="m", advice="a", at=NOW),
    )
)
ADDED = {"local_times": True, "join_names": True, "pin_attributes": ["Account"]}
WIDE = {**MANIFEST, "recipe": {**MANIFEST["recipe"], "added": ADDED}}
REGISTER = as_object(register.Registration(recipe=RECIPE, honest_conditions=True))


def refusal(act: Callable[[], object]) -> ExportError | Garbled | None:
    """Do it; return the error it ends with, if that is one of ours."""
    try:
        act()
    except (ExportError, Garbled) as problem:
        return problem
    return None


def declare_tables(body: bytes) -> None:
    found = manifest.decode(body, "m")
    assert list(tables(found.recipe.added))


def follow_answer(body: bytes) -> None:
    answer = own_body.answers("conversations").split(body)
    if answer is not None:
        ways = (paging.by_token, paging.by_hits)
        asked = {"paging": {"pageSize": 1}}
        found = paging.following(ways, asked, answer.told, len(answer.page.records))
        paging.Guard(most_vain=1).why_endless(msgspec.json.encode(found), is_new=True)


def follow_list(body: bytes) -> None:
    page = reference.read_page(body)
    for ways in reference.WAYS.values():
        asked = {"pageSize": "100", "pageNumber": "1"}
        paging.following(ways, asked, page.told, len(page.entities))


def fill_own(body: bytes) -> None:
    own = own_body.parse_body(body, name="body.json")
    msgspec.json.encode(own.filled(INTERVAL))
    own.canonical("")


CONVERSATIONS = [{"conversationId": "a"}]
COUNTED = {"metric": "nConversations", "stats": {"count": 3}}
GROUP = {"group": {"mediaType": "voice"}, "data": [{"metrics": [COUNTED]}]}
INSTANT = "2026-11-22T00:00:00Z"
READERS = {
    "a manifest": (lambda body: manifest.decode(body, "m"), MANIFEST),
    "a manifest of added columns": (declare_tables, WIDE),
    "a claim": (lambda body: claim.decode(body, "c"), CLAIM),
    "a recipe": (lambda body: register.decode(body, "r"), REGISTER),
    "a job": (wire.read_job, {"jobId": "j"}),
    "a job's status": (wire.read_status, {"state": "FULFILLED", "errorMessage": "e"}),
    "availability": (wire.read_watermark, {"dataAvailabilityDate": INSTANT}),
    "a page": (
        wire.results("conversations").read,
        {"conversations": CONVERSATIONS, "cursor": "c", "dataAvailabilityDate": INSTANT},
    ),
    "a query's page": (
        wire.hits("conversations").read,
        {"conversations": CONVERSATIONS, "totalHits": 1},
    ),
    "hits": (
        source_count.hits_of("conversations"),
        {"conversations": CONVERSATIONS, "totalHits": 1},
    ),
    "counts by medium": (wire.counted("nConversations", "mediaType"), {"results": [GROUP]}),
    "an error": (wire.read_error, {"message": "m", "code": "c", "messageParams": {"a": "b"}}),
    "a token": (lambda body: auth.token_from(body, 0.0), {"access_token": "t", "expires_in": 1}),
    "a refused request": (
        lambda body: refusals.refusal("GET", "/p", Answer(403, {}, body, 0)),
        {"message": "m", "code": "c", "messageParams": {"a": "b"}},
    ),
    "a refusal": (
        lambda body: auth.refused(400, body, "login.host"),
        {"error": "e", "description": "d", "error_description": "f"},
    ),
    "an answer to a body of one's own": (
        follow_answer,
        {"conversations": CONVERSATIONS, "totalHits": 1, "cursor": "c", "nextPageToken": {"a": 1}},
    ),
    "a list": (
        follow_list,
        {
            "entities": [{"id": "x"}],
            "pageSize": 1,
            "pageNumber": 1,
            "total": 3,
            "nextUri": "/a?b=c",
        },
    ),
    "a query body": (
        fill_own,
        {"interval": "{start}/{end}", "paging": {"pageSize": 1, "pageNumber": 1}, "x": [{"y": 1}]},
    ),
}


@pytest.mark.parametrize("what", READERS)
def test_a_reader_gives_a_value_or_its_own_error(what):
    reader, good = READERS[what]
    reader(json.dumps(good).encode())
    for name, body in [*bodies().items(), *mutants(good)]:
        problem = refusal(partial(reader, body))
        assert getattr(problem, "exit_status", 69) != 70, name
        assert len(str(problem).splitlines()) == 1, name
        assert len(str(problem)) < 1_000, name


@pytest.mark.parametrize("depth", range(200, 1_100, 20))
def test_a_query_body_of_any_depth_is_taken_or_refused(depth):
    nested = "[" * depth + "]" * depth
    body = f'{{"interval":"{{start}}/{{end}}","x":{nested}}}'.encode()
    problem = refusal(lambda: fill_own(body))
    assert problem is None or getattr(problem, "exit_status", 0) == 78


IMPOSSIBLE = (
    {"added": {"pin_attributes": ["conversation_id"]}},
    {"added": {"pin_attributes": ["conversationDate"]}},
    {"added": {"pin_attributes": ["Case ID", "case_id"]}},
    {"column_version": 0},
    {"privacy": {"columns": 5}},
    {"privacy": {"columns": {"sessions.ani": None}}},
)


@pytest.mark.parametrize("odd", IMPOSSIBLE, ids=str)
def test_a_recipe_that_no_settings_come_to_is_refused(odd):
    for decode, good in ((manifest.decode, MANIFEST), (register.decode, REGISTER)):
        body = json.dumps({**good, "recipe": {**good["recipe"], **odd}}).encode()
        problem = refusal(partial(decode, body, "m"))
        assert getattr(problem, "exit_status", 0) == 74


HEADERS = [
    "",
    "9" * 400,
    "9" * 5_000,
    "+" + "9" * 400,
    "-1",
    "1e400",
    "nan",
    "²",
    "\0",
    " ,,,:::",
    "a" * 10_000,
    "Sun, 99 Nov 2026 00:00:00 GMT",
    "Sun, 22 Nov 99999 00:00:00 GMT",
    "Sun, 22 Nov 2026 00:00:00 +" + "9" * 30,
    "Sun, 22 Nov 2026 99:99:99 GMT",
    "Mon, 01 Jan 0001 00:00:00 +1400",
    "Fri, 31 Dec 9999 23:59:59 -1400",
    "Sun, " + "9" * 5_000 + " Nov 2026 10:10:10",
]


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: header[:30])
def test_a_header_names_an_instant_or_nothing(header):
    found = http_date(header)
    assert found is None or found.tzinfo is UTC
    waited = told_wait({"Retry-After": header}, b"", NOW)
    assert waited is None or waited >= 0


@pytest.mark.parametrize(
    "text", ["0001-01-01", "1969-12-31", "9999-12-30", "9999-12-31", "2026-02-30", "2026-W01-1"]
)
def test_a_day_that_no_calendar_page_can_show_is_none(text):
    assert date_named(text) is None


def test_any_manifest_or_claim_that_can_be_read_can_be_shown():
    for kind, good, decode in (
        ("manifest", MANIFEST, manifest.decode),
        ("claim", CLAIM, claim.decode),
    ):
        for name, body in mutants(good):
            if "a long text" in name:
                continue  # drawing it takes its time, and nothing else
            try:
                decode(body, "w")
            except ExportError:
                continue
            assert_is_shown({f"{HOME}/{DAY}/{kind}.json": body})


@pytest.mark.parametrize("day", ["0001-01-02", "1970-01-01", "9998-12-31", "9999-12-30"])
def test_a_manifest_of_an_absurd_day_is_shown_or_left_out(day):
    body = json.dumps({**MANIFEST, "day": day}).encode()
    assert_is_shown({f"{HOME}/{day}/manifest.json": body})


def assert_is_shown(objects: dict[str, bytes]) -> None:
    store = MemoryStore(now=lambda: NOW)
    for key, body in objects.items():
        store.put(key, body, Always(), "")
    place = Place(
        org="",
        dataset=dataset_named(DEFAULT),
        zone=ZoneInfo("UTC"),
        policy=Policy(),
    )
    found = [read(store, place, NOW)]
    json.loads(as_json(found, asked=NOW))
    assert as_page(found, asked=NOW).startswith(b"<!doctype html>")
    show(found, StringIO(), days=14)


# -- settings

GIVEN = {
    "GENESYS_CLIENT_ID": "an-id",
    "GENESYS_CLIENT_SECRET": "secret-of-a-test",
    "GENESYS_CLOUD_REGION": "mypurecloud.ie",
    "GENESYS_EXPORT_DESTINATION__TO": "x",
}
BOTH = {Need.SOURCE, Need.DESTINATION}
WRITTEN = {
    "a word": '"word"',
    "no text": '""',
    "5,000 digits": "9" * 5_000,
    "a long text": '"' + "x" * 100_000 + '"',
    "a large hexadecimal": "0x" + "f" * 5_000,
    "infinity": "inf",
    "not a number": "nan",
    "beyond a float": "1e999",
    "true": "true",
    "a date": "1979-05-27",
    "the end of time": "9999-12-31T23:59:59-14:00",
    "a list of lists": "[[1]]",
    "a table": "{a=1}",
    "no value": "@",
    "NUL": '"\\u0000"',
    "nested lists": "[" * 100_000 + "]" * 100_000,
    "200 tables": "{a=" * 200 + "1" + "}" * 200,
}


def loaded(tmp_path, environ: dict[str, str] = GIVEN, toml: bytes = b"") -> None:
    """Load settings; what is wrong is said, and never at length."""
    (tmp_path / "genesys-export.toml").write_bytes(toml)
    problem = refusal(lambda: load(flags={}, environ=environ, cwd=tmp_path, needs=BOTH))
    assert problem is None or getattr(problem, "exit_status", 0) == 78
    assert len(str(problem)) < 20_000


@pytest.mark.parametrize("path", [*every_path()], ids=".".join)
def test_any_setting_takes_any_value_or_says_why_not(tmp_path, path):
    section, key = path
    for text in WRITTEN.values():
        loaded(tmp_path, toml=f"[{section}]\n{key} = {text}\n".encode())
    for text in (*VALUES.values(), "9" * 5_000 + "MB", "9" * 5_000 + "s", "\udcff"):
        if "\0" not in text:
            loaded(tmp_path, {**GIVEN, own_variable(path): text})


FILES = {
    "200,000 unknown keys": "".join(f"a{n}=1\n" for n in range(200_000)),
    "90,000 unknown keys of a section": "[genesys]\n"
    + "".join(f"a{n}=1\n" for n in range(90_000)),
    "90,000 unknown sections": "".join(f"[a{n}]\n" for n in range(90_000)),
    "a key of 1,000 steps": ".".join("a" * 1_000) + "=1",
    "a section of 1,000 steps": "[" + ".".join("a" * 1_000) + "]",
}


@pytest.mark.parametrize("what", FILES)
def test_a_file_of_nothing_but_strange_keys_is_refused_quickly(tmp_path, what):
    began = time.process_time()
    loaded(tmp_path, toml=FILES[what].encode())
    assert time.process_time() - began < 5  # a second on a quiet machine


def test_any_file_is_read_or_refused(tmp_path):
    for body in bodies().values():
        loaded(tmp_path, toml=body)
