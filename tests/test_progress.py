"""What people see while it runs: bars, lines, JSON lines, sums, the summary."""

import io
import json
import re
import threading
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from rich.console import Console

from genesys_export import events
from genesys_export.days import Interval
from genesys_export.progress import Format, Level, Tally, fan_out, progress, summary
from genesys_export.progress.bars import Bars
from genesys_export.progress.lines import Weight, line
from genesys_export.progress.words import duration, size

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = Interval(datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))

REQUEST = events.Requested(
    method="GET", path="/jobs/{jobId}", status=200, received_bytes=1_000, elapsed_s=0.25
)
RATE_LIMIT = events.Waiting(reason="rate limit", wait_s=12)
LOOK = events.Waiting(reason="job", wait_s=3, detail="PENDING")
PAGE = events.PageExported(slice="2026-11-22#0", conversations=1_000, rows=28_000)
AGAIN = events.ReadAgain(slice="2026-11-22#0", contested=3, conversations=1_000, rows=28_000)
STARTED = events.DayStarted(org="emea", day="2026-11-22", interval=DAY, slices=1, watermark=None)
SUBMITTED = events.JobSubmitted(job_id="j1", interval=DAY, attempt=1)
PUBLISHED = events.DayPublished(
    org="",
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
    events.SignedIn(login_host="login.mypurecloud.ie", expires_in_s=86_400),
    REQUEST,
    RATE_LIMIT,
    LOOK,
    events.Retrying(method="GET", path="/x", attempt=1, wait_s=2.5, problem="HTTP 503"),
    events.Waiting(reason="retry", wait_s=2.5, detail="HTTP 503"),
    STARTED,
    SUBMITTED,
    events.JobChanged(job_id="j1", state="FULFILLED"),
    events.IntervalHalved(interval=DAY, reason="95000 hits"),
    events.PageReceived(records=1_000, received_bytes=9_000_000),
    PAGE,
    AGAIN,
    PAGE,
    events.Uploaded(key="conversations/2026-11-22.csv.gz", size_bytes=5),
    events.SliceStaged(slice="2026-11-22#0", conversations=1_000, rows=28_000, size_bytes=5),
    events.SliceAdopted(slice="2026-11-22#0", attempt="a1"),
    events.ReadBack(key="conversations/2026-11-22.csv.gz", rows=1_000, size_bytes=5),
    events.DayDue(org="", day="2026-11-20", reason="it is missing"),
    events.DaySkipped(org="", day="2026-11-21", reason="it is final already"),
    events.DayRecovered(org="", day="2026-11-22"),
    events.Noticed(message="job j1 was not deleted: HTTP 404"),
    OVER,
    PUBLISHED,
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
        "day": "2026-11-22",
        "interval": "2026-11-22T00:00:00.000Z/2026-11-23T00:00:00.000Z",
        "slices": 1,
        "watermark": None,
    }


@pytest.mark.parametrize("format_", [Format.CONSOLE, Format.JSON])
def test_every_event_can_be_a_line_without_colours(clock, format_):
    told = shown(ALL, clock, format=format_, level=Level.VERBOSE)
    assert len(told.splitlines()) == len(ALL)
    assert "\x1b" not in told


def test_every_kind_of_event_has_its_own_line():
    kinds = {kind for kind in vars(events).values() if _is_event(kind)}
    assert kinds == {type(event) for event in ALL}
    titles = [line(event).title for event in ALL]
    assert not set(titles) & {kind.__name__ for kind in kinds}


def _is_event(kind):
    return isinstance(kind, type) and issubclass(kind, events.Event) and kind is not events.Event


def test_no_page_has_a_line_of_its_own_at_the_default_level(clock):
    assert shown([REQUEST, PAGE, LOOK] * 1_000, clock) == ""


def test_verbose_tells_every_request(clock):
    told = shown([REQUEST] * 3, clock, level="verbose")
    assert told.count("request method=GET path=/jobs/{jobId} status=200") == 3


def test_quiet_tells_warnings_only(clock):
    (told,) = shown(ALL, clock, level="quiet").splitlines()
    assert "warning" in told
    assert 'message="job j1 was not deleted: HTTP 404"' in told


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


def test_a_terminal_shows_requests_conversations_and_bytes(clock):
    told = drawn([REQUEST, REQUEST, PAGE], clock)
    last = told.splitlines()[-4:]
    assert re.search(r"requests .* 2 ", last[0])
    assert re.search(r"conversations .* 1,000 ", last[1])
    assert re.search(r"received .* 2\.0 kB ", last[2])


