"""What Genesys refuses as too large is asked for in parts; the rows are the same, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from made_statistics import DAY, Fed

from genesys_export.datasets import datasets
from genesys_export.errors import GenesysUnavailable
from genesys_simulator import Fault, JobEnds, Refusal, RepeatedRows, ServerError

ALL = [one.name for one in datasets() if one.aggregates]


@pytest.fixture(params=ALL)
def whole(request, fed) -> Iterator[Fed]:
    with fed(request.param) as there:
        there.rows()
        yield there


@pytest.mark.parametrize("share", [0.8, 0.5])
def test_split_or_not_the_rows_are_the_same(fed, whole, share):
    most = int(max(whole.rows_a_bucket()) * share)
    with fed(whole.dataset, most_aggregates=most) as there:
        assert there.rows() == whole.rows()
        assert len(there.bodies()) > 2 * len(whole.bodies())
        assert any("filter" in body for body in there.bodies())
        assert there.reading.summary().digest == whole.reading.summary().digest


def test_parts_are_by_interval_first(fed, whole):
    with fed(whole.dataset, most_aggregates=max(whole.rows_a_bucket())) as there:
        assert there.rows() == whole.rows()
        assert not any("filter" in body for body in there.bodies())
        assert len(there.bodies()) > len(whole.bodies())


def test_after_a_refusal_the_next_pieces_are_short_as_well(fed):
    with fed(ALL[0]) as there:
        most = max(there.rows_a_bucket())
    with fed(ALL[0], most_aggregates=most) as there:
        there.rows()
        lengths = [body["interval"] for body in there.bodies()]
        refused = [one for one in there.genesys.requests if one.endpoint == "aggregates"]
        assert len(lengths) == len(refused) <= 48 + 2


def test_after_a_large_answer_the_next_pieces_are_shorter_down_to_one_interval(fed, whole):
    with fed(whole.dataset) as there:
        source = replace(there.feed.source, large_bytes=1)
        there.feed = replace(there.feed, source=source)
        assert there.rows() == whole.rows()
        assert len(there.bodies()) == 1 + 46


@pytest.mark.parametrize(
    "kind",
    [
        Refusal(400, "response.entity.too.large", "The response is too large."),
        Refusal(413, "request.entity.too.large", "no more"),
        Refusal(400, "bad.request", "The query exceeds the maximum number of results."),
    ],
)
def test_each_way_to_say_that_it_is_too_much_splits(fed, whole, kind):
    with fed(whole.dataset, faults=[Fault("aggregates", 1, kind)]) as there:
        assert there.rows() == whole.rows()
        assert len(there.bodies()) > len(whole.bodies())


def test_a_query_that_times_out_is_asked_for_in_parts(fed, whole):
    slow = [Fault("aggregates", 1, ServerError(504), times=20)]
    with fed(whole.dataset, faults=slow) as there:
        assert there.rows() == whole.rows()
        assert there.bodies()[0]["interval"] != there.bodies()[-1]["interval"]


def test_an_outage_is_no_question_of_size(fed, whole):
    down = [Fault("aggregates", 1, ServerError(503), times=12)]
    with fed(whole.dataset, faults=down) as there:
        assert there.rows() == whole.rows()
        assert {*there.asked()} == {*whole.asked()}


def test_another_refusal_is_told_and_nothing_is_split(fed):
    wrong = Refusal(400, "bad.request", "Value [tNew] is not valid for field type [metrics].")
    with (
        fed(ALL[0], faults=[Fault("aggregates", 1, wrong)]) as there,
        pytest.raises(GenesysUnavailable, match=r"Value \[tNew\] is not valid"),
    ):
        there.rows()
    assert len(there.bodies()) == 1


def test_what_can_not_be_split_any_more_is_told(fed):
    with (
        fed("user_aggregates", most_aggregates=1) as there,
        pytest.raises(GenesysUnavailable, match="not even value by value") as found,
    ):
        there.rows()
    assert "engine" in found.value.advice
    assert DAY.isoformat() in str(found.value)


def test_the_day_of_one_bucket_is_split_by_groups(fed):
    settings = {"GENESYS_EXPORT_AGGREGATES__GRANULARITY": "P1D"}
    with fed(ALL[0], settings) as there:
        rows = there.rows()
        assert len(there.bodies()) == 1
    with fed(ALL[0], settings, most_aggregates=len(rows) // 20) as there:
        assert there.rows() == rows


def test_groups_of_dimensions_with_several_values_come_whole(fed):
    columns = (
        "conversation_aggregates.division_id,conversation_aggregates.requested_routing_skill_id"
    )
    settings = {"GENESYS_EXPORT_AGGREGATES__GROUP_BY": columns}
    with fed(ALL[0], settings) as there:
        rows = there.rows()
        assert len({row["division_id"] for row in rows}) > 2
        most = int(max(there.rows_a_bucket()) * 0.7)
    with fed(ALL[0], settings, most_aggregates=most) as there:
        assert there.rows() == rows


@pytest.mark.parametrize("name", ALL)
def test_jobs_and_queries_give_the_same_rows(fed, name):
    with fed(name) as there:
        by_query = there.rows()
    settings = {"GENESYS_EXPORT_AGGREGATES__ENGINE": "jobs"}
    with fed(name, settings, polls=3) as there:
        by_job = there.rows()
        assert [one.endpoint for one in there.genesys.requests].count("aggregates_submit") == 1
    assert sorted(by_job, key=str) == sorted(by_query, key=str)
    assert by_query


@pytest.mark.parametrize(
    "fault",
    [
        Fault("aggregates_submit", 1, JobEnds("EXPIRED", after_pages=1)),
        Fault("aggregates_submit", 1, JobEnds("FAILED", after_pages=1)),
        Fault("aggregates_results", 2, RepeatedRows(3)),
        Fault("aggregates_results", 2, ServerError(503)),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ALL[:1])
def test_a_job_that_dies_or_repeats_itself_gives_every_row_once(fed, name, fault):
    settings = {
        "GENESYS_EXPORT_AGGREGATES__ENGINE": "jobs",
        "GENESYS_EXPORT_GENESYS__PAGE_SIZE": "100",
    }
    with fed(name, settings) as there:
        expected = sorted(there.rows(), key=str)
        digest = there.reading.summary().digest
    with fed(name, settings, faults=[fault]) as there:
        assert sorted(there.rows(), key=str) == expected
        summary = there.reading.summary()
        assert summary.digest == digest
        assert summary.counts.exported == len(expected)
        is_repeated = isinstance(fault.kind, RepeatedRows)
        assert (summary.counts.duplicates > 0) == is_repeated
        assert not there.genesys.jobs
