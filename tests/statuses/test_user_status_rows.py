"""A day of users' details as rows: what belongs to it, how it is clipped, what is odd."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event

import pyarrow as pa
import pytest
from lake import (
    DATASET,
    LATER,
    PRESENCE,
    ROUTING,
    Dying,
    Lake,
    did,
    feed_over,
    read,
    read_day,
    user,
    was,
)

from fakes import Events
from genesys_export.datasets import PersonalData
from genesys_export.days import Day, split, zone_named
from genesys_export.encode import Format, Opener
from genesys_export.events import PageExported, PageReceived
from genesys_export.threads import Abandoned

DAY = Day(date(2026, 11, 20), zone_named("UTC"))
ANA, BEN = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
PRE_BREAK = "cccccccc-0000-4000-8000-000000000003"
SAMPLE = Path(__file__).parents[2] / "../shared/samples/github-users-details-query-2024.json"


def at(clock: str, day: int = 20) -> str:
    return f"2026-11-{day:02d}T{clock}.000Z"


def one(*records, **more):
    (found,) = read_day(records, DAY, **more)
    return found


def csv_of(found, table):
    """Return a table's file as text."""
    written = bytearray()
    encoder = Opener().open(Format.CSV, DATASET.table(table), written.extend)
    for batch in found.batches:
        if batch.table == table:
            encoder.write(batch.rows, batch.starts)
    encoder.close()
    return gzip.decompress(bytes(written)).decode()


# A shift on the day on which Berlin's clocks go forward: from 23:00 UTC to 22:00 UTC, 23 hours.
SHORT = Day(date(2026, 3, 29), zone_named("Europe/Berlin"))
GOLDEN = f"""\
"status_date","user_id","system_presence","organization_presence_id","start_time","end_time",\
"clipped_start","clipped_end","duration_ms","is_open","_extra"
"2026-03-29","{ANA}","OFFLINE",,"2026-03-27T17:00:00.000Z","2026-03-29T06:00:00.000Z",\
"2026-03-28T23:00:00.000Z","2026-03-29T06:00:00.000Z","25200000","false",
"2026-03-29","{ANA}","BUSY","{PRE_BREAK}","2026-03-29T06:00:00.000Z","2026-03-29T06:01:30.500Z",\
"2026-03-29T06:00:00.000Z","2026-03-29T06:01:30.500Z","90500","false",
"2026-03-29","{ANA}","ON_QUEUE",,"2026-03-29T06:01:30.500Z",,\
"2026-03-29T06:01:30.500Z","2026-03-29T22:00:00.000Z","57509500","true","{{""reason"":""late""}}"
"2026-03-29","{BEN}","AVAILABLE",,"2026-03-29T21:00:00.000Z","2026-03-29T22:30:00.000Z",\
"2026-03-29T21:00:00.000Z","2026-03-29T22:00:00.000Z","3600000","false",
"""


def test_a_day_of_23_hours_as_a_file():
    offline = was("OFFLINE", "2026-03-27T17:00:00.000Z", "2026-03-29T06:00:00.000Z")
    records = [
        user(BEN, [was("AVAILABLE", "2026-03-29T21:00:00Z", "2026-03-29T22:30:00.000Z")]),
        user(ANA, [offline]),
        user(
            ANA,
            [
                offline,
                was(
                    "BUSY",
                    "2026-03-29T06:00:00.000Z",
                    "2026-03-29T08:01:30.500+02:00",
                    organizationPresenceId=PRE_BREAK,
                ),
                was("ON_QUEUE", "2026-03-29T06:01:30.500Z", reason="late"),
            ],
        ),
        user(BEN, [was("OFFLINE", "2026-03-29T22:30:00.000Z")]),
    ]
    (found,) = read_day(records, SHORT)
    assert csv_of(found, PRESENCE) == GOLDEN
    counts = found.summary.counts
    assert (counts.received, counts.exported, counts.duplicates) == (6, 4, 1)
    assert (counts.of_other_days, counts.open) == (1, 1)
    assert counts.unknown_fields == {"$.primaryPresence[].reason": 1}


