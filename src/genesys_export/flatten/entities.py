"""What becomes of the fields of a list's entity: a column, a row of another table, or `_extra`.

Read off the declared paths: `x.y` is a leaf of an object, `x[]` and `x.*` are lists and objects
whose elements are rows of a table of their own. Knows JSON as Python has it, no Arrow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import msgspec

from ..datasets import Column, Dataset, Kind, Table, Type
from ..days import iso_ms, parse_instant

Json = Mapping[str, Any]
_INT64 = range(-(2**63), 2**63)
_LIST, _MAP = "[]", ".*"
_JSON = "JSON object"  # the unit of a text column that takes objects


@dataclass(slots=True)
class Shape:
    """The declared fields of one kind of object; of an entity also where its columns are from."""

    leaves: dict[str, Column] = field(default_factory=dict)
    objects: dict[str, Shape] = field(default_factory=dict)
    within: dict[str, Table] = field(default_factory=dict)  # fields that hold another table's rows
    omits: frozenset[str] = frozenset()
    _own: list[tuple[Column, tuple[str, ...]]] = field(default_factory=list)
    _parent: list[str] = field(default_factory=list)  # columns of the parent's id
    _key: list[str] = field(default_factory=list)  # columns of the field it stands in
    _extra: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, dataset: Dataset, table: Table) -> Shape:
        """Return the shape of the entities that are the table's rows."""
        shape = cls(omits=table.omits)
        for column in table.columns:
            if column.kind is Kind.EXTRA:
                shape._extra.append(column.name)
            elif column.path == table.path:
                shape._key.append(column.name)
            elif steps := _steps(table, column):
                shape._own.append((column, steps))
                shape._place(steps, column)
            elif column.path is not None:
                shape._parent.append(column.name)
        shape.within = {
            _step(each): each for each in dataset.children(table.name) if not each.source
        }
        return shape

    def row(self, entity: Json, parent: object, key: str) -> dict[str, Any]:
        """Return an entity's values by column, the day aside."""
        row: dict[str, Any] = dict.fromkeys(self._parent, parent)
        row |= dict.fromkeys(self._key, key)
        for column, steps in self._own:
            value: Any = entity
            for step in steps:
                value = value.get(step) if isinstance(value, Mapping) else None
            row[column.name] = fit(column, value)
        left = self._left(entity)
        text = msgspec.json.encode(left, order="deterministic").decode() if left else None
        return row | dict.fromkeys(self._extra, text)

    def _place(self, steps: tuple[str, ...], column: Column) -> None:
        first, *rest = steps
        if rest:
            inner = self.objects.setdefault(first, Shape(omits=self.omits))
            inner._place(tuple(rest), column)  # noqa: SLF001 - of the same tree
        else:
            self.leaves[first] = column

    def _left(self, found: Json) -> dict[str, Any]:
        """Return what no column and no other table took."""
        rest = ((name, self._rest(name, value)) for name, value in found.items())
        return {name: value for name, value in rest if value is not None}

    def _rest(self, name: str, value: Any) -> Any:
        if name in self.omits:
            return None
        if name in self.leaves and fit(self.leaves[name], value) is not None:
            return None
        if name in self.objects and isinstance(value, Mapping):
            return self.objects[name]._left(value) or None  # noqa: SLF001 - of the same tree
        if name in self.within:
            return _misfits(self.within[name], value)
        return _without(self.omits, value)


def elements(table: Table, entity: Json) -> Iterator[tuple[str, Json]]:
    """Yield what can be a row of the table within the entity, with the field it stands in."""
    value = entity.get(_step(table))
    for key, element, fits in _judged(table, value):
        if fits:
            yield key, element


def fit(column: Column, value: Any) -> Any:
    """Return the value as the column holds it; None when it does not fit (or is null)."""
    if column.unit == _JSON and isinstance(value, Mapping):
        return msgspec.json.encode(value, order="deterministic").decode()
    return _FITS[column.type](value)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _bool(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _whole(value: Any) -> int | None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and value in _INT64 else None


def _double(value: Any) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value) if isfinite(value) else None
    except OverflowError:  # a whole number of three hundred digits
        return None


def _instant(value: Any) -> str | None:
    try:
        return iso_ms(parse_instant(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _list_of(one: Callable[[Any], Any]) -> Callable[[Any], list[Any] | None]:
    """Return what takes a list whose elements all fit."""

    def fits(value: Any) -> list[Any] | None:
        if not isinstance(value, list) or any(one(element) is None for element in value):
            return None
        return value

    return fits


_FITS: Mapping[Type, Callable[[Any], Any]] = {
    Type.STRING: _text,
    Type.BOOL: _bool,
    Type.INT64: _whole,
    Type.FLOAT64: _double,
    Type.TIMESTAMP: _instant,
    Type.STRINGS: _list_of(_text),
    Type.INT64S: _list_of(_whole),
}


def _judged(table: Table, value: Any) -> Iterator[tuple[str, Any, bool]]:
    """Yield the elements of a field, each with whether it can be a row: with an id, once."""
    if isinstance(value, Mapping) and table.path.endswith(_MAP):
        yield from ((key, one, isinstance(one, Mapping)) for key, one in value.items())
    elif isinstance(value, list) and table.path.endswith(_LIST):
        met: set[str] = set()
        for one in value:
            ident = one.get("id") if isinstance(one, Mapping) else None
            fits = isinstance(ident, str) and ident not in met
            if isinstance(ident, str):
                met.add(ident)
            yield "", one, fits


def _misfits(table: Table, value: Any) -> Any:
    """Return what of a field can be no row of its table."""
    left = [
        (key, _without(table.omits, one)) for key, one, fits in _judged(table, value) if not fits
    ]
    if isinstance(value, Mapping) and table.path.endswith(_MAP):
        return {key: one for key, one in left if one is not None} or None
    if isinstance(value, list) and table.path.endswith(_LIST):
        return [one for _, one in left if one is not None] or None
    return _without(table.omits, value)


def _without(omits: frozenset[str], value: Any) -> Any:
    """Return the value without what is left out; None where nothing is left."""
    if isinstance(value, Mapping):
        kept = ((name, _without(omits, one)) for name, one in value.items() if name not in omits)
        return {name: one for name, one in kept if one is not None} or None
    if isinstance(value, list):
        return [_without(omits, one) for one in value] or None
    return value


def _steps(table: Table, column: Column) -> tuple[str, ...]:
    """Return the fields that lead from the entity to the column's leaf; none: it has no leaf."""
    inside = f"{table.path}."
    path = column.path or ""
    return tuple(path.removeprefix(inside).split(".")) if path.startswith(inside) else ()


def _step(table: Table) -> str:
    """Return the field of its parent's entities that holds the table's rows."""
    path = table.path.removesuffix(_LIST).removesuffix(_MAP)
    return path.rpartition(".")[2]
