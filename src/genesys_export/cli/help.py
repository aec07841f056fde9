"""What `--help` shows apart from the flags: no types of switches, and two examples.

Knows typer's classes. Nothing here runs a command.
"""

from __future__ import annotations

from typing import Any

import typer.core

from .options import EVERYWHERE

EXAMPLES = {
    "init": (
        "genesys-export init",
        "genesys-export init --region eu-central-1 --to s3://my-bucket/analytics --yes",
    ),
    "run": (
        "genesys-export run --to s3://my-bucket/analytics --wait 6h",
        "genesys-export run --to ./export --date 2026-11-22 --format parquet",
    ),
    "backfill": (
        "genesys-export backfill --to s3://my-bucket/analytics --start 2026-10-01 --end yesterday",
        "genesys-export backfill --to ./export --start 2026-11-01 --end 2026-11-07 --dry-run",
    ),
    "status": (
        "genesys-export status --to s3://my-bucket/analytics",
        "genesys-export status --to s3://my-bucket/analytics --check --html status.html",
    ),
    "verify": (
        "genesys-export verify --to s3://my-bucket/analytics --date yesterday",
        "genesys-export verify --to ./export --start 2026-11-01 --end yesterday --sample 5%",
    ),
    "doctor": (
        "genesys-export doctor --to s3://my-bucket/analytics",
        "genesys-export doctor --quiet",
    ),
    "tables": (
        "genesys-export tables --table conversations",
        "genesys-export tables --ddl snowflake --to s3://my-bucket/analytics > tables.sql",
    ),
    "simulate": (
        "genesys-export simulate --per-day 1000",
        "genesys-export simulate --port 0 --conversations records.json",
    ),
    "demo": (
        "genesys-export demo",
        "genesys-export demo --to /tmp/demo --per-day 50000",
    ),
}


def examples(command: str) -> str:
    """Return the end of a command's help."""
    return "\n\n".join(("[bold]Examples[/bold]", *(f"  {one}" for one in EXAMPLES[command])))


class Command(typer.core.TyperCommand):
    """A command whose switches have no type, and whose --help comes last."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters as help is to show them."""
        return _as_shown(super().get_params(ctx), panel=EVERYWHERE)


class Group(typer.core.TyperGroup):
    """All commands, likewise."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters as help is to show them."""
        return _as_shown(super().get_params(ctx), panel=None)


def _as_shown(params: list[Any], *, panel: str | None) -> list[Any]:
    has_panels = any(getattr(one, "rich_help_panel", None) == panel for one in params)
    for one in params:
        if getattr(one, "is_flag", False):
            one.metavar = ""
        if one.name == "help" and has_panels:
            one.rich_help_panel = panel
    return params