def test_a_routing_status_has_its_own_table():
    found = one(user(ANA, routing=[did("IDLE", at("08:00:00"), at("08:01:00"))]))
    assert found.presence == []
    (row,) = found.routing
    assert row["routing_status"] == "IDLE"
    assert row["duration_ms"] == 60_000
    assert row["status_date"] == DAY.date


@pytest.mark.parametrize(
    ("start", "end", "duration_ms"),
    [
        (at("00:00:00"), at("00:00:00", 21), 86_400_000),
        (at("00:00:00", 19), at("00:00:00", 22), 86_400_000),
        (at("23:59:59"), at("01:00:00", 21), 1_000),
        (at("12:00:00", 19), at("00:00:01"), 1_000),
        (at("00:00:00"), at("00:00:00"), 0),
        (at("12:00:00"), at("12:00:00"), 0),
        (at("12:00:00"), at("11:00:00"), 0),  # an end before its start takes no time away
        (at("12:00:00", 19), at("00:00:00"), None),  # it ended when the day began
        (at("00:00:00", 21), None, None),
        (at("00:00:00", 21), at("00:00:00", 21), None),
        (at("10:00:00", 19), at("09:00:00", 19), None),
    ],
)
def test_a_row_belongs_to_every_day_that_it_touches(start, end, duration_ms):
    found = one(user(ANA, [was("MEAL", start, end)]))
    assert [row["duration_ms"] for row in found.presence] == [
        each for each in [duration_ms] if each is not None
    ]
    assert found.summary.counts.of_other_days == (duration_ms is None)


@pytest.mark.parametrize(
    ("reached", "end"),
    [
        (datetime(2026, 11, 20, 15, tzinfo=UTC), at("15:00:00")),
        (datetime(2026, 11, 21, tzinfo=UTC), at("00:00:00", 21)),
        (LATER, at("00:00:00", 21)),
        (datetime(2026, 11, 20, 9, tzinfo=UTC), at("10:00:00")),  # before it began
        (None, at("00:00:00", 21)),
    ],
)
def test_an_open_row_is_clipped_at_the_days_end_or_the_watermark(reached, end):
    found = one(user(ANA, [was("ON_QUEUE", at("10:00:00"))]), watermarks=[reached])
    (row,) = found.presence
    assert (row["end_time"], row["clipped_end"], row["is_open"]) == (None, end, True)
    assert found.summary.watermark == reached


def test_the_lowest_watermark_of_all_pages_counts():
    early, late = (datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in (15, 16))
    records = [user(each, [was("ON_QUEUE", at("10:00:00"))]) for each in (ANA, BEN)]
    found = one(*records, size=1, watermarks=[late, early])
    assert {row["clipped_end"] for row in found.presence} == {at("15:00:00")}
    assert found.summary.watermark == early


CLOSED = was("MEAL", at("10:00:00"), at("11:00:00"))


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (CLOSED, was("MEAL", at("10:00:00"))),
        (
            was("MEAL", at("10:00:00"), at("11:00:00.500".removesuffix(".500"))),
            was("BREAK", at("10:00:00")),
        ),
        (was("MEAL", at("10:00:00"), at("12:00:00")), CLOSED),
        (was("MEAL", at("10:00:00"), at("11:00:00"), organizationPresenceId="1"), CLOSED),
        (CLOSED, was("BREAK", at("10:00:00"), at("11:00:00"))),
        (was("MEAL", at("10:00:00"), at("11:00:00"), more=1), CLOSED),
    ],
)
def test_of_copies_that_differ_the_one_that_says_more_is_written(better, worse):
    ways = [[better, worse, CLOSED], [CLOSED, worse, better], [worse, better, worse]]
    for way in ways if better != CLOSED else [[better, worse], [worse, better]]:
        found = one(*(user(ANA, [each]) for each in way), size=1)
        (row,) = found.presence
        assert row["end_time"] == better.get("endTime")
        assert row["system_presence"] == better["systemPresence"]
        assert (row["_extra"] is None) == ("more" not in better)
        assert found.summary.counts.duplicates == len(way) - 1
        assert found.summary.counts.differing_duplicates >= 1


