"""Requests to a simulated Genesys Cloud, through every trouble a request can meet."""

import signal
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from fakes import CONVERSATIONS, some
from genesys_export.api import RetryPolicy, TransportOptions
from genesys_export.api.client import Call
from genesys_export.api.wire import read_watermark
from genesys_export.days import floor_ms
from genesys_export.errors import (
    GenesysUnavailable,
    NotPermitted,
    RequestRefused,
    SignInRefused,
    Stopped,
)
from genesys_export.events import Retrying, SignedIn
from genesys_simulator import (
    CutBody,
    DeadToken,
    Fault,
    GarbledBody,
    HtmlPage,
    MissingPermission,
    RateLimited,
    Refusal,
    Reset,
    Revoked,
    ServerError,
    Slow,
)

AVAILABILITY = Call(method="GET", path=some(CONVERSATIONS.jobs).availability)


def ask(line):
    return line.client.request(AVAILABILITY, read_watermark)


def test_the_first_request_signs_in_and_says_so(dial, clock):
    line = dial()
    assert ask(line) == clock.now()
    login, signed, request = line.events
    assert (login.method, login.path, login.status) == ("POST", "/oauth/token", 200)
    assert signed == SignedIn(login_host=line.host, expires_in_s=86_399)
    assert (request.path, request.received_bytes) == (AVAILABILITY.path, 51)
    (signed_in,) = line.genesys.asked("token")
    assert signed_in.headers["authorization"] == "Basic"
    assert signed_in.body == "grant_type=client_credentials"


def host_of(line) -> str:
    return urlsplit(line.genesys.base_url).netloc


def unplaced(line, retried: Retrying) -> str:
    """Return what went wrong; where nothing whole came back it must name the host as well."""
    host = f"{host_of(line)}: "
    is_failure = "connection broke" in retried.problem or "is damaged" in retried.problem
    assert retried.problem.startswith(host) == is_failure
    return retried.problem.removeprefix(host)


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (ServerError(500), "HTTP 500 internal.server.error"),
        (ServerError(502), "HTTP 502"),
        (ServerError(503), "HTTP 503 service.unavailable"),
        (ServerError(504), "HTTP 504 request.timeout"),
        (Refusal(408, "request.timeout", "slow"), "HTTP 408 request.timeout"),
        (Reset(), "the connection broke"),
        (CutBody(), "the connection broke"),
        (CutBody(sent=0.0), "the connection broke"),
        (GarbledBody(), "the body is not of the shape Availability"),
        (GarbledBody(gzip=True), "the compressed body is damaged"),
        (HtmlPage(), "the body is not of the shape Availability"),
        (HtmlPage(503), "HTTP 503"),
    ],
)
def test_what_may_pass_is_asked_again(dial, clock, kind, problem):
    line = dial(Fault("availability", 1, kind, times=3))
    assert ask(line) == floor_ms(clock.now())
    retries = line.events.of(Retrying)
    assert [(one.attempt, unplaced(line, one)) for one in retries] == [
        (n, problem) for n in (1, 2, 3)
    ]
    assert [one.wait_s for one in retries] == clock.slept
    assert all(0 < one.wait_s <= 2 ** (one.attempt - 1) for one in retries)
    assert line.asked("availability") == 4
    assert line.asked("token") == 1


@pytest.mark.parametrize("nth", [1, 2])
def test_compressed_answers_are_taken_and_checked(dial, nth):
    line = dial(Fault("availability", nth, CutBody()), options={"gzip": True})
    assert ask(line) <= ask(line)
    assert line.asked("availability") == 3


def test_a_silent_server_is_asked_again(dial):
    line = dial(
        Fault("availability", 1, Slow(1.0)), transport=TransportOptions(read_timeout_s=0.15)
    )
    ask(line)
    [retried] = line.events.of(Retrying)
    assert retried.problem == f"{host_of(line)}: no answer in time"


def test_a_request_is_given_up_at_the_total_deadline(dial, clock):
    line = dial(Fault("availability", 1, ServerError(), times=1_000))
    with pytest.raises(GenesysUnavailable) as given_up:
        ask(line)
    assert sum(clock.slept) == pytest.approx(900)
    assert given_up.value.status == 69
    assert "HTTP 503 service.unavailable" in given_up.value.message
    assert AVAILABILITY.path in given_up.value.message


def test_a_host_that_never_answered_is_given_up_after_a_minute(dial, clock):
    line = dial(Fault("token", 1, Reset(), times=1_000))
    began = clock.monotonic()
    with pytest.raises(GenesysUnavailable, match="did not answer POST /oauth/token within 60 s"):
        ask(line)
    assert clock.monotonic() - began == pytest.approx(60, abs=1)


def test_a_host_that_answered_once_gets_all_the_patience(dial, clock):
    ailing = dial(Fault("token", 1, ServerError(), times=1_000))
    began = clock.monotonic()
    with pytest.raises(GenesysUnavailable, match="within 900 s"):
        ask(ailing)
    assert clock.monotonic() - began == pytest.approx(900, abs=1)
    line = dial(Fault("availability", 1, Reset(), times=1_000))
    with pytest.raises(GenesysUnavailable, match="within 900 s"):
        ask(line)


def test_the_deadline_can_be_set_for_all_requests_and_for_one(dial, clock):
    line = dial(
        Fault("availability", 1, ServerError(), times=1_000), retry=RetryPolicy(deadline_s=30)
    )
    with pytest.raises(GenesysUnavailable):
        ask(line)
    assert sum(clock.slept) == pytest.approx(30)
    hasty = Call(method="GET", path=AVAILABILITY.path, deadline_s=5)
    with pytest.raises(GenesysUnavailable):
        line.client.request(hasty, read_watermark)
    assert sum(clock.slept) == pytest.approx(35)


