"""Rate limits of a simulated Genesys Cloud: kept where known, lived with where not."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.utils import format_datetime

import pytest

from fakes import CONVERSATIONS, some
from genesys_export.api import Budget
from genesys_export.api.client import Call
from genesys_export.api.wire import read_watermark
from genesys_export.errors import GenesysUnavailable
from genesys_export.events import Requested, Retrying, Waiting
from genesys_simulator import Fault, RateLimited, Refusal


def ask(line):
    path = some(CONVERSATIONS.jobs).availability
    return line.client.request(Call(method="GET", path=path), read_watermark)


def test_a_429_with_seconds_is_waited_out_exactly(dial, clock):
    line = dial(Fault("availability", 1, RateLimited("42")))
    ask(line)
    assert clock.slept == [42]
    (waiting,) = line.events.of(Waiting)
    assert (waiting.reason, waiting.wait_s) == ("rate limit", 42)


def test_a_429_with_a_date_is_waited_out_exactly(dial, clock):
    at = format_datetime(clock.now() + timedelta(seconds=30), usegmt=True)
    ask(dial(Fault("availability", 1, RateLimited(at))))
    assert clock.slept == [30]


def test_a_429_without_retry_after_tells_the_seconds_in_its_text(dial, clock):
    ask(dial(Fault("availability", 1, RateLimited(None))))
    assert clock.slept == [60]


def test_a_429_that_tells_nothing_is_backed_off_from(dial, clock):
    line = dial(Fault("availability", 1, Refusal(429, "too.many.requests", "Too many")))
    ask(line)
    assert sum(clock.slept) == pytest.approx(1)  # its own wait, then the rest of everybody's
    assert [one.reason for one in line.events.of(Waiting)] == ["rate limit", "rate limit"]


def test_a_429_that_asks_for_more_than_the_deadline_ends_the_request(dial, clock):
    line = dial(Fault("availability", 1, RateLimited("3600")))
    with pytest.raises(GenesysUnavailable, match="asks to wait 3600 s") as told:
        ask(line)
    with pytest.raises(GenesysUnavailable, match="have to wait 3600 s for the rate limit") as own:
        ask(line)
    assert clock.slept == []
    in_an_hour = clock.now() + timedelta(hours=1)
    assert (told.value.retry_at, own.value.retry_at) == (in_an_hour, in_an_hour)


def test_whatever_a_server_says_the_next_try_is_a_day_away_at_most(dial, clock):
    line = dial(Fault("availability", 1, RateLimited("9" * 30)))
    with pytest.raises(GenesysUnavailable) as problem:
        ask(line)
    assert problem.value.retry_at == clock.now() + timedelta(days=1)


def test_threads_share_one_budget_that_genesys_never_has_to_enforce(dial, clock):
    # 28 starts in any minute, by the client's clock. On this clock a minute passes at once for
    # whoever is on the way, so that the 8 under way may all arrive in the server's next window.
    line = dial(budget=Budget(30, clock=clock.monotonic), options={"requests_per_minute": 28 + 8})
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ask(line), range(100)))
    assert {one.status for one in line.events.of(Requested)} == {200}
    assert line.events.of(Retrying) == []
    assert clock.monotonic() >= 180  # 28 a minute
    assert {one.reason for one in line.events.of(Waiting)} == {"budget"}


def test_a_known_limit_is_used_to_95_percent_without_a_429(dial, clock):
    line = dial(options={"requests_per_minute": 300})
    for _ in range(600):
        ask(line)
        clock.sleep(0.15)
    assert line.events.of(Retrying) == []
    assert 600 / (clock.monotonic() / 60) >= 0.95 * 300


def test_a_429_of_one_thread_holds_up_the_others(dial, clock):
    line = dial(Fault("availability", 1, RateLimited("50")))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ask(line), range(4)))
    assert clock.monotonic() >= 50
    assert {one.reason for one in line.events.of(Waiting)} == {"rate limit"}


def test_a_limit_that_is_lower_than_told_is_lived_with(dial, clock):
    line = dial(options={"requests_per_minute": 100})
    for _ in range(400):
        ask(line)
    answered = [one.status for one in line.events.of(Requested) if one.path != "/oauth/token"]
    assert answered.count(429) <= 8
    assert 400 / (clock.monotonic() / 60) >= 0.9 * 100
