"""A day longer than an invocation may take, in processes that end in time or are killed.

Time is the machine's here, so bounds are loose: tests/export/test_deadline.py has the exact ones.
"""

from __future__ import annotations

from typing import Any

from lambda_day import DAY, PER_DAY

from genesys_export import Exporter

SLICES = 8
PAGES = 10  # of a killed invocation; the day has some thirty
SLOW_S = 0.5  # a page
ONE_BY_ONE = {
    "GENESYS_EXPORT_EXPORT__SLICES": str(SLICES),
    "GENESYS_EXPORT_EXPORT__SLICES_AT_ONCE": "1",
    # The claim names a job within a fraction of a second: a kill must not come sooner.
    "GENESYS_EXPORT_GENESYS__POLL_FIRST": "1s",
}


def test_a_day_longer_than_its_limit_ends_after_some_invocations_with_one_job_a_slice(
    start, function, tmp_path
):
    genesys = start(page_latency_s=SLOW_S)
    of = function(genesys, **ONE_BY_ONE)
    answers: list[dict[str, Any]] = []
    while len(answers) < 10 and (not answers or answers[-1]["again"]):
        answers.append(of.invoke({"day": DAY}, told_s=26).answer)  # six seconds and the margin
    assert [one["status"] for one in answers[-1]["days"]] == ["published"]
    assert len(answers) > 2
    check(genesys, tmp_path)


def test_an_invocation_that_is_killed_at_its_limit_loses_no_slice_and_no_job(
    start, function, tmp_path
):
    genesys = start(page_latency_s=SLOW_S)
    of = function(genesys, **ONE_BY_ONE)
    invoked: list[Any] = []
    while len(invoked) < 5 and (not invoked or invoked[-1].status == -9):
        limit = len(genesys.asked("results")) + PAGES
        over = lambda limit=limit: len(genesys.asked("results")) >= limit  # noqa: E731
        invoked.append(of.invoke({"day": DAY}, is_over=over))
    assert invoked[-1].answer["again"] is False
    assert len(invoked) > 2
    check(genesys, tmp_path)


def check(genesys, folder) -> None:
    assert len(genesys.asked("submit")) == SLICES
    assert genesys.jobs == {}
    with Exporter.from_settings(
        to=folder / "lake", environ={}, tables=["conversations"]
    ) as exporter:
        assert exporter.read("conversations", DAY).num_rows == PER_DAY
