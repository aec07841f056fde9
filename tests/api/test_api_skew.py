"""This machine's clock against Genesys's: days are not judged by one that is wrong."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from reading import DAY

from genesys_export.api.skew import check_clock
from genesys_export.errors import WrongSettings
from genesys_simulator import Fault, Reset, ServerError

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
LATER = NOW + timedelta(minutes=9)


def dated(at, **more):
    return {"Date": format_datetime(at, usegmt=True), **more}


@pytest.mark.parametrize("minutes", [-10, -1, 0, 5, 9, 19])
def test_clocks_up_to_ten_minutes_apart_agree_however_long_an_answer_takes(minutes):
    check_clock(dated(NOW + timedelta(minutes=minutes)), NOW, LATER)


@pytest.mark.parametrize(
    ("off", "told"),
    [(timedelta(days=-5), "5 days, 0:00:00 ahead of"), (timedelta(hours=1), "0:51:00 behind")],
)
def test_a_clock_far_off_is_a_wrong_setting(off, told):
    with pytest.raises(WrongSettings) as refused:
        check_clock(dated(NOW + off), NOW, LATER)
    assert refused.value.status == 78
    assert f"clock is {told} Genesys Cloud's" in refused.value.message
    assert "Set this machine's clock" in refused.value.advice


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Date": "yesterday"},
        {"Date": "Sat, 28 Nov 99999999999999999999 00:00:00 GMT"},
        {"Date": "+" + "9" * 400},
        dated(NOW - timedelta(days=3), Age="259200"),
    ],
)
def test_an_answer_without_a_date_of_its_own_says_nothing(headers):
    check_clock(headers, NOW, NOW)


@pytest.mark.parametrize("off", [timedelta(days=5), timedelta(days=-5)], ids=["behind", "ahead"])
def test_the_first_answer_tells_that_the_clock_is_wrong(dial, clock, off):
    line = dial(options={"now": lambda: clock.now() + off})
    with pytest.raises(WrongSettings, match="clock is 5 days"):
        line.source().watermark()
    assert line.asked("availability") == 0  # the sign-in has told it
    assert clock.slept == []


def test_a_clock_that_turns_wrong_later_ends_the_fetch(dial, clock):
    off = [timedelta(0)]
    line = dial(options={"now": lambda: clock.now() + off[0]})
    pages = line.source().fetch(DAY).pages()
    next(pages)
    off[0] = timedelta(hours=-2)
    with pytest.raises(WrongSettings, match="2:00:00 ahead of"):
        next(pages)


def test_the_clock_can_be_checked_without_signing_in(dial, clock):
    line = dial(options={"now": lambda: clock.now() + timedelta(days=1)})
    with pytest.raises(WrongSettings, match="1 day, 0:00:00 behind"):
        line.client.check_clock()
    assert line.asked("token") == 0


def test_where_nobody_answers_the_clock_is_not_known_to_be_wrong(dial, clock):
    options = {"now": lambda: clock.now() + timedelta(days=1)}
    dial(Fault("any", 1, Reset()), options=options).client.check_clock()
    dial(Fault("any", 1, ServerError(502)), options=options).client.check_clock()


def test_a_clock_that_agrees_passes(dial):
    dial().client.check_clock()
