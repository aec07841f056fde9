"""How single values are written."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesys_export.assembly.connections import answer_bytes
from genesys_export.settings import addresses, values, written_json


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90s", 90),
        ("15m", 900),
        ("2h", 7200),
        ("2H", 7200),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("250ms", 0.25),
        ("4d", 345_600),
        ("PT2H", 7200),
        ("pt2h", 7200),
        ("PT1M30.5S", 90.5),
        ("P1DT1H", 90_000),
        ("P2D", 172_800),
        ("0s", 0),
        (timedelta(minutes=1), 60),
    ],
)
def test_durations_are_read(written, seconds):
    assert values.duration(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "written", ["", "90", 90, "2 hours", "-1s", "P", "PT", "P1DT", "1w", "1s-", "²s", "1e3s"]
)
def test_what_is_no_duration_is_refused(written):
    with pytest.raises(ValueError, match="not a duration"):
        values.duration(written)


@given(st.integers(0, 10**6), st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_a_duration_is_its_number_times_its_unit(number, unit):
    one = values.duration(f"1{unit}")
    assert values.duration(f"{number}{unit}") == number * one


def test_none_is_no_duration_at_all():
    assert values.duration_or_none("none") is None
    assert values.duration_or_none(None) is None
    assert values.duration_or_none("2h") == timedelta(hours=2)


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("8MiB", 8 * 2**20),
        ("8 mib", 8 * 2**20),
        ("64MB", 64 * 10**6),
        ("1GiB", 2**30),
        ("5kB", 5000),
        ("7B", 7),
        ("7", 7),
        (8_388_608, 8_388_608),
    ],
)
def test_sizes_are_read(written, size):
    assert values.size(written) == size


@pytest.mark.parametrize("written", ["", "MiB", "-1", "1.5MiB", "8 MiBs", True, None])
def test_what_is_no_size_is_refused(written):
    with pytest.raises(ValueError, match="not a size"):
        values.size(written)


def test_long_nonsense_is_not_repeated_whole():
    with pytest.raises(ValueError, match="not a duration") as caught:
        values.duration("x" * 10_000)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "GB"])
def test_zones_of_tzdata_are_known(name):
    assert values.zone(name).key == name


@pytest.mark.parametrize("name", ["", "Europe", "europe/berlin ", "EST5EDT4", "/etc/localtime"])
def test_what_is_no_zone_is_refused(name):
    with pytest.raises(ValueError, match="not a time zone"):
        values.zone(name)


@given(st.lists(st.text(st.characters(exclude_characters=",[", categories=["L", "N", "P"]))))
def test_words_with_commas_and_a_list_of_words_are_the_same(words):
    assert values.words(",".join(words)) == values.words(words)


@pytest.mark.parametrize("given", [[" a", "b ", " ", "a"], '[" a", "b ", " ", "a"]', " a,b , ,a"])
def test_blanks_round_words_are_no_part_of_them(given):
    assert values.words(given) == ("a", "b")


@pytest.mark.parametrize("given", [[" a", "b ", " ", "a"], ' [" a", "b ", " ", "a"]'])
def test_exact_words_of_a_list_are_kept_as_they_are(given):
    assert values.exact_words(given) == (" a", "b ", " ", "a")


@pytest.mark.parametrize("given", [" a,b , ,a", "a,b", "a, b,"])
def test_blanks_round_commas_are_no_part_of_exact_words(given):
    assert values.exact_words(given) == ("a", "b")


@pytest.mark.parametrize("given", [3, [3], {"a": "b"}, "[3]", '["a"'])
def test_what_is_no_list_of_texts_is_refused(given):
    for read in (values.words, values.exact_words):
        with pytest.raises(ValueError, match="list"):
            read(given)


def test_json_is_kept_canonical():
    assert (
        written_json.json_object('{ "b": 1, "a": [1.50, "é"] }') == '{"a":[1.5,"\\u00e9"],"b":1}'
    )


@pytest.mark.parametrize(
    "address", ["https://api.mypurecloud.ie", "api.mypurecloud.ie", "http://[::1]:80", "h:1"]
)
def test_addresses_of_hosts_are_kept_as_written(address):
    assert addresses.api_address(address) == address


@pytest.mark.parametrize(
    "address",
    ["https://a.example:port", "https://[::1", "https://a b.example", "https://me@a.example", "-"],
)
def test_what_is_no_address_of_a_host_is_refused(address):
    with pytest.raises(ValueError, match=r"address|host"):
        addresses.api_address(address)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('{"team": "bi"}', {"team": "bi"}),
        ("team=bi, env = prod", {"team": "bi", "env": "prod"}),
        ({"team": "bi"}, {"team": "bi"}),
    ],
)
def test_tags_are_read(written, read):
    assert values.tags(written) == read


@pytest.mark.parametrize("written", ['{"team"', "team", ["team"], '{"team": 1}'])
def test_what_are_no_tags_is_refused(written):
    with pytest.raises(ValueError, match=r"JSON object|table of strings"):
        values.tags(written)


def test_json_nested_without_end_is_refused():
    deep = '{"a":' * 100_000 + "1" + "}" * 100_000
    with pytest.raises(ValueError, match="too deep"):
        written_json.json_object(deep)


def test_a_bucket_or_path_without_anything_is_refused():
    with pytest.raises(ValueError, match="this must be s3://"):
        addresses.destination("  ")


@pytest.mark.parametrize(("page_size", "limit"), [(100, 64), (1_000, 125), (10_000, 1_250)])
def test_an_answer_may_be_as_large_as_the_page_it_holds(page_size, limit):
    assert answer_bytes(page_size) == limit * 2**20
