"""The rules applied to batches: whole columns at a time, each distinct value hashed once.

Knows Arrow and HMAC; decides nothing. No original value of a protected column is in what it
returns, and no key or value in any error. Safe from several threads.
"""

from __future__ import annotations

import hmac

import pyarrow as pa
import pyarrow.compute as pc

from ..model import Batch
from .rules import Action, Rules

_HIDDEN = "****"  # always four: the length would tell something
_SHOWN = 4
_LEAST = 8  # of shorter values even the last characters would be half of it


def protect(batch: Batch, rules: Rules) -> Batch:
    """Return the batch as it may be written: same columns, in their places."""
    actions = rules.actions.get(batch.table, {})
    if rules.given:
        where = f"{batch.table}."
        actions = {name: one for name, one in actions.items() if where + name not in rules.given}
    if pair := rules.pairs.get(batch.table):
        batch = _attributes(batch, rules, *pair)
        actions = {name: one for name, one in actions.items() if name not in pair}
    if not actions:
        return batch
    columns = [
        _column(values, actions.get(name, Action.KEEP), rules.key)
        for name, values in zip(batch.rows.schema.names, batch.rows.columns, strict=True)
    ]
    rows = pa.record_batch(columns, schema=batch.rows.schema)
    return Batch(batch.table, rows, batch.starts)


def masked(texts: pa.StringArray) -> pa.StringArray:
    """Return each text with all but its last four characters hidden; a short one wholly."""
    shown = pc.binary_join_element_wise(_HIDDEN, pc.utf8_slice_codeunits(texts, -_SHOWN), "")
    return pc.if_else(pc.greater_equal(pc.utf8_length(texts), _LEAST), shown, _HIDDEN)


def hashed(texts: pa.StringArray, key: bytes) -> pa.StringArray:
    """Return each text's HMAC-SHA-256 in hexadecimal."""
    distinct = texts.dictionary_encode()
    tokens = (token_of(one, key).hex() for one in _texts(distinct))
    return pa.array(tokens, pa.string()).take(distinct.indices)


def token_of(text: str, key: bytes) -> bytes:
    """Return the 32 bytes that a text's token is made of."""
    return hmac.digest(key, text.encode(), "sha256")


def _texts(distinct: pa.DictionaryArray) -> list[str]:
    texts: list[str] = distinct.dictionary.to_pylist()
    return texts


def _column(values: pa.Array, action: Action, key: bytes) -> pa.Array:
    if action is Action.KEEP or values.null_count == len(values):
        return values
    if action is Action.DROP:
        return pa.nulls(len(values), values.type)
    if not pa.types.is_list(values.type):
        return masked(values) if action is Action.MASK else hashed(values, key)
    # Computed, not sliced: only so may a mask of nulls go with them.
    offsets = pc.add(values.offsets, pa.scalar(0, values.offsets.type))
    elements = _column(values.values, action, key)
    return pa.ListArray.from_arrays(offsets, elements, type=values.type, mask=values.is_null())


def _attributes(batch: Batch, rules: Rules, key: str, value: str) -> Batch:
    """Return the attributes' rows: those of dropped keys left out, the values of others hidden."""
    of_column = rules.actions.get(batch.table, {}).get(value, Action.KEEP)
    keys = batch.rows.column(key).dictionary_encode()
    wished = [rules.attributes.action(one) for one in _texts(keys)]
    named = pa.array(wished, pa.string()).take(keys.indices)
    kept = pc.fill_null(pc.not_equal(named, Action.DROP.value), fill_value=True)
    rows, starts = batch.rows.filter(kept), batch.starts.filter(kept)
    # Only from here on: null says that the rows go as their column does, which may drop values.
    actions = pc.fill_null(named.filter(kept), of_column.value)
    place = rows.schema.names.index(value)
    values = rows.column(place)
    hidden = pa.nulls(len(values), values.type)
    for action in (Action.KEEP, Action.MASK, Action.HASH):
        chosen = pc.equal(actions, action.value)
        if pc.any(chosen).as_py():
            own = pc.if_else(chosen, values, None)
            hidden = pc.coalesce(hidden, _column(own, action, rules.key))
    rows = rows.set_column(place, rows.schema.field(place), hidden)
    return Batch(batch.table, rows, starts)
