"""What people see while it runs: bars, lines, JSON lines, sums, the summary."""

import io
import json
import pickle
import re
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from rich.console import Console

from genesys_export import events
from genesys_export.datasets import DEFAULT, NAMES
from genesys_export.days import Interval
from genesys_export.progress import Format, Level, Tally, fan_out, progress, summary
from genesys_export.progress.bars import Bars
from genesys_export.progress.days import Days
from genesys_export.progress.lines import Weight, line
from genesys_export.progress.words import duration, news, size, waiting

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = Interval(datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))

EMEA: Any = {"org": "emea", "dataset": DEFAULT}
ONLY: Any = {"org": "", "dataset": DEFAULT}
REQUEST = events.Requested(
    method="GET", path="/jobs/{jobId}", status=200, received_bytes=1_000, elapsed_s=0.25
)
RATE_LIMIT = events.Waiting(reason="rate limit", wait_s=12)
WAITED = events.Waited(reason="rate limit", waited_s=11.5)
LOOK = events.Waiting(reason="job", wait_s=3, detail="j1 is PENDING")
PAGE = events.PageExported(**EMEA, slice="2026-11-22#0", conversations=1_000, rows=28_000)
AGAIN = events.ReadAgain(
    **EMEA, slice="2026-11-22#0", contested=3, conversations=1_000, rows=28_000
)
STARTED = events.DayStarted(**EMEA, day="2026-11-22", interval=DAY, slices=1, watermark=None)
COUNTED = events.DayCounted(**EMEA, day="2026-11-22", conversations=4_000)
FAILED = events.DayEnded(
    **ONLY, day="2026-11-20", status="failed", message="no answer", exit_status=69
)
ENDED = events.DayEnded(**ONLY, day="2026-11-22", status="published", message="", exit_status=0)
CUT = events.DayCut(**EMEA, day="2026-11-22", slices=3)
SUBMITTED = events.JobSubmitted(job_id="j1", interval=DAY, attempt=1)
PUBLISHED = events.DayPublished(
    **ONLY,
    day="2026-11-22",
    state="provisional",
    outcome="published",
    manifest="s3://b/m.json",
    conversations=1_000,
    rows=28_000,
    files=15,
    size_bytes=48_100_000,
)
OVER = events.BackfillProgress(
    done=7, skipped=90, failed=1, total=1_000, conversations=70_000, eta_s=7_500.0
)
ALL = (
    events.ShardChosen(shard="2/4", orgs="apac, emea"),
    events.SignedIn(login_host="login.mypurecloud.ie", expires_in_s=86_400),
    REQUEST,
    RATE_LIMIT,
    WAITED,
    LOOK,
    events.Waited(reason="job", waited_s=3),
    events.Retrying(method="GET", path="/x", attempt=1, wait_s=2.5, problem="HTTP 503"),
    events.Waiting(reason="retry", wait_s=2.5, detail="HTTP 503"),
    events.Waited(reason="retry", waited_s=0.5),
    STARTED,
    COUNTED,
    CUT,
    SUBMITTED,
    events.JobChanged(job_id="j1", state="FULFILLED"),
    events.IntervalHalved(interval=DAY, reason="95000 hits"),
    events.PageReceived(records=1_000, received_bytes=9_000_000),
    PAGE,
    AGAIN,
    PAGE,
    events.Uploaded(key="conversations/2026-11-22.csv.gz", size_bytes=5),
    events.SliceStaged(
        **EMEA, slice="2026-11-22#0", conversations=1_000, rows=28_000, size_bytes=5
    ),
    events.SliceAdopted(**EMEA, slice="2026-11-22#0", attempt="a1", conversations=500),
    events.OrgProgress(org="emea", ended=3, failed=1, total=9),
    events.ReadBack(key="conversations/2026-11-22.csv.gz", rows=1_000, size_bytes=5),
    events.DayDue(**ONLY, day="2026-11-20", reason="it is missing"),
    events.DaySkipped(**ONLY, day="2026-11-21", reason="it is already final"),
    events.DayRecovered(**ONLY, day="2026-11-22"),
    events.Noticed(message="job j1 was not deleted: HTTP 404"),
    OVER,
    FAILED,
    PUBLISHED,
)
FIGURES = events.WorkerFigures(
    org="emea",
    requests=40,
    retries=1,
    throttled=1,
    waits_s={"budget": 2.0},
    jobs=3,
    conversations=500,
    rows=900,
    received_bytes=5_000,
    uploaded_bytes=700,
)


