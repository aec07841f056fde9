"""Lines of JSON into nested Arrow, against the fields met so far.

Decoding costs by declared field, present or not, so the schema holds only what has occurred; a
new field shows as an inferred one, the schema is widened and the block read again. Whatever the
declared shape does not fit raises Unfit: then the exact path (exact.py) takes the block.
Facts about pyarrow.json: tried with 26.0, 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from ..datasets import EXTRA, Node, Type

TIMES = pa.timestamp("ms", "UTC")
_YEAR_1 = -62_135_596_800_000  # 0001-01-01 in milliseconds since 1970
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
    """The block holds something that the declared shape does not fit."""


class Reader:
    """Reads blocks of one slice; learns which fields occur."""

    def __init__(self, shape: Node, *, are_cleaned: bool = False) -> None:
        """Begin with hardly a field. Only records that are cleaned may have EXTRA fields."""
        self._shape, self._are_cleaned = shape, are_cleaned
        self._fields: Fields = _seed(shape)
        self._fields["participants"] = _seed(shape.lists["participants"]) | {"attributes": None}

    def read(self, lines: bytes) -> pa.RecordBatch:
        """Return one row a record; raises Unfit."""
        if not is_utf8(lines):  # which pyarrow.json lets through unnoticed
            raise Unfit
        batch = self._parse(lines)
        while self._widen(self._shape, self._fields, batch.schema):
            batch = self._parse(lines)
        if not all(map(is_canonical, _times(self._shape, batch.schema, batch.columns))):
            raise Unfit
        return batch

    def _parse(self, lines: bytes) -> pa.RecordBatch:
        schema = pa.schema(_arrow_fields(self._shape, self._fields))
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

    def _widen(self, node: Node, fields: Fields, found: pa.Schema | pa.StructType) -> bool:
        """Add declared fields that are new; raises Unfit for one that is not declared."""
        grown = False
        for arrow in found:
            below = fields.get(arrow.name)
            child = node.lists.get(arrow.name) or node.objects.get(arrow.name)
            if child is None:
                if arrow.name not in fields:
                    if arrow.name not in node.leaves and not self._is_extra(arrow.name):
                        raise Unfit
                    fields[arrow.name], grown = None, True
                continue
            if below is None:
                below = fields[arrow.name] = _seed(child)
                grown = True
            inner = arrow.type.value_type if pa.types.is_list(arrow.type) else arrow.type
            if pa.types.is_struct(inner):
                grown = self._widen(child, below, inner) or grown
        return grown

    def _is_extra(self, name: str) -> bool:
        return self._are_cleaned and name == EXTRA


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


def _times(
    node: Node, fields: pa.Schema | pa.StructType, columns: Sequence[pa.Array]
) -> Iterator[pa.StringArray]:
    """Yield all values of every leaf that holds an instant, flat."""
    for field, column in zip(fields, columns, strict=True):
        if node.leaves.get(field.name) is Type.TIMESTAMP:
            yield column
        elif child := node.lists.get(field.name) or node.objects.get(field.name):
            # Not `flatten`, which copies: the reader leaves nothing behind a null list.
            inner = column.values if pa.types.is_list(column.type) else column
            children = [inner.field(place) for place in range(inner.type.num_fields)]
            yield from _times(child, inner.type, children)


def is_canonical(texts: pa.StringArray) -> bool:
    """Whether every non-null text is an instant as `2026-11-22T08:00:00.123Z`, exactly.

    Arrow's parser checks the digits; that it also takes blanks, offsets and other precisions is
    ruled out by looking at every 24th byte, which costs nothing. Its year 0000 is no year of ours.
    """
    lengths = pc.min_max(pc.binary_length(texts))
    if lengths["min"].as_py() is None:
        return True
    if lengths["min"].as_py() != 24 or lengths["max"].as_py() != 24:
        return False
    _, offsets, data = texts.buffers()
    edges = memoryview(offsets).cast("i")
    span = slice(edges[texts.offset], edges[texts.offset + len(texts)])
    letters = bytes(memoryview(data)[span])
    count = len(letters) // 24
    for place, letter in ((10, b"T"), (19, b"."), (23, b"Z")):
        if letters[place::24].count(letter) != count:
            return False
    try:
        earliest = pc.min(texts.cast(TIMES).cast(pa.int64())).as_py()
    except pa.ArrowInvalid:
        return False
    return bool(earliest >= _YEAR_1)
