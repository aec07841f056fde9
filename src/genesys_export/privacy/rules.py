"""Which column is kept, masked, hashed or dropped: wishes become rules, or sentences why not.

Knows the declaration and what was wished for; touches no data and imports no Arrow. Its laws: keys
survive, so rows can be told apart; a copy never says what its origin hides, and is never hidden in
another way, so joins survive; and what may hold anything at all (`_extra`) is not kept beside
protected columns unless somebody names it.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import SupportsIndex

from ..datasets import Column, Dataset, Kind, PersonalData, Table, Type
from ..errors import unpicklable

_FINGERPRINT = b"\0genesys-export: which key made the tokens"
LEAST_KEY = 16  # characters: fewer can be guessed, and the values behind the tokens with them


class Action(StrEnum):
    """What becomes of a value."""

    KEEP = "keep"
    DROP = "drop"  # null
    MASK = "mask"  # all but the last four characters hidden
    HASH = "hash"  # a token: equal for equal values


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeRule:
    """What happens to participant attributes, by key.

    `drop` wins over `allow`; rows that are dropped are not written at all. `default` is for all
    other keys; None leaves them to the column `attribute_value`.
    """

    allow: tuple[str, ...] = ()  # exact or with * and ?, told apart by case
    drop: tuple[str, ...] = ()  # likewise, but in any case
    default: Action | None = None

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return bool(self.allow or self.drop or self.default)

    def action(self, key: str) -> Action | None:
        """Return the action for the attribute with that key; None: that of its column."""
        folded = key.casefold()
        if any(_matches(folded, pattern.casefold()) for pattern in self.drop):
            return Action.DROP
        if any(_matches(key, pattern) for pattern in self.allow):
            return Action.KEEP
        return self.default or (Action.DROP if self.allow else None)


def _matches(key: str, pattern: str) -> bool:
    """Whether the pattern fits the whole key: only * and ? in it mean more than themselves."""
    return fnmatchcase(key, pattern.replace("[", "[[]"))  # a bare [ would begin a set of letters


def _keyless(one: Wishes | Rules, protocol: SupportsIndex) -> str | tuple[object, ...]:
    if one.key:
        raise unpicklable("privacy rules with a key")
    return object.__reduce_ex__(one, protocol)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What was asked for, as it was asked: by class, by column, by attribute key."""

    classes: Mapping[PersonalData, Action] = field(default_factory=dict)
    columns: Mapping[str, Action] = field(default_factory=dict)  # by "table.column"
    attributes: AttributeRule = AttributeRule()
    key: str = field(default="", repr=False)

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[object, ...]:
        """Pickle it without a key only; raises WrongUse."""
        return _keyless(self, protocol)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What becomes of every column. Holds the key of the tokens, and never shows it."""

    # By table and column; without those that are kept.
    actions: Mapping[str, Mapping[str, Action]] = field(default_factory=dict)
    attributes: AttributeRule = AttributeRule()
    pairs: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # see `_pairs`
    given: frozenset[str] = frozenset()  # columns whose values come protected, as their rule says
    key: bytes = field(default=b"", repr=False)

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[object, ...]:
        """Pickle it without a key only; raises WrongUse."""
        return _keyless(self, protocol)

    def __bool__(self) -> bool:
        """Whether anything is protected; then whole records must not be written."""
        hides = self.attributes.drop or self.attributes.allow
        return bool(self.actions or hides or self.attributes.default not in (None, Action.KEEP))

    @property
    def hashes(self) -> bool:
        """Whether tokens are made, for which a key is needed."""
        of_columns = (one for columns in self.actions.values() for one in columns.values())
        return Action.HASH in (*of_columns, self.attributes.default)

    def hides_ids(self, dataset: Dataset) -> bool:
        """Whether the tables have tokens for the ids of the dataset's records."""
        return any(one.identity in self.actions.get(one.name, {}) for one in dataset.tables)

    def described(self, tables: Iterable[str]) -> dict[str, object]:
        """Return what a manifest says of it; of the key a fingerprint only."""
        told: dict[str, object] = {}
        written = tuple(tables)
        if columns := {
            f"{table}.{name}": action.value
            for table, actions in self.actions.items()
            if table in written
            for name, action in actions.items()
        }:
            told["columns"] = columns
        if any(table in written for table in self.pairs):
            default = self.attributes.default
            told["attributes"] = {
                "allow": sorted(self.attributes.allow),
                "drop": sorted(self.attributes.drop),
                "default": default.value if default else None,
            }
        if told and self.hashes:
            told["key"] = hmac.digest(self.key, _FINGERPRINT, "sha256").hex()[:16]
        return told


