"""What makes the program fast stays: seen in counts and ratios, never in seconds.

A load on the machine changes none of these figures by much; a Python loop over rows, a record on
the slow path, or a table held back change them several times over.
"""

from __future__ import annotations

import json
from time import process_time

import pytest
from speed_road import arrow_pool, counted_calls, records, walk

from genesys_export.encode import Format

pytestmark = pytest.mark.no_cover  # the tracer would be measured as well
EXACT = "decode/exact.py"
MIB = 1 << 20


def calls_in(calls, *parts: str) -> int:
    return sum(count for file, count in calls.items() if any(part in file for part in parts))


def calls_of_a_further_conversation(form: Format, *parts: str) -> float:
    """Count from the second day on that is larger: beginning and ending a file cancel out."""
    few, many = records(1_000), records(3_000)
    walk(few, form)  # what is imported and cached at the first use is no part of it
    with counted_calls() as of_few:
        walk(few, form)
    with counted_calls() as of_many:
        walk(many, form)
    return (calls_in(of_many, *parts) - calls_in(of_few, *parts)) / (len(many) - len(few))


def test_no_clean_record_takes_the_exact_path():
    given = records(1_000)
    with counted_calls() as calls:
        walk(given)
    assert calls_in(calls, EXACT) == 0


def test_the_count_above_would_see_a_record_on_the_exact_path():
    odd = json.dumps(json.loads(records(1_000)[0]) | {"neverSeenBefore": 1}).encode()
    with counted_calls() as calls:
        walk((odd, *records(1_000)[1:]))
    assert calls_in(calls, EXACT) > 0


# Measured 2026-11: 67, 64 and 56 calls; two thirds of them judge the record and remember its id.
# A record has some 45 rows and 900 values: a loop over either would go far beyond.
@pytest.mark.parametrize("form", list(Format), ids=str)
def test_a_further_conversation_costs_few_calls_whatever_it_holds(form):
    assert calls_of_a_further_conversation(form, "") < 90


def test_tables_are_made_without_a_call_a_row():
    made = calls_of_a_further_conversation(Format.CSV, "/flatten/", "/encode/csv_gz.py")
    assert made < 12  # measured 2026-11: 4.9, all of them by the block


def most_held(count: int, form: Format) -> int:
    given = records(count)
    with arrow_pool() as pool:
        walk(given, form)
        assert pool.bytes_allocated() == 0
        return pool.max_memory()


def test_arrow_holds_no_more_for_a_larger_day():
    small, large = (most_held(count, Format.CSV) for count in (1_000, 4_000))
    assert large < 1.25 * small
    assert large < 32 * MIB  # measured 2026-11: 10


def test_raw_lines_need_next_to_nothing_of_arrow():
    assert most_held(4_000, Format.JSONL) < MIB


def test_arrow_holds_back_no_more_parquet_than_it_may():
    given = records(4_000)
    with arrow_pool() as pool:
        walk(given, Format.PARQUET)
        assert pool.max_memory() < 68 * MIB  # 32 MiB wait for a row group, a block is under way


def test_raw_lines_cost_far_less_than_tables():
    given = records(3_000)

    def least(form: Format) -> float:
        spent = []
        for _ in range(3):
            began = process_time()
            walk(given, form)
            spent.append(process_time() - began)
        return min(spent)

    walk(given)
    assert least(Format.JSONL) < 0.5 * least(Format.CSV)  # measured 2026-11: 0.25
