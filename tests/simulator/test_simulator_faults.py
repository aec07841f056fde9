"""Each kind of fault, as a client meets it, and that the next request is answered well."""

from __future__ import annotations

import gzip
import time
import zlib

import pytest
import urllib3

from genesys_simulator import (
    CutBody,
    DeadToken,
    EndlessCursors,
    Fault,
    GarbledBody,
    HtmlPage,
    JobEnds,
    MissingPermission,
    NoConversations,
    RateLimited,
    Refusal,
    RepeatedCursor,
    RepeatedRows,
    Reset,
    Revoked,
    ServerError,
    ShortPage,
    Slow,
)


@pytest.fixture
def meet(dial):
    """Return what starts a simulator in which one availability request meets a fault."""

    def start(kind, on="availability", **more):
        client = dial(faults=[Fault(on=on, kind=kind, **more)])
        client.sign_in()
        return client

    return start


def available(client):
    return client.get(f"{client.jobs}/availability")


def fulfilled(client):
    job = client.submit()
    client.get(f"{client.jobs}/{job}")
    return job


@pytest.mark.parametrize("form", ["7", "Thu, 24 Dec 2026 12:00:30 GMT", None])
def test_too_many_requests_in_every_form(meet, form):
    client = meet(RateLimited(retry_after=form))
    refused = available(client)
    assert refused.status == 429
    assert refused.headers.get("Retry-After") == form
    assert refused.json["code"] == "too.many.requests.retry.after"
    assert f"in [{form if form == '7' else '60'}] seconds" in refused.json["message"]
    assert available(client).status == 200


@pytest.mark.parametrize("status", [500, 503, 504])
def test_the_server_breaks_down_in_the_apis_shape(meet, status):
    client = meet(ServerError(status))
    answer = available(client)
    assert answer.status == answer.json["status"] == status
    assert available(client).status == 200


@pytest.mark.parametrize(("kind", "status"), [(ServerError(502), 502), (HtmlPage(), 200)])
def test_a_proxy_answers_in_html(meet, kind, status):
    answer = available(meet(kind))
    assert answer.status == status
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.body.startswith(b"<html>")


def test_refusals_and_missing_permissions_are_answered_as_told(meet):
    refused = available(meet(Refusal(409, "conflict", "Not now.")))
    assert (refused.status, refused.json["code"], refused.json["message"]) == (
        409,
        "conflict",
        "Not now.",
    )
    missing = available(meet(MissingPermission("routing:queue:view")))
    assert missing.status == 403
    assert missing.json["messageParams"] == {"permissions": "routing:queue:view"}


def test_a_body_is_cut_in_the_middle(meet):
    client = meet(CutBody())
    with pytest.raises(urllib3.exceptions.ProtocolError, match="IncompleteRead"):
        available(client)
    assert available(client).status == 200


def test_a_body_is_garbled(meet):
    client = meet(GarbledBody())
    answer = available(client)
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    with pytest.raises(ValueError, match=r"utf-8|Expecting"):
        _ = answer.json
    assert available(client).json


@pytest.mark.parametrize("on", ["availability", "users"])
def test_a_gzip_stream_is_garbled(meet, on):
    client = meet(GarbledBody(gzip=True), on=on)
    path = "/api/v2/users" if on == "users" else f"{client.jobs}/availability"
    answer = client.http.request(
        "GET",
        client.genesys.base_url + path,
        headers={"Authorization": f"Bearer {client.token}"},
        decode_content=False,
    )
    assert answer.headers["Content-Encoding"] == "gzip"
    with pytest.raises((OSError, EOFError, zlib.error)):
        gzip.decompress(answer.data)


def test_a_connection_is_reset_after_the_request_was_carried_out(meet):
    client = meet(Reset(), on="submit")
    with pytest.raises(urllib3.exceptions.ProtocolError, match="reset"):
        client.submit()
    assert len(client.genesys.jobs) == 1
    assert client.submit()


def test_an_answer_is_slow(dial):
    waits = []

    async def sleep(delay_s):
        waits.append(delay_s)

    client = dial(faults=[Fault(on="availability", kind=Slow(30))], sleep=sleep)
    client.sign_in()
    assert available(client).status == 200
    assert waits == [30]


