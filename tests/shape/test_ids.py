"""The conversations met, and the index made of them: ids and hashes in order, nothing else."""

from __future__ import annotations

import tracemalloc
from hashlib import blake2b, sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from program import DATASET, record
from strategies import INTERVAL, law

from genesys_export.days import Interval
from genesys_export.decode import Decoder
from genesys_export.decode.ids import Ids, key_of


def name(number: int) -> bytes:
    return number.to_bytes(16)


def digest(text: str | bytes) -> bytes:
    return sha256(text.encode() if isinstance(text, str) else text).digest()[:16]


@law(30)
@given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 2)), max_size=2500))
def test_ids_remember_like_a_dict(steps):
    ids = Ids()
    model: dict[int, bytes] = {}
    for number, version in steps:
        wanted = model.get(number)
        assert ids.add(name(number), digest(bytes([version]))) == wanted
        model.setdefault(number, digest(bytes([version])))
    assert all((name(number) in ids) == (number in model) for number in range(901))


def test_ids_remember_all_when_they_grow():
    ids = Ids()
    assert {ids.add(name(number), digest("a")) for number in range(5_000)} == {None}
    assert {ids.add(name(number), digest("b")) for number in range(5_000)} == {digest("a")}


@pytest.mark.parametrize("step", [1, 1 << 64, 1 << 112], ids=["last", "middle", "first bytes"])
def test_ids_that_differ_in_few_bytes_are_found_as_quickly(step):
    ids = Ids()
    for number in range(20_000):
        ids.add(name(number * step), digest("a"))
    free = sum(slot == 0 for slot in ids._slots)
    looks = 0
    for number in range(20_000):
        at = hash(name(number * step)) & (len(ids._slots) - 1)
        looks += (ids._find(name(number * step))[0] - at) % len(ids._slots)
    assert free + 20_000 == len(ids._slots)
    assert looks < 3 * 20_000


def test_an_id_is_its_uuids_bytes_only_where_it_is_written_as_a_uuid_is():
    uuid = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
    assert key_of(str(uuid)) == uuid.bytes
    others = ["", "c1", str(uuid).upper(), f"{{{uuid}}}", uuid.hex, f"{uuid}\n", "é" * 36]
    keys = {key_of(one) for one in others}
    assert len(keys | {uuid.bytes}) == len(others) + 1
    assert {len(key) for key in keys} == {16}
    # What 0.1.0 wrote into indexes stays comparable.
    assert keys == {blake2b(one.encode(), digest_size=16).digest() for one in others}


def test_a_uuid_of_noughts_is_an_id_like_another():
    ids = Ids()
    assert bytes(16) not in ids
    assert ids.add(bytes(16), bytes(16)) is None
    assert ids.add(bytes(16), digest("a")) == bytes(16)
    assert list(ids.index()) == [bytes(32)]


def test_the_index_lies_in_order_in_pieces_of_whole_entries_at_most_a_mebibyte():
    ids, names = Ids(), [digest(f"{number}") for number in range(70_000)]
    for one in names:
        ids.add(one, one[::-1])
    pieces = list(ids.index())
    assert [len(piece) // 32 for piece in pieces] == [1 << 15, 1 << 15, 70_000 - (1 << 16)]
    assert b"".join(pieces) == b"".join(one + one[::-1] for one in sorted(names))


def test_an_index_without_entries_has_no_pieces():
    assert list(Ids().index()) == []
    ids = Ids()
    ids.add(name(1), digest("a"))
    ids.disown(name(1))
    assert list(ids.index()) == []


def test_the_index_names_every_exported_record_and_no_other():
    interval = Interval(INTERVAL.start, INTERVAL.end)
    decoder = Decoder(DATASET, interval)
    good = {one: record(conversationId=one) for one in ("b", "a", "c")}
    odd = record(conversationId="odd", mood=1)
    other_day = record(conversationId="d", conversationStart="2026-11-21T08:00:00.000Z")
    broken = record(conversationId="e", participants=7)
    decoder.decode([good["b"], broken, odd])
    decoder.decode([b"[]", good["a"], good["b"], other_day, good["c"], broken])
    wanted = sorted(key_of(one) + digest(raw) for one, raw in {**good, "odd": odd}.items())
    assert b"".join(decoder.index()) == b"".join(wanted)


def test_a_conversation_costs_less_than_fifty_bytes():
    tracemalloc.start()
    ids = Ids()
    for number in range(100_000):
        ids.add(digest(f"{number}"), bytes(16))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held / 100_000 < 50
