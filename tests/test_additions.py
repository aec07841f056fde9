"""What settings add to declarations: which columns, where, and what becomes of the recipe."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from hashlib import blake2b

import msgspec
import pytest

from genesys_export.datasets import (
    DEFAULT,
    NAMES,
    Additions,
    Kind,
    dataset_named,
    datasets,
    owner,
    tables,
)
from genesys_export.datasets.additions import pinned_name
from genesys_export.errors import DestinationFailed
from genesys_export.ledger.register import Registration
from genesys_export.ledger.register import decode as decode_registration
from genesys_export.manifest import Recipe

EVERYTHING = Additions(local_times=True, join_names=True, pin_attributes=("Account", "VIP"))
PLAIN, WIDE = dataset_named(DEFAULT), dataset_named(DEFAULT, EVERYTHING)
RECIPE = Recipe(
    timezone="UTC",
    engine="jobs",
    filters={},
    tables=("conversations",),
    format="csv.gz",
    layout="daily",
    csv={"newlines": "keep"},
    column_version=1,
)
# A change here is a change of every wide file: it needs another column version.
ADDED = {
    "conversations": [
        "conversation_start_local",
        "conversation_end_local",
        "division_names",
        "queue_names",
        "first_queue_name",
        "last_queue_name",
        "agent_user_names",
        "first_agent_user_name",
        "last_agent_user_name",
        "last_wrap_up_name",
    ],
    "participants": ["user_name"],
    "sessions": [
        "session_start_local",
        "session_end_local",
        "user_name",
        "active_skill_names",
        "outbound_campaign_name",
        "removed_skill_names",
        "screen_monitored_user_name",
        "queue_name",
        "wrap_up_name",
    ],
    "segments": [
        "user_name",
        "queue_name",
        "requested_routing_skill_names",
        "requested_routing_user_names",
        "wrap_up_name",
    ],
    "session_metrics": ["user_name", "queue_name"],
    "evaluations": ["queue_name", "user_name"],
    "surveys": ["queue_name", "user_name"],
    "resolutions": ["queue_name", "user_name"],
    "conversation_attributes": ["conversation_id", "conversation_date", "account", "vip"],
}


def test_these_columns_are_added_and_they_come_last():
    found = {}
    for table in WIDE.tables:
        declared = PLAIN.table(table.name).names if table in (*PLAIN.tables,) else ()
        declared = next((one.names for one in PLAIN.tables if one.name == table.name), declared)
        assert table.names[: len(declared)] == declared
        if more := list(table.names[len(declared) :]):
            found[table.name] = more
    assert found == ADDED


def test_without_any_of_them_a_dataset_is_as_declared():
    assert dataset_named(DEFAULT, Additions()) is PLAIN
    assert PLAIN.names_from == ()
    assert not any(one.of_kind(Kind.NAME) for one in tables())


def test_other_datasets_take_none():
    for before, after in zip(datasets(), datasets(EVERYTHING), strict=True):
        assert before.name == DEFAULT or after is before


def test_every_name_is_of_a_lookup_table_and_goes_by_its_privacy():
    lookups = {table.name: table for table in dataset_named(NAMES).tables}
    for table in WIDE.tables:
        for column in table.of_kind(Kind.NAME):
            home, _, name = column.repeats.partition(".")
            assert column.personal_data is lookups[home].column(name).personal_data
            assert column.type is table.column(column.made_from).type


def test_the_prefix_of_pinned_attributes_belongs_to_the_conversations_for_ever():
    assert owner("conversation_attributes") is PLAIN
    assert "conversation_attributes" in PLAIN.prefixes
    assert "conversation_attributes" not in [table.name for table in PLAIN.tables]


@pytest.mark.parametrize(
    ("key", "column"),
    [
        ("Account", "account"),
        ("customerId", "customer_id"),
        ("Customer ID", "customer_id"),
        ("IVR_Path", "ivr_path"),
        ("HTTPStatus", "http_status"),
        ("  spaced -- out  ", "spaced_out"),
        ("Größe", "grosse"),
        ("1st call", "attribute_1st_call"),
        ('"; DROP TABLE x --', "drop_table_x"),
        ("order", "order"),  # every name is quoted in SQL
    ],
)
def test_a_pinned_attribute_gets_a_plain_column(key, column):
    assert pinned_name(key) == column


def test_keys_without_letters_and_long_ones_get_columns_of_their_own():
    assert pinned_name("客户") != pinned_name("客")
    assert pinned_name("客户").startswith("attribute_")
    long, longer = pinned_name("a" * 64), pinned_name("a" * 65)
    assert (len(long), len(longer)) == (63, 63)
    assert long != longer
    assert pinned_name("a" * 63) == "a" * 63


def test_two_attributes_of_one_column_are_refused_by_name():
    with pytest.raises(ValueError, match="'Customer ID' and 'customerId' would both get"):
        Additions(pin_attributes=("Customer ID", "customerId"))
    with pytest.raises(ValueError, match="conversation_id is a key column"):
        dataset_named(DEFAULT, Additions(pin_attributes=("Conversation ID",)))


# --- the recipe --------------------------------------------------------------------------------


def test_a_recipe_without_additions_has_the_fingerprint_that_it_always_had():
    told = asdict(RECIPE)
    del told["organization"], told["added"]  # as versions before wrote it
    canonical = msgspec.json.encode(told, order="deterministic")
    assert RECIPE.fingerprint == blake2b(canonical, digest_size=8).hexdigest()


@pytest.mark.parametrize(
    "added",
    [
        Additions(local_times=True),
        Additions(join_names=True),
        Additions(pin_attributes=("Account",)),
        Additions(pin_attributes=("VIP",)),
        Additions(pin_attributes=("VIP", "Account")),
    ],
)
def test_every_addition_is_another_recipe(added):
    wide = replace(RECIPE, added=added)
    assert not wide.is_like(RECIPE)
    assert wide.is_like(replace(RECIPE, added=replace(added)))


def written(added: object) -> bytes:
    whole = Registration(recipe=RECIPE, honest_conditions=True).encode()
    told = json.loads(whole)
    told["recipe"]["added"] = added
    return json.dumps(told).encode()


def test_additions_are_read_back_and_those_of_a_later_version_are_left_alone():
    body = written({"join_names": True, "pin_attributes": ["Account"], "later": 1})
    found = decode_registration(body, "here").recipe
    assert found.added == Additions(join_names=True, pin_attributes=("Account",))


@pytest.mark.parametrize(
    "odd", [7, {"pin_attributes": ["a", "A"]}, {"join_names": "yes"}, {"pin_attributes": [1]}]
)
def test_additions_that_nobody_writes_are_refused(odd):
    with pytest.raises(DestinationFailed):
        decode_registration(written(odd), "here")
