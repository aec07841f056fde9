"""What changed of a day, by conversation: the index, the comparison, the list."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import MemoryStore, some
from genesys_export.days import Interval
from genesys_export.errors import DataMismatch, DestinationFailed
from genesys_export.export.changes import (
    Change,
    Kind,
    Tally,
    compare,
    entries,
    is_same,
    line,
    read,
    write_changes,
)
from genesys_export.feeds.identity import as_uuid
from genesys_export.manifest import File, Manifest, Next, Recipe
from genesys_export.model import Always, Counts, Tag

KEY = "_genesys_export/conversation_details/2026-11-22/changes/a1.jsonl.gz"
ID = "7d9a3a5e-3a0c-4d27-9b5e-0123456789ab"
law = settings(max_examples=150, derandomize=True, database=None, deadline=None)


def hashed(record: bytes) -> bytes:
    return sha256(record).digest()


def made(number: int, content: int = 0) -> bytes:
    """Return the entry of a conversation whose id begins with that number."""
    return bytes([number]) * 16 + bytes([content]) * 16


# --- reading ---------------------------------------------------------------------------------


@law
@given(st.sets(st.binary(min_size=16, max_size=16), max_size=30), st.lists(st.integers(0, 1000)))
def test_an_index_is_cut_right_however_it_comes_in_pieces(ids, cuts):
    wanted = [each + bytes(16) for each in sorted(ids)]
    body = b"".join(wanted)
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    pieces = [body[start:end] for start, end in pairwise(edges)]
    assert list(entries(pieces, "there")) == wanted


@pytest.mark.parametrize(
    ("body", "how"),
    [
        (made(1) + made(2)[:31], "truncated"),
        (made(1) + b"\n", "truncated"),
        (b"x", "truncated"),
        (made(2) + made(1), "not in order"),
        (made(1) + made(1, 5), "not in order"),
    ],
)
def test_what_is_no_index_is_refused_by_name(body, how):
    with pytest.raises(DataMismatch, match=how) as refused:
        list(entries([body], "there/index.bin"))
    assert "there/index.bin" in refused.value.message
    assert "manifest" in refused.value.advice


class Bucket(MemoryStore):
    """A bucket that gives its objects in small pieces."""

    def chunks(self, key: str, tag: Tag) -> Iterator[bytes]:
        stored = self.read(key)
        assert stored is not None
        assert stored.tag == tag
        yield from (stored.body[at : at + 7] for at in range(0, len(stored.body), 7))


def test_the_indexes_of_a_days_slices_are_read_as_one():
    store = Bucket()
    index = []
    for n, numbers in enumerate([(1, 4, 6), (), (2, 3, 9)]):
        body = b"".join(made(number) for number in numbers)
        tag = store.put(f"index.{n}", body, Always(), "application/octet-stream")
        file = File(key=f"index.{n}", rows=len(numbers), bytes=len(body), sha256="")
        index.append(file.tagged(tag))
    assert list(read(store, index)) == [made(number) for number in (1, 2, 3, 4, 6, 9)]
    assert list(read(store, ())) == []


# --- comparing -------------------------------------------------------------------------------


def test_what_is_new_changed_and_gone_is_told_in_order_of_id():
    old = [made(1), made(2), made(4), made(5)]
    new = [made(2), made(3), made(4, 7), made(6)]
    assert list(compare(iter(old), iter(new))) == [
        Change(Kind.GONE, b"\1" * 16, bytes(16), None),
        Change(Kind.NEW, b"\3" * 16, None, bytes(16)),
        Change(Kind.CHANGED, b"\4" * 16, bytes(16), b"\7" * 16),
        Change(Kind.GONE, b"\5" * 16, bytes(16), None),
        Change(Kind.NEW, b"\6" * 16, None, bytes(16)),
    ]


def test_a_day_that_is_the_same_has_no_changes():
    day = [made(1), made(2)]
    assert list(compare(iter(day), iter(day))) == []
    assert list(compare(iter(()), iter(()))) == []


def test_an_id_in_two_slices_counts_once_and_for_both():
    both, other = [made(1), made(1, 9)], [made(1), made(1, 8)]
    assert list(compare(iter(both), iter(both))) == []
    (change,) = compare(iter(both), iter(other))
    assert change.kind is Kind.CHANGED
    (change,) = compare(iter([made(1)]), iter(both))
    assert (change.kind, change.old) == (Kind.CHANGED, bytes(16))
    assert [each.kind for each in compare(iter(()), iter(both))] == [Kind.NEW]


days = st.dictionaries(
    st.integers(0, 25).map(lambda n: bytes([n]) * 16),
    st.integers(0, 2).map(lambda n: bytes([n]) * 16),
)


@st.composite
def published(draw) -> tuple[dict[bytes, bytes], Bucket, list[File]]:
    """Draw a day, its conversations split over slices at random."""
    day = draw(days)
    slices: list[list[bytes]] = [[] for _ in range(draw(st.integers(1, 4)))]
    for key in sorted(day):
        draw(st.sampled_from(slices)).append(key + day[key])
    store, index = Bucket(), []
    for n, one in enumerate(slices):
        body = b"".join(one)
        tag = store.put(f"{n}", body, Always(), "application/octet-stream")
        file = File(key=f"{n}", rows=len(one), bytes=len(body), sha256="")
        index.append(file.tagged(tag))
    return day, store, index


@law
@given(published(), published())
def test_comparing_tells_what_comparing_whole_days_would(before, after):
    (old, *there), (new, *here) = before, after
    found = list(compare(read(*there), read(*here)))
    told = {kind: {each.id for each in found if each.kind is kind} for kind in Kind}
    assert told == {
        Kind.NEW: new.keys() - old.keys(),
        Kind.GONE: old.keys() - new.keys(),
        Kind.CHANGED: {key for key in old.keys() & new.keys() if old[key] != new[key]},
    }
    assert [each.id for each in found] == sorted({each.id for each in found})
    assert all((each.old, each.new) == (old.get(each.id), new.get(each.id)) for each in found)


# --- the list --------------------------------------------------------------------------------


def test_a_line_has_ids_and_hashes_and_nothing_else():
    digest = hashed(b"{}")[:16]
    assert (
        line(Change(Kind.CHANGED, UUID(ID).bytes, bytes(16), digest), as_uuid)
        == (
            f'{{"change":"changed","conversation_id":"{ID}","was":"{"0" * 32}",'
            f'"is":"{digest.hex()}"}}\n'
        ).encode()
    )


def test_what_is_new_was_nothing_and_what_is_gone_is_nothing():
    new = json.loads(line(Change(Kind.NEW, bytes(16), None, bytes(16)), as_uuid))
    gone = json.loads(line(Change(Kind.GONE, bytes(16), bytes(16), None), as_uuid))
    assert (new["was"], new["is"], gone["was"], gone["is"]) == (None, "0" * 32, "0" * 32, None)


def test_the_list_is_staged_and_counted():
    store = MemoryStore()
    changes = list(compare(iter([made(1), made(2)]), iter([made(2, 1), made(3), made(4)])))
    written, tally = write_changes(store, KEY, "a1", changes, as_uuid)
    staged = some(written)
    assert tally == Tally(new=2, changed=1, gone=1)
    assert tally
    assert (staged.key, staged.token) == (KEY, "a1")
    assert store.read(KEY) is None
    store.complete(staged)
    assert gzip.decompress(some(store.read(KEY)).body) == b"".join(
        line(each, as_uuid) for each in changes
    )


def test_where_nothing_changed_nothing_is_staged():
    store = MemoryStore()
    assert write_changes(store, KEY, "a1", (), as_uuid) == (None, Tally())
    assert not Tally()
    assert not store.begun


def test_what_was_staged_is_discarded_when_the_comparison_fails():
    store = Keeping()
    body = b"".join(made(number) for number in range(1, 9)) + b"cut"
    with pytest.raises(DataMismatch):
        write_changes(store, KEY, "a1", compare(entries([body], "old"), iter([])), as_uuid)
    assert [one.is_discarded for one in store.staged] == [True]
    with pytest.raises(DataMismatch):
        write_changes(store, KEY, "a1", compare(entries([b"cut"], "old"), iter([])), as_uuid)
    assert len(store.staged) == 1


def test_what_was_staged_is_discarded_when_the_destination_fails():
    store = Keeping(full=True)
    with pytest.raises(DestinationFailed, match="full"):
        write_changes(store, KEY, "a1", compare(iter([made(1)]), iter([])), as_uuid)
    assert [one.is_discarded for one in store.staged] == [True]


class Keeping(MemoryStore):
    """A bucket that remembers what was begun; `full` takes nothing any more."""

    def __init__(self, *, full: bool = False) -> None:
        super().__init__()
        self.staged: list[Watched] = []
        self._full = full

    def stage(self, key, token, content_type):
        self.staged.append(Watched(super().stage(key, token, content_type), full=self._full))
        return self.staged[-1]


class Watched:
    """An upload of it."""

    def __init__(self, upload, *, full: bool) -> None:
        self._upload, self._full = upload, full
        self.is_discarded = False

    def write(self, data) -> None:
        if self._full:
            raise DestinationFailed("the disk is full")
        self._upload.write(data)

    def seal(self):
        return self._upload.seal()

    def discard(self) -> None:
        self.is_discarded = True
        self._upload.discard()


# --- unchanged -------------------------------------------------------------------------------


RECIPE = Recipe(
    timezone="UTC",
    engine="jobs",
    filters={},
    tables=("conversations",),
    format="csv.gz",
    layout="daily",
    csv={"newlines": "keep"},
    column_version=1,
)
END = datetime(2026, 11, 23, tzinfo=UTC)
DAY = Manifest(
    dataset="conversation_details",
    day="2026-11-22",
    interval=Interval(datetime(2026, 11, 22, tzinfo=UTC), END),
    timezone="UTC",
    recipe=RECIPE,
    state="provisional",
    attempt="a",
    attempts=(),
    tool_version="1",
    slices=(),
    tables={},
    digest="ab" * 32,
    counts=Counts(exported=3),
    rejects=None,
    began=END,
    ended=END,
)


@pytest.mark.parametrize("state", ["partial", "provisional", "final"])
def test_equal_digest_count_and_recipe_are_the_same_day(state):
    assert is_same(replace(DAY, state=state), "ab" * 32, 3, replace(RECIPE))


@pytest.mark.parametrize(
    ("old", "digest", "exported", "recipe"),
    [
        (DAY, "cd" * 32, 3, RECIPE),
        (DAY, "ab" * 32, 4, RECIPE),
        (DAY, "ab" * 32, 3, replace(RECIPE, keep_raw=True)),
        (replace(DAY, state="damaged"), "ab" * 32, 3, RECIPE),
        (replace(DAY, next=Next(uploads=(), deletes=())), "ab" * 32, 3, RECIPE),
    ],
)
def test_anything_else_is_not(old, digest, exported, recipe):
    assert not is_same(old, digest, exported, recipe)
