"""The values that packages exchange, and the contracts of sources and stores.

Knows no HTTP, no AWS, no file format. Everything here is a frozen value or a protocol.
"""

from __future__ import annotations

from .counts import Counts, SliceRecord
from .data import Attributes, Batch, Block, Page, Rejected
from .destination import (
    Always,
    Condition,
    IfAbsent,
    IfUnchanged,
    Listed,
    Part,
    Pending,
    Seen,
    StagedFile,
    Store,
    Stored,
    Tag,
    Upload,
)
from .digests import sum_digests
from .feed import Again, Feed, Gap, Reading, Summary
from .lookup import Lookup, Lookups, NamesUsed
from .organization import Membership, Organization, fingerprint_of
from .source import Clock, Fetch, Names, Source

__all__ = [
    "Again",
    "Always",
    "Attributes",
    "Batch",
    "Block",
    "Clock",
    "Condition",
    "Counts",
    "Feed",
    "Fetch",
    "Gap",
    "IfAbsent",
    "IfUnchanged",
    "Listed",
    "Lookup",
    "Lookups",
    "Membership",
    "Names",
    "NamesUsed",
    "Organization",
    "Page",
    "Part",
    "Pending",
    "Reading",
    "Rejected",
    "Seen",
    "SliceRecord",
    "Source",
    "StagedFile",
    "Store",
    "Stored",
    "Summary",
    "Tag",
    "Upload",
    "fingerprint_of",
    "sum_digests",
]
