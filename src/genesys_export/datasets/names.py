"""The dataset `names`: what the ids in conversations are called, a lookup table for each kind.

The declaration is data, in names.json beside this file, as that of conversation_details is. These
tables are written with a day of conversations, from lists of the API instead of its records.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from .declared import declared
from .spec import Dataset


@cache
def names() -> Dataset:
    """Return the declaration, read once."""
    return declared("names")


def with_names(dataset: Dataset) -> Dataset:
    """Return the dataset with the lookup tables after its own."""
    return replace(dataset, tables=(*dataset.tables, *names().tables))
