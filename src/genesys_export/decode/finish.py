"""What Arrow has read, finished: instants canonical, `_extra` as one text an object.

The exact path hands on what has no column in a field of each object; a learnt field is a column of
JSON texts. Both become the field EXTRA. Knows nested Arrow and the declared shape, no JSON reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ..datasets import EXTRA, Node, Type
from .instants import canonical, is_canonical

_Columns = dict[str, pa.Array]


class NoInstant(Exception):
    """Rows of the batch have texts that are not instants."""

    def __init__(self, rows: frozenset[int]) -> None:
        """Name the rows."""
        super().__init__()
        self.rows = rows


def finish(batch: pa.RecordBatch, shape: Node, mark: str) -> pa.RecordBatch:
    """Return the batch as its readers expect it; raises NoInstant.

    `mark` is the field under which cleaned records hold what has no column.
    """
    times: dict[str, pa.StringArray] = {}
    bad: set[int] = set()
    for texts, path, lists in _times(shape, batch.schema, batch.columns):
        if not is_canonical(texts):
            times[path] = canonical(texts)
            bad.update(_lost(texts, times[path], lists))
    if bad:
        raise NoInstant(frozenset(bad))
    if not times and not _has_more(shape, batch.schema):
        return batch
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    made, extra = _Finisher(mark, times).object(shape, "$", columns)
    if extra is not None:
        made[EXTRA] = extra
    return pa.RecordBatch.from_pydict(made)


def _has_more(node: Node, fields: pa.Schema | pa.StructType) -> bool:
    """Whether there is a field that is not declared, here or below."""
    for field in fields:
        if child := node.lists.get(field.name) or node.objects.get(field.name):
            inner = field.type.value_type if pa.types.is_list(field.type) else field.type
            if _has_more(child, inner):
                return True
        elif field.name not in node.leaves and field.name not in node.maps:
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Finisher:
    mark: str
    times: dict[str, pa.StringArray]  # by path, where they had to be brought to shape

    def object(
        self, node: Node, path: str, columns: _Columns
    ) -> tuple[_Columns, pa.StringArray | None]:
        """Return the declared fields of an object, and its other fields as JSON texts."""
        made: _Columns = {}
        beside: _Columns = {}
        for name, column in columns.items():
            at = f"{path}.{name}"
            if name in node.lists:
                made[name] = self._list(node.lists[name], f"{at}[]", column)
            elif name in node.objects:
                made[name], inner = self._struct(node.objects[name], at, column)
                if inner is not None:
                    beside[name] = inner
            elif name in node.leaves or name in node.maps:
                made[name] = self.times.get(at, column)
            elif name != self.mark and column.null_count < len(column):
                beside[name] = column
        return made, _joined(beside, columns.get(self.mark))

    def _list(self, node: Node, path: str, column: pa.ListArray) -> pa.ListArray:
        objects, extra = self._struct(node, path, column.values)
        if extra is not None:
            columns = _children(objects) | {EXTRA: extra}
            objects = _struct_of(columns, objects)
        kind, buffers = pa.list_(objects.type), column.buffers()[:2]
        return pa.Array.from_buffers(kind, len(column), buffers, column.null_count, 0, [objects])

    def _struct(
        self, node: Node, path: str, array: pa.StructArray
    ) -> tuple[pa.StructArray, pa.StringArray | None]:
        columns, extra = self.object(node, path, _children(array))
        return _struct_of(columns, array), extra


def _children(array: pa.StructArray) -> _Columns:
    return {one.name: array.field(place) for place, one in enumerate(array.type)}


def _struct_of(columns: _Columns, like: pa.StructArray) -> pa.StructArray:
    """Return a struct of these fields, null if the other one is."""
    kind = pa.struct([pa.field(name, column.type) for name, column in columns.items()])
    validity, arrays = like.buffers()[:1], list(columns.values())
    return pa.Array.from_buffers(kind, len(like), validity, like.null_count, 0, arrays)


def _joined(beside: _Columns, cleaned: pa.StringArray | None) -> pa.StringArray | None:
    """Return the fields as one JSON object a row, in order of name; null if there is none."""
    if not beside:
        return cleaned if cleaned is not None and cleaned.null_count < len(cleaned) else None
    join, none = pc.binary_join_element_wise, pa.scalar(None, pa.string())
    fields = [join(f',"{name}":', column, "") for name, column in sorted(beside.items())]
    if len(fields) > 1:  # Arrow's own skipping of nulls drops rows that have nothing else (26.0)
        fields = [join(*(pc.fill_null(one, "") for one in fields), "")]
        fields = [pc.if_else(pc.equal(fields[0], ""), none, fields[0])]
    texts = join(pc.utf8_replace_slice(fields[0], 0, 1, "{"), "}", "")
    return texts if cleaned is None else pc.coalesce(cleaned, texts)


def _times(
    node: Node,
    fields: pa.Schema | pa.StructType,
    columns: Sequence[pa.Array],
    around: tuple[str, tuple[pa.ListArray, ...]] = ("$", ()),
) -> Iterator[tuple[pa.StringArray, str, tuple[pa.ListArray, ...]]]:
    """Yield the values of every leaf that holds instants, its path, and the lists around it."""
    path, lists = around
    for field, column in zip(fields, columns, strict=True):
        at = f"{path}.{field.name}"
        if node.leaves.get(field.name) is Type.TIMESTAMP:
            yield column, at, lists
        elif child := node.lists.get(field.name) or node.objects.get(field.name):
            # Not `flatten`, which copies: the reader leaves nothing behind a null list.
            is_list = pa.types.is_list(column.type)
            inner = column.values if is_list else column
            children = [inner.field(place) for place in range(inner.type.num_fields)]
            deeper = (f"{at}[]", (*lists, column)) if is_list else (at, lists)
            yield from _times(child, inner.type, children, deeper)


def _lost(
    before: pa.StringArray, after: pa.StringArray, lists: Sequence[pa.ListArray]
) -> list[int]:
    """Return the rows of the batch whose text is not an instant."""
    if after.null_count == before.null_count:
        return []
    rows = pc.indices_nonzero(pc.and_(before.is_valid(), after.is_null()))
    for one in reversed(lists):
        rows = pc.list_parent_indices(one).take(rows)
    found: list[int] = rows.to_pylist()
    return found
