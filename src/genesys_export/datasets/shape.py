"""The shape of the API's record, read off the declared columns.

Knows which field stands where in the JSON and of what type; knows no Arrow and no bytes.
The tree is made from the columns' paths, so a leaf that has a column is decoded and no other is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from .spec import Column, Dataset, Kind, Type

# The key under which decoding hands on what has no column. No API field can be called so.
EXTRA = "genesys-export:extra"


def keeps(extra: str | None, name: str) -> bool:
    """Whether the text of an EXTRA field holds a value, other than null, of the object's field.

    So a field whose value does not fit its column can be told from one that is absent.
    """
    if not extra or f'"{name}"' not in extra:  # nearly always
        return False
    try:  # numbers stay text: one of thousands of digits is no reason to fail
        found = json.loads(extra, object_pairs_hook=list, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return False
    return any(key == name and value is not None for key, value in found)


@dataclass(frozen=True, slots=True)
class Node:
    """One kind of JSON object: its leaves, its arrays of objects, its objects, its free maps."""

    leaves: dict[str, Type] = field(default_factory=dict)
    lists: dict[str, Node] = field(default_factory=dict)
    objects: dict[str, Node] = field(default_factory=dict)
    maps: set[str] = field(default_factory=set)

    def child(self, step: str) -> Node:
        """Return the node a path step (`sessions[]`, `flow`) leads to, made where missing."""
        if step.endswith("[]"):
            return self.lists.setdefault(step[:-2], Node())
        return self.objects.setdefault(step, Node())


def record_shape(dataset: Dataset) -> Node:
    """Return the tree of one record of the dataset."""
    root = Node()
    for table in dataset.tables:
        is_map = bool(table.of_kind(Kind.MAP_KEY))
        for column in table.of_kind(Kind.FIELD):
            _place(root, column, is_map=is_map)
    return root


def _place(root: Node, column: Column, *, is_map: bool) -> None:
    *steps, leaf = (column.path or "").split(".")
    node = root
    for step in steps[1:]:
        node = node.child(step)
    if is_map:
        node.maps.add(leaf)
    else:
        node.leaves[leaf] = column.type
