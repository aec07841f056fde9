"""One record, two records; and no message that forgets it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import genesys_export
from genesys_export.plural import counted, plural

SOURCE = Path(genesys_export.__file__).parent
# What a message may count by hand: units, and what is never one.
NOUNS = (
    "attempt|conversation|copy|copies|day|file|hit|object|page|reading|record|row|setting|value"
)
COUNTED_BY_HAND = re.compile(rf"\{{[^{{}}]+\}} ({NOUNS})s\b")

NEVER_ONE = {
    "{DEPTH} records",
    "{2 * _PASSES - 1} readings",
    "{max(passed).days} days",  # two weeks at least
    "{files.type} files",  # no count
    "{engine.title} files",
}


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 records"), (1, "1 record"), (2, "2 records"), (1_234, "1,234 records")],
)
def test_a_count_has_its_noun_in_the_right_number(count, words):
    assert plural(count, "record") == words


def test_an_irregular_plural_is_given():
    assert plural(1, "retry", "retries") == "1 retry"
    assert plural(3, "retry", "retries") == "3 retries"


@pytest.mark.parametrize(
    ("nouns", "one"),
    [
        ("records", "record"),
        ("values", "value"),
        ("entries", "entry"),
        ("statuses", "status"),
        ("bonuses", "bonus"),
        ("addresses", "address"),
        ("mailboxes", "mailbox"),
        ("branches", "branch"),
        ("dishes", "dish"),
        ("responses", "response"),
        ("cases", "case"),
        ("licenses", "license"),
        ("pauses", "pause"),
        ("uses", "use"),
        ("queues", "queue"),
        ("caches", "cache"),
        ("coaches", "coach"),
    ],
)
def test_one_of_what_a_dataset_counts_is_told_from_its_plural(nouns, one):
    assert [counted(count, nouns) for count in (1, 2)] == [f"1 {one}", f"2 {nouns}"]


def test_messages_leave_the_number_of_a_noun_to_the_helper():
    found = [
        f"{path.relative_to(SOURCE)}: {match[0]}"
        for path in sorted(SOURCE.rglob("*.py"))
        if "simulator" not in path.parts
        for match in COUNTED_BY_HAND.finditer(path.read_text("utf-8"))
        if match[0] not in NEVER_ONE
    ]
    assert found == []