class TurnedByHand:
    """A clock that moves when told."""

    def __init__(self):
        self.passed_s = 0.0

    def now(self):
        return NOON + timedelta(seconds=self.passed_s)

    def monotonic(self):
        return self.passed_s


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


class Broken(io.StringIO):
    """A stream whose reader has gone."""

    def write(self, _text):
        raise BrokenPipeError


@pytest.fixture
def clock():
    return TurnedByHand()


def shown(given, clock, **options) -> str:
    stream = options.pop("stream", None) or io.StringIO()
    with progress(stream, clock=clock, **options) as observe:
        for event in given:
            observe(event)
    return stream.getvalue()


# --- lines -----------------------------------------------------------------------------------


def test_off_a_terminal_a_line_has_time_weight_and_values(clock):
    assert shown([SUBMITTED], clock) == (
        "2026-11-23T12:00:00.000Z info    job submitted job_id=j1 "
        "interval=2026-11-22T00:00:00.000Z/2026-11-23T00:00:00.000Z attempt=1\n"
    )


def test_json_lines_hold_the_same(clock):
    (told,) = map(json.loads, shown([STARTED], clock, format="json").splitlines())
    assert told == {
        "time": "2026-11-23T12:00:00.000Z",
        "level": "info",
        "event": "day started",
        "org": "emea",
        "dataset": "conversation_details",
        "day": "2026-11-22",
        "interval": "2026-11-22T00:00:00.000Z/2026-11-23T00:00:00.000Z",
        "slices": 1,
        "watermark": None,
    }


def about(event, **names):
    return msgspec.structs.replace(event, **names)


def test_json_lines_and_the_verbose_log_name_what_every_event_is_about(clock):
    names = {"dataset": DEFAULT, "day": "2026-11-22", "slice": "2026-11-22#0"}
    request = about(REQUEST, org="emea", **names)
    (told,) = map(json.loads, shown([request], clock, format="json", level="verbose").splitlines())
    assert told.items() >= {"org": "emea", **names}.items()
    assert "org=emea day=2026-11-22 slice=2026-11-22#0" in shown([request], clock, level="verbose")


def test_plain_lines_of_one_organisation_stay_as_short_as_they_were(clock):
    names = {"dataset": DEFAULT, "day": "2026-11-22", "slice": "2026-11-22#0"}
    given = [*ALL[:1], RATE_LIMIT, SUBMITTED, ALL[-4]]
    whole = [about(event, **names) for event in given]
    assert shown(whole, clock) == shown(given, clock)
    of_two = shown([about(event, org="emea") for event in whole], clock)
    assert [line.count("org=emea") for line in of_two.splitlines()] == [1] * 4


def test_waits_and_notices_say_whose_they_are_where_there_are_several(clock):
    noticed = events.Noticed(org="emea", message="2026-11-22: 3 new")
    assert news(noticed) == "emea: 2026-11-22: 3 new"
    assert (
        waiting(about(LOOK, org="emea"), 3) == "emea: job j1 is PENDING; checking again in 3.0 s"
    )
    told = shown([about(RATE_LIMIT, org=org) for org in ("emea", "apac", "emea")], clock)
    assert re.findall(r"org=(\w+)", told) == ["emea", "apac"]


@pytest.mark.parametrize("format_", [Format.CONSOLE, Format.JSON])
def test_every_event_can_be_a_line_without_colours(clock, format_):
    told = shown(ALL, clock, format=format_, level=Level.VERBOSE)
    assert len(told.splitlines()) == len(ALL)
    assert "\x1b" not in told


def test_every_kind_of_event_has_its_own_line():
    kinds = {kind for kind in vars(events).values() if _is_event(kind)}
    every = (*ALL, FIGURES)
    assert kinds == {type(event) for event in every}
    titles = [line(event).title for event in every]
    assert not set(titles) & {kind.__name__ for kind in kinds}


def test_every_event_survives_pickling():
    assert [pickle.loads(pickle.dumps(event)) for event in ALL] == list(ALL)


ROOTS = (events.Event, events.OfDataset)


