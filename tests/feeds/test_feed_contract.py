"""What every feed promises, for each declared dataset and each way to read it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event

import pytest
from feeding import DAY, WHOLE, Doubling, ways

from genesys_export.datasets import known
from genesys_export.days import Interval, split
from genesys_export.threads import Abandoned

_MODULUS = 1 << 256


def test_the_suite_reads_every_dataset():
    assert {one.values[0][0] for one in ways()} == {*known()}


def test_every_table_has_rows_in_its_declared_columns(start):
    with start() as there:
        found = there.read()
    assert found.rows.keys() == {*there.plan.written}
    assert not found.rejected
    assert all(found.rows[table] for table in there.plan.written if has_rows(start, table))


def has_rows(start, table: str) -> bool:
    """Whether the simulated day has rows of the table: a query has no attributes."""
    return not (start.engine == "query" and table == "participant_attributes")


def test_the_counts_are_those_of_the_rows(start):
    with start() as there:
        found = there.read()
    counts = found.summary.counts
    parts = counts.exported + counts.duplicates + counts.of_other_days + counts.rejected
    assert counts.received == parts
    assert counts.rejected == len(found.rejected)
    assert found.summary.gaps == ()
    if there.is_of_records:
        tables = (there.dataset.tables[0].name, there.plan.raw)
        assert [len(found.rows[name]) for name in tables] == [counts.exported] * 2
    else:
        assert sum(map(len, found.rows.values())) == counts.exported


def test_primary_keys_are_keys(start):
    with start() as there:
        found = there.read()
    for table in there.dataset.tables:
        keys = [tuple(row[name] for name in table.primary_key) for row in found.rows[table.name]]
        assert len(keys) == len({*keys})


def test_the_index_is_every_records_in_order_or_none(start):
    with start() as there:
        found = there.read()
    if found.index is None:
        assert not there.is_of_records
        return
    keys = [found.index[at : at + 16] for at in range(0, len(found.index), 32)]
    assert keys == sorted({*keys})
    assert len(keys) == found.summary.counts.exported
    root = there.dataset.tables[0]
    assert {there.feed.spell(key) for key in keys} == {
        row[root.identity] for row in found.rows[root.name]
    }


def test_reading_twice_gives_the_same(start):
    with start() as there:
        assert there.read().told == there.read().told


def test_the_digest_is_the_same_in_whatever_order_a_page_comes(start):
    with start() as there:
        found, other = there.read(), there.reversed.read()
    assert found.summary.digest == other.summary.digest > 0
    assert found.summary.counts == other.summary.counts
    assert found.index == other.index
    for table in there.plan.written:
        assert as_set(found.rows[table]) == as_set(other.rows[table])


def as_set(rows: list[dict[str, object]]) -> set[str]:
    return {repr(row) for row in rows}


def test_slices_are_the_whole_day_cut_in_parts(start):
    with start() as there:
        if not there.is_of_records:
            assert there.plan.slices == 1
            return
        whole = there.read()
        parts = [there.read(one) for one in split(DAY, 3)]
    assert whole.summary.digest == sum(one.summary.digest for one in parts) % _MODULUS
    exported = [one.summary.counts.exported for one in parts]
    assert all(exported)
    assert sum(exported) == whole.summary.counts.exported
    for table in there.plan.written:
        assert sum(len(one.rows[table]) for one in parts) == len(whole.rows[table])
        assert as_set(whole.rows[table]) == {
            row for one in parts for row in as_set(one.rows[table])
        }
    watermarks = [one.summary.watermark for one in parts]
    assert whole.summary.watermark is None or min(watermarks) >= WHOLE.interval.end


def test_what_came_before_again_is_void_and_every_record_comes_once(start):
    with start() as there:
        found = there.read()
        other = there.over(Doubling).read()
    if not there.is_of_records:
        assert (other.told, other.voided) == (found.told, 0)
        return
    assert other.voided == 1
    counts = other.summary.counts
    assert (counts.exported, counts.differing_duplicates) == (found.summary.counts.exported, 1)
    root = there.dataset.tables[0]
    ids, before = ([row[root.identity] for row in one.rows[root.name]] for one in (other, found))
    assert sorted(ids) == sorted(before)


def test_who_abandons_a_reading_before_it_began_gets_no_row(start):
    abandoned = Event()
    abandoned.set()
    with start() as there:
        reading = there.feed.open(WHOLE)
        with pytest.raises(Abandoned):
            next(iter(reading.read(abandoned)))
        reading.release()


def test_who_abandons_a_reading_gets_no_page_more(start):
    abandoned = Event()
    with start() as there:
        reading = there.feed.open(WHOLE)
        items = reading.read(abandoned)
        next(items)
        abandoned.set()
        with pytest.raises(Abandoned):
            assert len([*items]) < 0
        reading.release()
        reference = there.read()
    assert reference.summary.counts.exported


def test_a_reading_can_be_released_before_after_and_twice(start):
    with start() as there:
        there.feed.open(WHOLE).release()
        assert not there.genesys.jobs
        reading = there.feed.open(WHOLE)
        there.consumed(reading)
        jobs = reading.job_ids
        assert {*jobs} == {*there.genesys.jobs}
        reading.release()
        reading.release()
        assert not there.genesys.jobs
        assert reading.job_ids == jobs


def test_a_job_that_was_left_behind_is_read_again_and_no_other_is_submitted(start):
    with start() as there:
        reading = there.feed.open(WHOLE)
        found = there.consumed(reading)
        submitted = len(there.genesys.asked("submit"))
        (job,) = reading.job_ids or (None,)
        again = there.read(resume=job)
        assert again.told == found.told
        assert len(there.genesys.asked("submit")) == submitted
        assert not there.genesys.jobs


def test_describing_and_opening_ask_nothing(start):
    with start() as there:
        described = there.feed.describe(WHOLE.interval)
        there.feed.open(WHOLE)
        assert not there.genesys.requests
        assert described
        assert all(isinstance(name, str) for one in described for name in one)


def test_what_is_described_is_what_is_asked(start):
    with start() as there:
        described = there.feed.describe(WHOLE.interval)
        there.read()
        bodies = [one.body for one in there.genesys.requests if one.body]
        paths = [one.path for one in there.genesys.requests]
    for one in described:
        if "GET" in one:
            pattern = re.compile(one["GET"].replace("{id}", "[^/]+"))
            assert any(pattern.fullmatch(path) for path in paths)
        else:
            assert one in bodies


def test_the_watermark_is_an_instant_or_nothing(start):
    with start() as there:
        found = there.feed.watermark()
    assert found is None or found == there.clock.now().replace(microsecond=0)
    if isinstance(found, datetime):
        assert found.utcoffset() == timedelta(0)


def test_a_slice_without_length_has_no_record_and_asks_for_none(start):
    with start() as there:
        if not there.is_of_records:
            return
        begin = DAY.interval.start
        found = there.read(replace(WHOLE, interval=Interval(begin, begin)))
        assert found.summary.counts.received == found.summary.digest == 0
        assert found.index == b""
        assert not there.genesys.requests


def test_indexes_of_one_description_of_privacy_can_be_compared(start):
    with start() as there:
        told = there.plan.privacy.described(there.plan.tables)
        assert there.feed.identifies_alike(told, told)
