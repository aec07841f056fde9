"""Who races: how each is started, what it writes, and how its result is judged.

A row of the table below is all there is to a contender; a peer of yours is one more row.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from . import judging
from .bucket import BUCKET, Bucket
from .expected import DAY, Expected
from .genesys import Genesys
from .processes import Run, measured

ROOT = Path(__file__).parent.parent
PEERS = Path(__file__).parent / "peers"
OURS = str(Path(sys.executable).with_name("genesys-export"))
PANDAS = ROOT / ".venv-bench" / "bin" / "python"
SINGER = ROOT / ".venv-bench-singer" / "bin"
_LONGEST_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Where a race is run: the source, the server, a scratch folder, what is right."""

    genesys: Genesys
    bucket: Bucket
    scratch: Path
    expected: Expected
    gzip_bytes: Mapping[str, int] = field(default_factory=dict)  # what we wrote, by format


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One contender's own place in a course."""

    course: Course
    prefix: str
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way to get a day from Genesys to a bucket."""

    name: str
    title: str
    command: Callable[[Lane], list[str]]
    judge: Callable[[Lane], None]  # raises Failed
    needs: Path | None = None  # without it, it can't run here
    environment: Mapping[str, str] = field(default_factory=dict)
    limit_of: str = ""  # the format of ours whose limit it is

    def run(self, lane: Lane, *, longest_s: float = _LONGEST_S) -> Run:
        """Run it once; raises Failed where it fails or its result is wrong."""
        course = lane.course
        told = {
            **course.genesys.environment,
            **course.bucket.environment,
            **self.environment,
            "BENCH_PREFIX": lane.prefix,
            "BENCH_DAY": str(DAY),
            "BENCH_DECLARATION": str(course.scratch / "fields.json"),
            "BENCH_GZIP_BYTES": str(course.gzip_bytes.get(self.limit_of, 0)),
        }
        run = measured(self.command(lane), told, lane.folder, longest_s=longest_s)
        self.judge(lane)
        return run


# The budget of requests is what an API grants; it is no part of what a machine can do.
UNBOUND = {
    "GENESYS_EXPORT_GENESYS__REQUESTS_PER_MINUTE": "100000",
    "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
}


def ours(
    lane: Lane, form: str, *more: str, to: str = "", report: str = "report.json"
) -> list[str]:
    """Return our command."""
    return [
        OURS,
        "run",
        f"--date={DAY}",
        f"--to={to or f's3://{BUCKET}/{lane.prefix}'}",
        f"--format={form}",
        f"--report={lane.folder / report}",
        "--quiet",
        *more,
    ]


def _script(name: str, *arguments: str, python: Path = PANDAS) -> Callable[[Lane], list[str]]:
    return lambda _: [str(python), str(PEERS / f"{name}.py"), *arguments]


def _singer(lane: Lane) -> list[str]:
    """A tap and a target with a pipe between, as Singer has it."""
    bucket = lane.course.bucket
    place = {
        "aws_access_key_id": bucket.key,
        "aws_secret_access_key": bucket.secret,
        "aws_endpoint_override": bucket.endpoint_url,
        "aws_region": "us-east-1",
        "aws_bucket": BUCKET,
    }
    config = {
        "format": {"format_type": "jsonl"},
        "cloud_provider": {"cloud_provider_type": "aws", "aws": place},
        "prefix": lane.prefix,
        "append_date_to_prefix": False,
    }
    lane.folder.mkdir(parents=True, exist_ok=True)
    (lane.folder / "target.json").write_text(json.dumps(config))
    tap = f"'{PANDAS}' '{PEERS / 'singer_tap.py'}'"
    target = f"'{SINGER / 'target-s3'}' --config target.json"
    return ["/bin/sh", "-c", f"{tap} | {target}"]


def _ours(form: str, title: str) -> Contender:
    return Contender(
        name=form,
        title=title,
        command=lambda lane: ours(lane, form),
        judge=judging.ours(form),
        environment=UNBOUND,
    )


def _dlt(form: str, title: str) -> Contender:
    return Contender(
        name=f"dlt-{form}",
        title=title,
        command=_script("dlt_pipeline", form),
        judge=judging.dlt(form),
        needs=PANDAS,
        environment={"RUNTIME__DLTHUB_TELEMETRY": "false"},
    )


def _limit(form: str, title: str) -> Contender:
    return Contender(
        name=f"limit-{form}",
        title=title,
        command=_script("limit", python=Path(sys.executable)),
        judge=judging.limit(form),
        limit_of=form,
    )


CONTENDERS = (
    _ours("csv.gz", "genesys-export, csv.gz"),
    _ours("parquet", "genesys-export, parquet"),
    _ours("jsonl.gz", "genesys-export, jsonl.gz: records untouched"),
    Contender(
        name="csv.gz-folder",
        title="genesys-export, csv.gz into a folder",
        command=lambda lane: ours(lane, "csv.gz", to=str(lane.folder / "lake")),
        judge=judging.folder,
        environment=UNBOUND,
    ),
    _limit("csv.gz", "the limit of csv.gz: nothing is parsed"),
    _limit("jsonl.gz", "the limit of jsonl.gz: nothing is parsed"),
    Contender(
        name="script",
        title="the usual script: one table, not flattened",
        command=_script("script"),
        judge=judging.one_table,
        needs=PANDAS,
    ),
    Contender(
        name="script-loops",
        title="the script with plain loops, fifteen tables",
        command=_script("script_loops"),
        judge=judging.tables,
        needs=PANDAS,
    ),
    Contender(
        name="script-normalize",
        title="the script with json_normalize, fifteen tables",
        command=_script("script_normalize"),
        judge=judging.tables,
        needs=PANDAS,
    ),
    _dlt("jsonl", "dlt 1.31, jsonl.gz (its default)"),
    _dlt("csv", "dlt 1.31, csv.gz"),
    _dlt("parquet", "dlt 1.31, parquet"),
    Contender(
        name="singer",
        title="Singer tap and target: one table, not flattened",
        command=_singer,
        judge=judging.singer,
        needs=SINGER,
    ),
)