def _is_event(kind):
    return isinstance(kind, type) and issubclass(kind, events.Event) and kind not in ROOTS


def test_no_page_has_a_line_of_its_own_at_the_default_level(clock):
    assert shown([REQUEST, PAGE, LOOK] * 1_000, clock) == ""


def test_verbose_tells_every_request(clock):
    told = shown([REQUEST] * 3, clock, level="verbose")
    assert told.count("request method=GET path=/jobs/{jobId} status=200") == 3


def test_quiet_tells_warnings_only(clock):
    noticed, failed = shown(ALL, clock, level="quiet").splitlines()
    assert 'warning notice message="job j1 was not deleted: HTTP 404"' in noticed
    assert 'day failed day=2026-11-20 status=failed message="no answer" exit_status=69' in failed


def test_a_day_that_failed_alone_is_told_at_the_end_and_in_json_lines_at_once(clock):
    assert shown([FAILED], clock) == ""
    (told,) = map(json.loads, shown([FAILED], clock, format="json").splitlines())
    assert (told["event"], told["level"], told["exit_status"]) == ("day failed", "warning", 69)
    assert told["retry_at"] is None


DUE = events.DayDue(**ONLY, day="2026-11-19", reason="it is missing")
SHARD = events.ShardChosen(shard="2/4", orgs="apac, emea")
EARLY = msgspec.structs.replace(
    FAILED,
    status="unfinished",
    message="2026-11-20 is not complete at Genesys: the data reaches nothing yet",
    exit_status=75,
)


@pytest.mark.parametrize(
    ("before", "more", "options"),
    [([], {"org": "emea"}, {}), ([], {}, {"named": True}), ([DUE], {}, {}), ([OVER], {}, {})],
    ids=["organisations", "datasets", "due days", "a range"],
)
def test_a_failed_day_among_others_is_told_at_once(clock, before, more, options):
    failed = msgspec.structs.replace(FAILED, **more)
    assert "day failed" in shown([*before, failed], clock, **options)
    assert "2026-11-20 failed: no answer" in drawn([*before, failed], clock, **options)
    assert "day failed" in shown([*before, failed], clock, level="quiet", **options)


def test_a_shard_says_which_organisations_it_has(clock):
    assert 'info    shard shard=2/4 orgs="apac, emea"' in shown([SHARD, OVER], clock)
    assert "shard 2/4: apac, emea" in drawn([SHARD, OVER], clock)
    assert shown([SHARD], clock, level="quiet") == ""


def test_a_day_that_is_too_early_has_not_failed_and_says_why(clock):
    told = shown([EARLY], clock, format="json")
    assert '"level": "info", "event": "day unfinished"' in told
    early = msgspec.structs.replace(EARLY, org="emea")
    for given in ([early], [OVER, early]):
        assert "info    day unfinished org=emea day=2026-11-20 " in shown(given, clock)
        drew = drawn(given, clock)
        assert "emea 2026-11-20 is not complete at Genesys: " in drew
        assert "failed" not in drew.replace("1 failed", "")
    assert shown([early], clock, level="quiet") == ""
    held = msgspec.structs.replace(early, message="another run holds the day")
    assert "emea 2026-11-20: another run holds the day" in drawn([held], clock)


@pytest.mark.parametrize(
    "status", ["published", "unchanged", "skipped", "unfinished", "not tried"]
)
def test_the_end_of_a_day_that_did_not_fail_is_for_the_verbose_log(clock, status):
    ended = msgspec.structs.replace(ENDED, status=status)
    assert "ended" not in shown([OVER, ended], clock) + shown([ended], clock, format="json")
    assert "2026-11-22" not in drawn([OVER, ended], clock)
    assert "day ended day=2026-11-22" in shown([ended], clock, level="verbose")


def test_progress_is_told_at_most_every_ten_seconds(clock):
    stream = io.StringIO()
    with progress(stream, clock=clock) as observe:
        for _ in range(100):
            clock.passed_s += 1
            observe(PAGE)
    told = stream.getvalue().splitlines()
    assert len(told) == 10
    assert " progress requests=0 conversations=10000 rows=280000 " in told[0]
    assert told[-1].startswith("2026-11-23T12:01:40.000Z info ")


