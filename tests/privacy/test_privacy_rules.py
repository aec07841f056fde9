"""Wishes become rules: what is protected when somebody names a class, a column, an attribute."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesys_export.datasets import (
    DEFAULT,
    NAMES,
    Kind,
    PersonalData,
    Type,
    dataset_named,
    datasets,
    tables,
)
from genesys_export.manifest import Recipe
from genesys_export.privacy import Action, AttributeRule, Rules, Wishes, faults, resolve

DATASET = dataset_named(DEFAULT)
TEXTS = (Type.STRING, Type.STRINGS)
COLUMNS = [(table, column) for table in DATASET.tables for column in table.columns]


def action(rules: Rules, name: str) -> Action:
    table, _, column = name.partition(".")
    return rules.actions.get(table, {}).get(column, Action.KEEP)


def test_without_a_wish_nothing_is_protected(rules):
    assert not rules()
    assert rules() == Rules(key=rules().key)
    assert rules().described([table.name for table in DATASET.tables]) == {}
    assert not rules(attributes={"default": "keep"})


@pytest.mark.parametrize("wished", ["drop", "mask", "hash"])
def test_a_class_is_all_columns_of_that_class(rules, wished):
    found = rules(personal=wished)
    for table, column in COLUMNS:
        name = f"{table.name}.{column.name}"
        if column.personal_data is PersonalData.PERSONAL:
            expected = wished if column.type in TEXTS else "drop"  # numbers have no last four
        else:
            expected = "drop" if column.kind is Kind.EXTRA else "keep"
        assert action(found, name) == expected, name


@pytest.mark.parametrize(
    ("wished", "expected"), [("keep", "drop"), ("mask", "drop"), ("hash", "hash")]
)
def test_what_has_no_column_is_as_sensitive_as_it_can_be(rules, wished, expected):
    assert action(rules(sensitive=wished, personal="mask"), "sessions._extra") == expected
    assert action(rules(columns={"sessions.ani": "mask"}), "participants._extra") == "drop"
    assert action(rules(attributes={"drop": ("x",)}), "participants._extra") == "drop"
    named = rules(personal="mask", columns={"sessions._extra": "keep"})
    assert action(named, "sessions._extra") is Action.KEEP


def test_keys_outlive_every_class(rules):
    found = rules(none="drop", personal="drop", sensitive="drop")
    for table, column in COLUMNS:
        is_key = column.kind is Kind.KEY or column.name in table.primary_key
        assert (action(found, f"{table.name}.{column.name}") is Action.KEEP) is is_key


def test_a_column_goes_before_its_class(rules):
    found = rules(personal="hash", columns={"sessions.ani": "mask", "sessions.dnis": "keep"})
    assert action(found, "sessions.ani") is Action.MASK
    assert action(found, "sessions.dnis") is Action.KEEP
    assert action(found, "sessions.remote") is Action.HASH


def test_copies_follow_the_column_they_repeat(rules):
    found = rules(columns={"participants.user_id": "hash"})
    for name in (
        "sessions.user_id",
        "segments.user_id",
        "session_metrics.user_id",
        "conversations.agent_user_ids",
        "conversations.last_agent_user_id",
    ):
        assert action(found, name) is Action.HASH, name


def test_a_copy_alone_can_be_dropped(rules):
    found = rules(personal="hash", columns={"segments.user_id": "drop"})
    assert action(found, "segments.user_id") is Action.DROP
    assert action(found, "sessions.user_id") is Action.HASH


def test_the_conversations_id_is_hashed_in_every_table(rules):
    found = rules(columns={"conversations.conversation_id": "hash"})
    assert all(
        action(found, f"{table.name}.conversation_id") == "hash" for table in DATASET.tables
    )


@pytest.mark.parametrize(
    ("wished", "expected"), [("hash", "hash"), ("drop", "drop"), ("mask", "drop")]
)
def test_lookup_tables_are_protected_as_what_they_are_joined_to(wish, wished, expected):
    found = resolve(tables(), wish(personal=wished))
    assert action(found, "dim_users.id") == expected
    assert action(found, "dim_users.name") == wished
    assert action(found, "dim_queues.id") is Action.KEEP
    by_column = resolve(tables(), wish(columns={"segments.queue_id": "hash"}))
    assert action(by_column, "dim_queues.id") is Action.HASH


@pytest.mark.parametrize("wished", ["drop", "mask", "hash"])
def test_a_divisions_name_is_hidden_wherever_it_stands(wish, wished):
    found = resolve(tables(), wish(columns={"dim_divisions.name": wished}))
    copies = [
        f"{table.name}.{column.name}"
        for table in dataset_named(NAMES).tables
        for column in table.columns
        if column.path and column.path.endswith(".division.name")
    ]
    assert len(copies) == sum(
        one.name == "division_name"
        for table in dataset_named(NAMES).tables
        for one in table.columns
    )
    assert {action(found, name) for name in copies} == {wished}


def test_a_dataset_without_lookup_tables_has_no_copies_of_a_divisions_name(wish):
    found = resolve(DATASET.tables, wish(none="drop"))
    assert not any(table.startswith("dim_") for table in found.actions)


def test_every_text_that_repeats_a_field_is_known_to():
    derived = {f"{table.name}.{c.name}" for table, c in COLUMNS if c.kind is Kind.DERIVED}
    texts = {f"{table.name}.{c.name}" for table, c in COLUMNS if c.type in TEXTS}
    repeat = {f"{table.name}.{c.name}" for table, c in COLUMNS if c.repeats}
    assert repeat & derived == derived & texts
    names = dataset_named(NAMES)
    assert all(names.table(name).column("id").repeats for name in names.lookups)


def test_what_a_column_repeats_is_a_field_that_is_there_and_repeats_at_most_another():
    every = {f"{table.name}.{one.name}": one for table in tables() for one in table.columns}
    for name, column in every.items():
        if column.repeats:
            origin = every[column.repeats]
            assert origin.kind is Kind.FIELD, name
            assert not origin.repeats or not every[origin.repeats].repeats, name


def test_a_copy_by_its_path_repeats_a_field_of_its_own_dataset_only():
    for dataset in datasets():
        fields = {
            column.path: f"{table.name}.{column.name}"
            for table in dataset.tables
            for column in table.of_kind(Kind.FIELD)
        }
        for table in dataset.tables:
            for column in table.columns:
                if column.kind in (Kind.KEY, Kind.CARRIED) and column.path in fields:
                    assert column.repeats == fields[column.path], f"{table.name}.{column.name}"


@pytest.mark.parametrize(
    ("name", "wished", "words"),
    [
        (
            "sessions.anii",
            "hash",
            "there is no column 'sessions.anii'; did you mean sessions.ani?",
        ),
        ("qqqq", "drop", "there is no column 'qqqq'; write table.column"),
        ("sessions.session_index", "drop", "can't be dropped: it belongs to a key"),
        ("conversations.conversation_date", "hash", "can't be hashed: it belongs to a key"),
        ("conversations.conversation_id", "mask", "can't be masked: it belongs to a key"),
        ("participant_attributes.attribute_key", "hash", "it belongs to a key"),
        ("sessions.conversation_id", "hash", "it repeats conversations.conversation_id"),
        ("surveys.survey_promoter_score", "hash", "its values are not texts"),
        ("segments.segment_start", "mask", "its values are not texts"),
        ("sessions._extra", "mask", "it is JSON"),
        ("segments.user_id", "hash", "it repeats participants.user_id, so set that one"),
        ("conversations.queue_ids", "mask", "it repeats segments.queue_id, so set that one"),
    ],
)
def test_what_cannot_be_done_is_said(wish, name, wished, words):
    (sentence,) = faults(tables(), wish(columns={name: wished}))
    assert words in sentence


def test_what_can_be_done_has_no_fault(wish):
    assert faults(tables(), wish(columns={"sessions.ani": "mask", "sessions.dnis": "keep"})) == ()
    own = {"participants.user_id": "hash", "segments.user_id": "hash"}
    assert faults(tables(), wish(columns=own)) == ()
    assert faults(tables(), wish(columns={"conversations.conversation_id": "hash"})) == ()
    assert faults(tables(), Wishes()) == ()


def test_attributes_are_told_apart_by_their_keys():
    rule = AttributeRule(allow=("language", "intent*"), drop=("*Phone*",), default=Action.HASH)
    expected = {
        "language": "keep",
        "Language": "hash",
        "intent.first": "keep",
        "customerphone": "drop",
        "intentPHONE": "drop",
        "name": "hash",
    }
    assert {key: rule.action(key) for key in expected} == expected


KEYS = ["x[0]", "[a] b", "[!x]", "]", "[", "[]", "[]]", "a[b", "[[]", "[*", "[a]?", " SSN "]


@pytest.mark.parametrize("key", KEYS)
def test_brackets_in_a_pattern_mean_themselves(key):
    assert AttributeRule(drop=(key,)).action(key) is Action.DROP
    assert AttributeRule(drop=(key.upper(),)).action(key.lower()) is Action.DROP
    assert AttributeRule(allow=(key,), default=Action.HASH).action(key) is Action.KEEP


@pytest.mark.parametrize(
    ("pattern", "fits", "unfit"),
    [
        ("ssn[0]*", "ssn[0].first", "ssn0"),
        ("[*] phone", "[Customer] phone", "C phone"),
        ("id[ab]", "id[ab]", "ida"),
        ("n[!x]", "n[!x]", "na"),
        ("n[?]", "n[1]", "n?"),
    ],
)
def test_wildcards_go_on_beside_brackets_that_are_no_set_of_letters(pattern, fits, unfit):
    dropped = AttributeRule(drop=(pattern,))
    allowed = AttributeRule(allow=(pattern,), default=Action.HASH)
    assert (dropped.action(fits), allowed.action(fits)) == (Action.DROP, Action.KEEP)
    assert (dropped.action(unfit), allowed.action(unfit)) == (None, Action.HASH)


LITERAL = st.text(st.characters(exclude_characters="*?", exclude_categories=["Cs"])) | st.text(
    "[]!-^aAbB ẞß\\"
)


@given(LITERAL, LITERAL)
def test_a_pattern_without_wildcards_matches_its_own_name_and_no_other(pattern, key):
    dropped, allowed = AttributeRule(drop=(pattern,)), AttributeRule(allow=(pattern,))
    assert dropped.action(pattern) is dropped.action(pattern.casefold()) is Action.DROP
    assert (dropped.action(key) is Action.DROP) is (key.casefold() == pattern.casefold())
    assert allowed.action(pattern) is Action.KEEP
    assert (allowed.action(key) is Action.KEEP) is (key == pattern)


def test_an_allow_list_alone_lets_nothing_else_through():
    assert AttributeRule(allow=("language",)).action("name") is Action.DROP
    assert AttributeRule(drop=("*phone*",)).action("name") is None


def test_a_manifest_is_told_everything_but_the_key(rules):
    found = rules(columns={"sessions.ani": "hash"}, attributes={"allow": ("b", "a")})
    told = found.described(["sessions", "participant_attributes"])
    assert told["columns"] == {"sessions.ani": "hash", "sessions._extra": "drop"}
    assert told["attributes"] == {"allow": ["a", "b"], "drop": [], "default": None}
    assert len(told["key"]) == 16
    other = rules(columns={"sessions.ani": "hash"}, key="another key of the tests")
    assert other.described(["sessions"])["key"] != told["key"]


@pytest.mark.parametrize(
    ("words", "digest"),
    [
        ({"personal": "hash", "sensitive": "drop"}, "e50dc1ee29efa5cc"),
        ({"personal": "mask"}, "349cf000c5b70a83"),
        (
            {"columns": {"participants.user_id": "hash", "segments.queue_id": "hash"}},
            "83bcc46c7d582871",
        ),
        (
            {
                "columns": {"conversations.conversation_id": "hash"},
                "attributes": {"allow": ("a",), "default": "mask"},
            },
            "6c559ffc33601870",
        ),
    ],
)
def test_a_manifest_is_told_what_version_0_1_0_told_it(rules, words, digest):
    """Made by the tag. Where it differs, every day of such a destination becomes due again."""
    written = [table.name for table in dataset_named(DEFAULT).tables]
    written += dataset_named(NAMES).lookups
    now = Recipe(
        timezone="UTC",
        engine="jobs",
        filters={},
        tables=tuple(written),
        format="csv.gz",
        layout="daily",
        csv={},
        column_version=dataset_named(NAMES).column_version,
        privacy=rules(**words).described(written),
    )
    told = json.dumps(now.as_of(1).privacy)
    assert hashlib.sha256(told.encode()).hexdigest()[:16] == digest


def test_no_repr_shows_the_key(rules, wish):
    assert "a key of" not in repr(rules(personal="hash")) + repr(wish(personal="hash"))
