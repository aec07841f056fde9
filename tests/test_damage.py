"""Published days that have lost files: seen by a few listings, and never of a day in flux."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from fakes import MemoryStore
from genesys_export.damage import damages, files_of, sentence
from genesys_export.locations import Home
from genesys_export.manifest import File
from genesys_export.model import Always
from made_days import PLACE, manifest, replacing

JSON = "application/json"
FIRST = date(2023, 11, 24)


class Counting(MemoryStore):
    """A bucket in memory that counts what it is asked for."""

    def __init__(self):
        super().__init__()
        self.scans, self.reads = [], 0

    def scan(self, prefix, after=""):
        self.scans.append(prefix)
        return super().scan(prefix, after)

    def read(self, key):
        self.reads += 1
        return super().read(key)


def laid(count=3, **more):
    """Return a bucket with days published, and their manifests."""
    store = Counting()
    made = [
        manifest(str(FIRST + timedelta(number)), conversations=1, **more)
        for number in range(count)
    ]
    for one in made:
        store.put(f"{PLACE.home}/{one.day}/manifest.json", one.encode(), Always(), JSON)
        for file in files_of(one):
            store.put(file.key, b"x" * file.bytes, Always(), JSON)
    store.reads = 0
    return store, made


def test_days_whose_files_are_all_there_are_not_damaged():
    store, made = laid()
    assert damages(store, PLACE.home, made) == {}
    assert store.reads == 0


def test_a_missing_file_and_one_of_another_size_are_told_by_their_day():
    store, made = laid()
    store.delete("participants/2023-11-25.csv.gz")
    store.put("segments/2023-11-26.csv.gz", b"cut", Always(), JSON)
    found = damages(store, PLACE.home, made)
    assert {day: sentence(some) for day, some in found.items()} == {
        "2023-11-25": "participants/2023-11-25.csv.gz is missing",
        "2023-11-26": "segments/2023-11-26.csv.gz has 3 bytes instead of 540",
    }


def test_a_day_without_any_of_its_files_is_one_sentence():
    store, made = laid()
    for file in files_of(made[1]):
        store.delete(file.key)
    [some] = damages(store, PLACE.home, made).values()
    assert sentence(some) == (
        "conversations/2023-11-25.csv.gz is missing, and 2 more files are affected"
    )


@pytest.mark.parametrize("name", ["index", "rejects", "changes"])
def test_what_lies_beside_the_manifest_is_looked_for_as_well(name):
    key = f"{PLACE.home}/2023-11-24/{name}"
    file = File(key=key, rows=1, bytes=4, sha256="")
    store, made = laid(1, **{name: (file,) if name == "index" else file})
    store.delete(key)
    assert [*damages(store, PLACE.home, made)] == ["2023-11-24"]


def test_the_files_of_an_organisation_lie_below_its_name():
    store, home = Counting(), Home("emea", "conversation_details")
    made = manifest("2023-11-24", conversations=1)
    tables = {
        name: tuple(replace(file, key=f"emea/{file.key}") for file in files)
        for name, files in made.tables.items()
    }
    made = replace(made, tables=tables)
    store.put(f"{home}/{made.day}/manifest.json", made.encode(), Always(), JSON)
    assert [*damages(store, home, [made])] == ["2023-11-24"]
    assert sorted(store.scans) == ["emea/conversations/", "emea/participants/", "emea/segments/"]


def test_three_years_of_days_cost_a_listing_a_table():
    store, made = laid(1096)
    store.delete("segments/2025-01-01.csv.gz")
    assert [*damages(store, PLACE.home, made)] == ["2025-01-01"]
    assert sorted(store.scans) == ["conversations/", "participants/", "segments/"]
    assert store.reads == 1  # the manifest of the day that seemed damaged, once more


def test_a_day_that_is_replaced_while_it_is_listed_is_not_damaged():
    store, [made] = laid(1)
    store.delete("segments/2023-11-24.csv.gz")
    key = f"{PLACE.home}/2023-11-24/manifest.json"
    for newer in (replacing(made.signed("another")).encode(), b"{"):
        store.put(key, newer, Always(), JSON)
        assert damages(store, PLACE.home, [made]) == {}
    store.delete(key)
    assert damages(store, PLACE.home, [made]) == {}


def test_a_day_under_replacement_or_damaged_by_its_own_account_is_left_out():
    store, [made] = laid(1)
    store.delete("segments/2023-11-24.csv.gz")
    assert damages(store, PLACE.home, [replacing(made), replace(made, state="damaged")]) == {}
    assert store.scans == []