def test_progress_names_the_day_its_phase_its_per_cent_and_the_time_that_is_left(clock):
    stream = io.StringIO()
    with progress(stream, clock=clock) as observe:
        for event in (STARTED, COUNTED, PAGE):
            observe(event)
        clock.passed_s += 10
        observe(PAGE)
    told = stream.getvalue().splitlines()[-1]
    assert " progress day=2026-11-22 phase=reading percent=50 left_s=10 requests=0 " in told


def test_a_day_that_is_unchanged_is_not_called_published(clock):
    same = msgspec.structs.replace(PUBLISHED, outcome="unchanged")
    told = shown([same], clock)
    assert " day unchanged day=2026-11-22 " in told
    assert "published" not in told.replace("outcome=", "")
    tally = Tally()
    tally(same)
    assert (tally.totals().published, tally.totals().unchanged) == ((), (same,))
    assert "2026-11-22 provisional (unchanged): " in summary(tally.totals(), elapsed_s=1)


def test_quiet_tells_no_progress(clock):
    stream = io.StringIO()
    with progress(stream, clock=clock, level="quiet") as observe:
        clock.passed_s += 60
        observe(PAGE)
    assert stream.getvalue() == ""


def test_a_wait_that_many_threads_share_is_told_once(clock):
    stream = io.StringIO()
    with progress(stream, clock=clock) as observe:
        for _ in range(8):
            observe(RATE_LIMIT)
        assert stream.getvalue().count('reason="rate limit" wait_s=12') == 1
        clock.passed_s += 12
        observe(RATE_LIMIT)
    assert stream.getvalue().count("rate limit") == 2


def test_what_a_server_says_can_neither_forge_a_line_nor_reach_the_terminal(clock):
    nasty = events.Noticed(message='end\n2026-11-23 error x="1" \x1b[2J\x9b\u2028')
    for format_ in ("console", "json"):
        told = shown([nasty], clock, format=format_)
        assert len(told.splitlines()) == 1
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", told)
    drawn = shown([nasty], clock, stream=Terminal())
    assert "\x1b[2J" not in drawn


def test_nothing_is_drawn_where_lines_were_asked_for(clock):
    told = shown([STARTED, PAGE], clock, format="console", stream=Terminal())
    assert "\x1b" not in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("stream", [io.StringIO(), Broken()])
def test_a_stream_that_fails_ends_no_export(clock, stream):
    if not isinstance(stream, Broken):
        stream.close()
    tally = Tally()
    with progress(stream, clock=clock, tally=tally) as observe:
        for event in ALL:
            observe(event)
    assert tally.totals().requests == 1


# --- bars ------------------------------------------------------------------------------------


def drawn(given, clock, **options) -> str:
    text = shown(given, clock, stream=Terminal(), **options)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.fixture
def bars(clock):
    tally = Tally()
    bars = Bars(
        Console(file=Terminal(), width=100), verbose=False, named=False, tally=tally, clock=clock
    )

    def observe(*given):
        for event in given:
            fan_out(tally, bars)(event)
        return seen(bars)

    return observe


def test_a_terminal_shows_requests_and_bytes(bars, clock):
    clock.passed_s = 60
    assert "2 requests (2/min), 2.0 kB received (33 bytes/s), 1 min 00 s" in bars(REQUEST, REQUEST)


def test_a_day_shows_its_phase_its_per_cent_and_the_time_that_is_left(bars, clock):
    for before, phase in (((STARTED,), "starting"), ((COUNTED, SUBMITTED), "waiting for Genesys")):
        told = bars(*before)
        assert f"emea 2026-11-22 {phase} " in told
        assert "conversation" not in told  # nothing is read yet: no "0 of 4,000"
    assert re.search(r"reading .* 25 % 1,000 of 4,000 conversations", bars(PAGE))
    clock.passed_s += 10
    assert re.search(r"reading .* 50 % 10 s left, 2,000 of 4,000", bars(PAGE))
    assert re.search(r"reading .* 25 % 30 s left, 1,000 of 4,000", bars(AGAIN))
    staged = events.SliceStaged(
        **EMEA, slice="2026-11-22#0", conversations=1, rows=1, size_bytes=1
    )
    assert re.search(r"publishing .* 100 % ", bars(staged))
    ended = msgspec.structs.replace(PUBLISHED, org="emea")
    last = bars(ended)
    assert "2026-11-22" not in last
    assert "1 day done" in last


