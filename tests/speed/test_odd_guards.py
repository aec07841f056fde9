"""Odd records cost what they cost themselves, not what the page around them would.

CPU ratios against the clean day, in one process; the bounds leave room for a busy machine. What
was measured stands in docs/performance.md (`python -m bench odd`). Each kind cost 4 or more once.
"""

from __future__ import annotations

from functools import cache

import pytest

from bench.odd import KINDS, answers, cpu_s, made_odd, records

GIVEN = 1_200
CHEAP_IN_EVERY_RECORD = (
    "an unknown field",
    "an unknown field in each segment",
    "a number as attribute",
    "times without milliseconds",
    "times with an offset",
    "a blank after each colon",
    "indented JSON",
)


@cache
def given() -> tuple[bytes, ...]:
    return records(GIVEN)


def ratio(source) -> float:
    """Return the source's CPU time against the clean day's, measured around it."""
    clean = answers(given(), 300)
    warm_up()
    first, spent, last = cpu_s(clean), cpu_s(source), cpu_s(clean)
    return spent / max(first, last)


@cache
def warm_up() -> None:
    cpu_s(answers(given()))  # what is imported and cached at the first use is no part of it


@pytest.mark.parametrize("kind", KINDS)
def test_one_odd_record_in_a_hundred_leaves_the_rest_of_its_page_alone(kind):
    assert ratio(answers(made_odd(given(), KINDS[kind], 0.01), 300)) < 2.2


@pytest.mark.parametrize("kind", CHEAP_IN_EVERY_RECORD)
def test_what_every_record_has_is_learnt_or_brought_to_shape_in_bulk(kind):
    assert ratio(answers(made_odd(given(), KINDS[kind], 1), 300)) < 2.5


@pytest.mark.parametrize("size", [25, 100])
def test_small_pages_cost_what_large_ones_cost(size):
    assert ratio(answers(given(), size)) < 1.7


def test_a_differing_copy_in_the_same_page_costs_no_second_reading():
    other = given()[500][:-1] + b',"externalTag":"another copy"}'
    assert ratio(answers([*given()[:501], other, *given()[501:]], 300)) < 1.7
