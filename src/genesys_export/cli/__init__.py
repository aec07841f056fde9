"""The commands. Imports as little as `--help` needs; each command imports its parts when it runs.

Results go to stdout, everything else to stderr. The process ends with the statuses of errors.py.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from .. import __version__
from . import options, process

app = typer.Typer(
    name="genesys-export",
    help="Genesys Cloud conversation details into a bucket, one trusted day at a time.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its status."""
    process.set_up()
    process.end(status_of(sys.argv[1:] if arguments is None else list(arguments)))


def status_of(arguments: list[str]) -> int:
    """Run a command line and return its exit status; every error is shown, none goes through."""
    return process.outcome(app, arguments)


@app.callback(invoke_without_command=True)
def _version(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Genesys Cloud conversation details into a bucket, one trusted day at a time."""
    if version:
        sys.stdout.write(f"genesys-export {__version__}\n")
        raise typer.Exit


@app.command()
def run(
    date: options.Date = None,
    to: options.To = None,
    config: options.Config = None,
    org: options.Org = None,
    dataset: options.DatasetName = None,
    table: options.Tables = None,
    format: options.Format = None,  # noqa: A002 - the flag's name
    layout: options.Layout = None,
    engine: options.Engine = None,
    query_body: options.QueryBody = None,
    media_type: options.MediaType = None,
    queue: options.Queue = None,
    division: options.Division = None,
    direction: options.Direction = None,
    filters: options.Filters = None,
    slices: options.Slices = None,
    timezone: options.Timezone = None,
    wait: options.Wait = None,
    allow_partial: options.AllowPartial = False,
    strict: options.Strict = False,
    force: options.Force = False,
    rewrite: options.Rewrite = False,
    accept_shrink: options.AcceptShrink = False,
    dry_run: options.DryRun = False,
    report: options.Report = None,
    log_format: options.LogFormat = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Export the day that --date names; else yesterday and every day that is missing or due."""
    flags = options.of_settings(locals())
    from ..export import ExportOptions  # noqa: PLC0415 - heavy
    from .run import RunRequest, execute  # noqa: PLC0415 - heavy

    chosen = ExportOptions(force=force, rewrite=rewrite, accept_shrink=accept_shrink)
    return execute(RunRequest(date=date, options=chosen, dry_run=dry_run, report=report), flags)


@app.command()
def backfill(
    start: options.Start,
    end: options.End,
    order: options.Order = None,
    days_at_once: options.DaysAtOnce = None,
    to: options.To = None,
    config: options.Config = None,
    org: options.Org = None,
    dataset: options.DatasetName = None,
    table: options.Tables = None,
    format: options.Format = None,  # noqa: A002 - the flag's name
    layout: options.Layout = None,
    engine: options.Engine = None,
    query_body: options.QueryBody = None,
    media_type: options.MediaType = None,
    queue: options.Queue = None,
    division: options.Division = None,
    direction: options.Direction = None,
    filters: options.Filters = None,
    slices: options.Slices = None,
    timezone: options.Timezone = None,
    wait: options.Wait = None,
    allow_partial: options.AllowPartial = False,
    strict: options.Strict = False,
    force: options.Force = False,
    rewrite: options.Rewrite = False,
    accept_shrink: options.AcceptShrink = False,
    dry_run: options.DryRun = False,
    report: options.Report = None,
    log_format: options.LogFormat = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Export a range of days, but for those that are settled already."""
    flags = options.of_settings(locals())
    from ..export import ExportOptions  # noqa: PLC0415 - heavy
    from .backfill import BackfillRequest, execute  # noqa: PLC0415 - heavy

    chosen = ExportOptions(force=force, rewrite=rewrite, accept_shrink=accept_shrink)
    request = BackfillRequest(start=start, end=end, options=chosen, dry_run=dry_run, report=report)
    return execute(request, flags)


@app.command()
def status(
    json: options.AsJson = False,
    html: options.Html = None,
    days: options.LastDays = 14,
    check: options.Check = False,
    allow_empty: options.AllowEmpty = False,
    to: options.To = None,
    config: options.Config = None,
    org: options.Org = None,
    log_format: options.LogFormat = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Show which days are final, provisional, partial, damaged, failed or missing."""
    flags = dict(locals())
    from .status import StatusRequest, report  # noqa: PLC0415 - heavy

    own = {name: flags.pop(name) for name in ("html", "days", "check", "allow_empty")}
    return report(StatusRequest(as_json=flags.pop("json"), **own), flags)


@app.command()
def verify(
    date: options.VerifiedDate = None,
    start: options.VerifiedStart = None,
    end: options.VerifiedEnd = None,
    sample: options.Sample = None,
    source: options.Source = False,
    config: options.Config = None,
    org: options.Org = None,
    to: options.To = None,
    log_format: options.LogFormat = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Read published days back and compare them with their manifests, and with the source."""
    flags = dict(locals())
    from .verify import VerifyRequest, execute  # noqa: PLC0415 - heavy

    own = {name: flags.pop(name) for name in ("date", "start", "end", "sample", "source")}
    return execute(VerifyRequest(**own), flags)


@app.command()
def doctor(
    dataset: options.DatasetName = None,
    to: options.To = None,
    config: options.Config = None,
    org: options.Org = None,
    log_format: options.LogFormat = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Check credentials, permissions, the destination, clocks: each with what to do."""
    flags = dict(locals())
    from .doctor import execute  # noqa: PLC0415 - heavy

    return execute(flags)


@app.command()
def tables(
    table: options.Tables = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown.")] = False,
    ddl: options.Ddl = None,
    date: options.LoadDate = None,
    format: options.Format = None,  # noqa: A002 - the flag's name
    layout: options.Layout = None,
    config: options.Config = None,
    org: options.Org = None,
    to: options.To = None,
    log_format: options.LogFormat = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Print the data dictionary: every table and column, with type, meaning and source."""
    from ..datasets import conversation_details, names  # noqa: PLC0415 - heavy
    from ..dictionary import as_markdown, as_pages, as_text  # noqa: PLC0415 - heavy

    del log_format, quiet, verbose  # taken by every command
    datasets, chosen = (conversation_details(), names()), tuple(table or ())
    known = [each.name for dataset in datasets for each in dataset.tables]
    if unknown := [name for name in chosen if name not in known]:
        raise typer.BadParameter(f"no table {', '.join(unknown)}; there are {', '.join(known)}")
    if ddl:
        from .tables import TablesRequest, script  # noqa: PLC0415 - heavy

        flags = {"config": config, "org": org, "to": to, "format": format, "layout": layout}
        text = script(TablesRequest(dialect=ddl, date=date, tables=chosen), flags)
    else:
        text = as_pages(as_markdown if markdown else as_text, datasets, chosen)
    sys.stdout.write(text.rstrip() + "\n")
    return 0


@app.command()
def simulate(
    port: Annotated[int, typer.Option(help="Where to listen; 0 takes a free port.")] = 8085,
    conversations: Annotated[
        list[Path] | None,
        typer.Option(help="Serve the records of this file instead; repeatable.", metavar="FILE"),
    ] = None,
    per_day: Annotated[int, typer.Option(help="Conversations of a made-up day.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Another seed, another world.")] = 1,
    requests_per_minute: Annotated[
        int | None, typer.Option(help="Answer 429 above it, as the real one does above 300.")
    ] = None,
    config: options.Config = None,
    org: options.Org = None,
    to: options.To = None,
    log_format: options.LogFormat = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    r"""Run a Genesys Cloud on this machine, for trying things out (extra \[simulator])."""
    from .simulate import serve_until_stopped  # noqa: PLC0415 - an extra

    del config, org, to, log_format, quiet, verbose  # taken by every command
    serve_until_stopped(
        port=port,
        files=conversations or [],
        per_day=per_day,
        seed=seed,
        requests_per_minute=requests_per_minute,
    )
    return 0


@app.command()
def demo(
    to: options.To = None,
    per_day: Annotated[int, typer.Option(help="Conversations of the made-up day.")] = 5_000,
    config: options.Config = None,
    org: options.Org = None,
    log_format: options.LogFormat = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    r"""Simulate, export one day into ./demo-export, and look at it (extra \[simulator])."""
    from .demo import show_everything  # noqa: PLC0415 - an extra

    del config, org
    flags = {"log_format": log_format, "quiet": quiet, "verbose": verbose}
    return show_everything(Path(to or "demo-export"), per_day=per_day, flags=flags)


__all__ = ["app", "main", "status_of"]