def test_what_was_adopted_counts_as_done_and_not_as_speed(bars, clock):
    two = msgspec.structs.replace(STARTED, slices=2)
    adopted = events.SliceAdopted(**EMEA, slice="2026-11-22#1", attempt="a1", conversations=2_000)
    bars(two, COUNTED, adopted, msgspec.structs.replace(PAGE, conversations=500))
    clock.passed_s += 10
    told = bars(msgspec.structs.replace(PAGE, conversations=500))
    assert re.search(r"reading .* 75 % 10 s left, 3,000 of 4,000", told)


def test_a_day_that_was_not_counted_shows_what_came_and_promises_nothing(bars, clock):
    bars(STARTED, PAGE)
    clock.passed_s += 10
    told = bars(PAGE)
    assert re.search(r"reading .* 2,000 conversations", told)
    assert "%" not in told
    assert "left" not in told


def test_a_day_with_more_than_was_counted_is_not_done_before_its_end(bars):
    assert " 99 % " in bars(STARTED, COUNTED, *[PAGE] * 5)


def test_the_picture_is_wiped_at_the_end(clock):
    stream = Terminal()
    with progress(stream, clock=clock) as observe:
        observe(STARTED)
    told = stream.getvalue()
    assert "2026-11-22 starting" in told
    after = told.rpartition("0 requests")[2]
    assert after.count("\x1b[2K") >= 2  # each of its lines


def test_in_a_narrow_terminal_every_row_keeps_to_its_line(clock):
    tally = Tally()
    bars = Bars(
        Console(file=Terminal(), width=50), verbose=False, named=False, tally=tally, clock=clock
    )
    for event in (STARTED, COUNTED, PAGE):
        bars(msgspec.structs.replace(event, org=""))
    bars(RATE_LIMIT)
    lines = seen(bars, 50).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("2026-11-22 reading")


def test_news_stand_above_the_bars(clock):
    told = drawn([STARTED, SUBMITTED, events.Noticed(message="look here")], clock)
    assert "look here" in told
    assert "job submitted" not in told


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (RATE_LIMIT, "rate limit: 12 s"),
        (LOOK, "job j1 is PENDING; checking again in 3.0 s"),
        (events.Waiting(reason="budget", wait_s=0.4), "budget: 0.4 s"),
        (
            events.Waiting(reason="retry", wait_s=2.5, detail="HTTP 503"),
            "retry: 2.5 s (HTTP 503)",
        ),
    ],
)
def test_the_current_wait_is_shown_while_it_lasts(clock, event, words):
    bars = Bars(Console(file=Terminal()), verbose=False, named=False, tally=Tally(), clock=clock)
    bars(event)
    assert words in seen(bars)
    clock.passed_s += 13
    assert words[:5] not in seen(bars)


def test_of_several_waits_the_longest_is_shown(clock):
    bars = Bars(Console(file=Terminal()), verbose=False, named=False, tally=Tally(), clock=clock)
    for event in (LOOK, RATE_LIMIT, events.Waiting(reason="budget", wait_s=1)):
        bars(event)
    clock.passed_s += 2
    assert "rate limit: 10 s" in seen(bars)


def seen(bars, width=100) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width).print(bars.picture())
    return stream.getvalue()


def test_verbose_tells_every_request_above_the_bars(clock):
    assert "request  method=GET path=/jobs/{jobId}" in drawn([REQUEST], clock, level="verbose")


def test_quiet_draws_nothing(clock):
    assert shown([REQUEST, STARTED], clock, stream=Terminal(), level="quiet") == ""


def test_bars_end_when_an_error_goes_through(clock):
    stream = Terminal()
    with pytest.raises(KeyError), progress(stream, clock=clock):
        raise KeyError
    assert not [t for t in threading.enumerate() if t.name.startswith("Refresh")]
    assert "\x1b[?25h" in stream.getvalue()  # the cursor is back


# --- sums ------------------------------------------------------------------------------------


def test_events_are_summed_up():
    tally = Tally()
    for event in ALL:
        tally(event)
    totals = tally.totals()
    assert (totals.requests, totals.retries, totals.throttled, totals.jobs) == (1, 1, 0, 1)
    assert totals.waits_s == {"rate limit": 11.5, "job": 3, "retry": 0.5}
    assert (totals.conversations, totals.rows) == (1_000, 28_000)
    assert (totals.received_bytes, totals.uploaded_bytes) == (1_000, 5)
    assert totals.published == (PUBLISHED,)


