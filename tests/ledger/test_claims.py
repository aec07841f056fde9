"""Who works on a day: taking it, keeping it, losing it, giving it back."""

import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from publishing import DAY, HOME, RECIPE, Through

from fakes import FakeClock, MemoryStore, some
from genesys_export.claim import Holder, OpenJob, SealedSlice, decode
from genesys_export.cli.signals import Signals
from genesys_export.errors import (
    ChangedMeanwhile,
    DestinationFailed,
    Stopped,
    TryAgainLater,
    UnknownOutcome,
    WrongSettings,
)
from genesys_export.ledger import Claims, Lease, LeaseLost, Register, failure_of
from genesys_export.model import Always, Counts, Organization

CLAIM = f"{HOME}/2026-11-22/claim.json"
LEASE = timedelta(minutes=10)
HERE = Holder(host="here", pid=7, process="boot/pid/1")
SEALED = SealedSlice(
    interval=DAY.interval,
    attempt="a1",
    files=(),
    index=None,
    counts=Counts(received=3, exported=3),
    digest="0" * 64,
    watermark=None,
    fetched=datetime(2026, 11, 23, 6, tzinfo=UTC),
    job_ids=("j1",),
    sealed=datetime(2026, 11, 23, 7, tzinfo=UTC),
)
JOB = OpenJob(interval=DAY.interval, job_id="j2", fetched=SEALED.fetched)
PROBE = "probe"


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def store(clock):
    return MemoryStore(now=clock.now)


def claims(store, clock, **more) -> Claims:
    told = {
        "store": store,
        "home": HOME,
        "holder": HERE,
        "lease_time": LEASE,
        "sleep": clock.rest,
        "monotonic": clock.monotonic,
        "gone": lambda _holder: False,
    }
    return Claims(**told | more)


def take(books: Claims, attempt="a1", *, recipe=RECIPE, manifest=""):
    return books.take(DAY, attempt=attempt, recipe=recipe, manifest=manifest, began=SEALED.fetched)


def test_a_claim_says_who_holds_the_day(store, clock):
    held = take(claims(store, clock))
    (claim,) = [decode(store.read(CLAIM).body, CLAIM)]
    assert claim == held.claim
    assert (claim.attempt, claim.holder, claim.lease_s) == ("a1", HERE, 600)
    assert (claim.released, claim.slices, claim.jobs) == (False, (), ())


def test_a_day_that_is_held_is_refused_with_who_and_until_when(store, clock):
    take(claims(store, clock))
    clock.rest(60)
    with pytest.raises(TryAgainLater) as refused:
        take(claims(store, clock), "a2")
    assert refused.value.status == 75
    assert "process 7 on here" in refused.value.message
    assert "until 2026-11-23T06:10:00.000Z" in refused.value.message
    assert "after 2026-11-23T06:10Z." in refused.value.advice


def test_a_claim_whose_lease_has_ended_is_taken_over_with_all_that_is_sealed(store, clock):
    take(claims(store, clock)).update(slices=(SEALED,), jobs=(JOB,))
    clock.rest(600)
    held = take(claims(store, clock), "a2")
    assert held.old.attempt == "a1"
    assert (held.claim.attempt, held.claim.slices, held.claim.jobs) == ("a2", (SEALED,), (JOB,))


def test_a_claim_of_a_process_that_is_gone_is_taken_over_at_once(store, clock):
    take(claims(store, clock)).update(slices=(SEALED,))
    held = take(claims(store, clock, gone=lambda holder: holder == HERE), "a2")
    assert held.claim.slices == (SEALED,)


def test_whether_a_day_is_free_can_be_asked_without_taking_it(store, clock):
    books = claims(store, clock)
    books.check_free(DAY)
    held = take(books)
    with pytest.raises(TryAgainLater, match="process 7 on here"):
        books.check_free(DAY)
    held.release()
    books.check_free(DAY)
    assert some(books.read(DAY)).value.released


def test_a_released_claim_is_free(store, clock):
    take(claims(store, clock)).release()
    assert take(claims(store, clock), "a2").claim.attempt == "a2"


@pytest.mark.parametrize(
    "changed", [{"recipe": replace(RECIPE, timezone="Europe/Vienna")}, {"manifest": "n2"}]
)
def test_what_was_sealed_under_another_recipe_or_manifest_is_not_taken_over(store, clock, changed):
    held = take(claims(store, clock))
    held.update(slices=(SEALED,), jobs=(JOB,))
    held.release()
    found = take(claims(store, clock), "a2", **changed)
    assert (found.claim.slices, found.claim.jobs) == ((), ())
    assert found.old.slices == (SEALED,)  # so that it can be thrown away


