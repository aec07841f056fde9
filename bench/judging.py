"""Is a contender's result right? Read back what lies there and count, by other people's readers.

Each judge raises Failed with what it found and what it should have found.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from isal import igzip

from .expected import DAY, declaration
from .processes import Failed

if TYPE_CHECKING:
    from .contenders import Lane

Judge = Callable[["Lane"], None]
_MANIFEST = f"_genesys_export/conversation_details/{DAY}/manifest.json"
_BLOCK_BYTES = 512 << 10  # what a packer may still hold when there is enough
_RAW = "conversation_details_raw"


def ours(form: str) -> Judge:
    """Judge an export to the bucket: by its manifest, and by the rows in the objects."""

    def judge(lane: Lane) -> None:
        objects = dict(lane.course.bucket.objects(f"{lane.prefix}/"))
        _ours(lane, objects, form)

    return judge


def folder(lane: Lane) -> None:
    """Judge an export to a folder."""
    lake = lane.folder / "lake"
    files = (path for path in lake.rglob("*") if path.is_file())
    _ours(lane, {str(path.relative_to(lake)): path.read_bytes() for path in files}, "csv.gz")


def tables(lane: Lane) -> None:
    """Judge a script's fifteen tables: their rows, and that they have our columns but `_extra`."""
    objects = dict(lane.course.bucket.objects(f"{lane.prefix}/"))
    _same(lane, _rows(objects))
    for table in declaration()["tables"]:
        [packed] = [body for key, body in objects.items() if key.startswith(f"{table['name']}/")]
        ours = [column["name"] for column in table["columns"] if column["name"] != "_extra"]
        theirs = _unpacked(packed).partition(b"\n")[0].decode().strip().split(",")
        if ours != theirs:
            raise Failed(f"{table['name']} has the columns {theirs}")


def one_table(lane: Lane) -> None:
    """Judge a script's one table: as many conversations, no two the same."""
    [(_, packed)] = lane.course.bucket.objects(f"{lane.prefix}/")
    ids = _csv(packed, ["conversationId"]).column(0)
    _equal(lane, "conversations", len(ids.unique()))
    _equal(lane, "conversations", len(ids))


def singer(lane: Lane) -> None:
    """Judge a Singer target's lines."""
    lines = [
        json.loads(line)
        for _, packed in lane.course.bucket.objects(f"{lane.prefix}/")
        for line in _unpacked(packed).splitlines()
    ]
    _equal(lane, "conversations", len({line["conversationId"] for line in lines}))
    _equal(lane, "conversations", len(lines))
    found = sum(len(line["participants"] or ()) for line in lines)
    _equal(lane, "participants", found)


def dlt(form: str) -> Judge:
    """Judge dlt's child tables, as far as they are tables of ours."""
    names = {_dlt_name(table["path"]): table["name"] for table in declaration()["tables"]}

    def judge(lane: Lane) -> None:
        found: Counter[str] = Counter()
        for key, body in lane.course.bucket.objects(f"{lane.prefix}/genesys/"):
            table = names.get(key.partition("/")[0])
            if table is not None:
                found[table] += _count(body, form)
        # Attributes become columns of the participants: no table of their own.
        _same(lane, {**found, "participant_attributes": _wanted(lane, "participant_attributes")})

    return judge


def limit(form: str) -> Judge:
    """Judge the limit: as many bytes as we wrote, and of every conversation."""

    def judge(lane: Lane) -> None:
        told = json.loads((lane.folder / "stdout.txt").read_text())
        _equal(lane, "conversations", told["records"])
        wrote, should = lane.course.bucket.size(lane.prefix), lane.course.gzip_bytes[form]
        if not 0 <= wrote - should < max(_BLOCK_BYTES, should / 100):
            raise Failed(f"the limit wrote {wrote} bytes instead of {should}")

    return judge


def _ours(lane: Lane, objects: dict[str, bytes], form: str) -> None:
    manifest = json.loads(objects[_MANIFEST])
    if manifest.get("next"):
        raise Failed("the manifest is not committed")
    _equal(lane, "conversations", manifest["counts"]["exported"])
    told = {name: sum(f["rows"] for f in files) for name, files in manifest["tables"].items()}
    found = _rows({key: body for key, body in objects.items() if not key.startswith("_")})
    if told != found:
        raise Failed(f"the manifest tells of {told}, the files hold {found}")
    if form == "jsonl.gz":
        _equal(lane, "conversations", found[_RAW])
    else:
        _same(lane, found)


def _rows(objects: dict[str, bytes]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for key, body in objects.items():
        table, _, name = key.rpartition("/")
        found[table] += _count(body, name.partition(".")[2])
    return dict(found)


def _count(body: bytes, form: str) -> int:
    """Count the rows of a file by its format."""
    if form.endswith("parquet"):
        return int(pa.parquet.read_metadata(pa.BufferReader(body)).num_rows)
    if "jsonl" in form:
        return _unpacked(body).count(b"\n") if body[:2] == b"\x1f\x8b" else body.count(b"\n")
    return int(_csv(body).num_rows)


def _unpacked(packed: bytes) -> bytes:
    return bytes(igzip.decompress(packed))


def _csv(packed: bytes, columns: list[str] | None = None) -> pa.Table:
    text = _unpacked(packed)
    header = text[: text.index(b"\n")].decode()
    first = header.split(",")[0].strip('"\r')
    wanted = columns or [first]
    return pa.csv.read_csv(
        pa.BufferReader(text),
        read_options=pa.csv.ReadOptions(block_size=64 << 20),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string())
        ),
    )


def _dlt_name(path: str) -> str:
    steps = [step.removesuffix("[]") for step in path.split(".") if step != "$"]
    snake = [re.sub(r"(?<=[a-z])(?=[A-Z])", "_", step).lower() for step in steps]
    return "__".join(["conversations", *snake])


def _wanted(lane: Lane, table: str) -> int:
    return lane.course.expected.rows[table]


def _same(lane: Lane, found: dict[str, int]) -> None:
    wanted = lane.course.expected.rows
    wrong = {
        name: (found.get(name, 0), wanted.get(name, 0))
        for name in wanted.keys() | found.keys()
        if found.get(name, 0) != wanted.get(name, 0)
    }
    if wrong:
        raise Failed(f"rows found and rows there should be: {wrong}")


def _equal(lane: Lane, table: str, found: int) -> None:
    if found != _wanted(lane, table):
        raise Failed(f"{found} {table} instead of {_wanted(lane, table)}")