def test_a_429_is_counted_as_a_retry_and_its_wait_only_once():
    tally = Tally()
    tally(_with_status(429))
    tally(events.Retrying(method="GET", path="/x", attempt=1, wait_s=12, problem="HTTP 429"))
    tally(RATE_LIMIT)
    tally(WAITED)
    totals = tally.totals()
    assert (totals.throttled, totals.retries) == (1, 1)
    assert totals.waits_s == {"rate limit": 11.5}


def _with_status(status):
    return events.Requested(
        method="GET", path="/x", status=status, received_bytes=10, elapsed_s=0.1
    )


def test_sums_are_right_from_many_threads():
    tally = Tally()

    def work():
        for _ in range(500):
            tally(REQUEST)
            tally(PAGE)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert tally.totals().requests == 4_000
    assert tally.totals().conversations == 4_000_000


def test_a_snapshot_stays_as_it_was():
    tally = Tally()
    tally(WAITED)
    before = tally.totals()
    tally(WAITED)
    assert before.waits_s == {"rate limit": 11.5}


def test_totals_are_fit_for_a_report():
    tally = Tally()
    for event in ALL:
        tally(event)
    told = json.loads(msgspec.json.encode(tally.totals()))
    assert told["waits_s"]["job"] == 3
    assert told["published"][0]["day"] == "2026-11-22"


def test_the_given_tally_sees_what_quiet_does_not_show(clock):
    tally = Tally()
    shown(ALL, clock, level="quiet", tally=tally)
    assert tally.totals().requests == 1


def test_fan_out_tells_everyone_in_order():
    told = []
    fan_out(lambda e: told.append((1, e)), lambda e: told.append((2, e)))(PAGE)
    assert told == [(1, PAGE), (2, PAGE)]


# --- a range of days -------------------------------------------------------------------------


def score(done: int, eta_s: float | None = 60.0) -> events.BackfillProgress:
    return events.BackfillProgress(
        done=done, skipped=0, failed=0, total=9, conversations=0, eta_s=eta_s
    )


def test_how_far_a_range_is_has_a_line_when_a_day_has_ended_or_a_minute_passed(clock):
    stream = io.StringIO()
    with progress(stream, clock=clock) as observe:
        for told in (score(0), score(0), score(1), score(1)):
            observe(told)
            clock.passed_s += 5
        clock.passed_s += 60
        observe(score(1))
    lines = [line for line in stream.getvalue().splitlines() if " backfill " in line]
    assert [re.findall(r"done=(\d)", line)[0] for line in lines] == ["0", "1"]


def test_the_end_of_a_range_has_a_line_at_once(clock):
    told = shown([score(0), score(9)], clock)
    assert "done=9" in told


def test_a_range_has_one_line_a_day(clock):
    day = (STARTED, COUNTED, SUBMITTED, RATE_LIMIT, WAITED, PAGE, PUBLISHED)
    told = shown([score(0), *day, *day, FAILED], clock).splitlines()
    titles = [re.findall(r"Z (?:info|warning) +(day \w+|\w+)", line)[0] for line in told]
    assert titles == ["backfill", "day published", "day published", "day failed"]
    drawn_ = drawn([score(0), *day, FAILED], clock)
    assert drawn_.count("2026-11-22 provisional: 1,000 conversations") == 1
    assert "2026-11-20 failed: no answer" in drawn_


def test_json_lines_and_the_verbose_log_tell_all_of_a_range(clock):
    for options in ({"format": "json"}, {"level": "verbose"}):
        assert "job submitted" in shown([score(0), SUBMITTED], clock, **options)


def test_in_a_range_there_is_no_second_line_of_progress(clock):
    stream = io.StringIO()
    with progress(stream, clock=clock) as observe:
        observe(score(0))
        clock.passed_s += 30
        observe(PAGE)
    assert " progress " not in stream.getvalue()


def test_a_terminal_shows_how_many_days_are_done_and_what_is_left(clock):
    shown = drawn([OVER], clock)
    assert "days" in shown
    assert "98 of 1,000 days" in shown
    assert " 9 % " in shown
    assert "2 h 05 min left" in shown