def test_a_clean_end_keeps_what_is_sealed_and_no_job(store, clock):
    held = take(claims(store, clock))
    held.update(slices=(SEALED,), jobs=(JOB,))
    held.release(failure_of(DestinationFailed("the bucket is full"), clock.now()))
    claim = decode(store.read(CLAIM).body, CLAIM)
    assert (claim.released, claim.slices, claim.jobs) == (True, (SEALED,), ())
    failure = some(claim.failure)
    assert (failure.status, failure.message) == (74, "the bucket is full")


def test_holding_a_lease_writes_it_again_at_once(store, clock):
    held = take(claims(store, clock))
    clock.sleep(1)
    held.hold()
    assert held.written == clock.monotonic()
    assert decode(store.read(CLAIM).body, CLAIM) == held.claim


def test_a_day_that_is_done_leaves_an_empty_claim(store, clock):
    held = take(claims(store, clock))
    held.update(slices=(SEALED,))
    held.release(done=True)
    claim = decode(store.read(CLAIM).body, CLAIM)
    assert (claim.released, claim.slices, claim.failure) == (True, (), None)


def test_a_lease_is_renewed_when_a_third_of_it_is_over(store, clock):
    held = take(claims(store, clock))
    first = held.entry.tag
    clock.rest(199)
    held.renew()
    assert held.entry.tag == first
    clock.rest(1)
    held.renew()
    assert held.entry.tag != first


def test_a_sleeper_whose_day_was_taken_over_learns_of_it_and_writes_nothing(store, clock):
    sleeper = take(claims(store, clock))
    clock.rest(600)
    other = take(claims(store, clock), "a2")
    before = store.read(CLAIM)
    with pytest.raises(LeaseLost, match="another run has taken over the day") as lost:
        sleeper.renew()
    assert lost.value.status == 75
    sleeper.release()  # there is nothing to give back
    assert store.read(CLAIM) == before
    other.renew()


def test_of_two_that_take_a_free_day_one_gets_it(store, clock):
    def overtake(name, arguments):
        if name == "put" and not taken:
            taken.append(name)
            take(claims(store, clock), "fast")

    taken = []
    with pytest.raises(TryAgainLater, match="just begun") as late:
        take(claims(Through(store, before=overtake), clock), "slow")
    assert late.value.retry_at == clock.now() + timedelta(minutes=10)
    assert decode(store.read(CLAIM).body, CLAIM).attempt == "fast"


def test_who_took_the_day_and_has_ended_already_says_no_time(store, clock):
    def overtake(name, arguments):
        if name == "put" and not taken:
            taken.append(name)
            take(claims(store, clock), "fast").release(done=True)

    taken: list[str] = []
    with pytest.raises(TryAgainLater, match="just begun") as late:
        take(claims(Through(store, before=overtake), clock), "slow")
    assert late.value.retry_at is None


def test_a_claim_that_vanishes_while_it_is_looked_at_is_no_permission(store, clock):
    take(claims(store, clock))
    clock.rest(600)

    def vanish(name, arguments):
        if name == "look":
            store.delete(arguments[0])

    with pytest.raises(TryAgainLater, match="which holds it"):
        take(claims(Through(store, before=vanish), clock), "a2")


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b'{"format": 1}', b"<html>"])
def test_something_else_at_its_place_is_said(store, clock, text):
    store.put(CLAIM, text, Always(), "application/json")
    with pytest.raises(DestinationFailed, match="is not a claim of genesys-export"):
        take(claims(store, clock))


def test_a_claim_of_a_later_version_is_left_to_it(store, clock):
    store.put(CLAIM, b'{"format": 2}', Always(), "application/json")
    with pytest.raises(WrongSettings, match="newer genesys-export"):
        take(claims(store, clock))


# --- what holds for the whole destination ----------------------------------------------------


def register(store, clock, *, honest=True, single_writer=False) -> Register:
    return Register(
        store=store,
        home=HOME,
        sleep=clock.rest,
        single_writer=single_writer,
        honours_preconditions=lambda _store, _key: honest,
    )


def test_the_recipe_is_registered_once(store, clock):
    books = register(store, clock)
    books.enter(RECIPE, books.read(), PROBE)
    first = some(books.read())
    assert (first.value.recipe, first.value.honest_conditions) == (RECIPE, True)
    books.enter(RECIPE, first, PROBE)
    assert books.read() == first


