"""msgspec structs made from the declared shape: they find the odd records of a block.

A strict struct accepts just the records that Arrow's reader takes: no unknown field, integers of
64 bits, instants of 24 letters. A thin struct reads only the unknown fields that come often (the
"learnt" ones). Knows names and types.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from types import GenericAlias
from typing import Annotated, Any, TypeAlias

import msgspec

from ..datasets import Node, Type

# Unknown fields by where they stand: the path of the object (`$.participants[]`) and the name.
Field: TypeAlias = tuple[str, str]

_INT64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_CANONICAL = Annotated[str, msgspec.Meta(min_length=24, max_length=24)]
_TYPES: dict[Type, Any] = {
    Type.STRING: str | None,
    Type.INT64: _INT64 | None,
    Type.FLOAT64: float | None,
    Type.BOOL: bool | None,
    Type.STRINGS: list[str | None] | None,
    Type.INT64S: list[_INT64 | None] | None,
}
# msgspec learns structs within structs when a decoder is made of them, and two threads at that
# together end the process (a segmentation fault in 0.22).
ONE_AT_A_TIME = Lock()


def strict(shape: Node, learnt: frozenset[Field], *, any_time: bool) -> msgspec.json.Decoder[Any]:
    """Return a decoder that refuses what Arrow's reader would not take as it is.

    With `any_time` an instant may be any text: Arrow brings the usual ones to their shape.
    """
    types = _TYPES | {Type.TIMESTAMP: (str if any_time else _CANONICAL) | None}

    def struct(node: Node, path: str) -> Any:
        fields = {name: types[kind] for name, kind in node.leaves.items()}
        fields |= dict.fromkeys(node.maps, msgspec.Raw)
        fields |= {name: msgspec.Raw for where, name in learnt if where == path}
        for name, child in node.objects.items():
            fields[name] = struct(child, f"{path}.{name}") | None
        for name, child in node.lists.items():
            fields[name] = _list_of(struct(child, f"{path}.{name}[]"))
        return _defined(fields, forbid_unknown_fields=True)

    with ONE_AT_A_TIME:
        return msgspec.json.Decoder(struct(shape, "$"))


@dataclass(frozen=True, slots=True)
class Thin:
    """Reads the learnt fields of a record at any depth."""

    decoder: msgspec.json.Decoder[Any]
    plan: _Plan

    def read(self, record: bytes) -> list[tuple[Field, msgspec.Raw]]:
        """Return every learnt field with its value; raises what msgspec raises."""
        return list(_values(self.plan, self.decoder.decode(record)))


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which attributes of a thin struct hold what."""

    values: tuple[tuple[str, Field], ...]
    objects: tuple[tuple[str, _Plan], ...]
    lists: tuple[tuple[str, _Plan], ...]


def thin(shape: Node, learnt: frozenset[Field]) -> Thin:
    """Return what reads these fields and nothing else."""

    def made(node: Node, path: str) -> tuple[Any, _Plan] | None:
        fields: dict[str, Any] = {}
        values: list[tuple[str, Field]] = []
        objects: list[tuple[str, _Plan]] = []
        lists: list[tuple[str, _Plan]] = []
        for field in sorted(learnt):
            if field[0] == path:
                values.append((_attribute(len(fields)), field))
                fields[field[1]] = msgspec.Raw
        for name, child in node.objects.items():
            if below := made(child, f"{path}.{name}"):
                objects.append((_attribute(len(fields)), below[1]))
                fields[name] = below[0] | None
        for name, child in node.lists.items():
            if below := made(child, f"{path}.{name}[]"):
                lists.append((_attribute(len(fields)), below[1]))
                fields[name] = _list_of(below[0])
        if not fields:
            return None
        return _defined(fields), _Plan(tuple(values), tuple(objects), tuple(lists))

    with ONE_AT_A_TIME:
        struct, plan = made(shape, "$") or (_defined({}), _Plan((), (), ()))
        return Thin(msgspec.json.Decoder(struct), plan)


def _values(plan: _Plan, found: Any) -> Iterator[tuple[Field, msgspec.Raw]]:
    for attribute, field in plan.values:
        if (raw := getattr(found, attribute)) is not None:
            yield field, raw
    for attribute, below in plan.objects:
        if (inner := getattr(found, attribute)) is not None:
            yield from _values(below, inner)
    for attribute, below in plan.lists:
        for element in getattr(found, attribute) or ():
            if element is not None:
                yield from _values(below, element)


def can_be_learnt(field: Field) -> bool:
    """Whether a struct can have a field of that name."""
    name = field[1]
    return len(name) < _LONGEST and name.isprintable() and not set(name) & {'"', "\\"}


_LONGEST = 100


def _defined(fields: dict[str, Any], *, forbid_unknown_fields: bool = False) -> Any:
    """Return a struct with these JSON names; absent ones are None."""
    names = {_attribute(number): name for number, name in enumerate(fields)}
    return msgspec.defstruct(
        "Object",
        [(attribute, fields[name], None) for attribute, name in names.items()],
        rename=names,
        forbid_unknown_fields=forbid_unknown_fields,
        gc=False,
    )


def _list_of(struct: Any) -> Any:
    return GenericAlias(list, (struct | None,)) | None


def _attribute(number: int) -> str:
    return f"f{number}"
