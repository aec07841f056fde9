"""`tables --ddl`: settings give the files' format and place, the dictionary the rest.

Without any settings at all it speaks of csv.gz files in a bucket whose name is to be put in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..datasets import datasets
from ..dictionary import Files, FileType, as_ddl
from ..errors import WrongUse
from ..settings import Settings, load

NO_BUCKET = "s3://YOUR-BUCKET/analytics"


@dataclass(frozen=True, slots=True, kw_only=True)
class TablesRequest:
    """What `tables --ddl` was asked for, apart from its settings."""

    dialect: str
    date: str | None
    tables: Sequence[str]


def script(
    request: TablesRequest, flags: Mapping[str, object], environ: Mapping[str, str] | None = None
) -> str:
    """Return the SQL; raises WrongUse and WrongSettings."""
    settings = load(flags=flags, environ=environ, dates={"date": request.date})
    files = Files(
        root=_root(settings),
        type=FileType(settings.export.format),
        hive=settings.export.layout == "hive",
        newlines=settings.csv.newlines,
    )
    chosen = (settings.tables_of(each) for each in settings.datasets)
    tables = request.tables or tuple(name for names in chosen for name in names)
    day = _day(request.date)
    return as_ddl(tuple(datasets()), request.dialect, files, tables=tables, day=day)


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as problem:
        raise WrongUse(f"--date {text} is not a valid date", advice="Use YYYY-MM-DD.") from problem


def _root(settings: Settings) -> str:
    given = settings.destination
    nowhere = given.to is None and given.bucket is None
    root = NO_BUCKET if nowhere else _place(settings.require_destination().to, settings.folder)
    org = _org(settings)
    return f"{root}/{org}" if org else root


def _place(to: str, folder: Path) -> str:
    """Return a bucket's address as it is, a folder as an absolute path; no slash at the end."""
    if to.startswith("s3://"):
        return to.rstrip("/")
    path = unquote(urlsplit(to).path) if to.startswith("file://") else to
    return str((folder / path).absolute())


def _org(settings: Settings) -> str:
    if settings.org or len(settings.orgs) < 2:
        return settings.org or next(iter(settings.orgs), "")
    raise WrongUse(
        "there are several organisations, each with its own files",
        advice=f"Choose one with --org: {', '.join(sorted(settings.orgs))}.",
    )
