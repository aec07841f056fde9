"""The flags, each declared once; their names are those of design.md A1.

A flag that is not given is None (or empty), so that the environment and the file can speak.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

_COMMON, _WHAT, _HOW = "Everywhere", "What to export", "How"

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="Settings file instead of ./genesys-export.toml.",
        rich_help_panel=_COMMON,
        metavar="FILE",
    ),
]
Org = Annotated[
    str | None,
    typer.Option(
        "--org",
        help="One of the configured organisations; default: all.",
        rich_help_panel=_COMMON,
        metavar="NAME",
    ),
]
To = Annotated[
    str | None,
    typer.Option(
        "--to",
        help="s3://bucket/prefix, file:///dir or a path.",
        rich_help_panel=_COMMON,
        metavar="URL",
    ),
]
LogFormat = Annotated[
    str | None,
    typer.Option(
        "--log-format",
        help="console or json; default: bars on a terminal, else console.",
        rich_help_panel=_COMMON,
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", help="Warnings and errors only.", rich_help_panel=_COMMON)
]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", help="Every request; tracebacks.", rich_help_panel=_COMMON),
]
Date = Annotated[
    str | None,
    typer.Option(
        "--date",
        help="This day alone: YYYY-MM-DD or yesterday; default: yesterday and all that is due.",
        rich_help_panel=_WHAT,
    ),
]
Start = Annotated[
    str,
    typer.Option("--start", help="The oldest day: YYYY-MM-DD.", rich_help_panel=_WHAT),
]
End = Annotated[
    str,
    typer.Option(
        "--end", help="The newest day, included: YYYY-MM-DD or yesterday.", rich_help_panel=_WHAT
    ),
]
Order = Annotated[
    str | None,
    typer.Option(
        "--order", help="newest (the default) or oldest day first.", rich_help_panel=_HOW
    ),
]
DaysAtOnce = Annotated[
    int | None,
    typer.Option(
        "--days-at-once",
        help="Export N days side by side, under the one budget of requests; default 2.",
        rich_help_panel=_HOW,
        metavar="N",
    ),
]
VerifiedDate = Annotated[
    str | None,
    typer.Option("--date", help="This day: YYYY-MM-DD or yesterday.", rich_help_panel=_WHAT),
]
_FIRST = typer.Option("--start", help="The oldest day of a range.", rich_help_panel=_WHAT)
_LAST = typer.Option("--end", help="The newest day, included.", rich_help_panel=_WHAT)
VerifiedStart = Annotated[str | None, _FIRST]
VerifiedEnd = Annotated[str | None, _LAST]
Sample = Annotated[
    str | None,
    typer.Option(
        "--sample",
        help="Read only random days of the range, 5% or 500MB of it, and list the others.",
        rich_help_panel=_WHAT,
        metavar="SHARE|SIZE",
    ),
]
Source = Annotated[
    bool,
    typer.Option(
        "--source", help="Let Genesys count the day again as well.", rich_help_panel=_WHAT
    ),
]
Ddl = Annotated[
    str | None,
    typer.Option(
        "--ddl",
        help="As SQL for athena, redshift, snowflake, spark, duckdb or postgres: tables, load, "
        "one day again.",
        metavar="DIALECT",
    ),
]
LoadDate = Annotated[
    str | None,
    typer.Option(
        "--date",
        help="With --ddl: to load this day (YYYY-MM-DD), for the first time or again.",
    ),
]
DatasetName = Annotated[
    str | None,
    typer.Option("--dataset", help="conversation_details.", rich_help_panel=_WHAT),
]
Tables = Annotated[
    list[str] | None,
    typer.Option("--table", help="Only this table; repeatable.", rich_help_panel=_WHAT),
]
MediaType = Annotated[
    list[str] | None,
    typer.Option(
        "--media-type",
        help="Only conversations with it, such as voice; repeatable.",
        rich_help_panel=_WHAT,
    ),
]
Queue = Annotated[
    list[str] | None,
    typer.Option(
        "--queue",
        help="Only conversations that met this queue id; repeatable.",
        rich_help_panel=_WHAT,
    ),
]
Division = Annotated[
    list[str] | None,
    typer.Option(
        "--division",
        help="Only conversations of this division id; repeatable.",
        rich_help_panel=_WHAT,
    ),
]
Direction = Annotated[
    list[str] | None,
    typer.Option(
        "--direction",
        help="Only conversations that began inbound or outbound.",
        rich_help_panel=_WHAT,
    ),
]
Filters = Annotated[
    str | None,
    typer.Option(
        "--filters",
        help="More filters, as JSON of the API's own filter arrays.",
        rich_help_panel=_WHAT,
        metavar="JSON",
    ),
]
Format = Annotated[
    str | None, typer.Option("--format", help="csv.gz, parquet or jsonl.gz.", rich_help_panel=_HOW)
]
Layout = Annotated[
    str | None, typer.Option("--layout", help="daily or hive.", rich_help_panel=_HOW)
]
Engine = Annotated[
    str | None,
    typer.Option(
        "--engine",
        help="jobs, or query: fresh data, but no attributes.",
        rich_help_panel=_HOW,
    ),
]
QueryBody = Annotated[
    str | None,
    typer.Option(
        "--query-body",
        help="Ask with this JSON body, which holds {start} and {end}; implies --engine query.",
        rich_help_panel=_HOW,
        metavar="FILE",
    ),
]
Slices = Annotated[
    int | None,
    typer.Option(
        "--slices",
        help="Cut the day into N parts, fetched side by side.",
        rich_help_panel=_HOW,
        metavar="N",
    ),
]
Timezone = Annotated[
    str | None,
    typer.Option(
        "--timezone",
        help="The zone whose midnights bound a day; default UTC.",
        rich_help_panel=_HOW,
        metavar="IANA",
    ),
]
Wait = Annotated[
    str | None,
    typer.Option(
        "--wait",
        help="Wait this long (2h, PT2H) for the day to be complete.",
        rich_help_panel=_HOW,
        metavar="DURATION",
    ),
]
AllowPartial = Annotated[
    bool,
    typer.Option(
        "--allow-partial", help="Publish what there is of a day as partial.", rich_help_panel=_HOW
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Publish no day whose number of conversations the source's own count contradicts.",
        rich_help_panel=_HOW,
    ),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force", help="A day asked for, although it is final already.", rich_help_panel=_HOW
    ),
]
Rewrite = Annotated[
    bool,
    typer.Option(
        "--rewrite",
        help="Under another recipe than the published days; the other days become due.",
        rich_help_panel=_HOW,
    ),
]
AcceptShrink = Annotated[
    bool,
    typer.Option(
        "--accept-shrink",
        help="Publish a day although many of its conversations are gone.",
        rich_help_panel=_HOW,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Say what would be asked and written; do neither.", rich_help_panel=_HOW
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Everything, as JSON.")]
Html = Annotated[
    Path | None,
    typer.Option("--html", help="Write one self-contained page instead.", metavar="FILE"),
]
Check = Annotated[bool, typer.Option("--check", help="End with 65 when anything needs attention.")]
AllowEmpty = Annotated[
    bool,
    typer.Option("--allow-empty", help="Accept a destination to which nothing was ever exported."),
]
LastDays = Annotated[
    int, typer.Option("--days", help="How many days the table lists.", metavar="N", min=1)
]
Report = Annotated[
    Path | None,
    typer.Option(
        "--report", help="Write the run report as JSON.", rich_help_panel=_HOW, metavar="FILE"
    ),
]

# What is asked for this once, and is no setting.
_ONCE = {"date", "start", "end", "force", "rewrite", "accept_shrink", "dry_run", "report"}


def of_settings(given: Mapping[str, object]) -> dict[str, object]:
    """Return those of a command's flags that are settings, or lead to them."""
    return {name: value for name, value in given.items() if name not in _ONCE}
