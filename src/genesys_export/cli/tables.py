"""`tables`: the dictionary; with --ddl, settings give the files' format and place.

Without any settings at all it speaks of csv.gz files in a bucket whose name is to be put in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..datasets import Additions, dataset_named, known
from ..dictionary import Files, FileType, as_ddl, as_markdown, as_text
from ..errors import WrongSettings, WrongUse
from ..settings import Flags, Settings, load
from ..settings.values import names, of_known

NO_BUCKET = "s3://YOUR-BUCKET/analytics"


@dataclass(frozen=True, slots=True, kw_only=True)
class TablesRequest:
    """What `tables` was asked for, apart from its settings."""

    dialect: str | None
    date: str | None
    tables: Sequence[str] = ()
    markdown: bool = False


def text_of(request: TablesRequest, flags: Flags, environ: Mapping[str, str] | None = None) -> str:
    """Return the dictionary or the SQL; raises WrongUse and WrongSettings."""
    if request.dialect:
        return _script(request, request.dialect, flags, environ)
    try:
        chosen = of_known("dataset", names(flags.get("dataset") or ()), known()) or known()
    except ValueError as problem:
        raise WrongUse(f"--dataset: {problem}", advice="Without it, all are shown.") from problem
    shown = as_markdown if request.markdown else as_text
    added = _added(flags, environ)
    return shown(tuple(dataset_named(name, added) for name in chosen), names(request.tables))


def _added(flags: Flags, environ: Mapping[str, str] | None) -> Additions:
    """Return what the settings add; the dictionary is shown without any, or with wrong ones."""
    try:
        return load(flags=flags, environ=environ).export.added
    except WrongSettings:
        return Additions()


def _script(
    request: TablesRequest, dialect: str, flags: Flags, environ: Mapping[str, str] | None
) -> str:
    settings = load(flags=flags, environ=environ, dates={"date": request.date})
    files = Files(
        root=_root(settings),
        type=FileType(settings.export.format),
        hive=settings.export.layout == "hive",
        newlines=settings.csv.newlines,
    )
    chosen = (settings.tables_of(each) for each in settings.datasets)
    tables = names(request.tables) or tuple(name for each in chosen for name in each)
    day = _day(request.date)
    return as_ddl(settings.known_datasets, dialect, files, tables=tables, day=day)


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
