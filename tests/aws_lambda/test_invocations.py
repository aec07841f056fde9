"""A day longer than an invocation may take, in processes that end in time or are killed.

The clock is the real one. The simulator's latency takes most of the time, in small slices;
tests/export/test_deadline.py has the same with a clock that the test turns.
"""

from __future__ import annotations

from typing import Any

from lambda_day import DAY, PER_DAY

from genesys_export import Exporter

SLOW_S = 0.5  # a page
PAGES = 10  # of a killed invocation; the day has some thirty
LIMIT_S = 11.0  # of one that ends in time, beside the margin that the handler keeps
MARGIN_S = 20.0


def test_a_day_three_times_its_limit_ends_in_five_invocations_with_one_job_a_slice(
    start, function, tmp_path
):
    genesys = start(page_latency_s=2 * SLOW_S)
    of = function(genesys, **one_by_one(24))
    answers: list[dict[str, Any]] = []
    while len(answers) < 5 and (not answers or answers[-1]["again"]):
        answers.append(of.invoke({"day": DAY}, told_s=MARGIN_S + LIMIT_S).answer)
    assert [one["status"] for one in answers[-1]["days"]] == ["published"]
    pages = {(one.path, *one.query.values()) for one in genesys.asked("results")}
    assert len(pages) * 2 * SLOW_S >= 3 * LIMIT_S
    check(genesys, tmp_path, slices=24)


def test_an_invocation_that_is_killed_at_its_limit_loses_no_slice_and_no_job(
    start, function, tmp_path
):
    genesys = start(page_latency_s=SLOW_S)
    # The claim names a job within a fraction of a second: a kill must not come sooner.
    of = function(genesys, **one_by_one(8), GENESYS_EXPORT_GENESYS__POLL_FIRST="1s")
    invoked: list[Any] = []
    while len(invoked) < 5 and (not invoked or invoked[-1].status == -9):
        limit = len(genesys.asked("results")) + PAGES
        over = lambda limit=limit: len(genesys.asked("results")) >= limit  # noqa: E731
        invoked.append(of.invoke({"day": DAY}, is_over=over))
    assert invoked[-1].answer["again"] is False
    assert len(invoked) > 2
    check(genesys, tmp_path, slices=8)


def one_by_one(slices: int) -> dict[str, str]:
    return {
        "GENESYS_EXPORT_EXPORT__SLICES": str(slices),
        "GENESYS_EXPORT_EXPORT__SLICES_AT_ONCE": "1",
    }


def check(genesys, folder, *, slices: int) -> None:
    assert len(genesys.asked("submit")) == slices
    assert genesys.jobs == {}
    with Exporter.from_settings(
        to=folder / "lake", environ={}, tables=["conversations"]
    ) as exporter:
        assert exporter.read("conversations", DAY).num_rows == PER_DAY
