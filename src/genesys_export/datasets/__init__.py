"""WHAT is exported: declarations only, no code that moves data and no Arrow.

Every JSON file in this package declares one dataset; `known` is the table of all. Nothing outside
this package names a dataset.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from .declared import declared
from .endpoints import (
    AggregateEndpoint,
    CountEndpoint,
    JobEndpoint,
    ListEndpoint,
    Paging,
    QueryEndpoint,
)
from .groups import dimensions_of
from .periods import PeriodColumns, api_name
from .shape import EXTRA, Node, keeps, record_shape
from .spec import Column, Dataset, FeedKind, ForeignKey, Kind, Life, PersonalData, Table, Type

__all__ = [
    "DEFAULT",
    "EXTRA",
    "NAMES",
    "AggregateEndpoint",
    "Column",
    "CountEndpoint",
    "Dataset",
    "FeedKind",
    "ForeignKey",
    "JobEndpoint",
    "Kind",
    "Life",
    "ListEndpoint",
    "Node",
    "Paging",
    "PeriodColumns",
    "PersonalData",
    "QueryEndpoint",
    "Table",
    "Type",
    "api_name",
    "dataset_named",
    "datasets",
    "dimensions_of",
    "keeps",
    "known",
    "owner",
    "record_shape",
    "tables",
]

DEFAULT = "conversation_details"  # exported where none is chosen
NAMES = "dimensions"  # exported as well with `export.names`


@cache
def known() -> tuple[str, ...]:
    """Return the names of all datasets, in the order in which a run exports them."""
    found = (file.name for file in files(__package__).iterdir())
    names = sorted(name.removesuffix(".json") for name in found if name.endswith(".json"))
    return (DEFAULT, *(name for name in names if name != DEFAULT))


@cache
def dataset_named(name: str) -> Dataset:
    """Return the declaration of that name, read once; raises KeyError."""
    if name not in known():
        raise KeyError(name)
    return declared(name)


def datasets() -> Iterator[Dataset]:
    """Yield every dataset, in order."""
    return map(dataset_named, known())


def tables() -> Iterator[Table]:
    """Yield every table of every dataset, in order."""
    for each in datasets():
        yield from each.tables


def owner(table: str) -> Dataset | None:
    """Return the dataset that a table belongs to, or None: a prefix belongs to one for ever."""
    return next((each for each in datasets() if each.has(table)), None)
