"""Any sequence of runs, crashes, lost answers, second runs, late data and lost uploads.

A model of what may happen stands beside the destination: which errors a run may end with. What
readers see is checked after every step, and while troubled runs are under way after every call
that changes anything.
"""

from __future__ import annotations

import secrets
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from destinations import Killed, Trouble
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from workbench import END, TABLES, Bench

from fake_genesys import id_of
from fakes import MemoryStore, some
from genesys_export.errors import (
    DataMismatch,
    ExportError,
    TryAgainLater,
    WrongSettings,
)
from genesys_export.export import ExportOptions, Outcome
from genesys_export.store import FolderStore

pytestmark = pytest.mark.no_cover  # its many runs repeat lines that other tests cover

CALLS = st.integers(0, 110)
SLICES = st.sampled_from([1, 1, 1, 2, 3])
KINDS = st.sampled_from(["killed", "killed", "killed", "stopped", "unanswered"])
PAUSES = st.sampled_from([0, 1, 11, 21, 7 * 60])  # minutes
FEW, MANY = 3, 27


class Days(RuleBasedStateMachine):
    """One day at one destination, and all that can happen to it."""

    new_store: ClassVar[Any]

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench.over(type(self).new_store, count=30)
        self.bench.run()

    # --- the world ---------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 11, 21, 7 * 60, 26 * 60, 5 * 24 * 60]))
    def time_passes(self, minutes):
        self.bench.clock.rest(minutes * 60)

    @rule(number=st.integers(30, 39))
    def a_conversation_comes_late(self, number):
        self.bench.genesys.versions.setdefault(number, 1)

    @rule(number=st.integers(0, 39))
    def a_conversation_is_corrected(self, number):
        if number in self.bench.genesys.versions:
            self.bench.genesys.versions[number] += 1

    @rule(first=st.integers(0, 39), count=st.sampled_from([FEW, MANY]))
    def conversations_go(self, first, count):
        for number in range(first, first + count):
            self.bench.genesys.versions.pop(number, None)

    @rule()
    def a_division_comes_back(self):
        for number in range(30):
            self.bench.genesys.versions.setdefault(number, 1)

    @rule(hours=st.sampled_from([-48, -30, -3, 0]))
    def genesys_reaches(self, hours):
        self.bench.genesys.mark = self.bench.clock.now() + timedelta(hours=hours)

    @rule()
    def jobs_are_lost(self):
        self.bench.genesys.lost.update(self.bench.genesys.jobs)

    @rule(which=st.integers(1, 15))
    def uploads_are_lost_to_a_lifecycle_rule(self, which):
        uploads = sorted(self.bench.store.uploads(""), key=lambda one: (one.key, one.began))
        for number, one in enumerate(uploads):
            if which >> number % 4 & 1:
                self.bench.store.discard(one)

    @rule(recipe=st.sampled_from(["one", "two"]))
    def somebody_changes_the_settings(self, recipe):
        self.bench.recipe = recipe

    # --- runs --------------------------------------------------------------------------------

    @rule(
        slices=SLICES, partial=st.booleans(), order=st.sampled_from(["", "", "shrink", "rewrite"])
    )
    def a_run(self, slices, partial, order):
        options = ExportOptions(
            force=True, accept_shrink=order == "shrink", rewrite=order == "rewrite"
        )
        may_fail, before = self.may_fail(options), self.bench.takes()
        tags = self.bench.tags()
        try:
            report = self.bench.run(options=options, slices=slices, partial=partial)
        except ExportError as problem:
            assert isinstance(problem, may_fail), problem  # noqa: PT017 - one of several
            assert before is None or self.bench.takes() == before
            return
        self.check_is_done(report)
        if report.outcome is Outcome.UNCHANGED:
            assert before is None or self.bench.tags() == tags

    @rule(slices=SLICES, kind=KINDS, call=CALLS, done=st.booleans())
    def a_run_in_trouble(self, slices, kind, call, done):
        trouble = Trouble(kind, call, done=done)
        with suppress(Killed, ExportError):
            self.bench.run(trouble, options=ExportOptions(force=True), slices=slices, watched=True)

    @rule(kind=KINDS, call=st.integers(0, 25), done=st.booleans())
    def a_recovery_in_trouble(self, kind, call, done):
        with suppress(Killed, ExportError):
            self.bench.recover(Trouble(kind, call, done=done))

    @rule(
        slices=SLICES,
        call=CALLS,
        pause=PAUSES,
        kinds=st.tuples(st.sampled_from(["", "killed"]), st.sampled_from(["", "killed"])),
        other=st.tuples(SLICES, CALLS),
        data=st.booleans(),
        back=st.sampled_from([False, False, True]),
    )
    def a_run_sleeps_while_another_works(self, slices, call, pause, kinds, other, data, back):
        def visit():
            if data:
                self.bench.genesys.versions[0] = self.bench.genesys.versions.get(0, 0) + 1
            if back:
                self.bench.genesys.mark -= timedelta(hours=30)
            self.bench.clock.rest(pause * 60)
            trouble = Trouble(kinds[1], other[1], done=True)
            with suppress(Killed, ExportError):
                self.bench.run(
                    trouble, options=ExportOptions(force=True), slices=other[0], watched=True
                )

        trouble, whole = Trouble(kinds[0], call, done=True, visit=visit), self.bench.takes()
        with suppress(Killed, ExportError):
            self.bench.run(trouble, options=ExportOptions(force=True), slices=slices, watched=True)
        if whole is not None and kinds == ("", ""):
            assert self.bench.takes() is not None, "the two did harm to each other"

    # --- what must hold ----------------------------------------------------------------------

    @invariant()
    def readers_see_one_day_or_a_refusal(self):
        self.bench.check_readers()

    def teardown(self) -> None:
        self.bench.settle()
        tags = self.bench.tags()
        report = self.bench.run(options=ExportOptions(force=True))
        if len(tags) == len(TABLES):
            assert report.outcome is Outcome.UNCHANGED
        assert self.bench.tags() == tags or len(tags) != len(TABLES)

    def may_fail(self, options: ExportOptions) -> tuple[type[ExportError], ...]:
        """Return the errors with which a run may end now; whatever else it ends with is wrong."""
        found: set[type[ExportError]] = set()
        bench, manifest = self.bench, some(self.bench.manifest())
        now, mark = bench.clock.now(), bench.genesys.mark
        marks = [one["watermark"] for one in manifest["slices"]]
        if mark < END or mark < min(map(datetime.fromisoformat, marks)):
            found.add(TryAgainLater)
        if bench.is_claimed() or bench.deleted_since(now - timedelta(minutes=21)):
            found.add(TryAgainLater)
        if manifest["recipe"]["filters"]["recipe"] != bench.recipe and not options.rewrite:
            found.add(WrongSettings)
        taken = bench.takes()
        there = {id_of(number) for number in bench.genesys.versions}
        gone = (
            len({row[0] for row in taken["conversations"]} - there)
            if taken
            else manifest["counts"]["exported"] - len(there)
        )
        if gone > 20 and not options.accept_shrink:
            found.add(DataMismatch)
        return tuple(found)

    def check_is_done(self, report) -> None:
        """Assert what holds after a run that ended well."""
        bench = self.bench
        assert bench.takes() is not None
        assert not bench.is_claimed()
        if report.outcome is not Outcome.SKIPPED:
            assert [*bench.store.uploads("")] == []
        assert bench.data_keys() == bench.named_keys()


def machine(new_store):
    return type("Machine", (Days,), {"new_store": staticmethod(new_store)})


def settle_for(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],  # shrinking takes minutes; the steps are few
        suppress_health_check=[*HealthCheck],
    )


def test_in_memory():
    store = machine(lambda clock: MemoryStore(now=clock.now))
    run_state_machine_as_test(store, settings=settle_for(60, 15))


def test_in_a_folder(quick_path):
    store = machine(lambda _clock: FolderStore(quick_path / secrets.token_hex(8)))
    run_state_machine_as_test(store, settings=settle_for(25, 15))


@pytest.mark.xdist_group("seaweedfs")
def test_in_a_bucket_of_a_real_server(seaweedfs):
    """Its uploads, conditions and listings are the server's own; only dates are the test's."""
    with ExitStack() as stack:

        def new_store(_clock):
            return stack.enter_context(seaweedfs.store(prefix=f"lives/{secrets.token_hex(8)}"))

        run_state_machine_as_test(machine(new_store), settings=settle_for(8, 12))
