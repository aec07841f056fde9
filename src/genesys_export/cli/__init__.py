"""The commands. Imports as little as `--help` needs; each command imports its parts when it runs.

Results go to stdout, everything else to stderr. The process ends with the statuses of errors.py.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from . import dividing, options, own_options, process
from .help import Command, Group, examples
from .showing import machine

if TYPE_CHECKING:
    from ..settings import Flags

app = typer.Typer(
    name="genesys-export",
    cls=Group,
    help="Export Genesys Cloud conversation details to S3 or a folder, day by day.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its status."""
    process.set_up()
    process.end(status_of(sys.argv[1:] if arguments is None else list(arguments)))


def status_of(arguments: list[str]) -> int:
    """Run a command line and return its exit status; every error is shown, none is raised."""
    return process.outcome(app, arguments)


@app.callback(invoke_without_command=True)
def _version(*, version: own_options.Version = False) -> None:
    """Export Genesys Cloud conversation details to S3 or a folder, day by day."""
    del version


@app.command(cls=Command, epilog=examples("init"))
def init(
    region: own_options.Region = None,
    client_id: own_options.ClientId = None,
    to: own_options.NewTo = None,
    format: own_options.NewFormat = None,  # noqa: A002 - the flag's name
    timezone: own_options.NewTimezone = None,
    config: own_options.NewConfig = Path("genesys-export.toml"),
    yes: own_options.Yes = False,
    verbose: options.Traceback = False,
) -> int:
    """Write a settings file: ask for what is missing, then check the set-up."""
    from .init import Answers, execute  # noqa: PLC0415 - heavy

    del verbose
    given = Answers(region=region, client_id=client_id, to=to, format=format, timezone=timezone)
    return execute(given, config, ask=None if yes else sys.stdin)


