"""Every field: its own column where it fits, `_extra` where it does not or is not known."""

from __future__ import annotations

import json

import pytest
from plain import KNOWN, LEAF_TYPES, TABLES
from program import HEAD, extras, made_of, record, run
from strategies import DAY, INTERVAL

from genesys_export.datasets import EXTRA
from genesys_export.model import Counts


def filled(path: str, value_of) -> dict:
    """Return the object at `path` with all its leaves, and one object in every array below."""
    tree = {name: value_of(at, name) for at, name in LEAF_TYPES if at == path}
    for deeper in KNOWN:
        parent, _, step = deeper.rpartition(".")
        if parent == path:
            below = filled(deeper, value_of)
            tree[step.removesuffix("[]")] = [below] if step.endswith("[]") else below
    if path == "$.participants[]":
        tree["attributes"] = {"key": "value"}
    return tree


def canary(path: str, name: str):
    """Return a value that no other leaf has (but for booleans)."""
    number = sorted(LEAF_TYPES).index((path, name)) + 1
    return {
        "string": f"text {number}",
        "int64": number,
        "float64": number + 0.5,
        "bool": True,
        "timestamp[ms, UTC]": f"2026-11-22T09:00:00.{number:03}Z",
        "list<string>": [f"text {number}", None],
        "list<int64>": [number, None],
    }[LEAF_TYPES[path, name]]


def test_every_one_of_the_211_leaves_arrives_in_its_own_column():
    made = made_of(json.dumps(filled("$", canary) | HEAD).encode())
    assert made.counts == Counts(received=1, exported=1)
    checked = 0
    for table in TABLES:
        (row,) = made.tables[table["name"]]
        for column in table["columns"]:
            if column["kind"] != "field":
                continue
            parent, _, name = column["path"].rpartition(".")
            wanted = "value" if name == "attributes" else HEAD.get(name) or canary(parent, name)
            assert row[column["name"]] == wanted, column["path"]
            checked += 1
    assert checked == 211


def test_a_value_that_fits_no_column_is_kept_under_its_api_name_wherever_it_stands():
    leaves = sorted(set(LEAF_TYPES) - {("$", name) for name in HEAD})
    odd = {(path, name): {"odd": number} for number, (path, name) in enumerate(leaves)}
    made = made_of(json.dumps(filled("$", lambda *leaf: odd.get(leaf)) | HEAD).encode())
    assert made.counts.drift == len(leaves)
    assert made.counts.unknown_fields == {}
    kept = {table["path"]: extras(made, table["name"]) for table in TABLES if has_extra(table)}
    for (path, name), value in odd.items():
        holder = kept[path.removesuffix(".flow")][0]
        assert (holder["flow"] if path.endswith(".flow") else holder)[name] == value
    for table in TABLES:
        (row,) = made.tables[table["name"]]
        fields = [column["name"] for column in table["columns"] if column["kind"] == "field"]
        values = {row[name] for name in fields} - {"c1", HEAD["conversationStart"], "value"}
        assert values <= {None}


def has_extra(table: dict) -> bool:
    return any(column["kind"] == "extra" for column in table["columns"])


def test_an_unknown_field_is_kept_and_counted_at_every_level():
    tree = filled("$", lambda *_: None) | HEAD

    def plant(value):
        if isinstance(value, list):
            return [plant(one) for one in value]
        if not isinstance(value, dict) or "key" in value:
            return value
        return {name: plant(one) for name, one in value.items()} | {"newField": {"is": [1, None]}}

    made = made_of(json.dumps(plant(tree)).encode())
    assert made.counts.drift == 0
    assert made.counts.unknown_fields == {f"{path}.newField": 1 for path in KNOWN}
    for table in filter(has_extra, TABLES):
        (extra,) = extras(made, table["name"])
        assert extra.pop("newField") == {"is": [1, None]}
        in_flow = {"flow": {"newField": {"is": [1, None]}}}
        assert extra == (in_flow if table["name"] == "sessions" else {})


def test_extra_comes_in_order_of_name_and_keeps_the_sources_spelling():
    raw = (
        b'{"zz":1.50,"conversationStart":"2026-11-22T08:00:00.000Z","aa":{"b" : 1E5,"b":2},'
        b'"selfServed":"yes","conversationId":"c1","aa2":"\\ud800\\u00e9","mm":-0}'
    )
    (row,) = made_of(raw).tables["conversations"]
    assert row["_extra"] == (
        '{"aa":{"b":1E5,"b":2},"aa2":"\\ud800\\u00e9","mm":-0,"selfServed":"yes","zz":1.50}'
    )


def test_a_key_that_comes_twice_keeps_both_values():
    raw = record()[:-1] + b',"externalTag":"a","externalTag":"b","new":1,"new":2,"new":2}'
    made = made_of(raw)
    (row,) = made.tables["conversations"]
    assert row["external_tag"] == "b"
    assert row["_extra"] == '{"externalTag":"a","new":1,"new":2}'
    assert made.counts.drift == 2
    assert made.counts.unknown_fields == {"$.new": 1}


def test_a_record_cant_write_the_extra_column_itself():
    made = made_of(record(**{EXTRA: '{"planted":true}'}))
    assert extras(made, "conversations") == [{EXTRA: '{"planted":true}'}]
    assert made.counts.unknown_fields == {f"$.{EXTRA}": 1}


