"""Settings: read once, checked at once, frozen.

Order: flags, environment, `genesys-export.toml` (or --config), defaults. The process's environment
is read here and nowhere else in the program. Everything that is missing or wrong is
reported in one WrongSettings, one line each, with the flag, the variable and the key that set it.
No line, repr or log ever contains a secret. pydantic is slow to import: only commands that need
settings import this.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from enum import Enum, auto
from pathlib import Path

from pydantic import ValidationError

from ..datasets import DEFAULT
from ..redaction import keep_secret, secrets_of
from . import problems, surroundings
from .additions import idle_additions, of_additions
from .export import Export
from .keywords import from_keywords
from .layers import (
    Layer,
    for_the_only_org,
    from_environment,
    from_file,
    from_flags,
    leads_to_s3,
    stacked,
    table,
)
from .names import Flags
from .parts import Org, Settings, Target
from .protection import Privacy
from .sections import (
    Csv,
    Destination,
    Filters,
    Genesys,
    Log,
    Proof,
    Roll,
    Sections,
    Settle,
)
from .shards import read_shard, unused_index
from .strays import of_strays
from .values import names as split_names

__all__ = [
    "FILE_NAME",
    "Csv",
    "Destination",
    "Export",
    "Filters",
    "Flags",
    "Genesys",
    "Log",
    "Need",
    "Org",
    "Privacy",
    "Proof",
    "Roll",
    "Settings",
    "Settle",
    "Target",
    "load",
]

FILE_NAME = "genesys-export.toml"


class Need(Enum):
    """What a command needs."""

    SOURCE = auto()
    SOME_SOURCE = auto()  # one organisation that has all it needs is enough
    DESTINATION = auto()


def load(
    *,
    flags: Flags,
    keywords: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    needs: Collection[Need] = (),
    dates: Mapping[str, str | None] | None = None,
) -> Settings:
    """Return the settings, all checked; raises WrongSettings with everything at once.

    `keywords` are those of the Python API, and win over `flags`. `environ` defaults to the
    environment of the process, `cwd` to its working directory. With `needs`, what the command
    needs and lacks is reported together with what is wrong, and so are invalid `dates` (flag →
    text); if only dates are wrong, it raises WrongUse, as it does for a shard that does not exist.
    """
    folder = Path.cwd() if cwd is None else cwd
    org = flags.get("org") or None
    variables = os.environ if environ is None else environ
    shard = read_shard(flags["shard"], variables, org=org) if "shard" in flags else None
    keep_secret(secrets_of(variables))
    asked = (from_keywords(keywords or {}), from_flags(flags))
    layers = _layers(asked, variables, folder, flags.get("config"))
    keep_secret(secret for layer in layers for secret in layer.secrets())
    merged = stacked(layers)
    lines = [line for layer in layers for line in layer.problems]
    to_s3 = Need.DESTINATION in needs and leads_to_s3(merged)
    lines += surroundings.of_environment(variables, to_s3=to_s3)
    sections = None
    try:
        sections = Sections.model_validate(merged)
    except ValidationError as found:
        details = found.errors(include_url=False, include_input=False)
        lines += problems.of_values(details, layers)
    if sections is not None:
        lines += problems.of_privacy(sections, layers)
        lines += of_additions(sections, layers)
    lines += of_strays(layers)
    lines += problems.of_orgs(merged, layers, org)
    if {Need.SOURCE, Need.SOME_SOURCE} & {*needs}:
        lines += problems.of_source(merged, org, layers, of_all=Need.SOURCE in needs)
        lines += problems.of_query_body(merged, folder, layers)
    if Need.DESTINATION in needs:
        lines += problems.of_destination(merged)
    wrong_dates = problems.of_dates(dates or {})
    if lines or sections is None:
        raise problems.error([*lines, *wrong_dates])
    if wrong_dates:
        raise problems.wrong_use(wrong_dates)
    warnings = (
        *problems.secrets_in(layers[-1]),
        *(one for each in layers for one in each.retired),
        *idle_additions(sections),
        *(
            unused_index(variables, sections.orgs)
            if "shard" in flags and not (shard or org)
            else ()
        ),
    )
    return Settings.model_construct(
        **dict(sections),
        org=org,
        shard=shard,
        folder=folder,
        warnings=warnings,
        has_asked=any("datasets" in table(layer.values, "export") for layer in asked),
        kept_datasets=_datasets(layers[len(asked) :]),
    )


def _datasets(kept: Sequence[Layer]) -> tuple[str, ...]:
    """Return the datasets that the environment or the file chooses."""
    given = table(stacked(kept), "export").get("datasets")
    return (DEFAULT,) if given is None else split_names(given)


def _layers(
    asked: Sequence[Layer], environ: Mapping[str, str], folder: Path, config: object
) -> list[Layer]:
    """Return what was asked for, environment and file, the highest first."""
    path = folder / (str(config) if config else FILE_NAME)
    file = from_file(path, required=bool(config))
    names = tuple(table(file.values, "orgs"))
    upper = [*asked, from_environment(environ, names)]
    orgs = {*names, *(name for layer in upper for name in table(layer.values, "orgs"))}
    if len(orgs) == 1:
        (only,) = orgs
        upper = [for_the_only_org(layer, only) for layer in upper]
    return [*upper, file]
