"""Exports that the engines load: made once, for reading only."""

from __future__ import annotations

import pytest
from warehouse_lakes import DAY, DAYS, Lake, odd_world

from genesys_simulator import World, serve


@pytest.fixture(scope="session")
def csv(tmp_path_factory) -> Lake:
    """Two days of a made-up organisation, the usual files."""
    with serve(World.generated(seed=7, per_day=120)) as genesys:
        return Lake(tmp_path_factory.mktemp("csv")).export(genesys, *DAYS)


@pytest.fixture(scope="session")
def hive(tmp_path_factory) -> Lake:
    """The same days in layout hive, two slices each."""
    with serve(World.generated(seed=7, per_day=120)) as genesys:
        lake = Lake(tmp_path_factory.mktemp("hive"), layout="hive")
        return lake.export(genesys, *DAYS, slices=2)


@pytest.fixture(scope="session")
def parquet(tmp_path_factory) -> Lake:
    """The same days as Parquet."""
    with serve(World.generated(seed=7, per_day=120)) as genesys:
        return Lake(tmp_path_factory.mktemp("parquet"), "parquet").export(genesys, *DAYS)


@pytest.fixture(scope="session")
def odd(tmp_path_factory) -> Lake:
    """One day of odd texts."""
    with serve(odd_world()) as genesys:
        return Lake(tmp_path_factory.mktemp("odd")).export(genesys, DAY)


@pytest.fixture(scope="session")
def odd_lines(tmp_path_factory) -> Lake:
    """The same day, as the API's own records."""
    with serve(odd_world()) as genesys:
        return Lake(tmp_path_factory.mktemp("lines"), "jsonl.gz").export(genesys, DAY)