def test_a_terminal_promises_nothing_while_nothing_is_known(clock):
    shown = drawn([score(1, None)], clock)
    assert "1 of 9 days" in shown
    assert "left" not in shown


def test_each_organisation_of_a_cluster_has_a_row_until_it_ends(clock):
    emea = events.OrgProgress(org="emea", ended=3, failed=1, total=9)
    apac = events.OrgProgress(org="apac", ended=9, failed=0, total=9)
    shown_ = drawn([score(3), emea, apac], clock)
    assert "emea" in shown_
    assert "3 of 9 days, 1 failed" in shown_
    assert "apac" not in shown_
    told = shown([score(3), emea, apac], clock)
    assert "organisation org=apac ended=9 failed=0 total=9" in told
    assert "emea" not in told


def test_the_figures_of_workers_are_summed_up_as_requests_of_its_own_are():
    tally = Tally()
    for event in (FIGURES, FIGURES, REQUEST):
        tally(event)
    totals = tally.totals()
    assert (totals.requests, totals.throttled, totals.jobs) == (81, 2, 6)
    assert (totals.conversations, totals.rows) == (1_000, 1_800)
    assert totals.waits_s == {"budget": 4.0}
    assert totals.uploaded_bytes == 1_400


def test_without_a_range_no_days_are_counted(clock):
    assert "day" not in drawn([REQUEST], clock)


def test_the_summary_of_a_range_is_one_line_for_all_its_days():
    tally = Tally()
    for event in (PUBLISHED, PUBLISHED, OVER):
        tally(event)
    said = summary(tally.totals(), elapsed_s=192, backfill=tally.backfill)
    assert said.splitlines()[0] == (
        "1,000 days: 7 exported, 90 skipped (nothing to do), 1 failed, 902 not done; "
        "70,000 conversations"
    )
    assert len(said.splitlines()) == 1  # nothing was requested


# --- the summary -----------------------------------------------------------------------------


def test_the_summary_says_what_was_published_and_what_it_took():
    tally = Tally()
    for event in ALL:
        tally(event)
    assert summary(tally.totals(), elapsed_s=192) == (
        "2026-11-22 provisional: 1,000 conversations, 28,000 rows, 15 files, 48.1 MB, "
        "s3://b/m.json\n"
        "2026-11-21 skipped: it is already final\n"
        "1 request (1 retry) in 3 min 12 s, 1.0 kB received, 5 bytes uploaded\n"
        "waited for: rate limit 12 s, job 3.0 s, retry 0.5 s"
    )


def summed(*seen: events.Event, elapsed_s: float = 60) -> str:
    tally = Tally()
    for event in seen:
        tally(event)
    return summary(tally.totals(), elapsed_s=elapsed_s)


def test_what_asked_nothing_has_no_figures():
    assert summed() == ""
    skipped = events.DaySkipped(**ONLY, day="2026-11-21", reason="it is already final")
    assert summed(skipped) == "2026-11-21 skipped: it is already final"


NAMES_OF_DAY: Any = msgspec.structs.replace(
    PUBLISHED, dataset=NAMES, conversations=240, rows=240, files=5, manifest="s3://b/n.json"
)


def test_a_dataset_is_named_only_where_there_are_several_and_has_its_own_word_for_records():
    (line_,) = summed(PUBLISHED).splitlines()
    assert line_.startswith("2026-11-22 provisional: 1,000 conversations, ")
    (line_,) = summed(NAMES_OF_DAY).splitlines()
    assert line_.startswith("2026-11-22 provisional: 240 entries, 240 rows, ")
    first, second = summed(PUBLISHED, NAMES_OF_DAY).splitlines()
    assert first.startswith("conversation_details 2026-11-22 provisional: 1,000 conversations, ")
    assert second.startswith("dimensions 2026-11-22 provisional: 240 entries, ")


def test_lines_name_the_dataset_where_a_run_has_several_and_machines_always_read_it(clock):
    (told,) = shown([NAMES_OF_DAY], clock).splitlines()
    assert " day published day=2026-11-22 " in told
    assert " entries=240 " in told
    (told,) = shown([NAMES_OF_DAY], clock, named=True).splitlines()
    assert " day published dataset=dimensions day=2026-11-22 " in told
    told = json.loads(shown([NAMES_OF_DAY], clock, format="json"))
    assert (told["dataset"], told["entries"]) == ("dimensions", 240)
    assert "conversations" not in told


