"""Hostile and broken input through the whole command: a right export, or one sentence.

And the day that was published before lies as it lay.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from e2e_command import PROGRAM, Command

from genesys_simulator import Fault, JobEnds, World

START = "2025-11-20T10:00:00.000Z"


def record(ident: str, **more) -> bytes:
    head = {"conversationId": ident, "conversationStart": START, "conversationEnd": START}
    return json.dumps(head | more).encode()


def nested(ident: str, depth: int) -> bytes:
    return record(ident, x="@").replace(b'"@"', b'{"a":' * depth + b"1" + b"}" * depth)


HOSTILE = {
    "good": record("good"),
    "a text of thirty megabytes": record("big", externalTag="x" * 30_000_000),
    "an unknown field of megabytes": record("odd", mystery=["y" * 1_000_000] * 3),
    "a thousand participants": record(
        "many", participants=[{"sessions": [{"sessionId": "s", "segments": [{}]}]}] * 1_000
    ),
    "a hundred thousand attributes": record(
        "wide", participants=[{"attributes": {f"k{n}": f"v{n}" for n in range(100_000)}}]
    ),
    "ten thousand unknown fields": record("new", **{f"n{n}": n for n in range(10_000)}),
    "deep": nested("deep", 100),
    "beyond any parser": nested("deeper", 10_000),
    "beyond any parser twice": nested("deepest", 100_000),
    "no text": record("bytes", externalTag="!").replace(b"!", b"\xff\xfe"),
    "half a letter": record("half", externalTag="\ud83d"),
    "NUL and line breaks": record("nul", externalTag='\x00\r\n","', **{"\n": 1, "": 2}),
    "numbers without bounds": record("num", conferenceStart=0, x="@").replace(
        b'"@"', b"[1e400,-0,2.0,%s]" % (b"9" * 5_000)
    ),
    "doubled": record("twice").replace(b"{", b'{"externalTag":"a","externalTag":"b",', 1),
    "null everywhere": record("null", participants=[None], evaluations=None, divisionIds=[None]),
    "a list for an object": record("list", participants=[[]]),
    "nameless": b'{"conversationStart":"%s"}' % START.encode(),
    "timeless": b'{"conversationId":"timeless"}',
    "at the end of time": b'{"conversationId":"z","conversationStart":"9999-12-31T23:59:59Z"}',
    "before all days": b'{"conversationId":"a","conversationStart":"0001-01-01T00:00:00+14:00"}',
    "a word": b'"word"',
}
EXPORTED = [
    "good",
    "big",
    "odd",
    "many",
    "wide",
    "new",
    "deep",
    "half",
    "nul",
    "num",
    "twice",
    "null",
]
REJECTED = 7


@pytest.mark.parametrize("form", ["csv.gz", "parquet"])
def test_a_day_of_nothing_but_trouble_is_exported_whole(command, genesys, lake, day, form):
    served = genesys(World.of(HOSTILE.values()))
    result = command.against(served).run("--date", day, "--format", form).ends(0)
    counts = lake.manifest(day)["counts"]
    assert (counts["exported"], counts["rejected"]) == (len(EXPORTED), REJECTED)
    assert counts["drift"] >= 3
    assert len(counts["unknown_fields"]) <= 101
    assert len(result.err) < 20_000
    assert "records could not be read, kept in rejects.jsonl.gz" in result.err
    if form == "csv.gz":
        lake.check(day)
        assert lake.ids(day) == sorted(EXPORTED)
        assert len(lake.rows(day, "participants")) == 1_001
        assert len(lake.rows(day, "participant_attributes")) == 100_000


@pytest.fixture
def before(command, genesys, lake, day) -> dict[str, bytes]:
    """Export the day in peace, and return what lies there then."""
    command.against(genesys()).run("--date", day).ends(0)
    return lake.snapshot()


def assert_untouched(lake, day, before) -> None:
    assert lake.snapshot() == before
    assert lake.staged() == []
    lake.check(day)


def assert_one_sentence(result) -> None:
    assert result.err.count("genesys-export: ") == 1
    assert "Traceback" not in result.err


def test_a_lake_that_says_the_year_1_is_tried_again_later(command, genesys, lake, day, before):
    empty = genesys(lag=datetime.now(UTC) - datetime(1, 1, 2, tzinfo=UTC))
    result = command.against(empty).run("--date", day, "--force").ends(75)
    assert_one_sentence(result)
    assert "the data reaches 0001-01-0" in result.err
    soon = (datetime.now(UTC) + timedelta(minutes=more) for more in (0, 11))  # past midnight, too
    assert any(f"Try again after {one:%Y-%m-%d}" in result.err for one in soon)
    assert_untouched(lake, day, before)


def test_a_lake_that_says_the_year_9999_is_not_believed(command, genesys, lake, day, before):
    far = genesys(lag=datetime.now(UTC) - datetime(9999, 12, 30, tzinfo=UTC))
    command.against(far).run("--date", day, "--force").ends(0)
    lake.check(day)
    result = command.against(far).run("--date", datetime.now(UTC).date()).ends(75)
    assert_one_sentence(result)


@pytest.mark.parametrize("state", ["DREAMING", "fulfilled", ""])
def test_a_job_in_a_state_never_heard_of_ends_at_its_deadline(
    command, genesys, lake, day, before, state
):
    odd = genesys(faults=[Fault("submit", 1, JobEnds(state, after_pages=0))])
    told = command.against(odd, GENESYS_EXPORT_GENESYS__POLL_DEADLINE="1s")
    result = told.run("--date", day, "--force").ends(69)
    assert_one_sentence(result)
    assert f"was still {state}" in result.err
    assert_untouched(lake, day, before)


def with_files_up_to(command: Command, blocks: int) -> Command:
    """Return the command for which the disk is full: no file grows beyond so many blocks."""
    script = Path(command.folder) / "limited"
    script.write_text(f'#!/bin/sh\nulimit -f {blocks}\nexec "{PROGRAM}" "$@"\n')
    script.chmod(0o755)
    return Command(command.folder, command.variables, str(script))


@pytest.mark.parametrize("blocks", [0, 1, 8, 40])
def test_a_full_disk_ends_the_run_and_the_old_day_stays(
    command, genesys, lake, day, before, world, blocks
):
    changed = genesys(world.altered(day, change=20, add=200))
    full = with_files_up_to(command.against(changed), blocks)
    result = full.run("--date", day, "--force").ends(74)
    assert_one_sentence(result)
    assert "File too large" in result.err
    assert_untouched(lake, day, before)
    assert changed.jobs == {}


def test_after_the_disk_has_room_again_the_day_is_whole(
    command, genesys, lake, day, before, world
):
    changed = genesys(world.altered(day, change=20))
    with_files_up_to(command.against(changed), 1).run("--date", day, "--force").ends(74)
    command.against(changed).run("--date", day, "--force").ends(0)
    lake.check(day)
    assert lake.snapshot() != before


def test_an_answer_larger_than_the_limit_ends_the_day(command, genesys, lake, day):
    wide = {"conversationStart": f"{day}T08:00:00.000Z", "externalTag": "x" * (33 << 20)}
    huge = genesys(World.of([{**wide, "conversationId": one} for one in ("c1", "c2")]), gzip=True)
    result = command.against(huge).run("--date", day).ends(69)
    assert "the answer is larger than 64 MiB" in result.err
    assert "Lower page_size in [genesys]" in result.err
    assert not list(lake.root.glob("conversations/*"))
    again = command.against(huge, GENESYS_EXPORT_GENESYS__PAGE_SIZE="1000")
    again.run("--date", day).ends(0)
    assert lake.ids(day) == ["c1", "c2"]
