"""What is said of days, in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from genesys_export.model import Counts
from genesys_export.operations.status.reading import read
from genesys_export.operations.status.remarks import (
    Weight,
    after,
    lateness,
    needs_attention,
    percent,
    remarks,
    shorts,
    summary,
)
from made_days import (
    ELSEWHERE,
    NOW,
    PLACE,
    Shelf,
    claim,
    counted,
    failure,
    lay,
    manifest,
    replacing,
    status_of,
)

YESTERDAY = "2026-11-24"


def told(*things, **options):
    return remarks(status_of(*things, **options).days[0])


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        (timedelta(minutes=35), "35 min after its end"),
        (timedelta(hours=6, minutes=5), "6 h 05 min after its end"),
        (timedelta(hours=47, minutes=59), "47 h 59 min after its end"),
        (timedelta(days=4, hours=6), "4 d 6 h after its end"),
        (timedelta(hours=-3), "3 h 00 min before its end"),
        (None, ""),
    ],
)
def test_lateness_is_told_in_the_two_largest_units(delta, words):
    assert after(delta) == words
    assert words.startswith(lateness(delta))


@pytest.mark.parametrize(
    ("value", "words"),
    [(100.0, "100 %"), (99.999, "99.99 %"), (100.001, "100.01 %"), (98.5, "98.50 %"), (None, "")],
)
def test_only_what_is_equal_is_a_hundred_percent(value, words):
    assert percent(value) == words


def test_a_good_day_has_nothing_to_be_said():
    good = counted(1200, 1201)
    assert told(manifest(YESTERDAY, source_count=good)) == ()


def test_every_oddity_is_told_and_none_of_them_needs_anybody():
    counts = Counts(
        exported=10, rejected=1, drift=2, differing_duplicates=3, unknown_fields={"b": 1, "a": 2}
    )
    found = told(manifest(YESTERDAY, counts=counts, notes=("no attributes",)))
    assert [each.text for each in found] == [
        "1 record could not be read",
        "2 values did not fit and are kept in _extra",
        "fields that this version does not know are kept in _extra: a, b",
        "3 conversations came in differing copies",
        "no attributes",
    ]
    assert {each.weight for each in found} == {Weight.NOTE}


def test_equal_remarks_are_counted_instead_of_repeated():
    notes = ("dim_flows is cut: …", "dim_users is cut: …", "dim_queues is not written: …")
    made = replace(manifest(YESTERDAY), notes=notes, cut=("dim_flows", "dim_users"))
    day = status_of(made).days[0]
    assert shorts(day) == ("2 cut tables", "note")


def test_a_source_that_counts_otherwise_needs_somebody():
    told_so = counted(90, 100, "disagrees")
    [remark] = told(manifest(YESTERDAY, source_count=told_so))
    assert (remark.weight, remark.short) == (Weight.ATTENTION, "source 90 %")
    assert remark.text == (
        "Genesys counts 100 conversations, 90 were exported: beyond tolerance "
        "(1 % or 20 conversations)"
    )


@pytest.mark.parametrize("state", ["partial", "damaged"])
def test_a_day_that_is_not_whole_needs_somebody(state):
    [remark] = told(manifest(YESTERDAY, state))
    assert (remark.weight, remark.short) == (Weight.ATTENTION, state)


def test_a_missing_day_says_how_to_fetch_it():
    place = replace(PLACE, given=" --to ./lake", policy=ELSEWHERE)
    shelf = lay(Shelf(), manifest("2026-11-20"), manifest("2026-11-23"))
    _, lost, _, _, late = read(shelf, place, NOW).days
    [remark] = remarks(lost)
    assert remark.text == "nothing is published"
    assert remark.command == "genesys-export run --date 2026-11-21 --to ./lake"
    [remark] = remarks(late)
    assert remark.text == "nothing is published; the next run exports it"
    assert remark.command == "genesys-export run --to ./lake"


def test_a_failure_is_told_with_what_to_do():
    [remark] = told(claim(YESTERDAY, failure=failure(77, message="a permission is missing.")))
    assert remark.short == "status 77"
    assert remark.text == (
        "the last attempt ended with status 77 at 2026-11-25 09:30 UTC: "
        "a permission is missing. Run it again later."
    )


def test_a_published_day_that_was_only_too_early_to_be_read_again_needs_nobody():
    day = status_of(manifest(YESTERDAY, late=timedelta(0)), claim(YESTERDAY, failure=failure(75)))
    assert not needs_attention(day.days[0])


def test_being_at_work_is_no_trouble():
    held = claim(YESTERDAY, released=False)
    found = told(replacing(manifest(YESTERDAY)), held)
    assert [each.short for each in found] == ["being replaced", "claimed"]
    assert {each.weight for each in found} == {Weight.NOTE}


def test_an_attempt_that_never_ended_is_told_apart_from_one_at_work():
    old = NOW - timedelta(hours=9)
    shorts = [each.short for each in told(claim(YESTERDAY, released=False), at=old)]
    assert shorts == ["missing", "claim expired"]


def test_one_sentence_for_all_days():
    made = [manifest("2026-11-22"), manifest(YESTERDAY, "provisional")]
    assert summary(status_of(*made)) == (
        "3 days, 2026-11-22 to 2026-11-24: 1 final, 1 provisional, 1 missing; "
        "2,400 conversations, 1.9 MB; 1 day needs attention."
    )


def test_one_sentence_for_one_day_and_for_none():
    one = manifest(YESTERDAY)
    assert summary(status_of(replace(one, counts=Counts(exported=1)))).startswith(
        "1 day, 2026-11-24: 1 final; 1 conversation,"
    )
    assert summary(status_of()) == (
        "Nothing is published below s3://lake/analytics/_genesys_export/conversation_details."
    )
