"""Records that are not as expected: nothing is dropped silently, and the export ends well."""

from __future__ import annotations

import base64
import gzip
import json
from copy import deepcopy

import pytest
from e2e_reading import TABLES

from genesys_simulator import World

IDS = [f"{n:08d}-0000-4000-8000-000000000000" for n in range(9)]


def record(day, number: int = 0, **more) -> dict:
    return {
        "conversationId": IDS[number],
        "conversationStart": f"{day}T10:00:00.000Z",
        "conversationEnd": f"{day}T10:05:00.000Z",
        "originatingDirection": "inbound",
        "divisionIds": ["22222222-2222-4222-8222-222222222222"],
        "participants": [
            {
                "participantId": "33333333-3333-4333-8333-333333333333",
                "purpose": "customer",
                "sessions": [
                    {
                        "sessionId": "44444444-4444-4444-8444-444444444444",
                        "mediaType": "voice",
                        "metrics": [
                            {"name": "tTalk", "value": 4000, "emitDate": f"{day}T10:04:00.000Z"}
                        ],
                        "segments": [
                            {
                                "segmentStart": f"{day}T10:00:00.000Z",
                                "segmentEnd": f"{day}T10:05:00.000Z",
                                "segmentType": "interact",
                            }
                        ],
                    }
                ],
            }
        ],
        **more,
    }


def rejects(lake, day) -> list[dict]:
    key = lake.manifest(day)["rejects"]["key"]
    assert key == f"_genesys_export/conversation_details/{day}/rejects.jsonl.gz"
    lines = gzip.decompress((lake.root / key).read_bytes()).decode("utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture
def exported_records(command, genesys, lake, day):
    """Return what exports given records and returns the manifest's counts."""

    def export(*records) -> dict:
        result = command.against(genesys(World.of(records))).run("--date", day).ends(0)
        lake.check(day)
        counts = lake.manifest(day)["counts"]
        return {**counts, "said": result.err}

    return export


def test_a_field_unknown_today_goes_to_extra_and_is_counted(exported_records, lake, day):
    odd = record(day, mood={"score": 0.5, "words": ["a", "b"]})
    odd["participants"][0]["sessions"][0]["segments"][0]["weather"] = 'rain, "heavy"'
    counts = exported_records(odd, record(day, 1))
    rows = {row["conversation_id"]: row for row in lake.rows(day, "conversations")}
    assert json.loads(rows[IDS[0]]["_extra"]) == {"mood": odd["mood"]}
    assert rows[IDS[1]]["_extra"] == ""
    segments = [row["_extra"] for row in lake.rows(day, "segments") if row["_extra"]]
    assert [json.loads(one) for one in segments] == [{"weather": 'rain, "heavy"'}]
    assert sorted(counts["unknown_fields"].values()) == [1, 1]
    assert "mood" in counts["said"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("originatingDirection", 7),
        ("conferenceStart", "yesterday"),
        ("mediaStatsMinConversationMos", "good"),
        ("divisionIds", "not a list"),
        ("customerParticipation", "perhaps"),
    ],
)
def test_a_value_that_does_not_fit_is_null_and_kept(exported_records, lake, day, field, value):
    counts = exported_records(record(day, **{field: value}), record(day, 1))
    (row,) = [one for one in lake.rows(day, "conversations") if one["conversation_id"] == IDS[0]]
    assert json.loads(row["_extra"]) == {field: value}
    assert counts["drift"] == 1
    assert counts["exported"] == 2
    assert "did not fit" in counts["said"]


def test_unreadable_records_are_kept_whole_with_their_reason(exported_records, lake, day):
    nameless, startless, broken = record(day, 1), record(day, 2), record(day, 3)
    del nameless["conversationId"]
    startless["conversationStart"] = "soon"
    broken["participants"] = "nobody"
    counts = exported_records(record(day), nameless, startless, broken)
    found = rejects(lake, day)
    assert (counts["exported"], counts["rejected"]) == (1, 3)
    assert lake.manifest(day)["rejects"]["rows"] == 3
    assert lake.ids(day) == [IDS[0]]
    assert all(one["reason"] for one in found)
    kept = [one["record"] for one in found]
    assert [one for one in (nameless, startless, broken) if one not in kept] == []
    assert "rejects.jsonl.gz" in counts["said"]


