"""Shards: every organisation in exactly one of them, and indexes of schedulers understood."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesys_export.errors import WrongUse
from genesys_export.settings import load
from genesys_export.settings.shards import Shard, read_shard, shard_of

ORGS = "".join(
    f'[orgs.{name}]\nclient_id = "{name}"\nclient_secret = "hush"\nregion = "eu-west-1"\n'
    for name in ("emea", "apac", "latam", "amer")
)
KUBERNETES, BATCH = "JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"
SIZE, OWN = "AWS_BATCH_JOB_ARRAY_SIZE", "GENESYS_EXPORT_SHARD"


@given(st.sets(st.text("abc", min_size=1), max_size=30), st.integers(1, 20))
def test_every_organisation_is_in_exactly_one_shard_and_shards_are_even(orgs, count):
    shards = [shard_of(orgs, number, count) for number in range(1, count + 1)]
    assert sorted(one for each in shards for one in each) == sorted(orgs)
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


def test_the_order_of_the_settings_does_not_matter():
    assert shard_of(["b", "a", "c"], 1, 2) == shard_of(["c", "b", "a"], 1, 2) == ("a", "c")


@pytest.mark.parametrize(
    ("text", "environ", "shard"),
    [
        ("3/16", {}, "3/16"),
        ("16/16", {KUBERNETES: "0"}, "16/16"),  # what is written wins
        ("auto/16", {KUBERNETES: "0"}, "1/16"),
        ("auto/16", {KUBERNETES: "15"}, "16/16"),
        ("auto", {BATCH: "2", SIZE: "16"}, "3/16"),
        ("auto/16", {BATCH: "2", SIZE: "16"}, "3/16"),
        ("auto", {BATCH: "2", SIZE: "16", KUBERNETES: "7"}, "3/16"),
        ("auto", {OWN: "3/16"}, "3/16"),
        ("auto/16", {OWN: "3/16", KUBERNETES: "7"}, "3/16"),
        (None, {OWN: "3/16"}, "3/16"),
        (None, {OWN: "auto/4", KUBERNETES: "3"}, "4/4"),
        ("auto", {OWN: "auto", BATCH: "1", SIZE: "2"}, "2/2"),
    ],
)
def test_a_shard_is_written_or_found_in_the_environment(text, environ, shard):
    assert str(read_shard(text, environ)) == shard


def test_without_a_shard_there_is_none():
    assert read_shard(None, {KUBERNETES: "1"}) is None


@pytest.mark.parametrize(
    ("text", "environ", "words"),
    [
        ("0/16", {}, "shard 0/16 does not exist: shards are numbered from 1 to 16"),
        ("17/16", {}, "shards are numbered from 1 to 16"),
        ("1/0", {}, "at least one shard"),
        ("3", {}, "shard '3' is not valid"),
        ("3/16/2", {}, "is not valid"),
        ("-1/3", {}, "is not valid"),
        ("١/٣", {}, "is not valid"),
        ("auto/x", {}, "is not valid"),
        ("auto", {}, "none of GENESYS_EXPORT_SHARD, AWS_BATCH_JOB_ARRAY_INDEX and"),
        ("auto", {KUBERNETES: "3"}, "nothing says how many shards there are"),
        ("auto/16", {KUBERNETES: "16"}, "is 16, but there are only the indexes 0 to 15"),
        ("auto/16", {KUBERNETES: "one"}, "JOB_COMPLETION_INDEX is 'one', not a whole number"),
        ("auto", {BATCH: "1", SIZE: "many"}, "AWS_BATCH_JOB_ARRAY_SIZE is 'many', not a whole"),
        ("auto/0", {KUBERNETES: "0"}, "there must be at least one shard"),
        ("auto/8", {BATCH: "1", SIZE: "16"}, "AWS_BATCH_JOB_ARRAY_SIZE is 16, which is another"),
        ("auto/8", {OWN: "3/16"}, "GENESYS_EXPORT_SHARD is 3/16, which is another count"),
        ("auto", {OWN: "three"}, "shard 'three' is not valid"),
        (None, {OWN: "0/3"}, "shards are numbered from 1 to 3"),
        ("", {}, "--shard is empty"),
        ("", {OWN: "1/3"}, "--shard is empty"),
        (None, {OWN: ""}, "GENESYS_EXPORT_SHARD is empty"),
    ],
)
def test_a_shard_that_makes_no_sense_is_refused_with_what_to_write(text, environ, words):
    with pytest.raises(WrongUse, match=words) as caught:
        read_shard(text, environ)
    assert caught.value.status == 2
    assert caught.value.advice


@pytest.mark.parametrize(
    ("index", "words", "not_words"),
    [(BATCH, "array size", "spec.completions"), (KUBERNETES, "spec.completions", "Batch")],
)
def test_an_index_without_a_count_is_told_where_that_scheduler_has_it(index, words, not_words):
    with pytest.raises(WrongUse) as caught:
        read_shard("auto", {index: "1"})
    assert words in caught.value.advice
    assert not_words not in caught.value.advice


@pytest.mark.parametrize(("text", "called"), [("2/3", "--shard 2/3"), (None, f"{OWN} 1/2")])
def test_one_organisation_and_a_shard_exclude_each_other(tmp_path, text, called):
    with pytest.raises(WrongUse, match=f"--org emea and {called} exclude each other") as caught:
        read(tmp_path, ORGS, org="emea", shard=text)
    assert "Leave one out" in caught.value.advice


@pytest.mark.parametrize("index", [BATCH, KUBERNETES])
def test_an_index_that_nobody_uses_is_told(tmp_path, index):
    told = f"{index} is set but --shard is not given: this process exports all organisations"
    assert told in read(tmp_path, ORGS, {index: "1"}, shard=None).warnings
    for flags in ({}, {"shard": "1/2"}, {"shard": None, "org": "emea"}):
        assert told not in read(tmp_path, ORGS, {index: "1"}, **flags).warnings
    one = ORGS.partition("[orgs.apac]")[0]
    assert told not in read(tmp_path, one, {index: "1"}, shard=None).warnings


def read(tmp_path, text, environ=None, **flags):
    (tmp_path / "genesys-export.toml").write_text(text)
    flags_given: Any = flags
    variables = {OWN: "1/2"} if environ is None else environ
    return load(flags=flags_given, environ=variables, cwd=tmp_path)


def test_settings_have_the_organisations_of_the_shard(tmp_path):
    found = read(tmp_path, ORGS, shard="2/3")
    assert found.org_names == ("apac",)
    assert [org.name for org in found.require_source()] == ["apac"]
    assert found.why_idle == ""


def test_the_variable_counts_for_exports_alone(tmp_path):
    assert read(tmp_path, ORGS, shard=None).org_names == ("amer", "emea")
    assert read(tmp_path, ORGS).org_names == ("amer", "apac", "emea", "latam")


def test_a_shard_beyond_the_organisations_is_empty_and_says_so(tmp_path):
    found = read(tmp_path, ORGS, shard="5/5")
    assert found.require_source() == ()
    assert found.why_idle == (
        "shard 5/5 has no organisation: the settings have 4 organisations, each in one shard"
    )


def test_the_only_organisation_is_in_the_first_shard(tmp_path):
    only = '[genesys]\nclient_id = "a"\nclient_secret = "hush"\nregion = "eu-west-1"\n'
    assert [org.name for org in read(tmp_path, only, shard="1/3").require_source()] == [""]
    assert read(tmp_path, only, shard="2/3").require_source() == ()


def test_a_shard_says_its_name():
    assert str(Shard(3, 16)) == "3/16"
