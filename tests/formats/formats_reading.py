"""What lies in a folder after an export, read by those who read such files; nothing of ours."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True)
class Exported:
    """One exported day."""

    root: Path
    day: date

    @property
    def manifest(self) -> dict:
        home = self.root / f"_genesys_export/conversation_details/{self.day}"
        return json.loads((home / "manifest.json").read_text("utf-8"))

    def keys(self, table: str) -> list[str]:
        """Return the keys of a table's files, as the manifest names them."""
        return [file["key"] for file in self.manifest["tables"][table]]

    def paths(self, table: str) -> list[str]:
        return [str(self.root / key) for key in self.keys(table)]

    def data_files(self) -> list[str]:
        """Return every file that stands under a table's name."""
        files = (path.relative_to(self.root) for path in self.root.rglob("*") if path.is_file())
        return sorted(f.as_posix() for f in files if f.parts[0] != "_genesys_export")

    def parquet(self, table: str) -> pa.Table:
        """Return a table's rows as pyarrow reads each of its files."""
        return pa.concat_tables([pq.ParquetFile(path).read() for path in self.paths(table)])

    def csv_texts(self, table: str) -> list[dict[str, str | None]]:
        """Return a table's rows as DuckDB reads them: texts, null and empty told apart."""
        with duckdb.connect() as database:
            found = database.execute(
                "SELECT * FROM read_csv(?, header=true, delim=',', quote='\"', escape='\"',"
                " all_varchar=true, allow_quoted_nulls=false, compression='gzip',"
                " new_line='\\n', max_line_size=16777216)",
                [self.paths(table)],
            )
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def raw_lines(self) -> list[bytes]:
        """Return the lines of the raw table's files."""
        unpacked = (
            gzip.decompress(Path(path).read_bytes())
            for path in self.paths("conversation_details_raw")
        )
        return [line for text in unpacked for line in text.splitlines()]


def as_csv_says_it(value: object) -> str | None:
    """Return what the contract says CSV writes for a value that another format holds."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
        case date():
            return value.isoformat()
        case list():
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        case _:
            return str(value)