def test_news_stand_above_the_bars(clock):
    told = drawn([STARTED, SUBMITTED, events.Noticed(message="look here"), PUBLISHED], clock)
    for words in ("day started  org=emea day=2026-11-22", "look here", "day published"):
        assert words in told
    assert "job submitted" not in told


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (RATE_LIMIT, "rate limit: 12 s"),
        (LOOK, "job PENDING: next look in 3.0 s"),
        (events.Waiting(reason="budget", wait_s=0.4), "budget: 0.4 s"),
        (
            events.Waiting(reason="retry", wait_s=2.5, detail="HTTP 503"),
            "retry: 2.5 s (HTTP 503)",
        ),
    ],
)
def test_the_current_wait_is_shown_while_it_lasts(clock, event, words):
    bars = Bars(Console(file=Terminal()), verbose=False, tally=Tally(), clock=clock)
    bars(event)
    assert words in seen(bars)
    clock.passed_s += 13
    assert words[:5] not in seen(bars)


def test_of_several_waits_the_longest_is_shown(clock):
    bars = Bars(Console(file=Terminal()), verbose=False, tally=Tally(), clock=clock)
    for event in (LOOK, RATE_LIMIT, events.Waiting(reason="budget", wait_s=1)):
        bars(event)
    clock.passed_s += 2
    assert "rate limit: 10 s" in seen(bars)


def seen(bars) -> str:
    stream = io.StringIO()
    Console(file=stream, width=100).print(bars.picture())
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
    assert stream.getvalue().endswith("\x1b[?25h")  # the cursor is back


# --- sums ------------------------------------------------------------------------------------


def test_events_are_summed_up():
    tally = Tally()
    for event in ALL:
        tally(event)
    totals = tally.totals()
    assert (totals.requests, totals.retries, totals.throttled, totals.jobs) == (1, 1, 0, 1)
    assert totals.waits_s == {"rate limit": 12, "job": 3, "retry": 2.5}
    assert (totals.conversations, totals.rows) == (1_000, 28_000)
    assert (totals.received_bytes, totals.uploaded_bytes) == (1_000, 5)
    assert totals.published == (PUBLISHED,)


def test_a_429_is_counted_as_a_retry_and_its_wait_only_once():
    tally = Tally()
    tally(_with_status(429))
    tally(events.Retrying(method="GET", path="/x", attempt=1, wait_s=12, problem="HTTP 429"))
    tally(RATE_LIMIT)
    totals = tally.totals()
    assert (totals.throttled, totals.retries) == (1, 1)
    assert totals.waits_s == {"rate limit": 12}


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
    tally(RATE_LIMIT)
    before = tally.totals()
    tally(RATE_LIMIT)
    assert before.waits_s == {"rate limit": 12}


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
    assert [re.search(r"done=(\d)", line)[1] for line in lines] == ["0", "1", "1"]


def test_a_terminal_shows_how_many_days_are_done_and_what_is_left(clock):
    shown = drawn([OVER], clock)
    assert "days" in shown
    assert "98/1,000" in shown
    assert "2 h 05 min left" in shown


def test_a_terminal_promises_nothing_while_nothing_is_known(clock):
    shown = drawn([score(1, None)], clock)
    assert "1/9" in shown
    assert "left" not in shown


def test_without_a_range_no_days_are_counted(clock):
    assert "days" not in drawn([REQUEST], clock)


def test_the_summary_of_a_range_is_one_line_for_all_its_days():
    tally = Tally()
    for event in (PUBLISHED, PUBLISHED, OVER):
        tally(event)
    said = summary(tally.totals(), elapsed_s=192, backfill=tally.backfill)
    assert said.splitlines()[0] == (
        "1,000 days: 7 exported, 90 skipped (nothing was to be done), 1 failed, 902 not done; "
        "70,000 conversations"
    )
    assert len(said.splitlines()) == 2


# --- the summary -----------------------------------------------------------------------------


def test_the_summary_says_what_was_published_and_what_it_took():
    tally = Tally()
    for event in ALL:
        tally(event)
    assert summary(tally.totals(), elapsed_s=192) == (
        "2026-11-22 provisional: 1,000 conversations, 28,000 rows, 15 files, 48.1 MB, "
        "s3://b/m.json\n"
        "2026-11-21 skipped: it is final already\n"
        "1 request (1 retry) in 3 min 12 s, 1.0 kB received, 5 bytes uploaded\n"
        "waited: rate limit 12 s, job 3.0 s, retry 2.5 s"
    )


def test_a_summary_of_nothing_is_short():
    assert summary(Tally().totals(), elapsed_s=0.04) == (
        "0 requests in 0.0 s, 0 bytes received, 0 bytes uploaded"
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
