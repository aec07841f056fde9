"""Given records, served as they are, from values and from files."""

from __future__ import annotations

import json

import pytest

from genesys_simulator import World

BERLIN = {"conversationId": "b", "conversationStart": "2026-11-22T10:00:00+01:00"}
OVER = {
    "conversationId": "a",
    "conversationStart": "2026-11-22T08:00:00.000Z",
    "conversationEnd": "2026-11-22T08:30:00.000Z",
    "participants": [
        {
            "purpose": "agent",
            "userId": "u-1",
            "attributes": {"k": "v"},
            "sessions": [
                {
                    "mediaType": "chat",
                    "metrics": [{"name": "nConnected", "value": 1}],
                    "segments": [{"queueId": "q-1", "segmentStart": "2026-11-2T08:00:00.000Z"}],
                }
            ],
        }
    ],
    "divisionIds": ["d-1"],
}
LATER = {"conversationId": "c", "conversationStart": "2026-11-23T00:00:00.000Z"}
NO_START = {"conversationId": "x", "conversationStart": "2026-11-2T08:00:00"}


def test_records_are_found_by_start_and_those_without_one_always(dial):
    client = dial(World.of([NO_START, LATER, BERLIN, OVER]))
    assert client.read() == [OVER, BERLIN, NO_START]
    later = "2027-01-01T00:00:00Z/2027-01-02T00:00:00Z"
    assert client.read(later) == [NO_START]


def test_bytes_pass_untouched(dial):
    odd = (
        b'{ "conversationStart" : "2026-11-22T10:00:00.000Z",\n'
        b' "n": 1.50, "n": 1e3, "s":"\\ud800" }'
    )
    client = dial(World.of([odd]))
    job = client.submit()
    client.get(f"{client.jobs}/{job}")
    assert odd in client.results(job).body


@pytest.mark.parametrize("odd", [b"7", b"null", b'"text"', b"[]", b'{"participants": [7, null]}'])
def test_records_that_are_no_conversations_are_served_too(dial, odd):
    client = dial(World.of([odd]))
    assert client.read() == [json.loads(odd)]
    voice = {"type": "and", "predicates": [{"dimension": "mediaType", "value": "voice"}]}
    assert client.read(segmentFilters=[voice]) == []
    assert client.query(client.day).json["totalHits"] == 1


def test_lists_and_filters_speak_of_what_the_records_speak_of(dial):
    client = dial(World.of([OVER, BERLIN]))
    for path, ident in (
        ("/api/v2/users", "u-1"),
        ("/api/v2/routing/queues", "q-1"),
        ("/api/v2/authorization/divisions", "d-1"),
    ):
        assert [one["id"] for one in client.get(path).json["entities"]] == [ident]
    chat = {"type": "and", "predicates": [{"dimension": "mediaType", "value": "chat"}]}
    assert client.read(segmentFilters=[chat]) == [OVER]
    assert "attributes" not in client.query(client.day).json["conversations"][0]["participants"][0]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("one.json", json.dumps(OVER, indent=1)),
        ("list.json", json.dumps([OVER])),
        ("answer.json", json.dumps({"conversations": [OVER], "totalHits": 1})),
        ("lines.jsonl", json.dumps(OVER) + "\n\n"),
        ("lines.txt", json.dumps(OVER) + "\r\n" + json.dumps(LATER) + "\r\n"),
    ],
)
def test_records_are_read_from_every_kind_of_file(tmp_path, dial, name, content):
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert dial(World.read([tmp_path / name])).read() == [OVER]


def test_several_files_make_one_world(tmp_path, dial):
    for number, record in enumerate((BERLIN, OVER)):
        (tmp_path / f"{number}.json").write_text(json.dumps(record), encoding="utf-8")
    assert dial(World.read(sorted(tmp_path.iterdir()))).read() == [OVER, BERLIN]


def test_a_file_without_conversations_is_refused(tmp_path):
    (tmp_path / "x.json").write_text("no json", encoding="utf-8")
    with pytest.raises(ValueError, match=r"x\.json holds no conversations"):
        World.read([tmp_path / "x.json"])
    with pytest.raises(OSError, match="none"):
        World.read([tmp_path / "none.json"])
