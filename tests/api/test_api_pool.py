"""Several tokens of one client: each has its budget, until 429s show that the limit is shared."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from fakes import CONVERSATIONS, some
from genesys_export.api import Budget, TokenPool
from genesys_export.api.client import Call
from genesys_export.api.pool import OneToken, one_budget
from genesys_export.api.wire import read_watermark
from genesys_export.days import Interval
from genesys_export.errors import SignInRefused
from genesys_export.events import Noticed, Requested, Retrying, SignedIn, Waiting
from genesys_simulator import DeadToken, Fault, RateLimited, Revoked


def ask(line):
    path = some(CONVERSATIONS.jobs).availability
    return line.client.request(Call(method="GET", path=path), read_watermark)


@pytest.fixture
def pool(clock):
    return TokenPool(3, 300, clock=clock.monotonic)


@pytest.fixture
def pooled(dial, clock):
    """Return what connects to a simulator with so many tokens of 100 requests a minute."""

    def connect(tokens, *faults, **options):
        budget = (
            TokenPool(tokens, 100, clock=clock.monotonic)
            if tokens > 1
            else Budget(100, clock=clock.monotonic)
        )
        return dial(*faults, budget=budget, options=options)

    return connect


def starts(pool, lane, count):
    return sum(pool.reserve(lane) == 0 for _ in range(count))


def test_tokens_are_filled_one_after_the_other(pool, clock):
    for lane in range(3):
        assert pool.soonest() == lane
        assert starts(pool, lane, 300) == 288
        clock.sleep(10)
    assert pool.soonest() == 0
    assert pool.reserve(0) == 30
    assert pool.paused_for() == 0


def test_a_429_pauses_its_token_alone(pool, clock):
    assert pool.reserve(0) == 0
    clock.sleep(1)
    assert pool.refused(0, wait_s=42, started_ago_s=1) is False
    assert pool.reserve(0) == 42
    assert (pool.soonest(), pool.paused_for()) == (1, 0)
    assert pool.reserve(1) == 0
    for lane in (1, 2):
        starts(pool, lane, 300)
    assert (pool.soonest(), pool.paused_for()) == (0, 42)


def test_a_second_429_while_another_token_pauses_shows_a_limit_of_the_client(pool, clock):
    starts(pool, 0, 288)
    starts(pool, 1, 12)
    clock.sleep(1)
    assert pool.refused(1, wait_s=59, started_ago_s=0.5) is False
    clock.sleep(1)
    pool.reserve(2)
    clock.sleep(0.1)
    assert pool.refused(2, wait_s=58, started_ago_s=0.1) is True
    assert pool.soonest() == 0
    assert [pool.reserve(lane) for lane in range(3)] == [pool.paused_for()] * 3
    assert pool.refused(0, wait_s=70, started_ago_s=0.1) is False  # that is known by now
    clock.sleep(200)
    assert starts(pool, 0, 200) + starts(pool, 2, 200) == 288


def test_requests_on_their_way_when_a_token_was_refused_show_nothing(pool, clock):
    for lane in (0, 1):
        pool.reserve(lane)
    clock.sleep(1)
    assert pool.refused(0, wait_s=30, started_ago_s=1) is False
    assert pool.refused(1, wait_s=30, started_ago_s=1) is False


def test_a_limit_of_each_token_that_is_lower_than_told_is_not_taken_for_the_clients(pool, clock):
    starts(pool, 0, 200)
    clock.sleep(0.1)
    assert pool.refused(0, wait_s=59, started_ago_s=0.1) is False
    assert starts(pool, 1, 200) == 200  # let through while the first one pauses
    clock.sleep(0.1)
    pool.reserve(1)
    assert pool.refused(1, wait_s=59, started_ago_s=0) is False


class Hasty(TokenPool):
    """A pool in which another thread always takes the last start of the first token just now."""

    looked = 0

    def soonest(self):
        self.looked += 1
        return 0 if self.looked == 1 else super().soonest()


def test_a_start_that_another_thread_took_is_looked_for_again(dial, clock):
    pool = Hasty(2, 10, clock=clock.monotonic)
    while pool.reserve(0) == 0:
        pass
    line = dial(budget=pool)
    ask(line)
    assert clock.slept == []
    assert len(line.events.of(SignedIn)) == 2


def test_a_pool_without_tokens_is_refused(clock):
    with pytest.raises(ValueError, match="at least one token"):
        TokenPool(0, 300, clock=clock.monotonic)


def test_one_token_asks_its_budget(clock):
    one = OneToken(Budget(1, clock=clock.monotonic))
    assert (one.count, one.soonest(), one.reserve(0)) == (1, 0, 0)
    assert one.refused(0, wait_s=90, started_ago_s=0) is False
    assert one.paused_for() == one.reserve(0) == 90


def test_a_token_is_fetched_when_the_others_are_used_up_and_not_before(pooled):
    line = pooled(4, requests_per_minute=100)
    for _ in range(97):
        ask(line)
    assert len(line.events.of(SignedIn)) == 2
    assert line.events.of(Waiting) == []


def test_a_jobs_results_are_read_with_whichever_token_is_free(pooled, clock):
    line = pooled(2, requests_per_minute=100)
    for _ in range(95):
        ask(line)
    source = line.source()
    begin = datetime(2026, 11, 20, tzinfo=UTC)
    pages = list(source.fetch(Interval(begin, begin + timedelta(days=1))).pages())
    assert len(pages) >= 3
    assert len(line.events.of(SignedIn)) == 2


def test_a_dead_token_is_fetched_again_without_the_others(pooled):
    line = pooled(3, Fault("availability", 98, DeadToken()), requests_per_minute=100)
    for _ in range(99):
        ask(line)
    assert len(line.events.of(SignedIn)) == 3  # two, and the second one again
    assert [one.status for one in line.events.of(Requested)].count(401) == 1


def test_each_token_is_renewed_before_it_expires(pooled, clock):
    line = pooled(2, requests_per_minute=100, token_lifetime_s=300)
    for _ in range(3):
        for _ in range(100):
            ask(line)
        clock.sleep(250)
    assert {one.status for one in line.events.of(Requested)} == {200}
    assert len(line.events.of(SignedIn)) == 6


def test_a_client_that_is_shut_out_ends_whatever_the_token(pooled):
    line = pooled(3, Fault("availability", 100, Revoked()), requests_per_minute=100)
    for _ in range(99):
        ask(line)
    with pytest.raises(SignInRefused):
        ask(line)


def test_a_refused_request_goes_out_with_another_token_at_once(pooled, clock):
    line = pooled(2, Fault("availability", 1, RateLimited("50")), requests_per_minute=100)
    ask(line)
    assert clock.slept == []
    assert [one.wait_s for one in line.events.of(Retrying)] == [0]


@pytest.mark.parametrize(
    ("tokens", "limit_by", "least", "most_refused"),
    [(1, "token", 95, 0), (1, "client", 95, 0), (4, "token", 4 * 95, 0), (4, "client", 90, 2)],
)
def test_throughput_grows_with_the_tokens_or_stays_that_of_the_client(
    pooled, clock, tokens, limit_by, least, most_refused
):
    """Ten minutes by a clock turned by hand; each request takes 50 ms of it."""
    line = pooled(tokens, requests_per_minute=100, limit_by=limit_by)
    asked = 0
    while clock.monotonic() < 600:
        ask(line)
        clock.sleep(0.05)
        asked += 1
    statuses = [one.status for one in line.events.of(Requested) if one.path != "/oauth/token"]
    assert asked / (clock.monotonic() / 60) >= least
    assert statuses.count(429) <= most_refused
    notices = [one.message for one in line.events.of(Noticed)]
    assert notices == ([one_budget("genesys")] if (tokens, limit_by) == (4, "client") else [])


def test_threads_learn_of_the_clients_limit_together_and_are_told_once(pooled, clock):
    line = pooled(4, requests_per_minute=100, limit_by="client")
    with ThreadPoolExecutor(8) as workers:
        list(workers.map(lambda _: ask(line), range(400)))
    statuses = [one.status for one in line.events.of(Requested)]
    assert statuses.count(200) >= 400
    assert statuses.count(429) <= 4 * 8
    assert [one.message for one in line.events.of(Noticed)] == [one_budget("genesys")]
