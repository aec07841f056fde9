"""What a conversation goes by beside the tables: its id, or half of its token."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesys_export.datasets import DEFAULT, NAMES, dataset_named, tables
from genesys_export.decode.ids import key_of
from genesys_export.feeds.identity import is_comparable, key_by, spelled_by
from genesys_export.privacy import Action, Rules, Wishes, resolve

DATASET = dataset_named(DEFAULT)
ID = "7d9a3a5e-3a0c-4d27-9b5e-0123456789ab"
KEY, OTHER = "a key of the tests, long enough", "another key of the tests, as long"


def rules(key: str = KEY, column: str = "conversations.conversation_id") -> Rules:
    return resolve(tables(), Wishes(columns={column: Action.HASH}, key=key))


def made_by(one: Rules, *written: str) -> dict[str, object]:
    return one.described(written or ("conversations", "sessions"))


PLAIN, OF_OTHERS = Rules(), rules(column="sessions.ani")


@pytest.mark.parametrize("visible", [PLAIN, OF_OTHERS])
def test_an_id_that_nothing_hides_is_written_as_genesys_writes_it(visible):
    assert key_by(visible, DATASET) is key_of
    assert spelled_by(visible, DATASET)(key_by(visible, DATASET)(ID)) == ID


@settings(max_examples=100, derandomize=True, database=None, deadline=None)
@given(st.one_of(st.uuids().map(str), st.text()))
def test_a_hashed_id_goes_by_the_first_half_of_the_token_that_the_tables_have(ident):
    token = hmac.new(KEY.encode(), ident.encode(), hashlib.sha256).hexdigest()
    key = key_by(rules(), DATASET)(ident)
    assert len(key) == 16
    assert spelled_by(rules(), DATASET)(key) == token[:32]


def test_nothing_of_an_id_is_in_what_a_hashed_one_goes_by():
    assert key_by(rules(), DATASET)(ID) not in {
        UUID(ID).bytes,
        key_of(ID),
        key_by(rules(OTHER), DATASET)(ID),
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (made_by(PLAIN), made_by(OF_OTHERS)),
        (made_by(OF_OTHERS), made_by(rules(OTHER, "sessions.ani"))),
        (made_by(rules()), made_by(rules(), "segments")),
    ],
)
def test_recipes_by_which_a_conversation_goes_by_the_same_can_be_compared(old, new):
    assert is_comparable(old, new, DATASET)
    assert is_comparable(new, old, DATASET)


@pytest.mark.parametrize("old", [PLAIN, OF_OTHERS, rules(OTHER)])
def test_ids_and_tokens_or_tokens_of_two_keys_are_never_compared(old):
    assert not is_comparable(made_by(rules()), made_by(old), DATASET)


def test_tokens_of_one_datasets_records_change_nothing_of_anothers():
    assert rules().hides_ids(DATASET)
    assert not rules().hides_ids(dataset_named(NAMES))
    made = replace(
        DATASET,
        tables=tuple(replace(one, identity="no_such_id") for one in DATASET.tables),
    )
    assert key_by(rules(), made) is key_of
    assert is_comparable(made_by(PLAIN), made_by(rules()), made)
