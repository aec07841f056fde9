"""WHAT is exported: declarations only, no code that moves data and no Arrow."""

from .conversation_details import conversation_details
from .names import names, with_names
from .shape import EXTRA, Node, keeps, record_shape
from .spec import Column, Dataset, ForeignKey, Kind, PersonalData, Table, Type

__all__ = [
    "EXTRA",
    "Column",
    "Dataset",
    "ForeignKey",
    "Kind",
    "Node",
    "PersonalData",
    "Table",
    "Type",
    "conversation_details",
    "keeps",
    "names",
    "record_shape",
    "with_names",
]
