"""A day read by jobs from a simulated Genesys Cloud, whatever becomes of the jobs."""

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from reading import DAY, expected, ids

from genesys_export.api import Budget, Filters, JobPolicy, RetryPolicy
from genesys_export.days import Day, floor_ms, split
from genesys_export.errors import (
    GenesysUnavailable,
    JobFailed,
    NotPermitted,
    RequestRefused,
    Stopped,
    WrongSettings,
)
from genesys_export.events import JobChanged, JobSubmitted, Noticed, Waiting
from genesys_simulator import (
    DeadToken,
    Fault,
    HtmlPage,
    JobEnds,
    JobUnseen,
    MissingPermission,
    Refusal,
    ServerError,
    World,
)


def test_the_watermark_is_what_genesys_says_of_its_lake(dial, clock):
    source = dial(options={"lag": timedelta(hours=5)}).source()
    assert source.watermark() == clock.now() - timedelta(hours=5)


def test_an_availability_that_never_says_ends_the_request(dial):
    line = dial(Fault("availability", 1, HtmlPage(), times=99), retry=RetryPolicy(deadline_s=9))
    with pytest.raises(GenesysUnavailable):
        line.source().watermark()


def test_a_day_is_read_to_its_last_page(dial, clock):
    line = dial(options={"polls": 3, "lag": timedelta(hours=1)})
    fetch = line.source().fetch(DAY)
    assert line.genesys.requests == []
    pages = list(fetch.pages())
    assert [len(page.records) for page in pages] == [100, 100, 40]
    assert set(ids(pages)) == expected()
    assert pages[0].watermark == floor_ms(clock.now()) - timedelta(hours=1)
    assert pages[0].received_bytes > sum(len(record) for record in pages[0].records)
    (submitted,) = line.genesys.asked("submit")
    assert submitted.body == {
        "interval": "2026-11-22T00:00:00.000Z/2026-11-23T00:00:00.000Z",
        "order": "asc",
        "orderBy": "conversationStart",
        "startOfDayIntervalMatching": True,
    }
    assert [one.query.get("pageSize") for one in line.genesys.asked("results")] == ["100"] * 3
    assert fetch.job_ids == tuple(line.genesys.jobs)
    assert [one.state for one in line.events.of(JobChanged)] == ["QUEUED", "PENDING", "FULFILLED"]
    assert line.events.of(JobSubmitted) == [
        JobSubmitted(job_id=fetch.job_ids[0], interval=DAY, attempt=1)
    ]


def test_a_job_that_was_waited_for_is_read_without_another_look(dial):
    plain, line = dial(options={"polls": 3}), dial(options={"polls": 3})
    assert set(ids(plain.source().fetch(DAY).pages())) == expected()
    fetch = line.source().fetch(DAY)
    fetch.prepare()
    assert line.genesys.asked("results") == []
    assert set(ids(fetch.pages())) == expected()
    assert len(line.genesys.requests) == len(plain.genesys.requests)


def test_a_job_that_dies_while_it_is_waited_for_is_replaced_when_it_is_read(dial):
    line = dial(Fault("submit", 1, JobEnds("FAILED")))
    fetch = line.source().fetch(DAY)
    fetch.prepare()
    assert set(ids(fetch.pages())) == expected()
    assert [one.attempt for one in line.events.of(JobSubmitted)] == [1, 2]


def test_a_day_without_conversations_is_one_empty_page(dial):
    line = dial(world=World.of([]))
    assert [list(page.records) for page in line.source().fetch(DAY).pages()] == [[]]


def test_the_size_of_a_page_can_be_set(dial):
    line = dial()
    pages = list(line.source(page_size=200).fetch(DAY).pages())
    assert [len(page.records) for page in pages] == [200, 40]


def test_polls_start_at_three_seconds_and_back_off(dial, clock):
    line = dial(options={"polls": 13})
    list(line.source().fetch(DAY).pages())
    told = [3, 4.5, 6.75, 10.125, 15.1875, 22.78125, 34.171875, 51.2578125, 60, 60, 60, 60, 60]
    for wait, least in zip(clock.slept, told, strict=True):
        assert least <= wait <= least * 1.1
    waits = line.events.of(Waiting)
    assert {one.reason for one in waits} == {"job"}
    assert not [one.detail for one in waits if one.detail.startswith("job")]  # "job job …"