@pytest.mark.parametrize("value", [None, "text", 1])
def test_a_key_called_like_the_extra_column_is_unknown_after_drift_too(value):
    odd, planted = record(conversationId="odd", selfServed="yes"), record(**{EXTRA: value})
    made = run([odd, planted], DAY, INTERVAL, cuts=[1])
    assert extras(made, "conversations") == [{"selfServed": "yes"}, {EXTRA: value}]
    assert made.counts.unknown_fields == {f"$.{EXTRA}": 1}


def test_a_field_first_met_beside_an_unknown_one_is_what_it_is_declared_as():
    mos = {"mediaStatsMinConversationMos": 4}  # alone, Arrow would take it for an int
    odd, good = record(conversationId="odd", **mos, novelty=1), record(**mos)
    made = run([odd, good], DAY, INTERVAL, cuts=[1])
    values = [row["media_stats_min_conversation_mos"] for row in made.tables["conversations"]]
    assert (values, [type(value) for value in values]) == ([4.0, 4.0], [float, float])
    assert made.counts.unknown_fields == {"$.novelty": 1}


def test_drift_on_one_page_does_not_change_the_next():
    odd, good = record(conversationId="odd", selfServed="yes"), record(conversationId="good")
    made = run([odd, good], DAY, INTERVAL, cuts=[1])
    assert extras(made, "conversations") == [{"selfServed": "yes"}, None]


# --- numbers, times, attributes --------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "whole", "double"),
    [
        ("2", 2, 2.0),
        ("2.0", 2, 2.0),
        ("2e0", 2, 2.0),
        ("-0", 0, 0.0),
        ("2.5", None, 2.5),
        ("9223372036854775807.0", 2**63 - 1, 2.0**63),
        ("9223372036854775808", None, 2.0**63),
        ("-9223372036854775808", -(2**63), -(2.0**63)),
        ("1e400", None, None),
        ("1e99999999999999999999", None, None),
        ("1e-400", None, 0.0),
        ("1e999999", None, None),
        ("1e-99999999999999999999", None, 0.0),
        ("9" * 5000, None, None),
        ('"2"', None, None),
        ("true", None, None),
    ],
)
def test_a_number_fits_its_column_exactly_or_drifts(text, whole, double):
    raw = record(
        evaluations=[{"oTotalScore": "NUMBER"}],
        participants=[{"sessions": [{"mediaCount": "NUMBER"}]}],
    )
    made = made_of(raw.replace(b'"NUMBER"', text.encode()))
    (session,), (evaluation,) = made.tables["sessions"], made.tables["evaluations"]
    assert session["media_count"] == whole
    assert evaluation["o_total_score"] == double
    assert made.counts.drift == [whole, double].count(None)
    assert session["_extra"] == (None if whole is not None else f'{{"mediaCount":{text}}}')


def test_sums_that_no_int64_holds_are_null_and_not_wrapped_round():
    most = {"name": "tTalk", "value": 2**63 - 1}
    least = {"name": "tAcw", "value": -(2**63)}
    one = {"name": "tTalk", "value": 1}
    sessions = [{"metrics": [most, one, least]}, {"metrics": [{"name": "tHeld", "value": 4}]}]
    made = made_of(record(participants=[{"sessions": sessions}]))
    (row,) = made.tables["conversations"]
    assert (row["t_talk"], row["t_acw"], row["t_held"]) == (None, -(2**63), 4)
    assert row["t_acw_count"] == 1


def test_attributes_that_are_no_text_are_json_text_and_counted():
    attributes = {"a": 1, "b": {"c": [True]}, "d": None, "e": "000123", "f": ""}
    made = made_of(record(participants=[{"attributes": attributes}]))
    found = {
        r["attribute_key"]: r["attribute_value"] for r in made.tables["participant_attributes"]
    }
    assert found == {"a": "1", "b": '{"c":[true]}', "d": None, "e": "000123", "f": ""}
    assert made.counts.drift == 2
    assert extras(made, "participants") == [None]


def test_attributes_with_lone_surrogates_are_kept_beside_their_participant():
    made = made_of(record(participants=[{"attributes": {"a": "\ud800", "\udc00": "b", "c": "d"}}]))
    rows = made.tables["participant_attributes"]
    assert [(r["attribute_key"], r["attribute_value"]) for r in rows] == [("a", None), ("c", "d")]
    (row,) = made.tables["participants"]
    assert row["_extra"] == '{"attributes":{"a":"\\ud800","\\udc00":"b"}}'
    assert made.counts.drift == 2


def test_the_same_attributes_come_out_of_both_paths():
    attributes = {"a": 'x "attributes":{"a":"b"} y', "000123": "", "ü": "\n"}
    quick = record(participants=[None, {"participantId": "p", "attributes": attributes}])
    exact = quick[:-1] + b',"new":1}'
    tables = [made_of(raw).tables["participant_attributes"] for raw in (quick, exact)]
    assert tables[0] == tables[1]
    assert [row["attribute_value"] for row in tables[0]] == list(attributes.values())
    assert {row["participant_index"] for row in tables[0]} == {1}
