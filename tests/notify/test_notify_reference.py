"""The page and the schema of messages against the messages."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from pathlib import Path

import jsonschema
import pytest

from genesys_export.notify import Message, Outcome
from genesys_export.notify.journal import Journal, Told, Trouble
from genesys_export.notify.message import Changes

REFERENCE = Path(__file__).parents[2] / "docs/reference"
PAGE = (REFERENCE / "notify.md").read_text("utf-8")
SCHEMA = json.loads((REFERENCE / "notify.schema.json").read_text("utf-8"))


def section(title):
    return re.split(r"^## ", PAGE, flags=re.MULTILINE)[title]


def keys(text):
    return re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)


def names(kind):
    return [one.name for one in fields(kind)]


def check(body):
    jsonschema.validate(json.loads(body), SCHEMA)


def test_the_page_and_the_schema_have_every_key_of_a_message():
    assert keys(section(0)) == ["version", *names(Message)]
    assert SCHEMA["required"] == [*SCHEMA["properties"]] == ["version", *names(Message)]
    assert SCHEMA["properties"]["changes"]["required"] == names(Changes)
    assert SCHEMA["properties"]["outcome"]["enum"] == [one.value for one in Outcome]


def test_the_page_has_every_event_and_every_key_of_the_journal():
    assert keys(section(1)) == [one.value for one in Outcome]
    assert keys(section(3)) == names(Journal)
    for name in {*names(Told), *names(Trouble)}:
        assert f"`{name}`" in section(3)


def test_the_example_of_the_page_is_a_message():
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    check(example)
    assert [*json.loads(example)] == ["version", *names(Message)]


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"changes": None, "outcome": Outcome.PUBLISHED, "org": ""},
        {"manifest": None, "outcome": Outcome.FAILED, "state": "unknown", "problem": "no answer"},
    ],
)
def test_messages_are_as_the_schema_says(message, told):
    check(replace(message, **told).body())
