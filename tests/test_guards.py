"""What no export does to a published day, unless a person says so."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesys_export.days import Interval
from genesys_export.errors import DataMismatch, TryAgainLater, WrongSettings
from genesys_export.guards import (
    check_recipe,
    check_shrink,
    check_watermark,
    differences,
    lowest_watermark,
)
from genesys_export.manifest import Manifest, Recipe, decode
from genesys_export.model import Counts, SliceRecord

START = datetime(2026, 11, 22, tzinfo=UTC)
END = START + timedelta(1)
HOUR = timedelta(hours=1)
RECIPE = Recipe(
    timezone="UTC",
    engine="jobs",
    filters={},
    tables=("conversations", "sessions"),
    format="csv.gz",
    layout="daily",
    csv={"newlines": "keep"},
    column_version=1,
)
law = settings(max_examples=200, derandomize=True, database=None, deadline=None)


def slices(*watermarks: datetime | None) -> tuple[SliceRecord, ...]:
    whole = SliceRecord(interval=Interval(START, END), watermark=None, fetched=END, job_ids=())
    return tuple(replace(whole, watermark=mark) for mark in watermarks)


def manifest(*watermarks: datetime | None, recipe: Recipe = RECIPE) -> Manifest:
    return Manifest(
        dataset="conversation_details",
        day="2026-11-22",
        interval=Interval(START, END),
        timezone="UTC",
        recipe=recipe,
        state="provisional",
        attempt="a",
        attempts=(),
        tool_version="1",
        slices=slices(*watermarks),
        tables={},
        digest="0" * 64,
        counts=Counts(),
        rejects=None,
        began=END,
        ended=END,
    )


# --- the watermark ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("watermarks", "lowest"),
    [
        ((END + HOUR, END, END + 2 * HOUR), END),
        ((END, None), None),
        ((None, END), None),
        ((), None),
    ],
)
def test_a_day_is_as_complete_as_its_least_complete_slice(watermarks, lowest):
    assert lowest_watermark(slices(*watermarks)) == lowest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((END,), END),
        ((END + HOUR, END), END + HOUR),
        ((END + HOUR, END), END),
        ((None,), END),
        ((None,), None),
        ((END, None), None),
    ],
)
def test_a_day_may_be_read_again_at_the_same_or_a_higher_watermark(old, new):
    check_watermark(manifest(*old), new)


def test_a_day_read_at_a_lower_watermark_replaces_nothing():
    with pytest.raises(TryAgainLater) as refused:
        check_watermark(manifest(END + 2 * HOUR, END + HOUR), END)
    assert refused.value.status == 75
    assert refused.value.message == (
        "2026-11-22 was published when Genesys's data reached 2026-11-23T01:00:00.000Z;"
        " now it reaches only 2026-11-23T00:00:00.000Z; "
        "the previously published version is unchanged"
    )


def test_an_engine_without_watermark_replaces_no_day_that_has_one():
    with pytest.raises(TryAgainLater, match="can't tell how far its data reaches") as refused:
        check_watermark(manifest(END), None)
    assert "jobs" in refused.value.advice


# --- shrinking -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "gone"),
    [
        (10_000, 0),
        (10_000, 200),  # two in a hundred
        (20, 20),  # all of a quiet day
        (0, 0),
        (1_000, 20),
        (1_050, 21),
    ],
)
def test_a_day_may_lose_a_few_conversations_or_a_small_share(before, gone):
    check_shrink("2026-11-22", before, gone, accept=False)


@pytest.mark.parametrize(("before", "gone"), [(10_000, 201), (1_049, 21), (21, 21)])
def test_a_day_that_lost_many_is_kept_as_it_was(before, gone):
    with pytest.raises(DataMismatch):
        check_shrink("2026-11-22", before, gone, accept=False)
    check_shrink("2026-11-22", before, gone, accept=True)


def test_who_reads_of_a_shrunken_day_learns_how_far_why_and_what_to_do():
    with pytest.raises(DataMismatch) as refused:
        check_shrink("2026-11-22", 12_000, 1_500, accept=False)
    assert refused.value.status == 65
    assert refused.value.message == (
        "2026-11-22: 1,500 of the 12,000 conversations published before are gone (12.5%); "
        "the previously published version is unchanged"
    )
    assert "division" in refused.value.advice
    with pytest.raises(DataMismatch, match="1,500 of the 12,000 statuses published before"):
        check_shrink("2026-11-22", 12_000, 1_500, accept=False, records="statuses")
    assert "--accept-shrink" in refused.value.advice


# --- the recipe ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ()),
        ({"format": "parquet"}, ("format: csv.gz -> parquet",)),
        ({"timezone": "Europe/Berlin"}, ("time zone: UTC -> Europe/Berlin",)),
        ({"keep_raw": True}, ("raw records: false -> true",)),
        ({"csv": {"newlines": "space"}}, ("CSV newlines: keep -> space",)),
        ({"csv": {}}, ("CSV newlines: keep -> none",)),
        ({"tables": ("conversations",)}, ("tables: now without sessions",)),
        (
            {"tables": ("segments", "sessions")},
            ("tables: now with segments, now without conversations",),
        ),
        ({"tables": ("sessions", "conversations")}, ("tables: in a different order",)),
        (
            {"privacy": {"columns": {"sessions.ani": "hash"}, "key": "00ff"}},
            ('privacy columns: none -> {"sessions.ani":"hash"}', "privacy key: none -> 00ff"),
        ),
        (
            {"engine": "query", "layout": "hive"},
            ("engine: jobs -> query", "layout: daily -> hive"),
        ),
    ],
)
def test_what_differs_is_told_field_by_field(changes, told):
    assert differences(RECIPE, replace(RECIPE, **changes)) == told


def test_columns_that_this_version_does_not_have_are_told():
    newer = replace(RECIPE, column_version=2)
    assert differences(newer, RECIPE) == ("column version: 2 -> 1",)


def test_days_with_fewer_columns_may_stay_beside_those_with_more():
    old = replace(RECIPE, tables=("dim_users",), privacy={"columns": {"dim_users.name": "hash"}})
    more = {"columns": {"dim_users.name": "hash", "dim_users._extra": "drop"}}
    new = replace(old, column_version=2, privacy=more)
    assert differences(old, new) == ()
    assert old.is_kept_by(new)
    assert not old.is_like(new)
    other = replace(new, privacy={"columns": {"dim_users._extra": "drop"}})
    assert differences(old, other) == ('privacy columns: {"dim_users.name":"hash"} -> none',)
    assert differences(new, old) != ()
    assert not new.is_kept_by(old)


def test_tables_within_tables_are_told_apart_key_by_key():
    old = replace(RECIPE, privacy={"columns": {"sessions.ani": "hash", "sessions.dnis": "drop"}})
    new = replace(RECIPE, privacy={"columns": {"sessions.ani": "mask", "sessions.dnis": "drop"}})
    assert differences(old, new) == ("privacy columns sessions.ani: hash -> mask",)


def test_nothing_is_cut_off():
    many = tuple(f"{'table' * 5}_{n}" for n in range(15))
    (told,) = differences(RECIPE, replace(RECIPE, layout="x" * 500))
    assert told.endswith("x" * 500)
    (told,) = differences(RECIPE, replace(RECIPE, tables=(*RECIPE.tables, *many[:3])))
    assert told == f"tables: now with {', '.join(many[:3])}"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("abcdefghijklmno", "k", "tables: were 15, now only k"),
        ("k", "abcdefghijklmno", "tables: were only k, now 15"),
        ("abcdef", "abcd", "tables: now without e, f"),
    ],
)
def test_a_few_tables_are_named_rather_than_all_that_are_gone(old, new, told):
    kept, wanted = (replace(RECIPE, tables=tuple(names)) for names in (old, new))
    assert differences(kept, wanted) == (told,)


def test_what_follows_from_another_format_is_not_told_as_well():
    new = replace(RECIPE, format="parquet", csv={})
    assert differences(RECIPE, new) == ("format: csv.gz -> parquet",)


def test_what_people_filter_by_is_told_by_its_fingerprint_only():
    filtered = [{"dimension": "ani", "value": f"tel:+4366012345{n}"} for n in range(2)]
    one, other = (replace(RECIPE, filters={"segmentFilters": [each]}) for each in filtered)
    own = replace(RECIPE, query_body=f'{{"segmentFilters":[{filtered[0]}]}}')
    told = [*differences(one, other), *differences(RECIPE, own), *differences(one, RECIPE)]
    assert not [phrase for phrase in told if "660" in phrase]
    assert told[0].startswith("filters: segmentFilters (fingerprint ")
    assert len({part for part in told[0].split() if part.endswith(")")}) == 2
    assert told[1].startswith("query body: none -> (fingerprint ")
    assert told[2].endswith(" -> none")


def test_another_recipe_is_refused_with_what_differs_until_it_is_wished_for():
    new = replace(RECIPE, format="parquet", csv={})
    with pytest.raises(WrongSettings) as refused:
        check_recipe(RECIPE, new, rewrite=False)
    assert refused.value.status == 78
    assert refused.value.message.endswith(": format: csv.gz -> parquet")
    assert "--rewrite" in refused.value.advice
    check_recipe(RECIPE, new, rewrite=True)
    check_recipe(RECIPE, replace(RECIPE), rewrite=False)


def test_a_recipe_read_back_from_a_manifest_is_the_same_recipe():
    recipe = replace(RECIPE, filters={"segmentFilters": ({"a": ("b", "c")},)})
    read = decode(manifest(END, recipe=recipe).encode(), "there").recipe
    assert differences(recipe, read) == ()


json = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", "a", "b"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("kl"), inner, max_size=2)
    ),
    max_leaves=6,
)
tables = st.dictionaries(st.sampled_from("xyz"), json, max_size=3)
recipes = st.builds(
    Recipe,
    timezone=st.sampled_from(["UTC", "Europe/Berlin"]),
    engine=st.sampled_from(["jobs", "query"]),
    filters=tables,
    tables=st.lists(st.sampled_from("abc"), max_size=3).map(tuple),
    format=st.just("csv.gz"),
    layout=st.just("daily"),
    csv=st.dictionaries(st.sampled_from("mn"), st.sampled_from(["", "none"]), max_size=2),
    column_version=st.integers(1, 2),
    query_body=st.sampled_from([None, "", "{}"]),
    privacy=tables,
    keep_raw=st.booleans(),
)


@law
@given(recipes, recipes)
def test_recipes_differ_in_words_exactly_when_their_fingerprints_do(old, new):
    assert bool(differences(old, new)) == (old.fingerprint != new.fingerprint)


@law
@given(recipes, recipes, st.sampled_from([field.name for field in fields(Recipe)]))
def test_a_difference_in_one_field_is_told_of_that_field_alone(old, other, name):
    new = replace(old, **{name: getattr(other, name)})
    told = differences(old, new)
    called = {
        "timezone": "time zone",
        "csv": "CSV",
        "column_version": "column version",
        "query_body": "query body",
        "keep_raw": "raw records",
    }.get(name, name)
    assert all(phrase.startswith(called) for phrase in told)