def test_polls_can_be_set(dial, clock):
    line = dial(options={"polls": 3})
    list(line.source(first_s=1, factor=2, most_s=3).fetch(DAY).pages())
    assert [round(wait) for wait in clock.slept] == [1, 2, 3]


def test_a_job_that_is_never_done_fails_at_the_deadline(dial, clock):
    line = dial(options={"polls": 10_000})
    fetch = line.source().fetch(DAY)
    with pytest.raises(JobFailed) as failed:
        list(fetch.pages())
    assert failed.value.status == 69
    assert f"job {fetch.job_ids[0]} for {DAY} was still PENDING" in failed.value.message
    assert 7_000 <= sum(clock.slept) <= 7_200 * 1.1
    assert len(fetch.job_ids) == 1


@pytest.mark.parametrize("state", ["FAILED", "EXPIRED", "CANCELLED"])
@pytest.mark.parametrize("after_pages", [None, 0, 1, 2])
def test_a_job_that_ends_badly_is_submitted_anew(dial, state, after_pages):
    line = dial(Fault("submit", 1, JobEnds(state, after_pages=after_pages)))
    fetch = line.source().fetch(DAY)
    found = ids(fetch.pages())
    assert set(found) == expected()
    assert len(found) == 240 + 100 * (after_pages or 0)  # what was read already comes again
    assert len(fetch.job_ids) == 2
    assert [one.attempt for one in line.events.of(JobSubmitted)] == [1, 2]
    assert f"job {fetch.job_ids[0]} " in line.events.of(Noticed)[0].message


def test_a_job_that_is_gone_while_it_is_read_is_submitted_anew(dial):
    line = dial(Fault("results", 2, Refusal(410, "gone", "The job is gone.")))
    fetch = line.source().fetch(DAY)
    assert set(ids(fetch.pages())) == expected()
    assert len(fetch.job_ids) == 2


def test_a_job_that_is_gone_while_it_is_polled_is_submitted_anew(dial):
    line = dial(Fault("status", 1, Refusal(410, "gone", "No such job.")))
    fetch = line.source().fetch(DAY)
    assert set(ids(fetch.pages())) == expected()
    assert len(fetch.job_ids) == 2


@pytest.mark.parametrize("for_s", [1, 2.9, 10, 55])
def test_an_accepted_job_that_cannot_be_seen_yet_is_waited_for(dial, for_s):
    line = dial(Fault("submit", 1, JobUnseen(for_s)))
    fetch = line.source().fetch(DAY)
    assert set(ids(fetch.pages())) == expected()
    assert len(fetch.job_ids) == 1
    assert line.events.of(Noticed) == []


def test_the_first_look_at_a_job_is_as_late_as_is_documented(dial):
    line = dial(Fault("submit", 1, JobUnseen(2.9)))
    list(line.source().fetch(DAY).pages())
    submitted, looked = line.genesys.asked("submit")[0], line.genesys.asked("status")[0]
    assert timedelta(seconds=3) <= looked.at - submitted.at <= timedelta(seconds=3.3)
    assert line.asked("status") == 1


def test_a_job_that_is_not_seen_for_a_minute_is_submitted_anew(dial):
    line = dial(Fault("submit", 1, JobUnseen(3_600)))
    fetch = line.source().fetch(DAY)
    assert set(ids(fetch.pages())) == expected()
    first, second = line.genesys.asked("submit")
    assert timedelta(seconds=60) <= second.at - first.at < timedelta(seconds=100)
    (noticed,) = line.events.of(Noticed)
    assert noticed.message.startswith(f"job {fetch.job_ids[0]} no longer exists: ")


def test_results_that_cannot_be_seen_yet_are_waited_for(dial):
    line = dial(Fault("results", 1, Refusal(404, "not.found", "No such job."), times=3))
    fetch = line.source().fetch(DAY)
    assert set(ids(fetch.pages())) == expected()
    assert len(fetch.job_ids) == 1


def test_results_are_waited_for_while_the_job_itself_cannot_be_seen_either(dial):
    unseen = Refusal(404, "not.found", "No such job.")
    line = dial(Fault("results", 1, unseen), Fault("status", 2, unseen))
    fetch = line.source().fetch(DAY)
    assert set(ids(fetch.pages())) == expected()
    assert len(fetch.job_ids) == 1
    assert line.asked("status") == 2


