"""The participants' attributes: taken out of the records before Arrow sees them.

Arrow would make a column of every attribute key ever used. Knows where they stand and that they
must be texts; whatever is odd about them raises Unfit, and the exact path takes the records.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from ..model import Attributes
from .arrow import Unfit
from .triage import Triaged

_TEXTS = msgspec.json.Decoder(dict[str, str])
_ENCODE = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Gathered:
    """The attribute rows of a block, column by column."""

    rows: list[int] = field(default_factory=list)
    ordinals: list[int] = field(default_factory=list)
    ids: list[str | None] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    values: list[str | None] = field(default_factory=list)

    def add(
        self, row: int, ordinal: int, participant_id: str | None, found: Mapping[str, str | None]
    ) -> None:
        """Add one participant's attributes."""
        self.rows.append(row)
        self.ordinals.append(ordinal)
        self.ids.append(participant_id)
        self.sizes.append(len(found))
        self.keys.extend(found)
        self.values.extend(found.values())

    def cut(self, row: int, one: Triaged) -> list[bytes | memoryview]:
        """Return the record without attributes, in pieces, after adding them; raises Unfit.

        Arrow would make a column of every attribute key ever used, so it must not see them. The
        text `"attributes":{…}` can't stand inside a JSON string (its quotes would be escaped), so
        looking for it, in order, finds the real ones. Pieces, because joining every record and
        then all of them would copy each byte three times.
        """
        if one.head is None:
            raise Unfit
        record, at = one.record, 0
        view, pieces = memoryview(record), list[bytes | memoryview]()
        for ordinal, participant in enumerate(one.head.participants or ()):
            if participant is None or not (raw := bytes(participant.attributes)):
                continue
            if raw != b"null":
                self.add(row, ordinal, participant.participant_id, _texts(raw))
            needle = b'"attributes":' + raw
            if (place := record.find(needle, at)) < 0:
                raise Unfit
            pieces += (view[at:place], b'"attributes":null')
            at = place + len(needle)
        return [*pieces, view[at:], b"\n"]

    def attributes(self) -> Attributes:
        """Return the rows as Arrow columns."""
        offsets = pa.array([0, *self.sizes], pa.int64())
        lists = pa.LargeListArray.from_arrays(
            pc.cumulative_sum(offsets), pa.array(self.keys, pa.string())
        )
        owners = pc.list_parent_indices(lists)
        return Attributes(
            rows=pa.array(self.rows, pa.int64()).take(owners),
            ordinals=pa.array(self.ordinals, pa.int64()).take(owners),
            participant_ids=pa.array(self.ids, pa.string()).take(owners),
            keys=lists.values,
            values=pa.array(self.values, pa.string()),
        )


def _texts(raw: bytes) -> dict[str, str]:
    """Return attributes that are all texts; raises Unfit, also where a key comes twice.

    A dict forgets the overruled value. Nearly always the text is as msgspec would write it, which
    rules that out for a tenth of what counting the pairs costs.
    """
    try:
        found = _TEXTS.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise Unfit from problem
    if len(_ENCODE(found)) != len(raw) and json.loads(raw, object_pairs_hook=len) != len(found):
        raise Unfit
    return found
