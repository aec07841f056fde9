"""The settings that add columns: how they are written, and what they don't go with."""

from __future__ import annotations

import pytest
from settings_files import complaint, read

from genesys_export.datasets import DEFAULT, NAMES, Additions
from genesys_export.settings import load


def test_a_file_and_variables_say_the_same(tmp_path):
    in_file = read(
        tmp_path,
        '[export]\nlocal_times = true\njoin_names = true\npin_attributes = ["Account", "Case ID"]',
    )
    in_variables = read(
        tmp_path,
        EXPORT__LOCAL_TIMES="true",
        EXPORT__JOIN_NAMES="true",
        EXPORT__PIN_ATTRIBUTES="Account, Case ID",
    )
    assert in_file.export.added == in_variables.export.added
    assert in_file.export.added == Additions(
        local_times=True, join_names=True, pin_attributes=("Account", "Case ID")
    )


def test_a_key_is_met_by_its_very_name_and_a_doubled_one_counts_once(tmp_path):
    found = read(tmp_path, '[export]\npin_attributes = [" Note ", " Note ", "a,b", ""]')
    assert found.export.pin_attributes == (" Note ", "a,b")


def test_names_in_the_tables_need_the_dataset_of_names(tmp_path):
    found = read(tmp_path, EXPORT__JOIN_NAMES="true")
    conversations, names = found.datasets
    assert [conversations.name, names.name] == [DEFAULT, NAMES]
    read_for_names = set(conversations.names_from)
    assert set(found.tables_of(names)) == {*names.lookups} | read_for_names
    alone = read(tmp_path, EXPORT__NAMES="true")
    assert set(alone.tables_of(alone.datasets[1])) == {*names.lookups}
    chosen = read(tmp_path, EXPORT__JOIN_NAMES="true", EXPORT__DATASETS=f"{DEFAULT},{NAMES}")
    assert len(chosen.tables_of(names)) == len(names.tables)


ALL = f"""[export]
names = true
datasets = ["{DEFAULT}", "user_status", "{NAMES}"]
"""


@pytest.mark.parametrize("asked", [DEFAULT, f"{DEFAULT},user_status", NAMES])
def test_a_dataset_of_the_file_has_all_its_tables_whatever_the_command_line_asks_for(
    tmp_path, asked
):
    (tmp_path / "genesys-export.toml").write_text(ALL, "utf-8")
    found = load(flags={"dataset": asked}, environ={}, cwd=tmp_path)
    (names,) = (each for each in found.datasets if each.name == NAMES)
    assert len(found.tables_of(names)) == len(names.tables)


def test_who_asks_for_a_dataset_without_names_in_it_gets_no_names(tmp_path):
    (tmp_path / "genesys-export.toml").write_text(ALL, "utf-8")
    found = load(flags={"dataset": "user_status"}, environ={}, cwd=tmp_path)
    assert [each.name for each in found.datasets] == ["user_status"]


def test_a_table_of_names_may_be_chosen_with_them(tmp_path):
    found = read(tmp_path, EXPORT__JOIN_NAMES="true", EXPORT__TABLES="segments,dim_queues")
    assert found.export.tables == ("segments", "dim_queues")


def test_the_table_of_pinned_attributes_may_be_chosen_where_there_is_one(tmp_path):
    found = read(
        tmp_path, EXPORT__PIN_ATTRIBUTES="Account", EXPORT__TABLES="conversation_attributes"
    )
    assert found.tables_of(found.datasets[0]) == ("conversation_attributes",)
    told = complaint(tmp_path, EXPORT__TABLES="conversation_attributes")
    assert "there is no table 'conversation_attributes'" in told


def test_attributes_of_one_column_are_refused(tmp_path):
    told = complaint(tmp_path, EXPORT__PIN_ATTRIBUTES="Customer ID, customerId")
    assert "'Customer ID' and 'customerId' would both get the column customer_id" in told
    told = complaint(tmp_path, EXPORT__PIN_ATTRIBUTES="conversationId")
    assert "conversation_id is a key column of conversation_attributes" in told


def test_names_need_published_snapshots(tmp_path):
    told = complaint(tmp_path, "[destination]\nstate = 'off'\n[export]\njoin_names = true\n")
    assert "export.join_names, given by" in told
    assert "destination.state = off keeps none" in told


def test_with_whole_records_they_are_named_as_idle(tmp_path):
    text = "[export]\nformat = 'jsonl.gz'\nlocal_times = true\npin_attributes = ['Account']\n"
    (warning,) = read(tmp_path, text).warnings
    assert warning.startswith("export.local_times, export.pin_attributes: with format jsonl.gz")
    assert read(tmp_path, "[export]\nlocal_times = true\n").warnings == ()


def test_what_is_protected_may_be_a_column_that_is_added(tmp_path):
    text = "[export]\njoin_names = true\n[privacy.columns]\n'segments.user_name' = 'drop'\n"
    assert read(tmp_path, text).privacy.columns["segments.user_name"] == "drop"
    assert "there is no column 'segments.user_name'" in complaint(
        tmp_path, text.replace("true", "false")
    )
