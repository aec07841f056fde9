"""An API that lies, babbles or never ends: the fetch comes to its end, in a sentence."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import count
from urllib.parse import quote

import pytest
from reading import DAY, expected, ids

from fakes import FakeClock, listed
from genesys_export.api import Budget, RetryPolicy, TransportOptions
from genesys_export.api.reference import ReferenceLists
from genesys_export.errors import GenesysUnavailable, JobFailed
from genesys_export.events import JobChanged
from genesys_simulator import Fault, RateLimited, ServerError

RECORD = {"conversationId": "c1", "conversationStart": "2026-11-22T08:00:00.000Z"}


class Liar:
    """A jobs API whose answers a test makes up, by endpoint."""

    def __init__(self, speak, **answers):
        self.answers = {
            "jobs": lambda: {"jobId": "j1"},
            "j1": lambda: {"state": "FULFILLED"},
            "results": lambda: {"conversations": []},
            **answers,
        }
        self.line = speak(self.answer, retry=RetryPolicy(deadline_s=60))
        self.source = self.line.source

    def answer(self, body):
        del body
        path = self.line.genesys.paths[-1].partition("?")[0]
        return self.answers[path.rpartition("/")[2]]()

    def asked(self, endpoint):
        paths = [path.partition("?")[0] for path in self.line.genesys.paths]
        return sum(path.endswith(f"/{endpoint}") for path in paths)


@pytest.mark.parametrize("records", [[], [RECORD]], ids=["empty pages", "the same page"])
def test_cursors_that_are_new_for_ever_but_lead_to_nothing_new_end(speak, records):
    numbers = count()
    liar = Liar(speak, results=lambda: {"conversations": records, "cursor": f"c{next(numbers)}"})
    with pytest.raises(JobFailed, match="no end: 30 pages in a row had nothing new"):
        list(liar.source(empty_pages=30).fetch(DAY).pages())
    assert liar.asked("results") <= 31


def test_cursors_that_go_round_in_a_circle_end(speak):
    numbers = count()
    liar = Liar(
        speak, results=lambda: {"conversations": [RECORD], "cursor": f"c{next(numbers) % 5}"}
    )
    with pytest.raises(JobFailed, match="no end: the same cursor was returned twice"):
        list(liar.source().fetch(DAY).pages())
    assert liar.asked("results") == 6


def test_a_page_that_comes_twice_is_borne_as_long_as_others_follow(speak):
    pages = iter([("a", "1"), ("a", "2"), ("a", "3"), ("b", "4"), ("a", "5"), ("c", None)])

    def results():
        tag, cursor = next(pages)
        return {"conversations": [{**RECORD, "externalTag": tag}], "cursor": cursor}

    liar = Liar(speak, results=results)
    assert len(list(liar.source(empty_pages=3).fetch(DAY).pages())) == 6


def test_a_cursor_that_nobody_could_send_back_is_asked_for_again(speak):
    answers = iter([b'{"conversations":[],"cursor":"\\ud800"}', {"conversations": [RECORD]}])
    liar = Liar(speak, results=lambda: next(answers))
    (page,) = liar.source().fetch(DAY).pages()
    assert len(page.records) == 1


def test_a_cursor_is_sent_back_to_the_letter_and_steers_nothing(speak):
    cursor = "../../x?y=1&z#\r\nHost: elsewhere\x00é/%2e"
    pages = iter([{"conversations": [], "cursor": cursor}, {"conversations": [RECORD]}])
    liar = Liar(speak, results=lambda: next(pages))
    list(liar.source().fetch(DAY).pages())
    assert liar.line.genesys.bodies[-1]["cursor"] == cursor
    assert liar.asked("results") == 2


def test_states_never_heard_of_are_waited_for_until_the_deadline(speak, clock):
    states = iter(f"STATE\x1b[31m\n{number}" for number in count())
    liar = Liar(speak, j1=lambda: {"state": next(states)})
    with pytest.raises(JobFailed, match="was still STATE"):
        list(liar.source(deadline_s=600).fetch(DAY).pages())
    assert sum(clock.slept) <= 600 * 1.1
    assert liar.line.events.of(JobChanged)


def test_a_state_never_heard_of_may_end_well(speak):
    states = iter(["DREAMING", "", "fulfilled", "FULFILLED"])
    liar = Liar(speak, j1=lambda: {"state": next(states)}, results=lambda: {"cursor": None})
    assert len(list(liar.source().fetch(DAY).pages())) == 1


@pytest.mark.parametrize("ident", ["../../../token", "a/b?c#d", "\u202e", "{jobId}", "%00"])
def test_an_id_of_a_job_leads_to_no_other_path(speak, ident):
    liar = Liar(speak, jobs=lambda: {"jobId": ident})
    liar.answers[quote(ident, safe="")] = liar.answers["j1"]
    liar.answers["results"] = lambda: {"conversations": [RECORD]}
    assert len(list(liar.source().fetch(DAY).pages())) == 1
    assert all(path.startswith("/api/v2/analytics/") for path in liar.line.genesys.paths)
    assert all(path.count("/") <= 8 for path in liar.line.genesys.paths)


GARBAGE = [
    b"",
    b"null",
    b"[]",
    b"7",
    b"<!DOCTYPE html><title>Sign in</title>",
    b"\xff\xfe\x00",
    b"{" * 200_000,
    b'{"jobId":7}',
    b'{"state":null}',
    b'{"conversations":7}',
    b'{"conversations":[{]}',
]


@pytest.mark.parametrize("endpoint", ["jobs", "j1", "results"])
@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_for_ever_ends_at_the_deadline(speak, clock, endpoint, body):
    liar = Liar(speak, **{endpoint: lambda: body})
    with pytest.raises(GenesysUnavailable, match="the body is no"):
        list(liar.source().fetch(DAY).pages())
    assert sum(clock.slept) <= 60.01 + 3.3  # and before the first look at the job


def test_a_job_that_says_nonsense_of_its_failure_is_submitted_anew(speak):
    states = iter([{"state": "FAILED", "errorMessage": {"deep": [1]}}, {"state": "FULFILLED"}])
    liar = Liar(speak, j1=lambda: next(states))
    fetch = liar.source().fetch(DAY)
    list(fetch.pages())
    assert len(fetch.job_ids) == 2


def test_a_list_of_names_without_end_ends(speak):
    numbers = count(1)

    def answer(body):
        del body
        uri = f"/api/v2/users?pageNumber={next(numbers)}"
        return {"entities": [], "nextUri": uri}

    lists = ReferenceLists(speak(answer).client)
    with pytest.raises(GenesysUnavailable, match="/api/v2/users has no end"):
        list(lists.pages(listed("dim_users")))


@pytest.mark.parametrize(
    "told", ["9" * 400, "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"]
)
def test_an_absurd_retry_after_ends_the_request_and_holds_nobody_up_for_ever(dial, clock, told):
    line = dial(Fault("submit", 1, RateLimited(told)))
    with pytest.raises(GenesysUnavailable, match="asks to wait"):
        list(line.source().fetch(DAY).pages())
    clock.sleep(3_600)
    assert list(line.source().fetch(DAY).pages())
    assert sum(clock.slept) < 3_700


@pytest.mark.parametrize("told", ["inf", "-1", "", "1e9", "Mon, 99 Foo 1 99:99:99 +99999999999"])
def test_a_retry_after_that_is_none_is_not_heeded(dial, clock, told):
    line = dial(Fault("submit", 1, RateLimited(told)))
    assert list(line.source().fetch(DAY).pages())
    assert sum(clock.slept) < 120


class Jumping:
    """A clock whose date is set back and forth by minutes; seconds pass as ever."""

    def __init__(self, clock):
        self._clock, self._looks = clock, count()
        self.monotonic, self.sleep = clock.monotonic, clock.sleep
        self.interrupt = clock.interrupt

    def now(self):
        minutes = (0, -9, 3, 9, -1)[next(self._looks) % 5]
        return self._clock.now() + timedelta(minutes=minutes)


def waits(dial, clock, theirs):
    """Return how long a fetch waits that meets its budget, a 429, an outage and a slow job."""
    line = dial(
        Fault("results", 2, RateLimited("7")),
        Fault("status", 2, ServerError(503), times=3),
        options={"polls": 30, "now": theirs.now},
        budget=Budget(20, clock=clock.monotonic),
    )
    line.client = replace(line, clock=clock).client
    line.clock = clock
    assert set(ids(line.source().fetch(DAY).pages())) == expected()
    return clock


def test_a_date_that_jumps_changes_no_wait_no_budget_and_no_deadline(dial):
    steady, jumping = FakeClock(), FakeClock()
    waits(dial, steady, steady)
    waits(dial, Jumping(jumping), jumping)
    assert jumping.slept == steady.slept
    assert len(jumping.slept) > 20


HUGE = json.dumps({"message": "x" * 40_000, "padding": ["y"] * 40_000}).encode()


@pytest.mark.parametrize(
    "told",
    [HUGE, (400, HUGE), (503, HUGE), (403, HUGE)],
    ids=["success", "refusal", "server error", "missing permission"],
)
def test_an_answer_larger_than_allowed_ends_the_request_at_once(speak, clock, told):
    line = speak(lambda _: told, wires=TransportOptions(answer_bytes=100_000))
    with pytest.raises(GenesysUnavailable, match="the answer is larger than 0 MiB") as failed:
        list(line.source().fetch(DAY).pages())
    assert failed.value.status == 69
    assert "page_size" in failed.value.advice
    assert clock.slept == []


def test_a_sign_in_and_a_list_larger_than_allowed_end_at_once(speak, clock):
    line = speak(lambda _: HUGE, wires=TransportOptions(answer_bytes=100_000))
    with pytest.raises(GenesysUnavailable, match=r"GET /api/v2/flows: the answer is larger"):
        list(ReferenceLists(line.client).pages(listed("dim_flows")))
    line = speak(lambda _: {}, wires=TransportOptions(answer_bytes=20))
    with pytest.raises(GenesysUnavailable, match=r"POST /oauth/token: the answer is larger"):
        line.client.sign_in()
    assert clock.slept == []
