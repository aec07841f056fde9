"""Local times against zoneinfo, instant by instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import law

from genesys_export.flatten.local import local_times

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
KOLKATA, LORD_HOWE = ZoneInfo("Asia/Kolkata"), ZoneInfo("Australia/Lord_Howe")
ZONES = (BERLIN, NEW_YORK, KOLKATA, LORD_HOWE)
# Both changes of 2026 in each zone that has them; Lord Howe's is of half an hour.
CHANGES = (
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
)
NEAR = st.builds(
    lambda change, off: change + timedelta(milliseconds=off),
    st.sampled_from(CHANGES),
    st.integers(-7_200_000, 7_200_000),
)
ANY = st.datetimes(datetime(1990, 1, 1), datetime(2099, 1, 1)).map(  # noqa: DTZ001 - below
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=UTC)
)


def canonical(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def local(texts, zone) -> list:
    return local_times(pa.array(texts, pa.string()), zone).to_pylist()


@law(400)
@given(st.lists(st.none() | NEAR | ANY, max_size=8), st.sampled_from(ZONES))
def test_a_local_time_is_what_zoneinfo_says(instants, zone):
    made = local([at and canonical(at) for at in instants], zone)
    walls = [at and at.astimezone(zone).replace(tzinfo=None) for at in instants]
    assert made == [at and at.isoformat(timespec="milliseconds") for at in walls]


def test_the_hour_that_comes_twice_is_shown_twice():
    before, after = "2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z"
    assert local([before, after], BERLIN) == ["2026-10-25T02:30:00.000"] * 2


def test_a_zone_may_be_off_by_minutes():
    assert local(["2026-11-22T08:00:00.123Z"], KOLKATA) == ["2026-11-22T13:30:00.123"]


@pytest.mark.parametrize(
    "instant", ["0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "1880-01-01T00:00:00.000Z"]
)
def test_what_no_local_time_can_be_written_for_is_null(instant):
    zone = NEW_YORK if instant < "1900" else BERLIN
    assert local([instant, "2026-11-22T08:00:00.000Z"], zone)[0] is None


def test_nothing_but_nulls_stays_nothing_but_nulls():
    assert local([None, None], BERLIN) == [None, None]
    assert local([], BERLIN) == []
