"""Records that nobody can read: a file a slice, sealed, adopted, replaced and removed with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from destinations import Killed, MemoryStore
from workbench import CLAIM, DAY, Bench, rejects

from fakes import Events
from genesys_export.events import SliceAdopted
from genesys_export.export import DayExporter, ExportOptions, Outcome

FORCED = ExportOptions(force=True)
BROKEN = (b'{"conversationId": 4711}', b'{"conversationId": 7}')
DAY_PART = timedelta(hours=8)
PAST_LEASE_S = timedelta(minutes=11).total_seconds()
FILES = [f"rejects.{number:03}.jsonl.gz" for number in range(3)]


@pytest.fixture
def bench():
    bench = Bench.over(lambda clock: MemoryStore(now=clock.now))
    bench.genesys.unreadable = BROKEN
    return bench


@pytest.fixture
def half(bench):
    """A day of which two of three slices are sealed; nothing is published."""
    process = bench.process()
    exporter = bench.exporter(process, slices=3, at_once=1)

    def watch():
        if bench.store.read(CLAIM) and len(bench.claim()["slices"]) == 2:
            process.bury()
            raise Killed

    process.watch = watch
    with pytest.raises(Killed):
        exporter.export(DAY)
    process.bury()
    bench.clock.rest(PAST_LEASE_S)
    return bench


def rejected(bench):
    """Return the records of each file of rejects, by its name."""
    files = rejects(bench.manifest())
    return {file["key"].rpartition("/")[2]: bench.records(file) for file in files}


def go_on(bench):
    """Run to the end; return how many slices were adopted, and asked for again though sealed.

    The third slice's job may have been submitted before: it is gone on with then.
    """
    process, events, jobs = bench.process(), Events(), [*bench.genesys.jobs]
    deps = replace(bench.exporter(process, slices=3, at_once=1).deps, observe=events)
    DayExporter(deps).export(DAY)
    process.bury()
    bench.check_readers()
    bench.check_settled()
    assert [*rejected(bench)] == FILES
    new = [job for name, job in bench.genesys.jobs.items() if name not in jobs]
    again = [job for job in new if job.interval.end < DAY.interval.end]
    return len(events.of(SliceAdopted)), len(again)


def test_slices_with_rejects_are_sealed_and_adopted(half):
    sealed = half.claim()["slices"]
    assert [[one["rows"] for one in each["rejects"]] for each in sealed] == [[2], [2]]
    assert go_on(half) == (2, 0)


def test_a_slice_whose_rejects_are_gone_is_read_again(half):
    (lost, _) = [one for one in half.store.uploads("") if "/rejects." in one.key]
    half.store.discard(lost)
    assert go_on(half) == (1, 1)


def test_only_slices_that_have_rejects_have_a_file_of_them(bench):
    submit, slices = bench.genesys.submit, 3

    def in_the_second(interval):
        is_second = interval.start == DAY.interval.start + DAY_PART
        bench.genesys.unreadable = BROKEN if is_second else ()
        return submit(interval)

    bench.genesys.submit = in_the_second
    bench.run(slices=slices, at_once=1)
    assert rejected(bench) == {FILES[1]: BROKEN}
    assert bench.manifest()["rejects"]["rows"] == 2  # one file is told as it always was


def test_the_same_rejects_leave_a_day_unchanged_and_others_do_not(bench):
    bench.run(slices=3)
    assert bench.run(slices=3, options=FORCED).outcome is Outcome.UNCHANGED
    bench.genesys.unreadable = BROKEN[1:]
    assert bench.run(slices=3, options=FORCED).outcome is Outcome.PUBLISHED
    bench.check_readers()
    bench.check_settled()


def test_rejects_that_can_be_read_now_leave_no_file(bench):
    bench.run(slices=3)
    bench.genesys.unreadable = ()
    bench.run(slices=3, options=FORCED)
    bench.check_readers()
    bench.check_settled()
    assert bench.manifest()["rejects"] is None


def test_a_record_that_comes_twice_to_a_slice_counts_once_as_it_is_kept(bench):
    bench.genesys.unreadable = (*BROKEN, BROKEN[0])
    bench.run()
    assert rejected(bench) == {"rejects.jsonl.gz": BROKEN}
    counts = bench.manifest()["counts"]
    assert (counts["rejected"], counts["duplicates"]) == (2, 1)
    told = ("exported", "duplicates", "rejected", "of_other_days")
    assert counts["received"] == sum(counts[name] for name in told)
