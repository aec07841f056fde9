"""How index and lists identify a conversation: by its id or, if that is hidden, its token.

The index has 16 bytes for it, and the list of changes writes them out: a UUID's own, or the first
half of the token, so that both join to the tables and neither says what the tables don't. Knows
rules and recipes; reads and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from ..datasets import Dataset
from ..decode import key_of
from ..errors import DataMismatch
from ..manifest import Recipe
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


def is_comparable(old: Recipe, new: Recipe, dataset: Dataset) -> bool:
    """Whether both recipes identify the dataset's records in the same way."""
    return _names(old, dataset) == _names(new, dataset)


def check_comparable(old: Recipe, new: Recipe, dataset: Dataset) -> None:
    """Raise DataMismatch if conversations were identified differently before.

    Worse, each old id would be listed as gone, beside tables that are not to show it.
    """
    if not is_comparable(old, new, dataset):
        raise DataMismatch("conversation_id was protected differently before")


def _names(recipe: Recipe, dataset: Dataset) -> object:
    """Return the key whose tokens identify records in the recipe's files; None: ids."""
    hidden = recipe.privacy.get("columns", {})
    is_hidden = any(f"{table.name}.{table.identity}" in hidden for table in dataset.tables)
    return recipe.privacy.get("key") if is_hidden else None
