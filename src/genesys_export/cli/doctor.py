"""`doctor`: every check as it comes, on stdout, and how an export would end as exit status.

Marks and colours on a terminal, plain lines elsewhere, JSON lines with `--log-format json`.
`--quiet` leaves out what is well. Checks that did not run because another one failed are one line;
in JSON, one object each.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import asdict
from typing import TextIO

from rich.console import Console
from rich.text import Text

from ..api import SystemClock
from ..assembly.examining import check_up
from ..events import Observe, ignore
from ..findings import Finding, Verdict
from ..operations.doctor.summary import Part, in_a_word, not_run, status_of
from ..progress import progress
from ..progress.words import clean
from ..settings import Flags, Log, Need, load
from .signals import Signals

_MARKS = {
    Verdict.OK: ("✓", "green"),
    Verdict.WARN: ("!", "yellow"),
    Verdict.FAIL: ("✗", "bold red"),
    Verdict.UNKNOWN: ("?", "cyan"),
}
_INDENT = " " * 10

Show = Callable[[str, Finding], None]


def execute(flags: Flags, environ: Mapping[str, str] | None = None) -> int:
    """Examine everything an export needs; return the exit status it would end with."""
    settings = load(flags=flags, environ=environ, needs={Need.SOME_SOURCE, Need.DESTINATION})
    clock, log, found = SystemClock(), settings.log, list[Finding]()
    show = _shown(sys.stdout, log)
    with ExitStack() as stack:
        stack.enter_context(Signals(clock).handled())
        observe: Observe = ignore
        if log.level == "verbose":
            told = progress(sys.stderr, format=_lines(log), level=log.level, clock=clock)
            observe = stack.enter_context(told)
        for part in check_up(settings, clock=clock, observe=observe):
            # Closed in any case: what was written to look at the destination is removed then.
            stack.enter_context(closing(part.findings))
            found += _of_part(part, show, log)
    if log.format != "json" and log.level != "quiet":
        sys.stdout.write(f"{in_a_word(found)}\n")
    return status_of(found)


def _of_part(part: Part, show: Show, log: Log) -> list[Finding]:
    """Show the findings of a part as they come, and return them."""
    found, blocked = [], []
    for finding in part.findings:
        found.append(finding)
        if finding.blocked_by and log.format != "json":
            blocked.append(finding)
        elif log.level != "quiet" or finding.verdict is not Verdict.OK:
            show(part.about, finding)
    if blocked:
        show(part.about, not_run(blocked))
    return found


def _lines(log: Log) -> str:
    """Return the log format for requests: never bars, which would cover the findings."""
    return "json" if log.format == "json" else "console"


def _shown(stream: TextIO, log: Log) -> Show:
    if log.format == "json":
        return lambda about, finding: _as_json(stream, about, finding)
    console = Console(file=stream, highlight=False, soft_wrap=True)
    if log.format == "auto" and console.is_terminal and not console.is_dumb_terminal:
        return _headed(console)
    return lambda about, finding: _plainly(stream, about, finding)


def _as_json(stream: TextIO, about: str, finding: Finding) -> None:
    values = {"about": about, **asdict(finding)}
    del values["blocked_by"]  # `found` says it
    told = {
        name: clean(value) if isinstance(value, str) else value for name, value in values.items()
    }
    stream.write(
        json.dumps(told, separators=(",", ":")) + "\n"
    )  # ASCII, which every encoding of a stream has
    stream.flush()


def _plainly(stream: TextIO, about: str, finding: Finding) -> None:
    # What Genesys or a bucket said may stand in it, and must not write to the terminal.
    head = f"{finding.verdict:<{len(_INDENT)}}"
    stream.write(f"{head}{clean(about)}, {clean(finding.name)}: {clean(finding.found)}\n")
    if finding.fix:
        stream.write(f"{_INDENT}fix: {clean(finding.fix)}\n")
    stream.flush()


def _headed(console: Console) -> Show:
    """Return what shows findings under a headline for each part."""
    last = ""

    def show(about: str, finding: Finding) -> None:
        nonlocal last
        if about != last:
            console.print(Text(clean(about), style="bold"))
            last = about
        mark, style = _MARKS[finding.verdict]
        line = Text.assemble(
            ("  " + mark, style), f" {clean(finding.name)}: ", clean(finding.found)
        )
        console.print(line)
        if finding.fix:
            console.print(Text(f"    → {clean(finding.fix)}", style="dim"))

    return show
