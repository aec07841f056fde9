"""How index and lists identify a conversation: by its id or, if that is hidden, its token.

The index has 16 bytes for it, and the list of changes writes them out: a UUID's own, or the first
half of the token, so that both join to the tables and neither says what the tables don't. Knows
rules and what recipes say of them; reads and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from ..datasets import Dataset
from ..decode import key_of
from ..privacy import Rules
from ..privacy.values import token_of

_BYTES = 16


def key_by(rules: Rules, dataset: Dataset) -> Callable[[str], bytes]:
    """Return what makes 16 bytes of the id of one of the dataset's records."""
    if not rules.hides_ids(dataset):
        return key_of
    return lambda ident: token_of(ident, rules.key)[:_BYTES]


def spelled_by(rules: Rules, dataset: Dataset) -> Callable[[bytes], str]:
    """Return what writes those 16 bytes out: as a UUID, or as a token's first 32 digits."""
    return bytes.hex if rules.hides_ids(dataset) else as_uuid


def as_uuid(key: bytes) -> str:
    """Return an id as Genesys writes it."""
    return str(UUID(bytes=key))


def is_comparable(old: Mapping[str, Any], new: Mapping[str, Any], dataset: Dataset) -> bool:
    """Whether both descriptions of privacy identify the dataset's records in the same way."""
    return _names(old, dataset) == _names(new, dataset)


def _names(privacy: Mapping[str, Any], dataset: Dataset) -> object:
    """Return the key whose tokens identify records in the files; None: ids."""
    hidden = privacy.get("columns", {})
    is_hidden = any(f"{table.name}.{table.identity}" in hidden for table in dataset.tables)
    return privacy.get("key") if is_hidden else None
