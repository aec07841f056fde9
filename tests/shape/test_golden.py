"""Conversations written by hand, and every table of theirs as read and checked by eye.

To renew the tables after a change of the rules: delete the CSV files, run the tests (they write
what is missing and fail), read what they wrote.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from plain import TABLES, csv_text, flatten
from program import packed_tables, run
from strategies import DAY, INTERVAL

GOLDEN = Path(__file__).parent / "golden"
STORIES = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())
NAMES = [table["name"] for table in TABLES]


def csv_of(records: list[bytes]) -> dict[str, str]:
    """Return every table's file, unpacked."""
    made = run(records, DAY, INTERVAL)
    assert made.rejected == []
    return {
        name: gzip.decompress(one).decode() for name, one in packed_tables(made.batches).items()
    }


def expected(story: str) -> dict[str, str]:
    """Return the story's tables; write those that are missing, for reading, and fail."""
    paths = {name: GOLDEN / story / f"{name}.csv" for name in NAMES}
    missing = [name for name, path in paths.items() if not path.exists()]
    if missing:
        made = csv_of([(GOLDEN / story / "conversation.json").read_bytes()])
        for name in missing:
            paths[name].write_text(made[name], "utf-8", newline="")
    assert missing == [], "written now: read them"
    return {name: path.read_bytes().decode() for name, path in paths.items()}


@pytest.mark.parametrize("story", STORIES)
def test_a_conversation_becomes_the_tables_that_were_read_by_eye(story):
    raw = (GOLDEN / story / "conversation.json").read_bytes()
    assert csv_of([raw]) == expected(story)


@pytest.mark.parametrize("story", STORIES)
def test_white_space_in_the_record_changes_no_table(story):
    text = (GOLDEN / story / "conversation.json").read_text("utf-8")
    lines = "".join(line.strip() for line in text.splitlines())
    assert csv_of([lines.encode()]) == expected(story)


@pytest.mark.parametrize("story", STORIES)
def test_the_plain_flattening_writes_the_same_tables(story):
    rows = flatten([(GOLDEN / story / "conversation.json").read_bytes()], DAY, INTERVAL)
    for table in TABLES:
        kinds = {column["name"]: column["type"] for column in table["columns"]}
        lines = [[json.dumps(name) for name in kinds]]
        lines += [
            [quoted(csv_text(value, kinds[name])) for name, value in row.items()]
            for row in rows[table["name"]]
        ]
        text = "".join(",".join(line) + "\n" for line in lines)
        assert text == expected(story)[table["name"]]


def quoted(text: str | None) -> str:
    return "" if text is None else '"' + text.replace('"', '""') + '"'