def test_an_old_job_that_answers_404_is_submitted_anew_at_once(dial, clock):
    line = dial(Fault("status", 2, Refusal(404, "not.found", "No such job."), times=1))
    fetch = line.source().fetch(DAY)
    list(fetch.pages())
    clock.sleep(60)
    assert set(ids(fetch.pages())) == expected()
    assert len(fetch.job_ids) == 2


def test_a_job_that_cannot_be_seen_yet_is_deleted_all_the_same(dial):
    line = dial(Fault("submit", 1, JobUnseen(2)))
    assert line.source().try_out() == "a test job was accepted, then deleted"
    assert line.genesys.jobs == {}
    assert line.asked("delete") == 2


def test_a_cursor_that_is_taken_back_means_a_new_job(dial):
    line = dial(Fault("results", 2, Refusal(400, "invalid.value", "The cursor is not valid.")))
    fetch = line.source().fetch(DAY)
    assert set(ids(fetch.pages())) == expected()
    assert len(fetch.job_ids) == 2


def test_a_refusal_of_the_first_page_of_a_healthy_job_is_final(dial):
    line = dial(Fault("results", 1, Refusal(400, "invalid.value", "No such pageSize.")))
    fetch = line.source().fetch(DAY)
    with pytest.raises(RequestRefused, match="No such pageSize"):
        list(fetch.pages())
    assert len(fetch.job_ids) == 1


def test_jobs_are_submitted_a_bounded_number_of_times(dial, clock):
    line = dial(Fault("submit", 1, JobEnds("FAILED", "Out of  luck"), times=9))
    fetch = line.source().fetch(DAY)
    with pytest.raises(JobFailed) as failed:
        list(fetch.pages())
    assert len(fetch.job_ids) == 3
    for told in (str(DAY), fetch.job_ids[-1], "FAILED: Out of luck", "3 submitted"):
        assert told in failed.value.message
    assert len(clock.slept) == 3 + 2  # before each first look, and between two submissions


def test_the_number_of_submissions_can_be_set(dial):
    line = dial(Fault("submit", 1, JobEnds("EXPIRED")))
    with pytest.raises(JobFailed, match="EXPIRED: no reason given"):
        list(line.source(submissions=1).fetch(DAY).pages())


def test_a_missing_permission_ends_the_fetch(dial):
    line = dial(options={"missing_permissions": frozenset({"analytics:conversationDetail:view"})})
    with pytest.raises(NotPermitted, match="analytics:conversationDetail:view"):
        list(line.source().fetch(DAY).pages())


def test_the_flags_filters_are_asked_of_genesys(dial):
    line = dial()
    records = [
        json.loads(record)
        for page in line.source(Filters(directions=["outbound"])).fetch(DAY).pages()
        for record in page.records
    ]
    assert {record["originatingDirection"] for record in records} == {"outbound"}
    assert 0 < len(records) < 240


def test_a_filter_that_genesys_refuses_is_a_wrong_setting(dial):
    raw = {
        "segmentFilters": [{"type": "or", "predicates": [{"dimension": "queue", "value": "x"}]}]
    }
    line = dial()
    with pytest.raises(WrongSettings, match="is not valid for field type") as refused:
        list(line.source(Filters(raw=raw)).fetch(DAY).pages())
    assert refused.value.status == 78


def test_a_refusal_without_filters_is_genesys_refusal(dial):
    line = dial(Fault("submit", 1, Refusal(400, "bad.request", "No.")))
    with pytest.raises(RequestRefused, match=r"with HTTP 400: No\. \(bad\.request"):
        list(line.source().fetch(DAY).pages())


def test_releasing_deletes_every_job_once(dial):
    line = dial(Fault("submit", 1, JobEnds("CANCELLED", after_pages=1)))
    fetch = line.source().fetch(DAY)
    list(fetch.pages())
    assert len(line.genesys.jobs) == 2
    fetch.release()
    fetch.release()
    assert line.genesys.jobs == {}
    assert line.asked("delete") == 2


def test_releasing_a_fetch_that_was_never_read_asks_nothing(dial):
    line = dial()
    line.source().fetch(DAY).release()
    assert line.genesys.requests == []


@pytest.mark.parametrize(
    "kind", [Refusal(409, "conflict", "No."), ServerError(503), MissingPermission()]
)
def test_a_refusal_to_delete_is_only_noticed(dial, clock, kind):
    line = dial(Fault("delete", 1, kind, times=99))
    fetch = line.source().fetch(DAY)
    list(fetch.pages())
    before_s = sum(clock.slept)
    fetch.release()
    (noticed,) = line.events.of(Noticed)
    assert noticed.message.startswith(f"job {fetch.job_ids[0]} was not deleted: ")
    assert sum(clock.slept) - before_s <= 20.01


