"""A run may die at any call to the store: what readers see then, and what the next run makes."""

import pytest
from publishing import Dying, Killed, body, keys, publish, take, visible

from fakes import MemoryStore
from genesys_export.store import FolderStore

# The most calls a replacement makes here is 2 + 12 + 6 + 4; beyond the last one nobody dies.
CALLS = range(40)


@pytest.fixture(params=["memory", "folder"])
def new_store(request, tmp_path):
    numbers = iter(range(1000))
    return lambda: (
        MemoryStore() if request.param == "memory" else FolderStore(tmp_path / f"{next(numbers)}")
    )


def assert_every_object_is_whole(store, *attempts):
    for key in visible(store):
        assert store.read(key).body in {body(attempt, key) for attempt in attempts}


def die(store, attempt, call, *, done, slices):
    """Publish until the store is called for the given time; return whether that came to pass."""
    dying = Dying(store, call, done=done)
    try:
        publish(dying.store, attempt, slices=slices)
    except Killed:
        return True
    return False


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("first", "second"), [(None, 2), (2, 2), (3, 1), (1, 2)])
def test_readers_get_one_attempt_or_a_refusal_and_the_next_run_ends_right(
    new_store, first, second, done
):
    died = 0
    for call in CALLS:
        store = new_store()
        if first:
            publish(store, "old", slices=first)
        killed = die(store, "new", call, done=done, slices=second)
        died += killed
        assert take(store) in ({"old", "new", None} if killed else {"new"})
        assert_every_object_is_whole(store, "old", "new")
        publish(store, "next", slices=2)
        assert take(store) == "next"
        assert visible(store) == sorted(key for names in keys(2).values() for key in names)
        if not killed:
            break
    else:
        pytest.fail("the run never came to its end")
    assert died >= 8


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_runs_that_die_one_after_another_leave_nothing_behind(new_store, done):
    store = new_store()
    publish(store, "old", slices=3)
    for call in range(3, 15, 2):
        assert die(store, f"dead{call}", call, done=done, slices=1 + call % 3)
    publish(store, "next", slices=1)
    assert take(store) == "next"
    assert visible(store) == sorted(key for names in keys(1).values() for key in names)


def test_uploads_that_a_dead_run_promised_are_thrown_away_by_the_next():
    for call in CALLS:
        store = MemoryStore()
        publish(store, "old")
        if not die(store, "dead", call, done=True, slices=2):
            break
        promised = take(store) is None
        publish(store, "next")
        assert store.sealed == {} or not promised