def resolve(tables: Iterable[Table], wishes: Wishes) -> Rules:
    """Return the rules that the wishes come to; they must be without `faults`.

    `tables` are those of all datasets: a column may repeat one of another dataset.
    """
    every = tuple(tables)
    found = _Resolved(every, wishes)
    actions: dict[str, dict[str, Action]] = {}
    for table, column in _columns(every):
        if (action := found.action(table, column)) is not Action.KEEP:
            actions.setdefault(table.name, {})[column.name] = action
    if actions or Rules(attributes=wishes.attributes):
        for table, column in _columns(every):
            if column.kind is Kind.EXTRA and f"{table.name}._extra" not in wishes.columns:
                extra = found.action(table, column)
                kept = extra if extra is Action.HASH else Action.DROP
                actions.setdefault(table.name, {})[column.name] = kept
    return Rules(
        actions=actions,
        attributes=wishes.attributes,
        pairs=_pairs(every) if wishes.attributes else {},
        given=frozenset(
            f"{table.name}.{column.name}"
            for table in every
            for column in table.of_kind(Kind.NAME)
            if found.is_given(table, column)
        ),
        key=wishes.key.encode(),
    )


def faults(tables: Iterable[Table], wishes: Wishes) -> tuple[str, ...]:
    """Return a sentence for every wish about a column that can't be fulfilled."""
    found = _Resolved(tables, wishes)
    sentences = []
    for name, action in wishes.columns.items():
        if name not in found.places:
            near = get_close_matches(name, found.places, n=1)
            hint = f"; did you mean {near[0]}?" if near else "; write table.column"
            sentences.append(f"there is no column {name[:80]!r}{hint}")
        elif problem := found.problem(*found.places[name], action):
            sentences.append(f"{name} can't be {_DONE[action]}: {problem}")
    return tuple(sentences)


_DONE = {
    Action.KEEP: "kept",
    Action.DROP: "dropped",
    Action.MASK: "masked",
    Action.HASH: "hashed",
}


class _Resolved:
    """What the wishes mean for one column after the other."""

    def __init__(self, tables: Iterable[Table], wishes: Wishes) -> None:
        self._wishes = wishes
        self.places = {
            f"{table.name}.{column.name}": (table, column) for table, column in _columns(tables)
        }

    def action(self, table: Table, column: Column) -> Action:
        """Return a column's action: by its name, its origin, or its class."""
        name = f"{table.name}.{column.name}"
        if name in self._wishes.columns:
            return self._wishes.columns[name]
        if column.repeats:
            followed = self._followed(column)
            # What is hidden can't be a key: better a lookup table that nothing joins.
            is_fit = not _is_key(table, column) or _fits_key(column, followed)
            return followed if is_fit else Action.DROP
        if _is_key(table, column):
            return Action.KEEP
        wished = self._wishes.classes.get(column.personal_data, Action.KEEP)
        hidden = wished in (Action.MASK, Action.HASH)
        return Action.DROP if hidden and not _is_text(column) else wished

    def is_given(self, table: Table, column: Column) -> bool:
        """Whether the name's values come protected; those with a rule of their own do not."""
        return self.action(table, column) is self._followed(column)

    def problem(self, table: Table, column: Column, action: Action) -> str:
        """Return why the column can't be treated so; empty if it can."""
        if _is_key(table, column) and not _fits_key(column, action):
            return "it belongs to a key"
        if action in (Action.MASK, Action.HASH) and not _is_text(column):
            return "its values are not texts and can only be kept or dropped"
        if action is Action.MASK and column.kind is Kind.EXTRA:
            return "it is JSON, whose last characters reveal something; drop or hash it"
        is_free = not column.repeats or action is Action.DROP
        if is_free or action is self._followed(column):
            return ""
        if self._by_key(column) is not None:
            return "[privacy.attributes] has a rule for that attribute, so set that one"
        return f"it repeats {column.repeats}, so set that one"

    def _followed(self, column: Column) -> Action:
        """Return the action that the column takes over; a pinned attribute's own rule first."""
        return self._by_key(column) or self.action(*self.places[column.repeats])

    def _by_key(self, column: Column) -> Action | None:
        is_attribute = column.kind is Kind.PINNED
        return self._wishes.attributes.action(column.made_from) if is_attribute else None


def _columns(tables: Iterable[Table]) -> Iterator[tuple[Table, Column]]:
    return ((table, column) for table in tables for column in table.columns)


def _pairs(tables: Iterable[Table]) -> dict[str, tuple[str, str]]:
    """Return the tables of key/value pairs, with the columns of the key and of the value."""
    return {
        table.name: (keys[0].name, table.of_kind(Kind.FIELD)[0].name)
        for table in tables
        if (keys := table.of_kind(Kind.MAP_KEY))
    }


def _is_key(table: Table, column: Column) -> bool:
    return column.kind is Kind.KEY or column.name in table.primary_key


def _fits_key(column: Column, action: Action) -> bool:
    """Whether rows are still identifiable: tokens are, except for attribute keys."""
    as_token = column.type is Type.STRING and column.kind is not Kind.MAP_KEY
    return action is Action.KEEP or (action is Action.HASH and as_token)


def _is_text(column: Column) -> bool:
    return column.type in (Type.STRING, Type.STRINGS)