def test_a_job_that_is_gone_already_is_deleted_without_a_word(dial):
    line = dial(Fault("delete", 1, Refusal(404, "not.found", "No.")))
    fetch = line.source().fetch(DAY)
    list(fetch.pages())
    fetch.release()
    assert line.events.of(Noticed) == []


def test_a_second_reading_is_of_the_same_job(dial):
    line = dial()
    fetch = line.source().fetch(DAY)
    assert ids(fetch.pages()) == ids(fetch.pages())
    assert len(fetch.job_ids) == 1


def test_a_job_that_an_earlier_run_left_behind_is_read(dial):
    line = dial()
    left = line.source().fetch(DAY)
    first = next(left.pages())
    fetch = line.source().fetch(DAY, left.job_ids[0])
    assert ids(fetch.pages())[: len(first.records)] == ids([first])
    assert fetch.job_ids == left.job_ids
    assert line.asked("submit") == 1
    fetch.release()
    assert line.genesys.jobs == {}


def test_a_job_left_behind_that_is_gone_by_now_is_submitted_anew(dial):
    line = dial()
    left = line.source().fetch(DAY)
    expected = ids(left.pages())
    left.release()
    fetch = line.source().fetch(DAY, left.job_ids[0])
    assert ids(fetch.pages()) == expected
    assert line.asked("submit") == 2


def test_a_second_reading_of_a_job_that_is_gone_asks_anew(dial):
    line = dial(Fault("submit", 1, JobEnds("EXPIRED", after_pages=5)))
    fetch = line.source().fetch(DAY)
    first = ids(fetch.pages())
    assert sorted(set(ids(fetch.pages()))) == sorted(first)
    assert len(fetch.job_ids) == 2


def test_a_reading_after_the_release_asks_anew(dial):
    line = dial()
    fetch = line.source().fetch(DAY)
    first = ids(fetch.pages())
    fetch.release()
    assert ids(fetch.pages()) == first
    assert len(fetch.job_ids) == 2


def test_an_interrupt_ends_the_reading_and_the_job_is_still_released(dial, clock):
    line = dial()
    fetch = line.source().fetch(DAY)
    pages = fetch.pages()
    next(pages)
    clock.interrupt(Stopped(signal.SIGTERM))
    with pytest.raises(Stopped):
        next(pages)
    fetch.release()
    assert line.genesys.jobs == {}


def test_nothing_that_is_said_holds_a_secret(dial):
    line = dial(Fault("submit", 1, JobEnds("FAILED")), Fault("results", 1, DeadToken()))
    fetch = line.source().fetch(DAY)
    list(fetch.pages())
    fetch.release()
    told = f"{list(line.events)} {line.source()!r} {fetch!r}"
    assert line.genesys.client_secret not in told
    assert "simulated-token" not in told


def test_slices_side_by_side_share_the_token_and_tile_the_day(dial):
    line = dial(Fault("results", 5, DeadToken()), options={"polls": 2})
    source = line.source()
    parts = split(Day(date(2026, 11, 22), ZoneInfo("UTC")), 4)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda part: ids(source.fetch(part.interval).pages()), parts))
    assert {one for part in found for one in part} == expected()
    assert line.asked("token") == 2
    assert line.asked("submit") == 4


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ({"page_size": 99}, "100 to 10,000"),
        ({"page_size": 10_001}, "100 to 10,000"),
        ({"submissions": 0}, "at least one"),
        ({"empty_pages": 0}, "at least one"),
        ({"first_s": 0}, "positive"),
        ({"factor": 0.5}, "positive"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(bad, told):
    with pytest.raises(ValueError, match=told):
        JobPolicy(**bad)


def test_jobs_are_deleted_also_where_the_budget_is_used_up(dial, clock):
    line = dial(budget=Budget(per_minute=4, clock=clock.monotonic))
    fetch = line.source().fetch(DAY)
    list(fetch.pages())
    while line.budget.reserve() == 0:
        pass  # others use it up
    fetch.release()
    assert line.genesys.jobs == {}
    assert [one.reason for one in line.events.of(Waiting)][-1] == "budget"
    assert line.events.of(Noticed) == []