def test_bytes_that_are_no_utf8_are_kept_as_base64(exported_records, lake, day):
    bad = json.dumps(record(day, 1, externalTag="?")).encode().replace(b'"?"', b'"\xff\xfe"')
    counts = exported_records(record(day), bad)
    (kept,) = rejects(lake, day)
    assert base64.b64decode(kept["record_base64"]) == bad
    assert (counts["exported"], counts["rejected"]) == (1, 1)


def test_a_lone_surrogate_is_null_and_kept_escaped(exported_records, lake, day):
    counts = exported_records(json.dumps(record(day, externalTag="\ud83d")).encode())
    (row,) = lake.rows(day, "conversations")
    assert row["external_tag"] == ""
    assert json.loads(row["_extra"]) == {"externalTag": "\ud83d"}
    assert counts["exported"] == 1


def test_a_day_of_nothing_but_rejects_says_so(exported_records, lake, day):
    counts = exported_records({"conversationStart": f"{day}T10:00:00.000Z"})
    assert (counts["exported"], counts["rejected"]) == (0, 1)
    assert {len(lake.rows(day, table)) for table in TABLES} == {0}


def test_an_attribute_that_is_no_text_is_its_json(exported_records, lake, day):
    odd = record(day)
    odd["participants"][0]["attributes"] = {"n": 5, "zip": "000123", "": "", "none": None}
    counts = exported_records(odd)
    rows = lake.rows(day, "participant_attributes")
    values = {row["attribute_key"]: row["attribute_value"] for row in rows}
    assert (values["n"], values["zip"], values[""]) == ("5", "000123", "")
    assert counts["drift"] >= 1


def test_of_copies_that_differ_the_later_is_kept(exported_records, lake, day):
    ended = record(day, externalTag="ended")
    still = record(day, externalTag="still open")
    del still["conversationEnd"]
    later = record(day, 1, externalTag="later", conversationEnd=f"{day}T11:00:00.000Z")
    earlier = record(day, 1, externalTag="earlier")
    counts = exported_records(ended, still, earlier, later, deepcopy(earlier), record(day, 2))
    rows = {row["conversation_id"]: row for row in lake.rows(day, "conversations")}
    assert [rows[ident]["external_tag"] for ident in IDS[:3]] == ["ended", "later", ""]
    assert len(rows) == counts["exported"] == 3
    assert (counts["received"], counts["duplicates"]) == (6, 3)
    assert counts["differing_duplicates"] == 3
    assert "differing copies; the later copy was kept" in counts["said"]
    assert lake.staged() == []


def test_a_copy_that_nobody_can_read_does_not_hide_one_that_is_good(exported_records, lake, day):
    broken, good = record(day, participants="nobody"), record(day, externalTag="good")
    counts = exported_records(broken, good)
    (row,) = lake.rows(day, "conversations")
    assert row["external_tag"] == "good"
    assert (counts["exported"], counts["rejected"], counts["duplicates"]) == (1, 1, 0)
    (kept,) = rejects(lake, day)
    assert kept["record"] == broken


def test_open_conversations_are_counted(exported_records, lake, day):
    still = record(day)
    del still["conversationEnd"]
    counts = exported_records(still, record(day, 1))
    assert counts["open"] == 1
    rows = {row["conversation_id"]: row["is_open"] for row in lake.rows(day, "conversations")}
    assert rows == {IDS[0]: "true", IDS[1]: "false"}


def test_a_later_run_without_rejects_removes_their_file(command, genesys, lake, day):
    command.against(genesys(World.of([{"odd": 1}]))).run("--date", day).ends(0)
    assert any(name.endswith("rejects.jsonl.gz") for name in lake.files())
    command.against(genesys(World.of([record(day)]))).run("--date", day, "--force").ends(0)
    assert not any(name.endswith("rejects.jsonl.gz") for name in lake.files())
    assert lake.manifest(day)["rejects"] is None