def test_the_same_day_of_two_datasets_and_organisations_is_counted_apart(clock):
    tally = Tally()
    bars = Bars(
        Console(file=Terminal(), width=120), verbose=False, named=True, tally=tally, clock=clock
    )
    other = {"org": "apac", "dataset": NAMES}
    for event in (STARTED, COUNTED):
        bars(event)
    bars(msgspec.structs.replace(STARTED, **other))
    bars(PAGE)
    first, second = seen(bars, 120).splitlines()[:2]
    assert first.startswith("emea conversation_details 2026-11-22 reading")
    assert "1,000 of 4,000 conversations" in first
    assert second.startswith("apac dimensions 2026-11-22 ")
    assert " starting " in second
    bars(msgspec.structs.replace(PUBLISHED, org="emea"))
    assert seen(bars, 120).splitlines()[0].startswith("apac dimensions 2026-11-22 ")


def test_a_range_of_several_datasets_counts_records(clock):
    def told(*events_):
        tally = Tally()
        for event in (*events_, OVER):
            tally(event)
        return summary(tally.totals(), elapsed_s=1, backfill=OVER).splitlines()[0]

    assert told(PUBLISHED).endswith("; 70,000 conversations")
    assert told(PUBLISHED, NAMES_OF_DAY).endswith("; 70,000 records")


def test_what_an_unchanged_day_staged_is_not_called_uploaded():
    asked = events.Requested(method="GET", path="/x", status=200, received_bytes=9, elapsed_s=0.1)
    staged = events.Uploaded(key="surveys/2026-11-21.csv.gz", size_bytes=1_600)
    day = events.DayPublished(
        **ONLY,
        day="2026-11-21",
        state="final",
        outcome="published",
        manifest="m",
        conversations=1,
        rows=1,
        files=1,
        size_bytes=1_600,
    )
    same = msgspec.structs.replace(day, outcome=events.UNCHANGED)
    assert summed(asked, staged, day).endswith("1.6 kB uploaded")
    assert summed(asked, staged, same).endswith("1.6 kB staged and discarded")
    assert summed(asked, staged, same, day).endswith(
        "1.6 kB uploaded (for unchanged days: staged and discarded)"
    )


def test_waits_longer_than_the_run_are_said_to_be_added_up():
    asked = events.Requested(method="GET", path="/", status=200, received_bytes=9, elapsed_s=0.1)
    waits = [events.Waited(reason="job", waited_s=3.2)] * 3
    assert summed(asked, *waits, elapsed_s=9.9).endswith("waited for: job 9.6 s")
    assert summed(asked, *waits, elapsed_s=3.8).endswith(
        "job 9.6 s (summed over parallel threads)"
    )


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (999_950, "1.0 MB"),
        (10**16, "10000.0 TB"),
    ],
)
def test_sizes_in_words(count, words):
    assert size(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.44, "0.4 s"),
        (9.96, "10 s"),
        (59.6, "1 min 00 s"),
        (3_599.6, "1 h 00 min"),
        (7_500, "2 h 05 min"),
    ],
)
def test_durations_in_words(seconds, words):
    assert duration(seconds) == words


def test_weights_are_those_of_logging():
    assert [int(weight) for weight in Weight] == [10, 20, 30]


@pytest.mark.parametrize(
    ("contested", "why"),
    [(0, "a job was replaced"), (1, "1 conversation came in differing copies")],
)
def test_why_a_slice_is_read_again_is_told(contested, why):
    said = news(msgspec.structs.replace(AGAIN, contested=contested))
    assert said.endswith(f": {why}; reading again")


def test_a_day_whose_number_of_slices_is_not_known_yet_is_not_published_early():
    days = Days()
    staged = events.SliceStaged(
        **EMEA, slice="2026-11-22#0", conversations=10, rows=10, size_bytes=1
    )
    begun = msgspec.structs.replace(STARTED, slices=0)
    for event, phase in ((begun, "starting"), (CUT, "starting"), (staged, "starting")):
        days.see(event, 0.0)
        assert days.under_way[0].phase == phase
    for _ in range(2):
        days.see(staged, 0.0)
    assert days.under_way[0].phase == "publishing"
