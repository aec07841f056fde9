"""The flags that only the program itself, init, status, verify, tables, simulate and demo have."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .. import __version__
from .options import WHICH, flag


def _version(given: bool) -> None:  # noqa: FBT001 - as typer calls it
    if given:
        sys.stdout.write(f"genesys-export {__version__}\n")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
]

# --- init ---------------------------------------------------------------------------------------

Region = Annotated[
    str | None, flag("--region", "Region of the organisation: eu-central-1.", value="NAME")
]
ClientId = Annotated[str | None, flag("--client-id", "Id of the OAuth client.", value="ID")]
NewTo = Annotated[
    str | None, flag("--to", "Destination: s3://bucket/prefix or a path.", value="URL")
]
NewFormat = Annotated[
    str | None,
    flag("--format", "File format.", value="csv.gz|parquet|jsonl.gz", default="csv.gz"),
]
NewTimezone = Annotated[
    str | None,
    flag("--timezone", "Days begin at midnight in this time zone.", value="IANA", default="UTC"),
]
NewConfig = Annotated[Path, flag("--config", "File to write.", value="FILE")]
Yes = Annotated[bool, flag("--yes", "Ask nothing: use flags, environment, defaults.")]

# --- status -------------------------------------------------------------------------------------

AsJson = Annotated[bool, flag("--json", "Print everything as JSON.")]
Html = Annotated[Path | None, flag("--html", "Write one self-contained HTML page.", value="FILE")]
LastDays = Annotated[
    int, typer.Option("--days", help="How many days the table lists.", metavar="N", min=1)
]
Check = Annotated[bool, flag("--check", "End with 65 if anything needs attention.")]
AllowEmpty = Annotated[bool, flag("--allow-empty", "Accept a destination without any export.")]

# --- verify -------------------------------------------------------------------------------------

VerifiedDate = Annotated[
    str | None, flag("--date", "This day: YYYY-MM-DD or yesterday.", value="DATE", panel=WHICH)
]
VerifiedStart = Annotated[
    str | None, flag("--start", "First day of a range: YYYY-MM-DD.", value="DATE", panel=WHICH)
]
VerifiedEnd = Annotated[
    str | None,
    flag("--end", "Last day, included: YYYY-MM-DD or yesterday.", value="DATE", panel=WHICH),
]
Sample = Annotated[
    str | None,
    flag(
        "--sample",
        "Read only randomly chosen days, up to 5% or 500MB of the range; of the others, check"
        " only that the files exist and their sizes.",
        value="AMOUNT",
        panel=WHICH,
    ),
]
Source = Annotated[bool, flag("--source", "Also compare with Genesys's own count.")]

# --- tables -------------------------------------------------------------------------------------

Ddl = Annotated[
    str | None,
    flag(
        "--ddl",
        "Print SQL instead, for athena, redshift, snowflake, spark, duckdb or postgres.",
        value="DIALECT",
    ),
]
Markdown = Annotated[bool, flag("--markdown", "Print Markdown.")]
LoadDate = Annotated[
    str | None,
    flag("--date", "With --ddl: load this day, for the first time or again.", value="YYYY-MM-DD"),
]

# --- simulate and demo --------------------------------------------------------------------------

Port = Annotated[int, flag("--port", "Port on 127.0.0.1; 0 picks a free one.", value="N")]
Conversations = Annotated[
    list[Path] | None,
    flag(
        "--conversations",
        "Serve the records of this file instead of made-up ones; repeatable.",
        value="FILE",
    ),
]
PerDay = Annotated[int, flag("--per-day", "Conversations of each made-up day.", value="N")]
Seed = Annotated[
    int, flag("--seed", "Seed of the made-up data: the same seed gives the same data.", value="N")
]
RequestsPerMinute = Annotated[
    int | None,
    flag(
        "--requests-per-minute",
        "Answer 429 above this rate; the real API does above 300.",
        value="N",
        default="no limit",
    ),
]
DemoTo = Annotated[Path, flag("--to", "Folder to export to.", value="FOLDER")]
