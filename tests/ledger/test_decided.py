"""Every error of publishing says on which side of the commit decision it stands."""

import pytest
from publishing import DAY, MANIFEST, Through, ledger, publish, recover, stage, take

from fakes import MemoryStore
from genesys_export.errors import (
    Aftermath,
    DestinationFailed,
    ExportError,
    NeverSent,
    NotPermitted,
    TryAgainLater,
    UnknownOutcome,
    WrongSettings,
)
from genesys_export.ledger import Damaged, LeaseLost, failure_of
from genesys_export.manifest import decode

CALLS = range(40)  # more than any publishing here makes
SAID = {
    Aftermath.UNCHANGED: "",
    Aftermath.PUBLISHING: "has begun and is not finished",
    Aftermath.UNKNOWN: "it is not known whether its replacement has begun",
}


class Failing:
    """A store that raises at one call, done or not, and at every later one of the same name."""

    def __init__(self, store, call, make, *, done):
        self.met = ""
        self._calls, self._at, self._make, self._done = 0, call, make, done
        self.store = Through(store, before=self._before, after=self._after)

    def _before(self, name, _arguments):
        if name == "url":
            return
        if not self.met and self._calls == self._at:
            self.met = name
        self._calls += 1
        if name == self.met and not self._done:
            raise self._make()

    def _after(self, name, _arguments):
        if name == self.met and self._done:
            raise self._make()


def manifest(store):
    return decode(store.read(MANIFEST).body, MANIFEST)


def walk(make, *, done):
    """Publish over an old day, meeting the error at each call; yield store and error."""
    for call in CALLS:
        store = MemoryStore()
        publish(store, "old", slices=2)
        made, staged = stage(store, "new")
        before = ledger(store).read(DAY)
        failing = Failing(store, call, make, done=done)
        try:
            ledger(failing.store).publish(DAY, before, made, staged)
        except Exception as problem:  # noqa: BLE001 - foreign ones, too
            # No store raises anything else for a write that was carried out.
            if not done or failing.met != "put" or isinstance(problem, UnknownOutcome):
                yield store, problem
        if not failing.met:
            return
    pytest.fail("publishing never came to its end")


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda: DestinationFailed("full"), 74),
        (lambda: NotPermitted("no right", advice="Give the right."), 77),
        (lambda: WrongSettings("no bucket", advice="Check --to."), 78),
        (lambda: UnknownOutcome("no answer"), 74),
        (lambda: NeverSent("no connection"), 74),
        (lambda: OSError(28, "No space left on device"), 74),
        (ZeroDivisionError, 70),
    ],
)
def test_an_error_at_any_call_says_what_is_published_then(make, status, done):
    met = set()
    for store, problem in walk(make, done=done):
        if not isinstance(problem, ExportError):
            assert take(store) == "old"
            continue
        there = manifest(store)
        met.add(problem.aftermath)
        if problem.aftermath is Aftermath.UNCHANGED:
            assert take(store) == "old"
        elif problem.aftermath is Aftermath.PUBLISHING:
            assert problem.status == status
            assert there.attempt == "new"
        assert SAID[problem.aftermath] in problem.message
        if problem.aftermath is not Aftermath.UNCHANGED:
            assert "unchanged" not in problem.message + problem.advice
            assert "Run the same command again" in problem.advice
        assert failure_of(problem, there.ended).published == problem.aftermath
    assert Aftermath.PUBLISHING in met


def test_what_to_do_about_the_cause_is_still_said_after_the_decision():
    problems = [p for _, p in walk(lambda: NotPermitted("no", advice="Give it."), done=False)]
    late = [p for p in problems if p.aftermath is Aftermath.PUBLISHING]
    assert late
    for problem in late:
        assert problem.advice.startswith("Give it. Run the same command again: it finishes")


def test_a_lease_lost_after_the_decision_is_the_other_runs_to_finish():
    store = MemoryStore()
    publish(store, "old", slices=2)
    made, staged = stage(store, "new")

    def lost():
        raise LeaseLost(f"{DAY}: lost the claim")

    with pytest.raises(LeaseLost, match="that run finishes what this one decided") as problem:
        ledger(store).publish(DAY, ledger(store).read(DAY), made, staged, lost)
    assert problem.value.aftermath is Aftermath.PUBLISHING
    recover(ledger(store))
    assert take(store) == "new"


def test_a_lost_upload_leaves_a_damaged_day_and_says_so():
    store = MemoryStore()
    made, staged = stage(store, "new")
    store.discard(staged[1])
    with pytest.raises(Damaged) as problem:
        ledger(store).publish(DAY, None, made, staged)
    assert problem.value.aftermath is Aftermath.DAMAGED
    assert manifest(store).state == "damaged"


def test_a_day_published_by_another_run_meanwhile_is_as_that_run_left_it():
    store = MemoryStore()
    made, staged = stage(store, "late")
    publish(store, "first")
    with pytest.raises(TryAgainLater, match="this run's files are not visible") as problem:
        ledger(store).publish(DAY, None, made, staged)
    assert problem.value.aftermath is Aftermath.UNCHANGED
    assert take(store) == "first"


def test_whether_every_file_can_be_put_in_place_is_tried_before_the_decision():
    store = MemoryStore()
    publish(store, "old", slices=2)
    made, staged = stage(store, "new")

    def refuse(name, arguments):
        if name == "check_replaceable":
            tried.extend(arguments[0])
            raise NotPermitted("conversations may not be written")

    tried: list[str] = []
    books = ledger(Through(store, before=refuse))
    with pytest.raises(NotPermitted):
        books.check_replaceable(ledger(store).read(DAY), made, staged)
    assert {file.key for file in staged} < {*tried}
    assert "conversations/2026-11-22.001.csv.gz" in tried  # to be deleted
    assert take(store) == "old"