@app.command(cls=Command, epilog=examples("run"))
def run(
    date: options.Date = None,
    shard: dividing.Shard = None,
    dataset: options.Datasets = None,
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
    deadline: dividing.Deadline = None,
    dry_run: options.DryRun = False,
    report: options.Report = None,
    to: options.To = None,
    config: options.Config = None,
    org: options.Org = None,
    log_format: options.LogFormat = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Export yesterday and earlier days that are missing or may have changed; or --date only."""
    flags: Flags = {
        "dataset": dataset, "table": table, "format": format, "layout": layout, "engine": engine,
        "query_body": query_body, "media_type": media_type, "queue": queue, "division": division,
        "direction": direction, "filters": filters, "slices": slices, "timezone": timezone,
        "wait": wait, "allow_partial": allow_partial, "strict": strict, "to": to, "config": config,
        "org": org, "shard": shard, "log_format": log_format, "quiet": quiet, "verbose": verbose,
    }  # fmt: skip
    from ..export import ExportOptions  # noqa: PLC0415 - heavy
    from .run import RunRequest, execute  # noqa: PLC0415 - heavy

    chosen = ExportOptions(force=force, rewrite=rewrite, accept_shrink=accept_shrink,
                           deadline=deadline)  # fmt: skip
    return execute(RunRequest(date=date, options=chosen, dry_run=dry_run, report=report), flags)


@app.command(cls=Command, epilog=examples("backfill"))
def backfill(
    start: options.Start,
    end: options.End,
    order: options.Order = None,
    shard: dividing.Shard = None,
    dataset: options.Datasets = None,
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
    days_at_once: dividing.DaysAtOnce = None,
    cluster: dividing.Cluster = None,
    timezone: options.Timezone = None,
    wait: options.Wait = None,
    allow_partial: options.AllowPartial = False,
    strict: options.Strict = False,
    force: options.ForceRange = False,
    rewrite: options.Rewrite = False,
    accept_shrink: options.AcceptShrink = False,
    deadline: dividing.Deadline = None,
    dry_run: options.DryRun = False,
    report: options.Report = None,
    to: options.To = None,
    config: options.Config = None,
    org: options.Org = None,
    log_format: options.LogFormat = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Export a range of days, skipping days that are already final."""
    flags: Flags = {
        "order": order, "days_at_once": days_at_once,
        "dataset": dataset, "table": table, "format": format, "layout": layout, "engine": engine,
        "query_body": query_body, "media_type": media_type, "queue": queue, "division": division,
        "direction": direction, "filters": filters, "slices": slices, "timezone": timezone,
        "wait": wait, "allow_partial": allow_partial, "strict": strict, "to": to, "config": config,
        "org": org, "shard": shard, "log_format": log_format, "quiet": quiet, "verbose": verbose,
    }  # fmt: skip
    from ..export import ExportOptions  # noqa: PLC0415 - heavy
    from .backfill import BackfillRequest, execute  # noqa: PLC0415 - heavy

    chosen = ExportOptions(force=force, rewrite=rewrite, accept_shrink=accept_shrink,
                           deadline=deadline)  # fmt: skip
    request = BackfillRequest(start=start, end=end, options=chosen, dry_run=dry_run, report=report,
                              cluster=cluster)  # fmt: skip
    return execute(request, flags)


@app.command(cls=Command, epilog=examples("status"))
def status(
    json: own_options.AsJson = False,
    html: own_options.Html = None,
    days: own_options.LastDays = 14,
    check: own_options.Check = False,
    allow_empty: own_options.AllowEmpty = False,
    dataset: options.Datasets = None,
    to: options.To = None,
    config: options.Config = None,
    org: options.Org = None,
    log_format: options.LogFormat = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Show which days are final, provisional, partial, damaged, failed or missing."""
    flags: Flags = {"dataset": dataset, "to": to, "config": config, "org": org}
    flags |= {"log_format": log_format, "quiet": quiet, "verbose": verbose}
    from .status import StatusRequest, report  # noqa: PLC0415 - heavy

    asked = StatusRequest(as_json=json, html=html, days=days, check=check, allow_empty=allow_empty)
    return report(asked, flags)


@app.command(cls=Command, epilog=examples("verify"))
def verify(
    date: own_options.VerifiedDate = None,
    start: own_options.VerifiedStart = None,
    end: own_options.VerifiedEnd = None,
    sample: own_options.Sample = None,
    source: own_options.Source = False,
    dataset: options.Datasets = None,
    to: options.To = None,
    config: options.Config = None,
    org: options.Org = None,
    log_format: options.LogFormat = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Read published days back and compare them with their manifests."""
    flags: Flags = {"dataset": dataset, "to": to, "config": config, "org": org}
    flags |= {"log_format": log_format, "quiet": quiet, "verbose": verbose}
    from .verify import VerifyRequest, execute  # noqa: PLC0415 - heavy

    request = VerifyRequest(date=date, start=start, end=end, sample=sample, source=source)
    return execute(request, flags)


@app.command(cls=Command, epilog=examples("doctor"))
def doctor(
    dataset: options.Datasets = None,
    to: options.To = None,
    config: options.Config = None,
    org: options.Org = None,
    log_format: options.LogFormat = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Check credentials, permissions, destination and clocks, with a fix for each problem."""
    flags: Flags = {"dataset": dataset, "to": to, "config": config, "org": org}
    flags |= {"log_format": log_format, "quiet": quiet, "verbose": verbose}
    from .doctor import execute  # noqa: PLC0415 - heavy

    return execute(flags)


@app.command(cls=Command, epilog=examples("tables"))
def tables(
    markdown: own_options.Markdown = False,
    ddl: own_options.Ddl = None,
    date: own_options.LoadDate = None,
    dataset: options.Datasets = None,
    table: options.Tables = None,
    format: options.Format = None,  # noqa: A002 - the flag's name
    layout: options.Layout = None,
    to: options.To = None,
    config: options.Config = None,
    org: options.Org = None,
    verbose: options.Traceback = False,
) -> int:
    """Print the data dictionary, or the SQL that creates and loads the tables."""
    flags: Flags = {"dataset": dataset, "to": to, "config": config, "org": org}
    flags |= {"format": format, "layout": layout}
    from .tables import TablesRequest, text_of  # noqa: PLC0415 - heavy

    del verbose
    request = TablesRequest(dialect=ddl, date=date, tables=table or (), markdown=markdown)
    machine(text_of(request, flags).rstrip() + "\n")
    return 0


@app.command(cls=Command, epilog=examples("simulate"))
def simulate(
    port: own_options.Port = 8085,
    conversations: own_options.Conversations = None,
    per_day: own_options.PerDay = 10_000,
    seed: own_options.Seed = 1,
    requests_per_minute: own_options.RequestsPerMinute = None,
    verbose: options.Traceback = False,
) -> int:
    r"""Run a simulated Genesys Cloud until Ctrl-C; print how to reach it (extra \[simulator])."""
    from .simulate import serve_until_stopped  # noqa: PLC0415 - an extra

    del verbose
    serve_until_stopped(
        port=port,
        files=conversations or [],
        per_day=per_day,
        seed=seed,
        requests_per_minute=requests_per_minute,
    )
    return 0


@app.command(cls=Command, epilog=examples("demo"))
def demo(
    to: own_options.DemoTo = Path("demo-export"),
    per_day: own_options.PerDay = 5_000,
    verbose: options.Traceback = False,
) -> int:
    r"""Simulate a Genesys Cloud, export a day from it, and query it (extra \[simulator])."""
    from .demo import show_everything  # noqa: PLC0415 - an extra

    del verbose
    return show_everything(to, per_day=per_day)
