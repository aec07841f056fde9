"""Conversations whose ids are hashed: no file holds one, and what lies beside the tables joins."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
from uuid import UUID

import pyarrow.parquet as pq
import pytest
from test_e2e_records import IDS, record

from genesys_simulator import World

KEY = "a key of the tests, long enough"
HASHED = {
    "GENESYS_EXPORT_PRIVACY__KEY": KEY,
    "GENESYS_EXPORT_PRIVACY__COLUMNS": "conversations.conversation_id=hash",
}
ODD = "canary-id-that-is-no-uuid"


def token(ident: str, key: str = KEY) -> str:
    return hmac.new(key.encode(), ident.encode(), hashlib.sha256).hexdigest()


def world(day, *, corrected: bool = False, tags: tuple[str, ...] = ("one",)) -> World:
    """Return conversations with known ids; one that is rejected, one in a copy a tag."""
    kept = [record(day, number) for number in range(1, 7)]
    if corrected:
        kept[2]["externalTag"] = "corrected"
        kept[3:4] = [record(day, 0)]
    copies = [record(day, 7, externalTag=tag) for tag in tags]
    return World.of([*kept, *copies, record(day) | {"conversationId": ODD}, broken(day)])


def broken(day) -> dict:
    return record(day, 8) | {"participants": "none that can be read"}


def every_file(lake) -> dict[str, bytes]:
    """Return all that lies there, index and claim and what is staged included, unpacked."""
    found = {}
    for path in lake.root.rglob("*"):
        if path.is_file():
            name = str(path.relative_to(lake.root))
            found[name] = path.read_bytes()
            if path.suffix == ".gz":
                found[f"{name}, unpacked"] = gzip.decompress(found[name])
            if path.suffix == ".parquet":
                found[f"{name}, read"] = str(pq.read_table(path).to_pylist()).encode()
    return found


def spellings(ident: str) -> list[bytes]:
    """Return an id as text with and without hyphens, in upper case, and as raw bytes."""
    if ident == ODD:
        return [ident.encode(), hashlib.blake2b(ident.encode(), digest_size=16).digest()]
    uuid = UUID(ident)
    return [ident.encode(), uuid.hex.encode(), uuid.hex.upper().encode(), uuid.bytes]


def leaks(files: dict[str, bytes]) -> set[tuple[str, str]]:
    """Return which file holds which id, in any spelling."""
    return {
        (name, ident)
        for name, body in files.items()
        for ident in (*IDS, ODD)
        if any(spelling in body for spelling in spellings(ident))
    }


def index(lake, day) -> list[str]:
    """Return what conversations go by in the day's index."""
    files = lake.manifest(day)["index"]
    bodies = [(lake.root / file["key"]).read_bytes() for file in files]
    return sorted(body[at : at + 16].hex() for body in bodies for at in range(0, len(body), 32))


@pytest.mark.parametrize("tags", [("one",), ("one", "other")], ids=len)
@pytest.mark.parametrize("flags", [(), ("--slices", 3), ("--format", "parquet")], ids=str)
def test_no_file_holds_an_id_that_is_hashed(command, genesys, lake, day, flags, tags):
    first = command.against(genesys(world(day, tags=tags)), **HASHED)
    first.run("--date", day, "--verbose", *flags).ends(0)
    assert leaks(every_file(lake)) == set()
    then = command.against(genesys(world(day, corrected=True, tags=tags)), **HASHED)
    result = then.run("--date", day, "--force", "--verbose", *flags).ends(0)
    assert "1 new, 1 changed, 1 gone" in result.err
    assert leaks(every_file(lake) | {"what was said": result.words.encode()}) == set()
    then("verify", "--to", lake.root, "--date", day).ends(0)


def test_an_id_that_is_not_hashed_would_be_found(command, genesys, lake, day):
    for corrected in (False, True):
        served = genesys(world(day, corrected=corrected))
        command.against(served).run("--date", day, "--force").ends(0)
    found = leaks(every_file(lake))
    held = {
        place: {ident for name, ident in found if place in name}
        for place in ("/index/", "/changes/", "rejects.jsonl.gz", "conversations/", "segments/")
    }
    exported = {*IDS[:4], *IDS[5:8], ODD}
    assert held == {
        "/index/": exported,
        "/changes/": {IDS[0], IDS[3], IDS[4]},
        "rejects.jsonl.gz": {IDS[8]},
        "conversations/": exported,
        "segments/": exported,
    }


def test_index_and_changes_join_to_the_tables_by_half_the_token(command, genesys, lake, day):
    command.against(genesys(world(day)), **HASHED).run("--date", day).ends(0)
    before = set(lake.ids(day))
    served = genesys(world(day, corrected=True))
    command.against(served, **HASHED).run("--date", day, "--force").ends(0)
    after = {row["conversation_id"] for row in lake.rows(day, "conversations")}
    assert after == {token(ident) for ident in (*IDS[:4], *IDS[5:8], ODD)}
    assert index(lake, day) == sorted(one[:32] for one in after)
    told = lake.lines(lake.manifest(day)["changes"]["key"])
    assert {one["change"]: one["conversation_id"] for one in told} == {
        "new": token(IDS[0])[:32],
        "changed": token(IDS[3])[:32],
        "gone": token(IDS[4])[:32],
    }
    joined = {one["change"]: one["conversation_id"] for one in told}
    starts = {one[:32]: one for one in before | after}
    assert starts[joined["new"]] in after - before
    assert starts[joined["changed"]] in after & before
    assert starts[joined["gone"]] in before - after


def test_a_day_that_is_the_same_is_found_the_same_by_its_tokens(command, genesys, lake, day):
    told = command.against(genesys(world(day)), **HASHED)
    told.run("--date", day).ends(0)
    before = lake.contents(day)
    assert "unchanged" in told.run("--date", day, "--force").ends(0).err
    assert lake.contents(day) == before
    assert lake.manifest(day)["changes"] is None


@pytest.mark.parametrize("key", ["", "another key of the tests, as long"])
def test_what_was_made_before_ids_were_hashed_so_is_not_compared_and_goes(
    command, genesys, lake, day, key
):
    before = {} if not key else HASHED | {"GENESYS_EXPORT_PRIVACY__KEY": key}
    for corrected in (True, False):
        served = genesys(world(day, corrected=corrected))
        command.against(served, **before).run("--date", day, "--force").ends(0)
    assert len(changes(lake, day)) == 1
    hashing = command.against(genesys(world(day, corrected=True)), **HASHED)
    result = hashing.run("--date", day, "--rewrite").ends(0)
    assert "protected differently before" in " ".join(result.err.split())
    assert lake.manifest(day)["changes"] is None
    assert changes(lake, day) == []
    assert leaks(every_file(lake)) == set()
    assert not any(token(IDS[4], key)[:32].encode() in body for body in every_file(lake).values())


def changes(lake, day) -> list[str]:
    home = lake.base / f"_genesys_export/conversation_details/{day}/changes"
    return sorted(path.name for path in home.glob("*"))


def test_the_manifest_says_that_ids_are_hashed(command, genesys, lake, day):
    command.against(genesys(world(day)), **HASHED).run("--date", day).ends(0)
    manifest = lake.manifest(day)
    assert manifest["recipe"]["privacy"]["columns"]["sessions.conversation_id"] == "hash"
    assert KEY not in json.dumps(manifest)