@pytest.mark.parametrize("status", [400, 404, 409, 413, 415])
def test_a_4xx_that_cannot_get_better_fails_at_once_with_what_genesys_said(dial, clock, status):
    line = dial(Fault("availability", 1, Refusal(status, "odd.code", "Odd\n" * 500)))
    with pytest.raises(RequestRefused) as refused:
        ask(line)
    error = refused.value
    assert (error.status, error.http_status, error.code) == (69, status, "odd.code")
    assert f"{AVAILABILITY.path} was refused with HTTP {status}: Odd Odd" in error.message
    assert "(odd.code, correlation id " in error.message
    assert "unknown" not in error.message
    assert len(error.message) < 600
    assert error.advice
    assert line.asked("availability") == 1
    assert clock.slept == []


def test_a_redirect_is_an_error_and_the_token_stays_here(dial):
    line = dial(Fault("availability", 1, Refusal(307, "", "")))
    with pytest.raises(RequestRefused, match="redirected") as refused:
        ask(line)
    assert "GENESYS_CLOUD_BASE_URL" in refused.value.advice
    assert line.asked("availability") == 1


def test_a_403_names_the_permission(dial):
    line = dial(Fault("availability", 1, MissingPermission("analytics:conversationDetail:view")))
    with pytest.raises(NotPermitted) as refused:
        ask(line)
    assert refused.value.status == 77
    assert "analytics:conversationDetail:view" in refused.value.message
    assert "Give analytics:conversationDetail:view to a role" in refused.value.advice
    assert "correlation id " in refused.value.message


def test_a_403_that_names_no_permission_is_not_permitted_either(dial):
    line = dial(Fault("availability", 1, HtmlPage(403)))
    with pytest.raises(NotPermitted, match="no message"):
        ask(line)


def test_a_dead_token_is_renewed_and_the_call_repeated(dial, clock):
    line = dial(Fault("availability", 2, DeadToken()))
    ask(line)
    assert ask(line) == clock.now()
    assert (line.asked("availability"), line.asked("token")) == (3, 2)
    assert clock.slept == []


def test_an_expired_token_is_renewed_before_it_is_used(dial, clock):
    line = dial(options={"token_lifetime_s": 300})
    ask(line)
    clock.sleep(251)
    ask(line)
    assert (line.asked("availability"), line.asked("token")) == (2, 2)


def test_a_fresh_token_that_is_refused_ends_the_request(dial):
    line = dial(Fault("availability", 1, Refusal(401, "bad.credentials", "Invalid"), times=9))
    with pytest.raises(SignInRefused, match=r"401 with a fresh token: Invalid \(bad.credentials"):
        ask(line)
    assert (line.asked("availability"), line.asked("token")) == (2, 2)


def test_credentials_that_are_revoked_meanwhile_end_the_request(dial):
    line = dial(Fault("availability", 2, Revoked()))
    ask(line)
    with pytest.raises(SignInRefused) as refused:
        ask(line)
    assert refused.value.status == 77


@pytest.mark.parametrize(
    ("wrong", "variable"),
    [
        ({"client_id": "nobody"}, "GENESYS_CLIENT_ID"),
        ({"client_secret": "hunter2"}, "GENESYS_CLIENT_SECRET"),
    ],
)
def test_wrong_credentials_say_which_variable_to_look_at(dial, clock, wrong, variable):
    line = dial(**wrong)
    with pytest.raises(SignInRefused) as refused:
        ask(line)
    assert refused.value.status == 77
    assert f"Check {variable}, and GENESYS_CLOUD_REGION or" in refused.value.advice
    assert "hunter2" not in f"{refused.value} {refused.value.advice} {line.events}"
    assert line.asked("token") == 1
    assert clock.slept == []


@pytest.mark.parametrize(
    "kind", [RateLimited("7"), ServerError(503), Reset(), HtmlPage(), GarbledBody(), CutBody()]
)
def test_signing_in_is_tried_again_like_any_request(dial, kind):
    line = dial(Fault("token", 1, kind))
    ask(line)
    assert [one.path for one in line.events.of(Retrying)] == ["/oauth/token"]
    assert line.asked("token") == 2


def test_a_path_is_named_without_its_values_and_sent_with_them_quoted(dial):
    line = dial()
    call = Call(
        method="GET",
        path=some(CONVERSATIONS.jobs).path + "/{jobId}",
        values={"jobId": "a/b c"},
        query={"x": "1&2"},
    )
    with pytest.raises(RequestRefused) as refused:
        line.client.request(call, bytes)
    assert "{jobId}" in refused.value.message
    (received,) = [one for one in line.genesys.requests if one.endpoint != "token"]
    assert received.path.endswith("/a/b c")
    assert received.query == {"x": "1&2"}


def test_threads_share_one_token(dial):
    line = dial(Fault("availability", 9, DeadToken()))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ask(line), range(24)))
    assert line.asked("token") == 2
    assert 25 <= line.asked("availability") <= 24 + 8  # each thread can have met the dead one


def test_an_interrupt_ends_a_wait(dial, clock):
    line = dial(Fault("availability", 1, ServerError()))
    clock.interrupt(Stopped(signal.SIGTERM))
    with pytest.raises(Stopped):
        ask(line)
    assert line.asked("availability") == 1