def test_a_copy_that_knows_no_end_yet_does_not_bring_back_what_ended_before_the_day():
    ended = was("MEAL", at("10:00:00", 18), at("11:00:00", 18))
    for way in (
        [ended, was("MEAL", at("10:00:00", 18))],
        [was("MEAL", at("10:00:00", 18)), ended],
    ):
        found = one(*(user(ANA, [each]) for each in way))
        assert found.presence == []
        counts = found.summary.counts
        assert (counts.of_other_days, counts.duplicates, counts.differing_duplicates) == (1, 1, 1)


def test_copies_that_are_the_same_are_written_once():
    found = one(*[user(ANA, [CLOSED])] * 4, size=3)
    assert len(found.presence) == 1
    counts = found.summary.counts
    assert (counts.received, counts.duplicates, counts.differing_duplicates) == (4, 3, 0)


def test_a_user_without_status_has_no_row():
    found = one({"userId": ANA}, user(BEN), {"userId": ANA, "routingStatus": None})
    assert found.presence == found.routing == []
    assert found.summary.counts.received == 0
    assert found.summary.digest == 0


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b"{", "JSON"),
        (b"[]", "not an object"),
        (b'{"userId": 7, "routingStatus": []}', "userId is missing or not a text"),
        (b"{}", "userId is missing"),
        (user(""), "userId is missing"),
        (user("x" * 1_001), "userId is too long"),
        ({"userId": ANA, "primaryPresence": 5}, "is not a list"),
        ({"userId": ANA, "primaryPresence": [5]}, "is not an object"),
        (b'{"userId": "\xff"}', "UTF-8"),
        (
            b'{"userId": "' + ANA.encode() + b'", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            "",
        ),
    ],
)
def test_a_record_that_cannot_be_read_is_rejected_whole(record, reason):
    found = one(record, user(BEN, [CLOSED]), record, size=1)
    (rejected,) = found.rejected
    assert reason in rejected.reason
    assert rejected.record == (
        record if isinstance(record, bytes) else json.dumps(record).encode()
    )
    assert [row["user_id"] for row in found.presence] == [BEN]
    counts = found.summary.counts
    assert (counts.received, counts.rejected, counts.duplicates) == (3, 1, 1)


@pytest.mark.parametrize("start", ["yesterday", "2026-11-20", "", None, 5, {"a": [1]}])
def test_a_row_without_a_readable_start_is_rejected_alone(start):
    found = one(user(ANA, [was("MEAL", start, at("11:00:00")), CLOSED]))
    assert len(found.presence) == 1
    (rejected,) = found.rejected
    assert rejected.reason == "startTime is not a readable instant"
    record = json.loads(rejected.record)
    assert record["userId"] == ANA
    (row,) = record["primaryPresence"]
    assert row["systemPresence"] == "MEAL"
    assert row.get("startTime") == (start or None)
    counts = found.summary.counts
    assert (counts.received, counts.exported, counts.rejected) == (2, 1, 1)


@pytest.mark.parametrize("end", ["soon", 5, [], "2026-11-31T00:00:00Z"])
def test_an_end_that_is_no_instant_is_kept_beside_and_the_row_is_open(end):
    found = one(user(ANA, [was("MEAL", at("10:00:00"), end)]))
    (row,) = found.presence
    assert (row["end_time"], row["is_open"]) == (None, True)
    assert json.loads(row["_extra"]) == {"endTime": end}
    assert found.summary.counts.drift == 1


def test_a_value_of_another_type_is_null_and_kept_beside():
    found = one(user(ANA, [was(7, at("10:00:00"), at("11:00:00"), organizationPresenceId=[1])]))
    (row,) = found.presence
    assert (row["system_presence"], row["organization_presence_id"]) == (None, None)
    assert row["_extra"] == '{"organizationPresenceId":[1],"systemPresence":7}'
    assert found.summary.counts.drift == 2


