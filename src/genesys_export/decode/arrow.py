"""Lines of JSON into nested Arrow, by the fields seen so far.

Decoding costs by declared field, present or not, so the schema holds only what has occurred; a
new field shows as an inferred one, the schema is widened and the block read again. Whatever the
declared shape does not fit raises Unfit: then blocks.py finds the records that are odd.
Facts about pyarrow.json: tried with 26.0, 2026-11.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TypeAlias

import pyarrow as pa
import pyarrow.json as pj

from ..datasets import Node, Type
from .structs import Field

TIMES = pa.timestamp("ms", "UTC")
YEAR_1 = -62_135_596_800_000  # 0001-01-01 in milliseconds since 1970
_LEAF = {
    Type.STRING: pa.string(),
    Type.INT64: pa.int64(),
    Type.FLOAT64: pa.float64(),
    Type.BOOL: pa.bool_(),
    Type.TIMESTAMP: pa.string(),  # the API's own text goes to the file where it is canonical
    Type.STRINGS: pa.list_(pa.string()),
    Type.INT64S: pa.list_(pa.int64()),
}

# What has occurred, as a tree of names; None marks a leaf.
Fields: TypeAlias = "dict[str, Fields | None]"


class Unfit(Exception):
    """The records hold something that the declared shape does not fit."""


@dataclass(slots=True)
class Allowed:
    """Undeclared names that occur in the lines; all their values are texts."""

    everywhere: str = ""  # in every object; none when empty
    learnt: Collection[Field] = ()

    def __call__(self, path: str, name: str) -> bool:
        """Whether the object at `path` may have a field of that name."""
        return (name == self.everywhere and name != "") or (path, name) in self.learnt


@dataclass(slots=True)
class Reader:
    """Reads blocks of one slice; learns which fields occur."""

    shape: Node
    allowed: Allowed = field(default_factory=Allowed)
    _fields: Fields = field(init=False)

    def __post_init__(self) -> None:
        """Begin with hardly a field."""
        self._fields = _seed(self.shape)
        participants = _seed(self.shape.lists["participants"])
        self._fields["participants"] = participants | {"attributes": None}

    def read(self, lines: bytes) -> pa.RecordBatch:
        """Return one row a record, instants as they were written; raises Unfit."""
        if not is_utf8(lines):  # which pyarrow.json lets through unnoticed
            raise Unfit
        batch = self._parse(lines)
        while self._widen((self.shape, "$"), self._fields, batch.schema):
            batch = self._parse(lines)
        return batch

    def _parse(self, lines: bytes) -> pa.RecordBatch:
        schema = pa.schema(_arrow_fields(self.shape, self._fields))
        try:
            table = pj.read_json(
                pa.py_buffer(lines),
                read_options=pj.ReadOptions(use_threads=False, block_size=len(lines) + 1),
                parse_options=pj.ParseOptions(
                    explicit_schema=schema, unexpected_field_behavior="infer"
                ),
            )
        except pa.ArrowInvalid as problem:
            raise Unfit from problem
        return table.combine_chunks().to_batches()[0]

    def _widen(
        self, place: tuple[Node, str], fields: Fields, found: pa.Schema | pa.StructType
    ) -> bool:
        """Add fields that are new; raises Unfit for one that is neither declared nor allowed."""
        node, path = place
        grown = False
        for arrow in found:
            name, below = arrow.name, fields.get(arrow.name)
            child = node.lists.get(name) or node.objects.get(name)
            if child is None:
                if name not in fields:
                    if name not in node.leaves and not self.allowed(path, name):
                        raise Unfit
                    fields[name], grown = None, True
                continue
            if below is None:
                below = fields[name] = _seed(child)
                grown = True
            is_list = name in node.lists
            inner = arrow.type.value_type if pa.types.is_list(arrow.type) else arrow.type
            if pa.types.is_struct(inner):
                deeper = f"{path}.{name}[]" if is_list else f"{path}.{name}"
                grown = self._widen((child, deeper), below, inner) or grown
        return grown


def _seed(node: Node) -> Fields:
    """A struct needs a field: the node's first leaf."""
    return {next(iter(node.leaves)): None}


def _arrow_fields(node: Node, fields: Fields) -> list[pa.Field]:
    made = []
    for name, below in fields.items():
        if below is None:
            kind = _LEAF[node.leaves[name]] if name in node.leaves else pa.string()
        elif name in node.lists:
            kind = pa.list_(pa.struct(_arrow_fields(node.lists[name], below)))
        else:
            kind = pa.struct(_arrow_fields(node.objects[name], below))
        made.append(pa.field(name, kind))
    return made


def is_utf8(letters: bytes) -> bool:
    """Whether the bytes are valid UTF-8; makes no text of them."""
    offsets = pa.array([0, len(letters)], pa.int64()).buffers()[1]
    text = pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(letters))
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
