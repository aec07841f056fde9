"""What every feed promises (model/feed.py), over every dataset that is declared and every engine.

A new dataset is under test here without a line: it is found in the table of datasets.
"""

import asyncio
import json
from datetime import timedelta
from threading import Event

import pytest

from genesys_export.flatten import arrow_schema
from genesys_export.threads import Abandoned
from genesys_simulator import Fault, ServerError, Slow, World

# Small pages, and a batch at least for each of them.
FINE = {
    "max_page_size": 25,
    "max_list_size": 25,
    "settings": {
        "GENESYS_EXPORT_ROLL__ROWS": "10",
        "GENESYS_EXPORT_GENESYS__QUERY_PAGE_SIZE": "25",
    },
}


HOUR = "2025-11-20T10"


def copies() -> World:
    """Return few conversations, one of which comes again, pages later, with another end."""
    whole = [
        {
            "conversationId": f"00000000-0000-4000-8000-{number:012d}",
            "conversationStart": f"{HOUR}:{number:02d}:00.000Z",
            "participants": [],
        }
        for number in range(30)
    ]
    ended = {"conversationStart": f"{HOUR}:50:00.000Z", "conversationEnd": f"{HOUR}:59:00.000Z"}
    return World.of([*whole, {**whole[3], **ended, "externalTag": "later"}])


def record_tables(subject):
    """Return the tables that have one row for each record."""
    if subject.dataset.record is None:
        return subject.dataset.tables
    return subject.dataset.tables[:1]


def test_rows_are_in_the_declared_schema_and_of_the_day(subject):
    one = subject()
    found = one.read()
    (whole,) = one.slices()
    assert {batch.table for batch in found.batches} <= set(one.plan.tables)
    for batch in found.batches:
        table = one.dataset.table(batch.table)
        assert batch.rows.schema == arrow_schema(table)
        assert len(batch.starts) == batch.rows.num_rows
        assert set(batch.rows.column(table.day.name).to_pylist()) <= {whole.day.date}
        starts = [start for start in batch.starts.to_pylist() if start is not None]
        assert all(whole.interval.start <= start < whole.interval.end for start in starts)


def test_no_key_comes_twice(subject):
    one = subject(**FINE)
    found = one.read()
    for name in one.plan.tables:
        key = one.dataset.table(name).primary_key
        keys = [tuple(row[column] for column in key) for row in found.rows(name)]
        assert len(set(keys)) == len(keys)


def test_the_summary_agrees_with_the_rows(subject):
    one = subject()
    found = one.read()
    counts = found.summary.counts
    assert counts.exported == sum(len(found.rows(table.name)) for table in record_tables(one)) > 0
    others = counts.rejected + counts.duplicates + counts.of_other_days
    assert counts.received == counts.exported + others
    assert counts.rejected == len(found.rejected)
    assert found.summary.gaps == ()
    assert 0 < found.summary.digest < 1 << 256


def test_the_index_has_every_record_in_order_and_spells_it_as_the_tables_do(subject):
    one = subject()
    found = one.read()
    if found.index is None:
        assert one.dataset.is_snapshot
        return
    records = [found.index[at : at + 32] for at in range(0, len(found.index), 32)]
    keys = [record[:16] for record in records]
    assert keys == sorted(set(keys))
    assert len(keys) == found.summary.counts.exported
    (table,) = record_tables(one)
    assert {one.feed.spell(key) for key in keys} == {
        row[table.identity] for row in found.rows(table.name)
    }


def test_digest_and_counts_do_not_depend_on_how_it_is_sliced_and_paged(subject):
    one, fine = subject(), subject(**FINE)
    whole = one.read().summary
    for count in (1,) if one.dataset.is_snapshot else (1, 3, 7):
        parts = [fine.read(slice_).summary for slice_ in fine.slices(count)]
        assert sum(each.digest for each in parts) % (1 << 256) == whole.digest
        assert sum(each.counts.exported for each in parts) == whole.counts.exported


def test_reading_twice_gives_the_same(subject):
    one = subject(**FINE)
    first, second = one.read(), one.read()
    assert first.tables == second.tables
    assert first.index == second.index
    assert first.summary.digest == second.summary.digest
    assert first.summary.counts == second.summary.counts


def test_faults_that_pass_change_nothing(subject):
    one = subject(**FINE)
    faults = [Fault("any", nth, ServerError(503)) for nth in (2, 4, 7)]
    other = subject(**FINE, faults=faults)
    assert one.read().tables == other.read().tables


def test_what_came_before_again_is_void(subject):
    """Of two copies of a record, far from each other, the later one counts, and it alone."""
    one = subject(copies(), **FINE)
    found = one.read()
    if one.dataset.record is None:
        assert found.again == 0
        return
    assert found.again == 1
    (table,) = record_tables(one)
    rows = found.rows(table.name)
    tags = {row[table.identity]: row["external_tag"] for row in rows if row["external_tag"]}
    assert found.summary.counts.exported == len(rows) == 30
    assert list(tags.values()) == ["later"]
    assert found.summary.counts.differing_duplicates == 1


def test_a_reading_that_is_abandoned_ends_without_waiting_for_an_answer(subject):
    abandon, over = Event(), Event()

    async def held(seconds):
        if seconds:
            abandon.set()
            await asyncio.to_thread(over.wait)

    one = subject(**FINE, faults=[Fault("any", 4, Slow(60))], sleep=held)
    try:
        with pytest.raises(Abandoned):
            for _ in one.feed.open(one.slices()[0]).read(abandon):
                pass
        assert not over.is_set()
    finally:
        over.set()


def test_releasing_twice_or_unread_is_as_good_as_once_and_leaves_no_job(subject):
    one = subject()
    unread = one.feed.open(one.slices()[0])
    unread.release()
    assert one.genesys.requests == []
    reading = one.feed.open(one.slices()[0])
    for _ in reading.read(Event()):
        pass
    reading.release()
    asked = len(one.genesys.requests)
    reading.release()
    assert len(one.genesys.requests) == asked
    assert not one.genesys.jobs
    assert len(reading.job_ids) == len(one.genesys.asked("submit"))


def test_to_open_and_to_describe_asks_nothing(subject):
    one = subject()
    described = one.feed.describe(one.slices()[0].interval)
    one.feed.open(one.slices()[0])
    assert described
    assert json.loads(json.dumps(described)) == list(described)
    assert one.genesys.requests == []


def test_the_watermark_is_an_instant_or_unknown(subject):
    one = subject(lag=timedelta(hours=1))
    told = one.feed.watermark()
    assert told is None or told <= one.clock.now()
    if one.dataset.is_snapshot:
        assert told is None
