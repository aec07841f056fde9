"""Whether a destination is honest about conditions, and how to live with one that is not."""

import pytest
from scripted import Answer, error, scripted, store_of

from fakes import Careless, MemoryStore, some
from genesys_export.errors import ChangedMeanwhile, DestinationFailed, UnknownOutcome
from genesys_export.model import Always, IfAbsent, IfUnchanged
from genesys_export.store import FolderStore, SingleWriter, honours_preconditions

KEY = "_genesys_export/probe-1f"
JSON = "application/json"


def test_a_memory_is_honest():
    store = MemoryStore()
    assert honours_preconditions(store, KEY)
    assert list(store.list("")) == []


def test_a_folder_is_honest(tmp_path):
    store = FolderStore(tmp_path / "export")
    assert honours_preconditions(store, KEY)
    assert list(store.list("")) == []


@pytest.mark.parametrize(
    "server",
    [
        pytest.param("moto", marks=pytest.mark.xdist_group("moto")),
        pytest.param("seaweedfs", marks=pytest.mark.xdist_group("seaweedfs")),
    ],
)
def test_a_bucket_is_honest(server, request):
    with request.getfixturevalue(server).store(prefix="probed") as store:
        assert honours_preconditions(store, KEY)
        assert list(store.list("")) == []


def test_a_store_that_ignores_conditions_is_found_out(tmp_path):
    for store in (MemoryStore(), FolderStore(tmp_path / "export")):
        assert not honours_preconditions(Careless(store), KEY)
        assert list(store.list("")) == []


class OfOneMind(Careless):
    """Keeps to one kind of condition and ignores the other."""

    def __init__(self, store, kept):
        super().__init__(store)
        self._kept = kept

    def put(self, key, body, condition, content_type):
        kept = condition if isinstance(condition, self._kept) else Always()
        return self._store.put(key, body, kept, content_type)


@pytest.mark.parametrize("kept", [IfAbsent, IfUnchanged])
def test_half_honest_is_not_honest(kept):
    assert not honours_preconditions(OfOneMind(MemoryStore(), kept), KEY)
    assert honours_preconditions(OfOneMind(MemoryStore(), (IfAbsent, IfUnchanged)), KEY)


class Refusing(Careless):
    """Refuses whatever has a condition, whether it holds or not."""

    def put(self, key, body, condition, content_type):
        if not isinstance(condition, Always):
            raise ChangedMeanwhile(key)
        return self._store.put(key, body, condition, content_type)


def test_a_store_that_refuses_every_condition_is_of_no_use_either():
    assert not honours_preconditions(Refusing(MemoryStore()), KEY)


class Lying(Careless):
    """Says that the condition does not hold, and writes all the same."""

    def put(self, key, body, condition, content_type):
        tag = self._store.put(key, body, Always(), content_type)
        if not isinstance(condition, Always):
            raise ChangedMeanwhile(key)
        return tag


def test_a_refusal_that_writes_is_found_out():
    assert not honours_preconditions(Lying(MemoryStore()), KEY)


def test_a_store_without_a_clear_answer_was_not_found_out_about():
    written, read = Answer(headers={"ETag": '"e"'}), Answer(200, b"a", {"ETag": '"e"'})
    busy = error(503, "SlowDown")
    with (
        scripted(written, read, busy, Answer(204)) as script,
        store_of(script) as store,
        pytest.raises(UnknownOutcome),
    ):
        honours_preconditions(store, KEY)
    assert [method for method, _, _ in script.asked] == ["PUT", "GET", "PUT", "DELETE"]


def test_a_store_that_loses_what_was_written_is_a_failure():
    lost = error(404, "NoSuchKey")
    with (
        scripted(Answer(headers={"ETag": '"e"'}), lost, Answer(204)) as script,
        store_of(script) as store,
        pytest.raises(DestinationFailed, match="does not exist"),
    ):
        honours_preconditions(store, KEY)


def test_a_single_writer_gets_conditions_from_a_store_that_ignores_them():
    assert honours_preconditions(SingleWriter(Careless(MemoryStore())), KEY)


class Mute(Careless):
    """Writes, and loses the answer."""

    def put(self, key, body, condition, content_type):
        self._store.put(key, body, condition, content_type)
        raise DestinationFailed("no answer", advice="Look.")


def test_a_single_writers_lost_answer_is_an_unknown_outcome():
    inner = MemoryStore()
    store = SingleWriter(Mute(inner))
    with pytest.raises(UnknownOutcome, match="no answer") as unknown:
        store.put("manifest.json", b"{}", IfAbsent(), JSON)
    assert unknown.value.advice == "Look."
    assert some(inner.read("manifest.json")).body == b"{}"


def test_two_single_writers_at_the_same_moment_are_not_kept_apart():
    inner = MemoryStore()
    second = SingleWriter(Careless(inner))

    class Between(Careless):
        def put(self, key, body, condition, content_type):
            second.put(key, b"second", IfAbsent(), JSON)
            return super().put(key, body, condition, content_type)

    SingleWriter(Between(inner)).put("manifest.json", b"first", IfAbsent(), JSON)
    assert some(inner.read("manifest.json")).body == b"first"  # as its docstring says
