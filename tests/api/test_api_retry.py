"""When a request is made again, and after how long."""

from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesys_export.api.retry import Again, GiveUp, RetryPolicy, may_pass, told_wait

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
MESSAGE = b'{"message":"Rate limit exceeded the maximum. Retry the request in [42] seconds"}'
OLDER = b'{"message":"Rate limit exceeded the maximum [300] requests within [60] seconds"}'


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"Retry-After": "42"}, b"", 42),
        ({"Retry-After": " 7 "}, MESSAGE, 7),
        ({"Retry-After": "Mon, 23 Nov 2026 06:00:30 GMT"}, b"", 30),
        ({"Retry-After": "Mon, 23 Nov 2026 06:00:30 -0000"}, b"", 30),
        ({"Retry-After": "Mon, 23 Nov 2026 05:00:00 GMT"}, MESSAGE, 0),
        ({"Retry-After": "soon"}, MESSAGE, 42),
        ({}, MESSAGE, 42),
        ({}, OLDER, 60),
        ({}, b"<html>429</html>", None),
        ({}, b"", None),
    ],
)
def test_the_wait_told_is_read_from_the_header_or_the_text(headers, body, seconds):
    assert told_wait(headers, body, NOW) == seconds


@pytest.mark.parametrize(
    ("status", "passing"),
    [
        *((status, True) for status in (408, 425, 429, 500, 502, 503, 504, 520, 599)),
        *((status, False) for status in (302, 400, 401, 403, 404, 409, 410, 413, 415)),
    ],
)
def test_a_status_may_pass_or_not(status, passing):
    assert may_pass(status) is passing


@settings(deadline=None)  # machines are slow at times
@given(attempt=st.integers(1, 10_000), elapsed_s=st.floats(0, 899), seed=st.integers())
def test_a_wait_of_our_own_stays_within_its_bounds(attempt, elapsed_s, seed):
    decision = RetryPolicy().decide(
        attempt=attempt, elapsed_s=elapsed_s, told_s=None, rng=Random(seed)
    )
    assert isinstance(decision, Again)
    assert 0 <= decision.after_s <= min(60, 2.0 ** min(attempt - 1, 60), 900 - elapsed_s)


@settings(deadline=None)  # machines are slow at times
@given(told=st.lists(st.none() | st.floats(0, 2_000), max_size=200), seed=st.integers())
def test_the_total_deadline_is_kept_whatever_servers_say(told, seed):
    policy, rng, elapsed_s = RetryPolicy(), Random(seed), 0.0
    for attempt, told_s in enumerate(told, 1):
        decision = policy.decide(attempt=attempt, elapsed_s=elapsed_s, told_s=told_s, rng=rng)
        if isinstance(decision, GiveUp):
            assert elapsed_s + (told_s or 0) >= 900
            return
        elapsed_s += decision.after_s
        assert elapsed_s <= 900


def test_what_the_server_says_is_kept_exactly():
    assert RetryPolicy().decide(attempt=9, elapsed_s=0, told_s=42, rng=Random(1)) == Again(42)


def test_waits_grow_and_differ():
    rng = Random(1)
    waits = []
    for attempt in (1, 7, 7):
        decision = RetryPolicy().decide(attempt=attempt, elapsed_s=0, told_s=None, rng=rng)
        assert isinstance(decision, Again)
        waits.append(decision.after_s)
    assert waits[0] < 1 < waits[1]
    assert waits[1] != waits[2]


def test_the_last_attempt_is_made_right_at_the_deadline():
    policy = RetryPolicy(deadline_s=10)
    last = policy.decide(attempt=20, elapsed_s=9.99, told_s=None, rng=Random(1))
    assert isinstance(last, Again)
    assert last.after_s <= 0.0101
    assert policy.decide(attempt=21, elapsed_s=10, told_s=None, rng=Random(1)) == GiveUp()


@pytest.mark.parametrize("bad", [{"first_s": 0}, {"deadline_s": -1}, {"first_s": 5, "most_s": 1}])
def test_a_policy_without_waits_is_refused(bad):
    with pytest.raises(ValueError, match="waits are positive"):
        RetryPolicy(**bad)
