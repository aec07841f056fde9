"""The source's count against ours: what agrees, what doesn't, what can't be compared."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesys_export.days import Interval
from genesys_export.source_count import (
    Counted,
    OurCounts,
    SourceCount,
    Tolerance,
    Verdict,
    judge,
    prove,
)

DAY = Interval(datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
WIDE = Tolerance(share=0.01, floor=20)


class Told:
    """A counter that tells a number, and how often it was asked."""

    def __init__(self, hits, *missing):
        self.hits, self.missing, self.asked = hits, missing, []

    def count(self, interval):
        self.asked.append(interval)
        return Counted(asked=NOW, hits=self.hits, by_media={"voice": 1}, missing=self.missing)


def verdict(hits, *, tolerance=WIDE, **ours):
    return prove(Told(hits), OurCounts(interval=DAY, **ours), tolerance).verdict


@pytest.mark.parametrize("hits", [5000, 4950, 5050])
def test_a_percent_of_a_large_day_is_tolerated(hits):
    assert verdict(hits, exported=5000) is Verdict.AGREES


@pytest.mark.parametrize("hits", [4949, 5051, 0])
def test_more_than_a_percent_of_a_large_day_is_not(hits):
    assert verdict(hits, exported=5000) is Verdict.DISAGREES


@pytest.mark.parametrize(("hits", "exported"), [(20, 0), (0, 20), (30, 10), (120, 100)])
def test_of_a_small_day_the_floor_decides(hits, exported):
    assert verdict(hits, exported=exported) is Verdict.AGREES


@pytest.mark.parametrize(("hits", "exported"), [(21, 0), (0, 21), (31, 10), (79, 100)])
def test_beyond_the_floor_a_small_day_disagrees(hits, exported):
    assert verdict(hits, exported=exported) is Verdict.DISAGREES


def test_no_tolerance_at_all_takes_the_very_number_only():
    exact = Tolerance(share=0, floor=0)
    assert verdict(7, exported=7, tolerance=exact) is Verdict.AGREES
    assert verdict(8, exported=7, tolerance=exact) is Verdict.DISAGREES


def test_rejected_records_are_hits_that_are_accounted_for():
    exact = Tolerance(share=0, floor=0)
    found = [
        verdict(hits, exported=100, rejected=3, tolerance=exact) for hits in (99, 100, 103, 104)
    ]
    assert found == [Verdict.DISAGREES, Verdict.AGREES, Verdict.AGREES, Verdict.DISAGREES]


@pytest.mark.parametrize(
    ("ours", "why"),
    [
        ({"own_body": True}, "query body"),
        ({"partial": True}, "only part"),
        ({"interval": Interval(DAY.start + timedelta(hours=1), DAY.end)}, "not a whole UTC day"),
        (
            {"interval": Interval(DAY.start - timedelta(hours=1), DAY.end - timedelta(hours=1))},
            "not a whole UTC day",
        ),
        ({"interval": Interval(DAY.start, DAY.end + timedelta(days=1))}, "not a whole UTC day"),
    ],
)
def test_what_the_source_can_t_count_is_not_asked(ours, why):
    counter = Told(5)
    found = prove(counter, OurCounts(**{"interval": DAY, "exported": 5, **ours}), WIDE)
    assert (found.verdict, found.asked, counter.asked) == (Verdict.NOT_COMPARABLE, None, [])
    assert why in found.note
    assert why in str(found)


def test_a_count_taken_anyway_does_not_make_it_comparable():
    counted = Counted(asked=NOW, hits=5, by_media=None)
    assert judge(counted, OurCounts(interval=DAY, exported=5, partial=True), WIDE).verdict is (
        Verdict.NOT_COMPARABLE
    )


def test_a_reading_that_failed_leaves_nothing_to_compare_and_says_why():
    found = prove(Told(None, "it is not permitted"), OurCounts(interval=DAY, exported=5), WIDE)
    assert (found.verdict, found.note) == (Verdict.NOT_COMPARABLE, "it is not permitted")


def test_a_missing_reading_by_media_changes_no_verdict():
    found = prove(Told(5, "no aggregates"), OurCounts(interval=DAY, exported=5), WIDE)
    assert (found.verdict, found.note) == (Verdict.AGREES, "no aggregates")


def test_the_sentence_names_both_counts_and_what_is_tolerated():
    ours = OurCounts(interval=DAY, exported=5000, rejected=2)
    assert str(prove(Told(4000), ours, WIDE)) == (
        "Genesys counts 4,000 conversations, 5,000 were exported and 2 rejected: beyond"
        " tolerance (1 % or 20 conversations)"
    )


def test_it_goes_through_a_manifest_s_json():
    found = prove(Told(5), OurCounts(interval=DAY, exported=5), WIDE)
    assert msgspec.json.decode(msgspec.json.encode(found), type=SourceCount) == found


@given(hits=st.integers(0, 10**7), exported=st.integers(0, 10**7), more=st.integers(0, 10**6))
def test_a_wider_tolerance_never_turns_agreement_into_disagreement(hits, exported, more):
    wider = Tolerance(share=0.01, floor=20 + more)
    if verdict(hits, exported=exported) is Verdict.AGREES:
        assert verdict(hits, exported=exported, tolerance=wider) is Verdict.AGREES
