"""The manifest as text: what it holds, and what of others' texts is understood."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from publishing import MANIFEST, RECIPE, publish, stage

from fakes import MemoryStore, some
from genesys_export.errors import DestinationFailed, WrongSettings
from genesys_export.manifest import Next, decode, file_of
from genesys_export.source_count import SourceCount, Verdict

COUNT = SourceCount(
    asked=datetime(2026, 11, 23, 6, tzinfo=UTC),
    query_hits=3,
    by_media={"voice": 3},
    ours=3,
    rejected=0,
    tolerance=0.01,
    floor=20,
    verdict=Verdict.AGREES,
    note="",
)


def made():
    manifest, staged = stage(MemoryStore(), "a1", slices=2)
    return replace(manifest, nonce="n1"), staged


def test_what_is_written_is_read():
    manifest, staged = made()
    rejects = file_of(staged[0], 7)
    whole = replace(manifest, rejects=rejects, notes=("a note",), source_count=COUNT)
    for one in (manifest, whole, replace(whole, next=Next(uploads=staged, deletes=("a/b",)))):
        assert decode(one.encode(), MANIFEST) == one


def test_next_is_there_only_while_a_replacement_is_under_way():
    manifest, staged = made()
    assert "next" not in json.loads(manifest.encode())
    under_way = replace(manifest, next=Next(uploads=staged, deletes=()))
    assert json.loads(under_way.encode())["next"]["uploads"][0]["upload_id"]


def test_a_loader_finds_what_it_needs():
    store = MemoryStore()
    publish(store, "a1")
    told = json.loads(some(store.read(MANIFEST)).body)
    assert (told["format"], told["dataset"], told["day"]) == (
        1,
        "conversation_details",
        "2026-11-22",
    )
    assert told["interval"] == {"start": "2026-11-22T00:00:00Z", "end": "2026-11-23T00:00:00Z"}
    (file,) = told["tables"]["conversations"]
    assert file.keys() == {"key", "rows", "bytes", "sha256", "token", "etag", "version_id"}
    assert file["key"] == "conversations/2026-11-22.csv.gz"
    assert told["source_count"] is None
    assert told["slices"][0]["job_ids"] == ["job-1"]
    assert told["counts"]["unknown_fields"] == {"newField": 2}


def test_a_later_format_is_left_to_a_later_version():
    told = json.loads(made()[0].encode())
    with pytest.raises(WrongSettings, match="newer genesys-export") as refused:
        decode(json.dumps(told | {"format": 2, "tables": []}).encode(), MANIFEST)
    assert refused.value.status == 78


def test_keys_that_this_version_does_not_know_are_left_alone():
    manifest, _ = made()
    told = json.loads(manifest.encode()) | {"invented": {"later": 1}}
    assert decode(json.dumps(told).encode(), MANIFEST) == manifest


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"null", b"{}", b'{"format": "1"}', b'{"format": 1}', b"\xff", b"<html>"]
)
def test_anything_else_is_no_manifest(text):
    with pytest.raises(DestinationFailed, match="is not a manifest"):
        decode(text, MANIFEST)


def test_a_recipe_has_a_fingerprint_that_changes_with_anything_in_it():
    others = [
        replace(RECIPE, timezone="Europe/Vienna"),
        replace(RECIPE, tables=("conversations",)),
        replace(RECIPE, csv={"newlines": "escape"}),
        replace(RECIPE, filters={"segmentFilters": []}),
        replace(RECIPE, column_version=2),
        replace(RECIPE, keep_raw=True),
    ]
    assert len({one.fingerprint for one in [RECIPE, *others]}) == len(others) + 1
    assert replace(RECIPE).fingerprint == RECIPE.fingerprint


def test_a_recipes_fingerprint_does_not_depend_on_the_order_of_its_keys():
    one, other = {"a": {"x": 1, "y": 2}, "b": []}, {"b": [], "a": {"y": 2, "x": 1}}
    assert replace(RECIPE, filters=one).fingerprint == replace(RECIPE, filters=other).fingerprint
