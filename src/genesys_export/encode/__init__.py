"""WRITE: batches into the bytes of a file; the same rows give the same bytes."""

from .csv_gz import CsvGz, Newlines
from .gzip import Gzip

__all__ = ["CsvGz", "Gzip", "Newlines"]
