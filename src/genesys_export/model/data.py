"""Records on their way through the program: as pages, as nested Arrow, as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One API answer; each record is the API's own bytes, not parsed."""

    records: Sequence[bytes | memoryview]
    watermark: datetime | None  # dataAvailabilityDate of the answer
    received_bytes: int  # size of the body after decompression


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one table, in the declared columns and order."""

    table: str
    rows: pa.RecordBatch
    starts: pa.TimestampArray  # when each row's conversation began, whatever its columns


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that can't be exported, whole, and why."""

    reason: str
    record: bytes


@dataclass(frozen=True, slots=True)
class Attributes:
    """The participants' attributes of a block, one a row, as parallel Arrow arrays."""

    rows: pa.Int64Array  # the conversation's row in the block
    ordinals: pa.Int64Array  # the participant's position in the conversation
    participant_ids: pa.StringArray
    keys: pa.StringArray
    values: pa.StringArray


@dataclass(frozen=True, slots=True)
class Block:
    """Conversations decoded together: nested Arrow, one row each, fields by their API names.

    Fields that have not occurred are missing; instants are texts, all `2026-11-22T08:00:00.123Z`.
    """

    conversations: pa.RecordBatch
    attributes: Attributes | None
    rejected: tuple[Rejected, ...]
    records: tuple[bytes, ...] = ()  # the conversations as the API wrote them, row by row