def test_other_requests_are_answered_while_one_is_slow(meet):
    client = meet(Slow(0.3))
    began = time.monotonic()
    assert client.get("/api/v2/users").status == 200
    assert time.monotonic() - began < 0.3
    assert available(client).status == 200
    assert time.monotonic() - began >= 0.3


def test_a_token_dies_and_a_new_one_will_do(meet):
    client = meet(DeadToken(), nth=2)
    assert available(client).status == 200
    assert available(client).json["code"] == "credentials.expired"
    assert available(client).status == 401
    client.sign_in()
    assert available(client).status == 200


def test_a_client_is_revoked_for_good(meet):
    client = meet(Revoked())
    assert available(client).status == 401
    assert client.sign_in().json["error"] == "invalid_client"


def test_signing_in_meets_faults_too(dial):
    client = dial(faults=[Fault(on="token", kind=ServerError(503))])
    assert client.sign_in().status == 503
    assert client.sign_in().status == 200


def test_the_nth_job_fails_with_a_message(dial):
    client = dial(polls=2, faults=[Fault(on="submit", nth=2, kind=JobEnds("FAILED", "Too much."))])
    client.sign_in()
    first, second = client.submit(), client.submit()
    states = [client.get(f"{client.jobs}/{job}").json for job in (first, second) * 2]
    assert [one["state"] for one in states] == ["PENDING", "PENDING", "FULFILLED", "FAILED"]
    assert states[3]["errorMessage"] == "Too much."
    assert client.results(second).status == 400


@pytest.mark.parametrize(("state", "status"), [("EXPIRED", 404), ("CANCELLED", 400)])
def test_a_job_ends_after_some_pages(meet, state, status):
    client = meet(JobEnds(state, after_pages=2), on="submit")
    job = fulfilled(client)
    first = client.results(job)
    second = client.results(job, first.json["cursor"])
    third = client.results(job, second.json["cursor"])
    assert (first.status, second.status, third.status) == (200, 200, status)
    assert client.get(f"{client.jobs}/{job}").json["state"] == state


def test_rows_are_repeated_across_pages(meet):
    client = meet(RepeatedRows(5), on="results", nth=2)
    rows = client.read()
    ids = [row["conversationId"] for row in rows]
    assert len(ids) == 245
    assert len(set(ids)) == 240
    assert ids[95:100] == ids[100:105]


@pytest.mark.parametrize("kind", [ShortPage(1), ShortPage(0), NoConversations()])
def test_a_page_is_short_or_empty_and_the_rest_follows(meet, kind):
    client = meet(kind, on="results", nth=2)
    assert len(client.read()) == 240
    pages = client.genesys.asked("results")
    assert len(pages) == 4
    if isinstance(kind, NoConversations):
        again = meet(NoConversations(), on="results")
        page = again.results(fulfilled(again)).json
        assert set(page) == {"cursor", "dataAvailabilityDate"}


def test_a_cursor_comes_back(meet):
    client = meet(RepeatedCursor(), on="results", nth=2)
    job = fulfilled(client)
    cursor = client.results(job).json["cursor"]
    assert client.results(job, cursor).json["cursor"] == cursor
    first = meet(RepeatedCursor(), on="results")
    job = fulfilled(first)
    page = first.results(job).json
    assert first.results(job, page["cursor"]).json["conversations"] == page["conversations"]


def test_cursors_go_on_for_ever(meet):
    client = meet(EndlessCursors(), on="results", nth=2)
    job = fulfilled(client)
    cursors = [client.results(job).json["cursor"]]
    for _ in range(20):
        page = client.results(job, cursors[-1]).json
        assert page["conversations"] == []
        cursors.append(page["cursor"])
    assert len(set(cursors)) == 21


def test_faults_count_requests_and_last_as_long_as_told(dial):
    plan = [
        Fault(on="availability", nth=2, times=2, kind=ServerError(500)),
        Fault(on="any", nth=5, kind=ServerError(503)),
    ]
    client = dial(faults=plan)
    client.sign_in()
    assert [available(client).status for _ in range(6)] == [200, 500, 500, 503, 200, 200]


@pytest.mark.parametrize("wrong", [{"on": "nowhere"}, {"nth": 0}, {"times": 0}])
def test_a_plan_that_cannot_come_true_is_refused(wrong):
    with pytest.raises(ValueError, match=r"endpoint|count"):
        Fault(**{"on": "any", **wrong})
