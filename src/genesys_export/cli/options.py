"""The flags, each declared once; their names are those of design.md A1.

A flag that is not given is None (or empty), so that the environment and the file can speak; what
then holds is in its help text, and a test compares it with the settings. The panels come in one
order in every command, because their commands take their flags in that order.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..datasets import DEFAULT, known

WHICH, WHAT, HOW = "Which days", "What to export", "How to export"
ONCE, EVERYWHERE = "This run only", "Common options"
PANELS = ("Options", WHICH, WHAT, HOW, ONCE, EVERYWHERE)


def flag(
    name: str,
    text: str,
    *,
    value: str | None = None,
    default: str | None = None,
    panel: str | None = None,
) -> Any:
    """Return a flag; `value` is its metavar, `default` what applies without it.

    The choices of a value (`daily|hive`) are what a shell completes it with.
    """
    ending = rf" [dim]\[default: {default}][/dim]" if default else ""
    choices = value.split("|") if value and "|" in value else []

    def completed(incomplete: str) -> list[str]:
        return [choice for choice in choices if choice.startswith(incomplete)]

    return typer.Option(
        name,
        help=text + ending,
        metavar=value,
        rich_help_panel=panel,
        autocompletion=completed if choices else None,
    )


Config = Annotated[
    Path | None,
    flag(
        "--config",
        "Settings file.",
        value="FILE",
        default="./genesys-export.toml",
        panel=EVERYWHERE,
    ),
]
Org = Annotated[
    str | None,
    flag(
        "--org",
        r"One of the organisations in \[orgs] of the settings file.",
        value="NAME",
        default="all of them",
        panel=EVERYWHERE,
    ),
]
To = Annotated[
    str | None,
    flag(
        "--to",
        "Destination: s3://bucket/prefix, file:///dir or a path.",
        value="URL",
        panel=EVERYWHERE,
    ),
]
LogFormat = Annotated[
    str | None,
    flag(
        "--log-format",
        "auto shows progress bars on a terminal, else plain lines.",
        value="auto|console|json",
        default="auto",
        panel=EVERYWHERE,
    ),
]
Quiet = Annotated[bool, flag("--quiet", "Log warnings and errors only.", panel=EVERYWHERE)]
Verbose = Annotated[
    bool, flag("--verbose", "Log every request, and tracebacks of errors.", panel=EVERYWHERE)
]
# Of commands that show no requests: for the traceback of a bug alone, which process.py prints.
Traceback = Annotated[bool, typer.Option("--verbose", hidden=True)]
Date = Annotated[
    str | None,
    flag(
        "--date",
        "Export this day only: YYYY-MM-DD or yesterday.",
        value="DATE",
        default="yesterday and earlier days that are missing or may have changed",
        panel=WHICH,
    ),
]
Start = Annotated[str, flag("--start", "First day: YYYY-MM-DD.", value="DATE", panel=WHICH)]
End = Annotated[
    str, flag("--end", "Last day, included: YYYY-MM-DD or yesterday.", value="DATE", panel=WHICH)
]
Order = Annotated[
    str | None,
    flag(
        "--order", "Which day comes first.", value="newest|oldest", default="newest", panel=WHICH
    ),
]
Datasets = Annotated[
    list[str] | None,
    flag(
        "--dataset",
        f"Only these datasets, separated by commas; repeatable: {', '.join(known())}.",
        value="NAMES",
        default=DEFAULT,
        panel=WHAT,
    ),
]
Tables = Annotated[
    list[str] | None,
    flag(
        "--table",
        "Of the datasets that these tables belong to, only these tables, separated by commas; "
        "repeatable.",
        value="NAMES",
        default="all tables",
        panel=WHAT,
    ),
]
MediaType = Annotated[
    list[str] | None,
    flag(
        "--media-type",
        "Only conversations with this media type, such as voice; repeatable.",
        value="NAME",
        panel=WHAT,
    ),
]
Queue = Annotated[
    list[str] | None,
    flag(
        "--queue",
        "Only conversations that passed through the queue with this id; repeatable.",
        value="ID",
        panel=WHAT,
    ),
]
Division = Annotated[
    list[str] | None,
    flag("--division", "Only conversations of this division; repeatable.", value="ID", panel=WHAT),
]
Direction = Annotated[
    list[str] | None,
    flag(
        "--direction",
        "Only conversations that started in this direction; repeatable.",
        value="inbound|outbound",
        panel=WHAT,
    ),
]
Filters = Annotated[
    str | None,
    flag(
        "--filters",
        "More filters: the API's own filter arrays, as JSON.",
        value="JSON",
        panel=WHAT,
    ),
]
Format = Annotated[
    str | None,
    flag("--format", "File format.", value="csv.gz|parquet|jsonl.gz", default="csv.gz", panel=HOW),
]
Layout = Annotated[
    str | None,
    flag(
        "--layout",
        "File names: daily is TABLE/DATE.csv.gz, hive is TABLE/dt=DATE/….",
        value="daily|hive",
        default="daily",
        panel=HOW,
    ),
]
Engine = Annotated[
    str | None,
    flag(
        "--engine",
        "jobs: complete; query: fresher, but without participant attributes.",
        value="jobs|query",
        default="jobs",
        panel=HOW,
    ),
]
QueryBody = Annotated[
    str | None,
    flag(
        "--query-body",
        "Send this JSON body, which contains {start} and {end}; implies --engine query.",
        value="FILE",
        panel=HOW,
    ),
]
Slices = Annotated[
    str | None,
    flag(
        "--slices",
        "Split the day into N slices and fetch them in parallel; auto takes N from Genesys's"
        " own count.",
        value="N",
        default="1",
        panel=HOW,
    ),
]
Timezone = Annotated[
    str | None,
    flag(
        "--timezone",
        "Days begin at midnight in this time zone.",
        value="IANA",
        default="UTC",
        panel=HOW,
    ),
]
Wait = Annotated[
    str | None,
    flag(
        "--wait",
        "Wait up to this long (2h, PT2H) until the day is complete.",
        value="DURATION",
        default="don't wait",
        panel=HOW,
    ),
]
AllowPartial = Annotated[
    bool, flag("--allow-partial", "Publish an incomplete day, marked as partial.", panel=HOW)
]
Strict = Annotated[
    bool, flag("--strict", "Refuse to publish if Genesys's own count disagrees.", panel=HOW)
]
Force = Annotated[bool, flag("--force", "Re-export --date even if it is final.", panel=ONCE)]
ForceRange = Annotated[bool, flag("--force", "Re-export days even if they are final.", panel=ONCE)]
Rewrite = Annotated[
    bool,
    flag(
        "--rewrite",
        "Adopt the current settings here; later runs export the other published days again.",
        panel=ONCE,
    ),
]
AcceptShrink = Annotated[
    bool,
    flag(
        "--accept-shrink",
        "Publish a day even if many of its conversations have disappeared.",
        panel=ONCE,
    ),
]
DryRun = Annotated[
    bool,
    flag(
        "--dry-run",
        "Show the requests and the files, without sending or writing them.",
        panel=ONCE,
    ),
]
Report = Annotated[
    Path | None, flag("--report", "Write a run report as JSON.", value="FILE", panel=ONCE)
]
