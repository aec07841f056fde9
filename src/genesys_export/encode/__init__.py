"""WRITE: batches into the bytes of a file; the same rows give the same bytes."""

from .csv_gz import CsvGz, Newlines
from .formats import Encoder, Format, Opener
from .gzip import Gzip
from .jsonl_gz import RECORD, JsonlGz, raw_rows
from .parquet import MemoryBudget, Parquet, parquet_schema

__all__ = [
    "RECORD",
    "CsvGz",
    "Encoder",
    "Format",
    "Gzip",
    "JsonlGz",
    "MemoryBudget",
    "Newlines",
    "Opener",
    "Parquet",
    "parquet_schema",
    "raw_rows",
]