def test_a_field_of_the_user_that_nobody_knows_stands_in_each_of_its_rows():
    record = user(ANA, [{**CLOSED, "new": 1}], [did("IDLE", at("08:00:00"))])
    found = one({**record, "team": {"id": "x"}})
    assert found.presence[0]["_extra"] == '{"user":{"team":{"id":"x"}},"new":1}'
    assert found.routing[0]["_extra"] == '{"user":{"team":{"id":"x"}}}'
    assert found.summary.counts.unknown_fields == {"$.primaryPresence[].new": 1, "$.team": 1}


def test_a_null_among_the_rows_is_counted_and_left_out():
    found = one(user(ANA, [None, CLOSED]))
    assert len(found.presence) == 1
    assert found.summary.counts.drift == 1


def test_only_the_tables_that_are_wanted_are_made():
    record = user(ANA, [CLOSED], [did("IDLE", at("08:00:00"))])
    feed = feed_over(Lake([[record]]), (ROUTING,))
    found = read(feed, split(DAY, 1)[0])
    assert found.rows.keys() == {ROUTING}
    assert found.summary.counts.received == found.summary.counts.exported == 1


def test_rows_come_in_order_of_user_and_start_with_their_clipped_starts():
    rows = [was("MEAL", at(f"{hour:02d}:00:00"), at(f"{hour:02d}:30:00")) for hour in (9, 7, 8)]
    found = one(user(BEN, rows), user(ANA, [was("OFFLINE", at("00:00:00", 12)), *rows]))
    keys = [(row["user_id"], row["start_time"]) for row in found.presence]
    assert keys == sorted(keys)
    (batch,) = found.batches
    starts = batch.rows.column("clipped_start").cast(pa.timestamp("ms", "UTC"))
    assert batch.starts.equals(starts)


def test_progress_hears_of_every_page():
    seen = Events()
    feed = feed_over(Lake([[user(ANA, [CLOSED])], [user(BEN, [CLOSED])]]), observe=seen)
    read(feed, split(DAY, 1)[0])
    assert len(seen.of(PageReceived)) == 2
    assert sum(each.rows for each in seen.of(PageExported)) == 2


def test_what_is_abandoned_at_the_end_gives_no_row_more():
    abandon = Event()
    feed = feed_over(Lake([[user(ANA, [CLOSED], [did("IDLE", at("08:00:00"))])]]))
    items = feed.open(split(DAY, 1)[0]).read(abandon)
    next(items)
    abandon.set()
    with pytest.raises(Abandoned):
        next(items)


def test_every_user_is_personal_data():
    for table in DATASET.tables:
        assert table.column("user_id").personal_data is PersonalData.PERSONAL


@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample is not here")
def test_a_real_answer_gives_a_row_of_every_day_it_lasted():
    records = json.loads(SAMPLE.read_text("utf-8"))["userDetails"]
    zone = zone_named("America/New_York")
    days = [Day(date(2024, 4, day), zone) for day in (1, 25, 26, 27)]
    rows = [read_day(records, day)[0].presence for day in days]
    assert [len(each) for each in rows] == [1, 1, 1, 0]
    assert rows[0][0]["system_presence"] == "OFFLINE"
    assert rows[0][0]["start_time"] == "2024-03-07T18:10:03.128Z"
    assert [each[0]["duration_ms"] for each in rows[:2]] == [86_400_000] * 2
    assert rows[2][0]["clipped_end"] == rows[2][0]["end_time"] == "2024-04-26T13:40:31.077Z"


def test_what_only_a_dead_job_gave_is_left_out_and_its_rejects_stand():
    gone = user(ANA, [was("AWAY", at("08:00:00"), at("09:00:00"), new=1)])
    kept = user(BEN, [was("BUSY", at("08:00:00"), at("09:00:00"))])
    early, late = datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC)
    lake = Dying([[gone, b"[]", b"[1]"], [kept, b"[]"]], watermarks=[early, late])
    (whole,) = split(DAY, 1)
    found = read(feed_over(lake, morsel_bytes=1 << 20), whole)
    assert [row["user_id"] for row in found.presence] == [BEN]
    assert [one.record for one in found.rejected] == [b"[]", b"[1]"]
    counts = found.summary.counts
    assert (counts.received, counts.exported, counts.rejected) == (3, 1, 2)
    assert not counts.unknown_fields
    assert found.summary.watermark == late
