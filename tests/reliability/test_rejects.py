"""Records that nobody can read: which slices have a file of them, and when it is replaced."""

from __future__ import annotations

from datetime import timedelta

import pytest
from destinations import MemoryStore
from workbench import DAY, HOME, Bench, rejects

from genesys_export.export import ExportOptions, Outcome

FORCED = ExportOptions(force=True)
UNREADABLE = (b'{"conversationId": 4711}', b'{"conversationId": 7}')


@pytest.fixture
def bench():
    bench = Bench.over(lambda clock: MemoryStore(now=clock.now))
    bench.genesys.unreadable = UNREADABLE
    return bench


def test_only_slices_that_have_rejects_have_a_file_of_them(bench):
    fetch, second = bench.genesys.fetch, DAY.interval.start + timedelta(hours=8)

    def in_the_second(interval, job_id=None):
        bench.genesys.unreadable = UNREADABLE if interval.start == second else ()
        submitted = fetch(interval, job_id)
        submitted._jobs.append(bench.genesys.submit(interval))
        return submitted

    bench.genesys.fetch = in_the_second
    bench.run(slices=3)
    told = bench.manifest()["rejects"]  # one file is told as it always was
    assert (told["key"], told["rows"]) == (f"{HOME}/rejects.001.jsonl.gz", 2)
    bench.check_readers()
    bench.check_settled()


def test_the_same_rejects_leave_a_day_unchanged_and_others_do_not(bench):
    bench.run(slices=3)
    assert bench.run(slices=3, options=FORCED).outcome is Outcome.UNCHANGED
    bench.genesys.unreadable = UNREADABLE[1:]
    assert bench.run(slices=3, options=FORCED).outcome is Outcome.PUBLISHED
    bench.check_readers()
    bench.check_settled()


def test_rejects_that_come_no_more_leave_no_file(bench):
    bench.run(slices=3)
    bench.genesys.unreadable = ()
    bench.run(slices=3, options=FORCED)
    assert bench.manifest()["rejects"] is None
    bench.check_readers()
    bench.check_settled()


def test_a_record_that_comes_twice_to_a_slice_counts_once_as_it_is_kept(bench):
    bench.genesys.unreadable = (*UNREADABLE, UNREADABLE[0])
    bench.run()
    (file,) = rejects(bench.manifest())
    counts = bench.manifest()["counts"]
    assert bench.records(file) == UNREADABLE
    assert (counts["rejected"], counts["duplicates"]) == (2, 1)
    told = ("exported", "duplicates", "rejected", "of_other_days")
    assert counts["received"] == sum(counts[name] for name in told)
