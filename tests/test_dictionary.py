"""The declaration against the API's leaves, and the dictionary against the declaration."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from genesys_export.datasets import (
    DEFAULT,
    NAMES,
    Kind,
    PersonalData,
    Table,
    Type,
    dataset_named,
    datasets,
)
from genesys_export.dictionary import WIDTH, as_markdown, as_text
from genesys_export.errors import WrongUse

HERE = Path(__file__).parent
DATASET = dataset_named(DEFAULT)
COLUMNS = [(table, column) for table in DATASET.tables for column in table.columns]
FIELDS = [(table, column) for table, column in COLUMNS if column.kind is Kind.FIELD]


# --- the declaration -------------------------------------------------------------------------


def test_each_leaf_of_the_api_has_exactly_one_column():
    text = (HERE / "data" / "leaves.txt").read_text("utf-8")
    leaves = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(leaves) == 211
    assert Counter(column.path for _, column in FIELDS) == Counter(leaves)


def test_there_are_as_many_columns_of_each_kind_as_promised():
    assert len(DATASET.tables) == 15
    assert Counter(column.kind.value for _, column in COLUMNS) == {
        "field": 211,
        "key": 62,
        "carried": 27,
        "sum": 71,
        "count": 33,
        "derived": 23,
        "extra": 14,
        "map_key": 1,
    }


@pytest.mark.parametrize(("table", "column"), FIELDS, ids=lambda one: one.name)
def test_a_fields_column_is_its_api_name_in_snake_case(table: Table, column):
    if table.of_kind(Kind.MAP_KEY):
        assert column.name == "attribute_value"  # a map's values have no name of their own
        return
    *_, parent, leaf = column.path.split(".")
    name = snake(leaf)
    if parent == "flow" and not name.startswith("flow_"):
        name = f"flow_{name}"
    assert column.name == name


def snake(name: str) -> str:
    """Tell the rule of the documentation, step by step."""
    name = re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_")
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name).lower()


@pytest.mark.parametrize(
    ("api", "column"),
    [
        ("tTalk", "t_talk"),
        ("nOverSla", "n_over_sla"),
        ("minRFactor", "min_r_factor"),
        ("mediaStatsMinConversationRFactor", "media_stats_min_conversation_r_factor"),
        ("q850ResponseCodes", "q850_response_codes"),
        ("supportURI", "support_uri"),
        ("OAuthClient", "o_auth_client"),
        ("$schema", "schema"),
        ("p95", "p95"),
        ("acceptsSMS", "accepts_sms"),
        ("nKnowledgeV3Search", "n_knowledge_v3_search"),
    ],
)
def test_the_snake_case_rule_itself(api, column):
    assert snake(api) == column


@pytest.mark.parametrize("table", DATASET.tables, ids=lambda table: table.name)
def test_every_key_names_columns_that_are_there(table: Table):
    assert table.primary_key
    assert set(table.primary_key) <= set(table.names)
    for key in table.foreign_keys:
        there = DATASET.table(key.references)
        assert key.ref_columns == there.primary_key
        own = [table.column(name).type for name in key.columns]
        theirs = [there.column(name).type for name in key.ref_columns]
        assert own == theirs


@pytest.mark.parametrize("table", DATASET.tables, ids=lambda table: table.name)
def test_every_table_can_be_deleted_by_day_and_joined_by_conversation(table: Table):
    assert table.column("conversation_date").type is Type.DATE
    assert table.column("conversation_id").type is Type.STRING


def test_every_table_keeps_what_has_no_column_but_the_one_of_pairs():
    without = [table.name for table in DATASET.tables if not table.of_kind(Kind.EXTRA)]
    assert without == ["participant_attributes"]
    for table in DATASET.tables:
        if extra := table.of_kind(Kind.EXTRA):
            assert table.columns[-1] is extra[0]
            assert extra[0].name == "_extra"


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda one: one.name)
def test_every_column_says_what_it_means(table: Table, column):
    del table
    assert column.description
    assert len(column.description.split()) <= 15
    has_source = bool(column.path) or bool(column.rule) or column.kind in (Kind.KEY, Kind.EXTRA)
    assert has_source


# --- the dictionary --------------------------------------------------------------------------


def test_the_text_shows_every_column_of_every_table_with_all_that_is_declared():
    text = as_text([DATASET])
    sections = re.split(r"^(\w+): .*\n=+\n", text, flags=re.MULTILINE)
    shown = dict(zip(sections[1::2], sections[2::2], strict=True))
    assert list(shown) == [table.name for table in DATASET.tables]
    rules = " ".join(text.partition("\nRules\n=====\n")[2].split())
    for table, column in COLUMNS:
        entry = re.search(
            rf"^  {re.escape(column.name)}  (.*\n(?:      .*\n?)*)",
            shown[table.name],
            re.MULTILINE,
        )
        assert entry is not None, column.name
        flat = " ".join(entry[1].split())
        unit = "" if column.type is Type.DATE else column.unit
        for said in (column.type.value, unit, column.description, column.path):
            assert " ".join((said or "").split()) in flat
        shared = re.search(r" (rule \d+)$", flat)
        said = f"{shared[1]}: {column.rule}" if shared else f"rule: {column.rule}"
        general = re.sub(r'"[nto][A-Z]\w*"', "METRIC", said) if shared else said
        assert not column.rule or general in (rules if shared else flat)


def test_the_text_is_readable_at_a_hundred_columns():
    assert max(len(line) for line in as_text([DATASET]).splitlines()) <= WIDTH


def test_the_text_can_be_of_some_tables_in_the_declared_order():
    text = as_text([DATASET], ["segments", "conversations"])
    heads = re.findall(r"^(\w+): .*\n=+$", text, re.MULTILINE)
    assert heads == ["conversations", "segments"]


def test_no_tables_named_means_all():
    assert as_text([DATASET], ()) == as_text([DATASET])
    assert as_markdown([DATASET], []) == as_markdown([DATASET])


@pytest.mark.parametrize("render", [as_text, as_markdown])
def test_several_datasets_stand_one_after_the_other(render):
    both = (DATASET, dataset_named(NAMES))
    page, own = render(both), render([dataset_named(NAMES)])
    assert page.startswith(render([DATASET]))
    assert page.endswith(own[own.index("27 tables") :])
    assert render(both, ["dim_users"]) == render([dataset_named(NAMES)], ["dim_users"])
    with pytest.raises(WrongUse, match="no table calls"):
        render(both, ["dim_users", "calls"])


@pytest.mark.parametrize("render", [as_text, as_markdown])
def test_a_table_that_is_not_there_is_wrong_use(render):
    with pytest.raises(WrongUse, match="no table calls") as caught:
        render([DATASET], ["sessions", "calls"])
    assert "session_metrics" in caught.value.advice


def rows_of(section: str) -> list[list[str]]:
    """Return the rows of a table; one of several columns as one for each."""
    lines = [line for line in section.splitlines() if line.startswith("|`")]
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    return [[name, *rest] for names, *rest in rows for name in named(names)]


def named(cell: str) -> list[str]:
    """Return the columns that a cell names; `a` … `z` are the readings of conversations."""
    found = re.findall(r"`(\w+)`", cell)
    if " … " not in cell:
        return found
    readings = (Kind.SUM, Kind.COUNT)
    there = [one.name for one in DATASET.table("conversations").columns if one.kind in readings]
    assert found == [there[0], there[-1]]
    return there


def test_the_markdown_has_a_row_for_every_column_with_its_class():
    head, *sections = re.split(r"^### (\w+)\n", as_markdown([DATASET]), flags=re.MULTILINE)
    shown = dict(zip(sections[::2], sections[1::2], strict=True))
    shared = {row[0]: row for row in rows_of(head.partition("*shared*")[2])}
    for table in DATASET.tables:
        rows = rows_of(shown[table.name])
        assert [row[0] for row in rows] == list(table.names)
        for row, column in zip(rows, table.columns, strict=True):
            if row[1].startswith("*as in conversations*"):
                there = DATASET.table("conversations").column(column.name)
                assert column.kind in {Kind.SUM, Kind.COUNT}
                assert replace(there, rule=column.rule) == replace(column, path=there.path)
                continue
            if column.kind is Kind.COUNT:  # in one row with its sum
                assert table.names[table.names.index(column.name) - 1] + "_count" == column.name
                continue
            _, kind, meaning = row if row[1] != "*shared*" else shared[row[0]]
            assert kind.startswith(f"`{column.type.value}`")
            assert column.unit in kind or column.type in (Type.DATE, Type.TIMESTAMP)
            for each in PersonalData:
                is_marked = f"*{each.value}*" in kind
                assert is_marked == (each is column.personal_data is not PersonalData.NONE)
            plain = meaning.replace("&lt;", "<").replace("\\", "")
            assert plain.startswith(column.description)
            told = plain.removeprefix(column.description)
            rule = "" if column.kind is Kind.SUM else column.rule
            assert told.endswith(f" *Rule:* {rule}." if rule else source(table, column))
            assert told.startswith(source(table, column))


def source(table: Table, column) -> str:
    """Return what the page has to say of a column's path, by the page's own rules."""
    if not column.path or column.kind is Kind.MAP_KEY:
        return ""
    if column.kind is Kind.CARRIED:
        return f" Copied from `{column.path}`."
    own = column.path.removeprefix(table.path).removeprefix(".")
    leaf = re.sub(r'.*metrics\[\?name=="(\w+)"\]\.value', r"\1", own)
    is_said = not own or own.endswith("[]") or ("." not in leaf and snake(leaf) == column.name)
    return "" if is_said else f" From `{own}`."


def test_no_name_of_a_sum_hides_another_field():
    for table in DATASET.tables:
        if table.of_kind(Kind.SUM):
            alike = [one for one in table.columns if re.match("[nt]_", one.name)]
            assert {one.kind for one in alike} == {Kind.SUM, Kind.COUNT}


def test_foreign_keys_are_the_primary_keys_of_other_tables_so_the_page_names_these_only():
    for table in DATASET.tables:
        for key in table.foreign_keys:
            assert key.columns == key.ref_columns == DATASET.table(key.references).primary_key


def test_a_column_that_few_of_the_chosen_tables_have_is_shown_with_them():
    assert "*shared*" not in as_markdown([DATASET], ["segments", "sessions"])


def test_what_the_page_says_once_of_sums_and_their_counts_is_so():
    head = as_markdown([DATASET]).partition("\n### ")[0]
    for table in DATASET.tables:
        rules = {re.sub(r'"\w+"', "METRIC", one.rule) for one in table.of_kind(Kind.SUM)}
        assert len(rules) <= 1
        assert all(f"* in `{table.name}`: {rule}." in head for rule in rules)
        for count in table.of_kind(Kind.COUNT):
            its_sum = table.column(count.name.removesuffix("_count"))
            assert its_sum.kind is Kind.SUM
            assert its_sum.path == f"{count.path}.value"
            assert (count.type.value, count.unit) == ("int64", "count")
            assert "null when there is none (not 0); the divisor for the average" in count.rule


def test_a_rule_that_many_columns_share_is_stated_once():
    page = as_markdown([DATASET])
    for rule in ("date of conversationStart", "sum(value) over participants[]"):
        assert page.count(rule) == 1, rule
    assert "date of conversationStart" not in as_markdown([dataset_named(NAMES)])


def test_links_of_the_markdown_lead_somewhere():
    for page in (as_markdown([DATASET]), as_markdown([DATASET], ["segments"])):
        targets = set(re.findall(r"\]\(#(\w+)\)", page))
        assert targets <= set(re.findall(r"^### (\w+)$", page, re.MULTILINE))


def test_the_reference_page_is_the_dictionary():
    page = HERE.parent / "docs" / "reference" / "tables.md"
    assert page.read_text("utf-8") == as_markdown([*datasets()]), (
        "run: genesys-export tables --markdown --dataset (all) > docs/reference/tables.md"
    )
