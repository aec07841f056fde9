"""WHAT is exported: declarations only, no code that moves data and no Arrow."""

from .conversation_details import conversation_details
from .spec import Column, Dataset, ForeignKey, Kind, PersonalData, Table, Type

__all__ = [
    "Column",
    "Dataset",
    "ForeignKey",
    "Kind",
    "PersonalData",
    "Table",
    "Type",
    "conversation_details",
]
