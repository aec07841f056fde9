"""Which chunk a cluster gets, and what becomes of one that did not end well: without Dask."""

from __future__ import annotations

from datetime import timedelta

import pytest
from dask_fakes import (
    DATASET,
    NOW,
    FakeCluster,
    agenda,
    all_well,
    done,
    failed,
    published,
    skipped,
    well,
)

from fakes import FakeClock
from genesys_export.errors import (
    DestinationFailed,
    GenesysUnavailable,
    NotPermitted,
    SignInRefused,
    Stopped,
    TryAgainLater,
    WrongSettings,
    WrongUse,
)
from genesys_export.events import BackfillProgress, DayEnded, DaySkipped, Event, OrgProgress
from genesys_export.integrations.dask.agenda import CHUNK_DAYS, MOST_TRIES
from genesys_export.integrations.dask.driver import Driver
from genesys_export.integrations.dask.task import Ended, Killed, Lost, Recipe


def driven(of, outcome=all_well, *, pending=lambda: None, places=4):
    """Run an agenda to its end; return the results, the cluster and what was observed."""
    clock, seen = FakeClock(), list[Event]()
    cluster = FakeCluster(clock, outcome, places)
    driver = Driver(agenda=of, clock=clock, observe=seen.append, pending=pending)
    return list(driver.results(cluster)), cluster, seen


def ends(results):
    return {(one.org, str(one.day)): one.status for one in results}


def test_a_chunk_is_31_days_of_one_organisation():
    results, cluster, _ = driven(agenda("a", "b", count=70))
    assert len(results) == 140
    assert [len(chunk.days) for _, chunk in cluster.submitted if chunk.org == "a"] == [31, 31, 8]
    assert CHUNK_DAYS == 31


def test_an_organisation_has_one_chunk_under_way_unless_more_are_allowed():
    _, one, _ = driven(agenda("a", count=93))
    assert one.most == 1
    _, three, _ = driven(agenda("a", count=93, per_org=2))
    assert three.most == 2


def test_organisations_take_turns_where_there_are_more_of_them_than_places():
    _, cluster, _ = driven(agenda("a", "b", "c", count=62), places=1)
    assert [chunk.org for _, chunk in cluster.submitted] == list("abcabc")


@pytest.mark.parametrize("problem", [GenesysUnavailable("down"), DestinationFailed("full")])
def test_what_may_pass_comes_again_and_only_the_days_that_failed(problem):
    tries = []

    def once_bad(chunk):
        tries.append(chunk)
        second = chunk.days[1] if len(tries) == 1 else None
        return Ended(
            tuple(
                failed(chunk, day, problem) if day == second else done(chunk, day)
                for day in chunk.days
            )
        )

    results, cluster, seen = driven(agenda("a"), once_bad)
    assert set(ends(results).values()) == {"published"}
    assert len(results) == 3
    assert [len(chunk.days) for chunk in tries] == [3, 1]
    assert cluster.submitted[1][0] >= 30
    assert sum(isinstance(event, DayEnded) for event in seen) == 3


def test_a_day_comes_again_when_its_error_says_so():
    at = NOW + timedelta(minutes=7)

    def early(chunk):
        if chunk.tries:
            return all_well(chunk)
        return Ended(
            tuple(failed(chunk, d, TryAgainLater("early", retry_at=at)) for d in chunk.days)
        )

    results, cluster, _ = driven(agenda("a"), early)
    assert set(ends(results).values()) == {"published"}
    assert 419 < cluster.submitted[1][0] < 421


def test_a_day_whose_time_is_hours_away_is_left_to_another_run():
    at = NOW + timedelta(hours=5)

    def early(chunk):
        return Ended(
            tuple(failed(chunk, d, TryAgainLater("early", retry_at=at)) for d in chunk.days)
        )

    results, cluster, _ = driven(agenda("a", count=1), early)
    assert len(cluster.submitted) == 1
    assert results[0].problem.retry_at == at


def test_nothing_comes_again_for_ever():
    def down(chunk):
        return Ended(GenesysUnavailable("down"))

    results, cluster, _ = driven(agenda("a"), down)
    assert len(cluster.submitted) == MOST_TRIES
    assert [one.status for one in results] == ["failed", "not tried", "not tried"]


def test_what_a_closed_worker_left_is_no_try():
    left = iter([*[True] * 9, False])

    def closing(chunk):
        if not next(left):
            return all_well(chunk)
        first, *others = chunk.days
        stopped = failed(chunk, first, Stopped(15, by="should_stop"))
        return Ended((stopped, *(_not_tried(chunk, day) for day in others)))

    results, cluster, _ = driven(agenda("a"), closing)
    assert set(ends(results).values()) == {"published"}
    assert len(cluster.submitted) == 10


