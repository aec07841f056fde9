"""What every store promises, held against all of them: memory, folder, moto, SeaweedFS."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from random import Random
from threading import Barrier, Event
from uuid import uuid4

import pytest

from fakes import Careless, Events, MemoryStore
from genesys_export.errors import Bug, ChangedMeanwhile, DestinationFailed
from genesys_export.events import Uploaded
from genesys_export.model import Always, IfAbsent, IfUnchanged, Listed, Tag
from genesys_export.store import FolderStore, SingleWriter

MIB = 1 << 20
GZIP = "application/gzip"
JSON = "application/json"


@contextmanager
def _memory(_request):
    yield MemoryStore()


@contextmanager
def _folder(request):
    yield FolderStore(request.getfixturevalue("tmp_path") / "export")


@contextmanager
def _moto(request):
    with request.getfixturevalue("moto").store(prefix=_own_prefix()) as store:
        yield store


@contextmanager
def _seaweedfs(request):
    with request.getfixturevalue("seaweedfs").store(prefix=_own_prefix()) as store:
        yield store


@contextmanager
def _single_writer(_request):
    yield SingleWriter(Careless(MemoryStore()))


def _own_prefix() -> str:
    return f"contract/{uuid4().hex}"


STORES = [
    pytest.param(_memory, id="memory"),
    pytest.param(_folder, id="folder"),
    pytest.param(_moto, id="moto", marks=pytest.mark.xdist_group("moto")),
    pytest.param(_seaweedfs, id="seaweedfs", marks=pytest.mark.xdist_group("seaweedfs")),
]


@pytest.fixture(params=[*STORES, pytest.param(_single_writer, id="single-writer")])
def store(request):
    with request.param(request) as opened:
        yield opened


@pytest.fixture(params=STORES)
def shared(request):
    """A store that several may write to at once."""
    with request.param(request) as opened:
        yield opened


def staged(store, key="conversations/2026-11-22.csv.gz", body=b"rows", token="attempt1"):
    upload = store.stage(key, token, GZIP)
    upload.write(body)
    return upload.seal()


def body_at(store, key):
    found = store.read(key)
    return found.body if found else None


# --- staging ---------------------------------------------------------------------------------


def test_nothing_is_visible_before_completion(store):
    upload = store.stage("conversations/a.csv.gz", "attempt1", GZIP)
    upload.write(b"some rows")
    assert store.look("conversations/a.csv.gz") is None
    sealed = upload.seal()
    assert store.look(sealed.key) is None
    assert store.read(sealed.key) is None
    assert list(store.list("")) == []


def test_a_completed_file_is_there_whole_with_its_token(store):
    sealed = staged(store, body=b"some rows")
    tag = store.complete(sealed)
    seen = store.look(sealed.key)
    assert seen is not None
    assert (seen.size_bytes, seen.metadata["token"]) == (9, sealed.token)
    assert seen.tag.etag == tag.etag
    assert seen.modified.tzinfo is not None
    assert body_at(store, sealed.key) == b"some rows"
    assert list(store.list("")) == [sealed.key]


def test_what_is_sealed_says_its_size_and_sum(store):
    sealed = staged(store, body=b"some rows")
    assert sealed.size_bytes == 9
    assert sealed.sha256 == sha256(b"some rows").hexdigest()
    assert sealed.key == "conversations/2026-11-22.csv.gz"
    assert sealed.token


def test_a_sealed_file_that_is_discarded_is_gone(store):
    sealed = staged(store)
    store.discard(sealed)
    store.discard(sealed)
    with pytest.raises(DestinationFailed):
        store.complete(sealed)
    assert store.look(sealed.key) is None
    assert list(store.list("")) == []


def test_an_upload_that_is_discarded_leaves_nothing(store):
    upload = store.stage("conversations/a.csv.gz", "attempt1", GZIP)
    upload.write(b"x" * 100)
    upload.discard()
    upload.discard()
    assert list(store.list("")) == []


def test_a_sealed_or_discarded_upload_takes_no_more(store):
    sealed = store.stage("conversations/a.csv.gz", "attempt1", GZIP)
    sealed.seal()
    discarded = store.stage("conversations/a.csv.gz", "attempt1", GZIP)
    discarded.discard()
    for upload in (sealed, discarded):
        with pytest.raises(Bug):
            upload.write(b"more")
        with pytest.raises(Bug):
            upload.seal()


def test_trying_whether_files_can_be_put_in_place_changes_nothing(store):
    there = staged(store)
    store.complete(there)
    store.check_replaceable([there.key, "conversations/new.csv.gz", "sessions/dt=1/000.csv.gz"])
    assert list(store.list("")) == [there.key]
    assert body_at(store, there.key) == b"rows"
    assert list(store.uploads("")) == []


def test_discarding_a_completed_file_leaves_it_where_it_is(store):
    sealed = staged(store)
    store.complete(sealed)
    store.discard(sealed)
    assert body_at(store, sealed.key) == b"rows"


def test_the_old_file_stays_readable_until_the_new_one_replaces_it(store):
    old = staged(store, body=b"old", token="attempt1")
    store.complete(old)
    new = staged(store, body=b"newer", token="attempt2")
    assert body_at(store, old.key) == b"old"
    store.complete(new)
    assert body_at(store, old.key) == b"newer"
    assert store.look(old.key).metadata["token"] == new.token != old.token


def test_a_reader_meets_the_old_or_the_new_file_and_nothing_between(store):
    bodies = [bytes([letter]) * 200_000 for letter in b"abcdef"]
    store.complete(staged(store, body=bodies[0]))
    uploads = [staged(store, body=body) for body in bodies[1:]]
    done = Event()

    def read_on():
        met = set()
        while not done.is_set():
            met.add(body_at(store, uploads[0].key))
        return met

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read_on)
        try:
            for upload in uploads:
                store.complete(upload)
        finally:
            done.set()
        assert reading.result(timeout=30) <= set(bodies)
    assert body_at(store, uploads[0].key) == bodies[-1]


def test_completing_twice_never_brings_back_what_was_replaced(store):
    old = staged(store, body=b"old")
    store.complete(old)
    store.complete(staged(store, body=b"newer", token="attempt2"))
    with pytest.raises(DestinationFailed):
        store.complete(old)
    assert body_at(store, old.key) == b"newer"


def test_twenty_mebibytes_arrive_as_they_were_sent(store):
    random, digest = Random(7), sha256()
    upload = store.stage("segments/big.csv.gz", "attempt1", GZIP)
    for _ in range(20):
        block = random.randbytes(MIB)
        digest.update(block)
        upload.write(memoryview(block))
    sealed = upload.seal()
    store.complete(sealed)
    assert sealed.size_bytes == 20 * MIB
    assert sealed.sha256 == digest.hexdigest()
    assert sha256(body_at(store, sealed.key)).hexdigest() == digest.hexdigest()


def test_an_empty_file_is_a_file(store):
    upload = store.stage("conversations/empty.csv.gz", "attempt1", GZIP)
    store.complete(upload.seal())
    assert store.look("conversations/empty.csv.gz").size_bytes == 0
    assert body_at(store, "conversations/empty.csv.gz") == b""


@pytest.mark.parametrize(
    "key",
    ["two words/a b.csv.gz", "plus/a+b.csv.gz", "é/ünï.csv.gz", "dt=2026-11-22/000.csv.gz", "%41"],
)
def test_any_key_is_taken_literally(store, key):
    store.complete(staged(store, key=key))
    assert store.look(key).key == key
    assert list(store.list("")) == [key]
    assert store.list(key.partition("/")[0]).__next__() == key
    store.delete(key)
    assert store.look(key) is None


def test_files_are_staged_side_by_side(store):
    def export(number):
        key = f"conversations/2026-11-22.{number:03}.csv.gz"
        sealed = staged(store, key=key, body=b"%d" % number * 1000, token=f"t{number}")
        store.complete(sealed)
        return sealed

    with ThreadPoolExecutor(8) as pool:
        files = list(pool.map(export, range(16)))
    assert list(store.list("conversations/")) == [file.key for file in files]
    for number, file in enumerate(files):
        assert body_at(store, file.key) == b"%d" % number * 1000
        assert store.look(file.key).metadata["token"] == file.token


# --- staged, and found again -----------------------------------------------------------------


def test_an_upload_under_way_is_found_sealed_or_not_until_it_ends(store):
    began = store.stage("conversations/a.csv.gz", "attempt1", GZIP)
    began.write(b"rows")
    sealed = staged(store, key="conversations/b.csv.gz")
    discarded = staged(store, key="conversations/c.csv.gz")
    store.discard(discarded)
    found = {one.key: one for one in store.uploads("conversations/")}
    assert sorted(found) == ["conversations/a.csv.gz", "conversations/b.csv.gz"]
    assert found[sealed.key].upload_id == sealed.upload_id
    store.complete(sealed)
    began.discard()
    assert list(store.uploads("")) == []


def test_uploads_are_found_by_what_their_keys_begin_with(store):
    keys = ["a/1", "a/10", "a b/é@+%2F", "b/" + "long/" * 80 + "x"]
    for key in keys:
        staged(store, key=key)
    assert sorted(one.key for one in store.uploads("")) == sorted(keys)
    assert [one.key for one in store.uploads("b/")] == [keys[3]]
    assert sorted(one.key for one in store.uploads("a/1")) == ["a/1", "a/10"]
    assert list(store.uploads("c/")) == []
    assert list(store.list("")) == []


def test_an_upload_that_is_found_can_be_thrown_away(store):
    sealed = staged(store)
    (found,) = store.uploads("conversations/")
    store.discard(found)
    store.discard(found)
    assert list(store.uploads("")) == []
    with pytest.raises(DestinationFailed):
        store.complete(sealed)


def test_who_was_thrown_away_while_writing_can_not_seal(store):
    upload = store.stage("conversations/a.csv.gz", "attempt1", GZIP)
    upload.write(b"rows")
    (found,) = store.uploads("conversations/")
    store.discard(found)
    with pytest.raises(DestinationFailed):
        upload.seal()
    upload.discard()
    assert list(store.list("")) == []


def test_an_upload_began_before_what_is_written_after_it(store):
    staged(store)
    store.put("claim.json", b"{}", Always(), JSON)
    (found,) = store.uploads("conversations/")
    assert found.began.tzinfo is not None
    assert found.began <= store.look("claim.json").modified


def test_a_sealed_file_is_held_until_it_is_completed_or_discarded(store):
    completed, discarded = staged(store), staged(store, token="attempt2")
    assert store.holds(completed)
    assert store.holds(discarded)
    store.complete(completed)
    store.discard(discarded)
    assert not store.holds(completed)
    assert not store.holds(discarded)


def test_what_is_held_is_what_was_sealed_and_nothing_like_it(store):
    upload = store.stage("conversations/a.csv.gz", "attempt1", GZIP)
    for block in (b"x" * (9 * MIB), b"yz"):
        upload.write(block)
    sealed = upload.seal()
    assert store.holds(sealed)
    assert not store.holds(replace(sealed, size_bytes=sealed.size_bytes - 1, parts=()))
    assert not store.holds(replace(sealed, upload_id=f"{sealed.upload_id}0"))
    store.discard(sealed)


def test_a_look_tells_the_time_by_the_clock_that_dates_the_objects(store):
    store.put("claim.json", b"1", Always(), JSON)
    first = store.look("claim.json")
    assert first.now.tzinfo is not None
    assert timedelta(0) <= first.now - first.modified < timedelta(minutes=1)


# --- small objects ---------------------------------------------------------------------------


def test_what_is_put_is_read_with_its_tag(store):
    tag = store.put("a/manifest.json", b"{}", Always(), JSON)
    found = store.read("a/manifest.json")
    assert (found.body, found.tag.etag) == (b"{}", tag.etag)
    assert store.look("a/manifest.json").tag.etag == tag.etag


def test_what_is_not_there_is_none(store):
    assert store.read("nowhere/manifest.json") is None
    assert store.look("nowhere/manifest.json") is None
    assert list(store.list("nowhere/")) == []


def test_if_absent_writes_once(store):
    store.put("a/manifest.json", b"first", IfAbsent(), JSON)
    with pytest.raises(ChangedMeanwhile):
        store.put("a/manifest.json", b"second", IfAbsent(), JSON)
    assert body_at(store, "a/manifest.json") == b"first"


def test_if_unchanged_writes_over_exactly_what_was_read(store):
    first = store.put("a/manifest.json", b"first", IfAbsent(), JSON)
    second = store.put("a/manifest.json", b"second", IfUnchanged(first), JSON)
    with pytest.raises(ChangedMeanwhile):
        store.put("a/manifest.json", b"third", IfUnchanged(first), JSON)
    assert store.read("a/manifest.json").tag.etag == second.etag
    assert body_at(store, "a/manifest.json") == b"second"


def test_a_tag_that_was_read_serves_as_condition(store):
    store.put("a/manifest.json", b"first", IfAbsent(), JSON)
    found = store.read("a/manifest.json")
    store.put("a/manifest.json", b"second", IfUnchanged(found.tag), JSON)
    seen = store.look("a/manifest.json")
    store.put("a/manifest.json", b"third", IfUnchanged(seen.tag), JSON)
    assert body_at(store, "a/manifest.json") == b"third"


def test_if_unchanged_does_not_write_where_nothing_is(store):
    with pytest.raises(ChangedMeanwhile):
        store.put("a/manifest.json", b"x", IfUnchanged(Tag('"never"')), JSON)
    assert store.read("a/manifest.json") is None


@pytest.mark.parametrize("present", [False, True])
def test_of_eight_who_write_at_once_one_comes_through(shared, present):
    key = "a/manifest.json"
    condition = IfUnchanged(shared.put(key, b"old", IfAbsent(), JSON)) if present else IfAbsent()
    together = Barrier(8, timeout=30)

    def write(number):
        together.wait()
        try:
            shared.put(key, b"writer %d" % number, condition, JSON)
        except ChangedMeanwhile:
            return None
        return b"writer %d" % number

    for _ in range(3):
        with ThreadPoolExecutor(8) as pool:
            written = [body for body in pool.map(write, range(8)) if body is not None]
        assert written == [body_at(shared, key)]
        shared.delete(key)
        condition = IfAbsent()


def test_deleting_is_idempotent(store):
    store.put("a/one.json", b"1", Always(), JSON)
    store.delete("a/one.json")
    store.delete("a/one.json")
    assert store.look("a/one.json") is None


def test_keys_are_listed_in_order_below_a_prefix(store):
    keys = ["a/1", "a/10", "a/2", "ab/1", "b/1"]
    for key in reversed(keys):
        store.put(key, b"x", Always(), JSON)
    assert list(store.list("")) == keys
    assert list(store.list("a/")) == ["a/1", "a/10", "a/2"]
    assert list(store.list("a/1")) == ["a/1", "a/10"]


def test_keys_are_scanned_with_their_sizes_and_tags_from_any_key_on(store):
    keys = ["a/1", "a/10", "a/2", "ab/1"]
    etags = [store.put(key, b"x" * n, Always(), JSON).etag for n, key in enumerate(keys)]
    expected = [Listed(keys[n], n, etags[n]) for n in range(3)]
    assert list(store.scan("a/")) == expected
    assert list(store.scan("a/", "a/1")) == expected[1:]
    assert list(store.scan("a/", "a/")) == list(store.scan("a/"))
    assert list(store.scan("a/", "b")) == []


def test_a_url_names_the_object(store):
    assert store.url("conversations/a.csv.gz").endswith("conversations/a.csv.gz")


# --- in pieces -------------------------------------------------------------------------------


def test_an_object_comes_in_pieces_of_bounded_size(store):
    body = Random(7).randbytes(3 * MIB + 5)
    store.complete(staged(store, body=body))
    tag = store.look("conversations/2026-11-22.csv.gz").tag
    pieces = list(store.chunks("conversations/2026-11-22.csv.gz", tag))
    assert b"".join(pieces) == body
    assert max(len(piece) for piece in pieces) <= MIB


def test_an_empty_object_has_no_pieces(store):
    tag = store.put("empty", b"", Always(), JSON)
    assert list(store.chunks("empty", tag)) == []


def test_no_bytes_come_of_an_object_that_is_not_what_the_tag_names(store):
    tag = store.put("a", b"old", Always(), JSON)
    store.put("a", b"newer", Always(), JSON)
    with pytest.raises(ChangedMeanwhile):
        list(store.chunks("a", tag))
    store.delete("a")
    with pytest.raises(ChangedMeanwhile):
        list(store.chunks("a", tag))


# --- seen from outside -----------------------------------------------------------------------


def test_a_folder_tells_how_many_bytes_were_staged(tmp_path):
    events = Events()
    staged(FolderStore(tmp_path, observe=events), body=b"x" * 3000)
    assert sum(event.size_bytes for event in events.of(Uploaded)) == 3000


@pytest.mark.xdist_group("moto")
def test_a_bucket_tells_how_many_bytes_were_staged_part_by_part(moto):
    events = Events()
    with moto.store(observe=events, prefix=_own_prefix(), part_bytes=5 * MIB) as store:
        staged(store, body=b"x" * (12 * MIB))
    sizes = [event.size_bytes for event in events.of(Uploaded)]
    assert sizes == [5 * MIB, 5 * MIB, 2 * MIB]