def test_another_recipe_replaces_it_without_another_probe(store, clock):
    books = register(store, clock)
    books.enter(RECIPE, None, PROBE)
    other = replace(RECIPE, timezone="Europe/Vienna")
    unprobed = register(store, clock, honest=False)
    unprobed.enter(other, unprobed.read(), PROBE)
    assert some(books.read()).value.recipe == other


def test_a_store_that_ignores_conditions_is_refused(store, clock):
    with pytest.raises(WrongSettings, match="ignores the conditions") as refused:
        register(store, clock, honest=False).enter(RECIPE, None, PROBE)
    assert "single_writer" in refused.value.advice
    assert register(store, clock).read() is None


def test_a_single_writer_is_taken_at_its_word(store, clock):
    books = register(store, clock, honest=False, single_writer=True)
    books.enter(RECIPE, None, PROBE)
    assert not some(books.read()).value.honest_conditions
    with pytest.raises(WrongSettings):  # once the promise is taken back
        register(store, clock, honest=False).enter(RECIPE, books.read(), PROBE)


def test_two_that_register_at_once_don_t_mix(store, clock):
    books = register(store, clock)
    books.enter(RECIPE, None, PROBE)
    with pytest.raises(TryAgainLater, match=r"time zone: .* -> Europe/Vienna") as late:
        books.enter(replace(RECIPE, timezone="Europe/Vienna"), None, PROBE)
    assert isinstance(late.value.__cause__, ChangedMeanwhile)
    assert some(books.read()).value.recipe == RECIPE


def before_the_first_put(act):
    """Return what does something just before the recipe is written for the first time."""
    puts: list[Any] = []

    def before(name, arguments):
        if name == "put" and not puts:
            puts.append(arguments)
            act()

    return before


def test_two_first_days_of_one_destination_register_the_same_recipe_at_once(store, clock):
    theirs = register(store, clock)
    racing = Through(store, before=before_the_first_put(lambda: theirs.enter(RECIPE, None, "b")))
    register(racing, clock).enter(RECIPE, None, PROBE)
    assert some(theirs.read()).value.recipe == RECIPE


def test_two_clients_of_one_organisation_that_register_at_once_are_both_known(store, clock):
    def of(client):
        return replace(RECIPE, organization=Organization(id="o1", clients=(client,)))

    theirs = register(store, clock)
    racing = Through(store, before=before_the_first_put(lambda: theirs.enter(of("b"), None, "b")))
    register(racing, clock).enter(of("a"), None, PROBE)
    assert some(theirs.read()).value.recipe.organization == Organization(
        id="o1", clients=("b", "a")
    )


def test_a_recipe_that_is_gone_again_is_written(store, clock):
    def comes_and_goes(name, arguments):
        if name == "put" and not gone:
            gone.append(arguments)
            raise ChangedMeanwhile("something lies there")

    gone: list[object] = []
    register(Through(store, before=comes_and_goes), clock).enter(RECIPE, None, PROBE)
    assert some(register(store, clock).read()).value.recipe == RECIPE


def test_a_register_that_never_stands_still_is_for_later(store, clock):
    def changes(name, _arguments):
        if name == "put":
            raise ChangedMeanwhile("something lies there")

    with pytest.raises(TryAgainLater, match="again and again"):
        register(Through(store, before=changes), clock).enter(RECIPE, None, PROBE)


def test_a_register_that_can_not_be_written_for_sure_is_an_unknown_outcome(store, clock):
    def lose(name, _arguments):
        if name == "put":
            raise UnknownOutcome("no clear answer")

    with pytest.raises(UnknownOutcome):
        register(Through(store, before=lose), clock).enter(RECIPE, None, PROBE)


def test_a_signal_cuts_no_write_of_a_claim_short(store, clock):
    signals = Signals(clock)
    books: list[Lease] = []

    class Interrupted(MemoryStore):
        def put(self, *written):
            tag = store.put(*written)
            if books:
                signal.raise_signal(signal.SIGTERM)
            return tag

        def read(self, key):
            return store.read(key)

    with signals.handled():
        books.append(held := take(claims(Interrupted(), clock, shield=signals.shield)))
        held.update(slices=(SEALED,))
        with pytest.raises(Stopped):
            clock.sleep(0)
        held.release()
    claim = decode(store.read(CLAIM).body, CLAIM)
    assert (claim.released, claim.slices) == (True, (SEALED,))