def _not_tried(chunk, day):
    from genesys_export.export import DayResult  # noqa: PLC0415

    return DayResult(org=chunk.org, dataset=DATASET, day=day, not_tried="stopped")


@pytest.mark.parametrize("problem", [SignInRefused("no"), NotPermitted("no"), WrongSettings("no")])
def test_what_only_a_person_can_fix_ends_its_organisation_alone(problem):
    def refused(chunk):
        return Ended(problem) if chunk.org == "a" else all_well(chunk)

    results, cluster, _ = driven(agenda("a", "b", count=93), refused)
    assert sum(chunk.org == "a" for _, chunk in cluster.submitted) == 1
    assert len(results) == 186
    assert {end for (org, _), end in ends(results).items() if org == "b"} == {"published"}
    assert [one.problem for one in results if one.org == "a" and one.problem] == [problem]


def test_a_lost_chunk_begins_anew():
    lost = iter([Lost(), Lost()])
    results, cluster, _ = driven(agenda("a"), lambda chunk: next(lost, all_well(chunk)))
    assert set(ends(results).values()) == {"published"}
    assert len(cluster.submitted) == 3


def test_a_day_that_kills_its_workers_fails_alone_and_runs_alone():
    def poisoned(chunk):
        if chunk.org == "a" and any(str(day) == "2026-01-02" for day in chunk.days):
            return Killed()
        return all_well(chunk)

    results, cluster, _ = driven(agenda("a", "b"), poisoned)
    assert [key for key, end in ends(results).items() if end == "failed"] == [("a", "2026-01-02")]
    assert len(results) == 6
    alone = [(at, chunk) for at, chunk in cluster.submitted if chunk.is_alone]
    assert [len(chunk.days) for _, chunk in alone] == [1, 1, 1]
    assert len({at for at, _ in alone}) == 3  # one after the other
    (problem,) = {one.problem for one in results if one.problem}
    assert problem.status == 78
    assert "2026-01-02" in problem.message


def test_days_that_killed_their_worker_are_left_where_their_organisation_was_given_up():
    of = agenda("a", count=62, per_org=2)
    kills, refused = of.next(NOW), of.next(NOW)
    assert kills
    assert refused
    told = of.ended(refused, [failed(refused, refused.days[0], SignInRefused("no"))], NOW)
    assert [one.status for one in told] == ["failed"]
    left = of.killed(kills)
    assert [one.status for one in left] == ["not tried"] * 31
    assert of.is_done


def test_a_signal_leaves_the_rest_untried():
    came = iter([None, Stopped(15)])
    results, cluster, _ = driven(agenda("a"), lambda _: Lost(), pending=lambda: next(came, None))
    assert [one.status for one in results] == ["not tried"] * 3
    assert [type(one.problem) for one in results] == [Stopped, type(None), type(None)]
    assert cluster.is_closed


def test_a_day_published_before_its_worker_died_counts_as_published():
    clock, seen = FakeClock(), list[Event]()

    def told(chunk):
        first, *others = chunk.days
        if len(cluster.submitted) == 1:
            driver.hear(published(chunk, first))
            return Lost()
        return Ended((skipped(chunk, first), *(done(chunk, day) for day in others)))

    cluster = FakeCluster(clock, told)
    driver = Driver(agenda=agenda("a"), clock=clock, observe=seen.append, pending=lambda: None)
    assert [one.status for one in driver.results(cluster)] == ["published"] * 3


def test_progress_counts_days_before_their_chunk_ends_and_never_twice():
    clock, seen = FakeClock(), list[Event]()

    def told(chunk):
        for day in chunk.days[:2]:
            driver.hear(DaySkipped(org="a", dataset=DATASET, day=str(day), reason="final"))
        clock.sleep(60)
        return Lost() if not chunk.tries and len(cluster.submitted) < 2 else Ended(well(chunk))

    cluster = FakeCluster(clock, told)
    driver = Driver(agenda=agenda("a"), clock=clock, observe=seen.append, pending=lambda: None)
    list(driver.results(cluster))
    scores = [event for event in seen if isinstance(event, BackfillProgress)]
    assert [(one.skipped, one.done) for one in scores] == [(0, 0), (2, 0), (0, 3), (0, 3)]
    assert scores[-1].eta_s == 0
    (last,) = [event for event in seen if isinstance(event, OrgProgress) and event.ended == 3]
    assert (last.org, last.total) == ("a", 3)


def test_a_secret_is_not_sent_to_a_cluster():
    with pytest.raises(WrongUse, match="secret"):
        Recipe(keywords={"client_secret": "a-made-up-secret"})
