"""The dataset `conversation_details`: fifteen tables from AnalyticsConversation.

The declaration is data, in conversation_details.json beside this file: the only place where a
column's name, type, order, source, unit, class and meaning stand. Everything else is made from it.
"""

from __future__ import annotations

from functools import cache

from .declared import declared
from .spec import Dataset


@cache
def conversation_details() -> Dataset:
    """Return the declaration, read once."""
    return declared("conversation_details")
