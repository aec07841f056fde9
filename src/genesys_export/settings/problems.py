"""What is missing or wrong, as lines that name what to set.

Knows pydantic's errors and the settings' names; repeats a given value only where it was neither
a secret nor an address or filter that could hold one. One problem is one line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from ..datasets import tables
from ..days import date_named
from ..errors import WrongSettings, WrongUse
from ..plural import plural
from ..privacy import faults, resolve
from .layers import CREDENTIALS, HOST, PLACE, Layer, Table, over, table
from .names import Path, dotted, how_to_set, is_secret, own_variable, shared, variables
from .sections import Sections, every_path
from .values import nearest
from .written_json import json_object

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# Pydantic's words are for programmers; these are for the person at the settings.
_SENTENCES = {
    "int_type": "this must be a whole number",
    "int_parsing": "this must be a whole number",
    "int_from_float": "this must be a whole number",
    "float_type": "this must be a number",
    "float_parsing": "this must be a number",
    "finite_number": "this must be a number",
    "bool_type": "this must be true or false",
    "bool_parsing": "this must be true or false",
    "model_type": "this must be a table of settings",
    "mapping_type": "this must be a table of settings",
}
_LIMITS = {
    "greater_than_equal": ("ge", "this must be at least"),
    "less_than_equal": ("le", "this must be at most"),
    "less_than": ("lt", "this must be below"),
}
_MOST_LINES, _MOST_STRANGE = 100, 20
_ADVICE = (
    "Correct each of them, then run the same command again. `genesys-export init` writes a"
    " settings file with comments."
)


def error(lines: Iterable[str]) -> WrongSettings:
    """Return all lines as the one error; a line said twice is said once."""
    found = tuple(dict.fromkeys(lines))
    heading = f"{plural(len(found), 'setting is', 'settings are')} missing or wrong:"
    shown = [f"  {line}" for line in found[:_MOST_LINES]]
    if left := len(found) - len(shown):
        shown.append(f"  … and {left:,} more.")
    message = "\n".join((heading, *shown))
    return WrongSettings(message, advice=_ADVICE)


def of_dates(given: Mapping[str, str | None]) -> tuple[str, ...]:
    """Return a line for each flag whose text is neither a date nor `yesterday`."""
    return tuple(
        f"--{flag} {text[:60]} is not a valid date. Use YYYY-MM-DD or yesterday."
        for flag, text in given.items()
        if text is not None and text != "yesterday" and date_named(text) is None
    )


def wrong_use(lines: Sequence[str]) -> WrongUse:
    """Return the lines of `of_dates` as the one error."""
    sentences = [line.partition(". Use ")[0] for line in lines]
    return WrongUse("\n".join(sentences), advice="Use YYYY-MM-DD or yesterday.")


def of_values(found: Sequence[ErrorDetails], layers: Sequence[Layer]) -> list[str]:
    """Return the lines for pydantic's errors; of keys that are none the first few alone.

    What each was meant to be is looked for among all settings, which takes its time.
    """
    strange = [one for one in found if one["type"] == "extra_forbidden"]
    left = strange[_MOST_STRANGE:]
    skipped = set(map(id, left))
    lines = [of_value(one, layers) for one in found if id(one) not in skipped]
    return lines + [f"{len(left):,} more settings do not exist."] * bool(left)


def of_value(problem: ErrorDetails, layers: Sequence[Layer]) -> str:
    """Return the line for one of pydantic's errors."""
    path = tuple(str(step) for step in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return unknown(path, layers)
    return one_line(path, origin(path, layers), _sentence(problem))


def unknown(path: Path, layers: Sequence[Layer]) -> str:
    """Return the line for an unknown key, with a suggestion."""
    called = origin(path, layers)
    if not called:  # a section: the keys below it were called something, it was not
        for below in (one for layer in layers for one in layer.called.items()):
            if below[0][: len(path)] == path and below[1] == own_variable(below[0]):
                return unknown(below[0], layers)
        meant_section = nearest(path[-1], {section for section, _ in every_path()} | {"orgs"})
        hint = f"; did you mean [{meant_section}]?" if meant_section else "."
        return f"[{dotted(path)}] of the file: there is no such section{hint}"
    meant = _meant(path)
    if meant is None:
        return f"{called}: there is no such setting."
    spelled = own_variable(meant) if called == own_variable(path) else dotted(meant)
    return f"{called}: there is no such setting; did you mean {spelled}?"


def missing(path: Path, *instead: Path) -> str:
    """Return the line for a setting that must be given (or one of those that do instead)."""
    ways = "; or ".join(how_to_set(one) for one in (path, *instead))
    return f"{dotted(path)}: missing. Set {ways}."


def origin(path: Path, layers: Sequence[Layer]) -> str:
    """Return how the value was called where it was given; empty for a default."""
    for length in range(len(path), 0, -1):
        for layer in layers:
            if called := layer.called.get(path[:length]):
                return called
    return ""


def of_source(
    values: Table, chosen: str | None, layers: Sequence[Layer] = (), *, of_all: bool = True
) -> tuple[str, ...]:
    """Return a line for all that organisations lack; without `of_all` if each lacks something."""
    orgs, shared = table(values, "orgs"), table(values, "genesys")
    found: dict[Path, Table] = {} if orgs else {("genesys",): shared}
    for name in [chosen] if chosen in orgs else sorted(orgs):
        found["orgs", name] = over(table(orgs, name), shared, ("orgs", name))
    lines = [_of_org(given, path, layers) for path, given in found.items()]
    always = _of_filters(table(values, "filters"), layers)
    return always + sum(lines, ()) if of_all or all(lines) else always


def of_destination(values: Mapping[str, object]) -> tuple[str, ...]:
    """Return a line if no destination is given."""
    given = table(values, "destination")
    if any(given.get(leader) is not None for leader in PLACE.leaders):
        return ()
    return (missing(("destination", "to"), ("destination", "bucket")),)


def of_query_body(
    values: Mapping[str, object], folder: FilePath, layers: Sequence[Layer]
) -> tuple[str, ...]:
    """Return a line for each thing that is wrong with a query body, once it is given."""
    from ..api.own_body import read_body  # noqa: PLC0415 - brings HTTP, as below

    path = ("export", "query_body")
    given = table(values, "export").get("query_body")
    if not isinstance(given, str):
        return ()
    found: tuple[str, ...] = ()
    try:
        read_body(folder / given.strip())
    except WrongSettings as error:
        problem = error.message.removeprefix("export.query_body: ")
        found = (one_line(path, origin(path, layers), problem),)
    if filters := sorted(key for key, value in table(values, "filters").items() if value):
        told = ", ".join(dotted(("filters", key)) for key in filters)
        found += (f"{told}: a query body is sent as it is. Write the filters into it.",)
    return found


def of_privacy(sections: Sections, layers: Sequence[Layer]) -> tuple[str, ...]:
    """Return a line for each privacy setting that is invalid or conflicts with another."""
    wishes, every = sections.privacy.wishes, tuple(tables(sections.export.added))
    path = ("privacy", "columns")
    if found := faults(every, wishes):
        return tuple(one_line(path, origin(path, layers), sentence) for sentence in found)
    rules, lines = resolve(every, wishes), []
    if rules.hashes and not wishes.key:
        lines.append(missing(("privacy", "key")))
    export = sections.export
    raw = {"format": export.format == "jsonl.gz", "keep_raw": export.keep_raw}
    for key, is_raw in raw.items():
        if rules and is_raw:
            path = ("export", key)
            problem = "raw records contain what [privacy] hides; use one or the other"
            lines.append(one_line(path, origin(path, layers), problem))
    return tuple(lines)


def secrets_in(file: Layer) -> tuple[str, ...]:
    """Return a warning for each secret in the file, which may be read or committed by others."""
    return tuple(
        f"{called}: a secret in a file is easily shared or committed. "
        f"Set {variables(path)[0]} instead."
        for path, called in file.called.items()
        if _holds_secret(path, file.values)
    )


def _holds_secret(path: Path, values: Table) -> bool:
    given = table(values, *path[:-1]).get(path[-1])
    if path[-1] == "proxy":
        return isinstance(given, str) and "@" in given
    return is_secret(path) and given != []


def of_orgs(
    values: Mapping[str, object], layers: Sequence[Layer], chosen: str | None
) -> tuple[str, ...]:
    """Return a line for each setting that conflicts with the configured organisations."""
    orgs = sorted(table(values, "orgs"))
    found: list[str] = []
    if chosen is not None and chosen not in orgs:
        known = f"use one of {', '.join(orgs)}" if orgs else "no [orgs.NAME] is configured"
        found.append(f"orgs: --org is not a configured organisation; {known}.")
    if len(orgs) > 1:
        shared = table(values, "genesys")
        found += [
            f"{dotted(('genesys', key))}, given by {origin(('genesys', key), layers)}: with "
            f"several organisations each needs its own. Set {key} in [orgs.NAME], or "
            f"{own_variable(('orgs', 'name', key))}."
            for key in CREDENTIALS
            if key in shared
        ]
    return tuple(found)


def _of_org(given: Mapping[str, object], path: Path, layers: Sequence[Layer]) -> tuple[str, ...]:
    found = [missing((*path, key)) for key in CREDENTIALS if given.get(key) is None]
    if all(given.get(leader) is None for leader in HOST.leaders):
        found.append(missing((*path, "region"), (*path, "base_url")))
    elif (problem := _of_region(given, path)) is not None:
        here = (*path, "region")
        called = origin(here, layers) or origin(("genesys", "region"), layers)
        found.append(one_line(here, called, problem))
    return tuple(found)


def _of_region(given: Mapping[str, object], path: Path) -> str | None:
    from ..api import SettingNames, hosts  # noqa: PLC0415 - brings HTTP, no need of `tables`

    region = given.get("region")
    if given.get("base_url") is not None or not isinstance(region, str):
        return None
    names = SettingNames(base_url=variables((*path, "base_url"))[0])
    try:
        hosts(region=region, names=names)
    except WrongSettings as error:
        found = error.message.removeprefix(f"{names.region}: ")
        return f"{found}{'' if found.endswith('?') else '.'} {error.advice}"
    return None


def _of_filters(given: Mapping[str, object], layers: Sequence[Layer]) -> tuple[str, ...]:
    from ..api.filters import Filters  # noqa: PLC0415 - as above

    path = ("filters", "raw")
    try:
        Filters(raw=json.loads(json_object(given.get("raw", {}))))
    except WrongSettings as error:
        problem = error.message.removeprefix("filters: ")
        return (one_line(path, origin(path, layers), problem),)
    except ValueError:  # no JSON object: told with the other wrong values
        return ()
    return ()


def one_line(path: Path, called: str, problem: str) -> str:
    """Return the line for a setting that has this problem."""
    by = f", given by {called}" if called else ""
    sentence = problem if problem.endswith("?") else f"{problem.rstrip('.')}."
    is_setting = len(path) > 1  # a section has neither flag nor variable
    return f"{dotted(path)}{by}: {sentence}" + (f" Set {how_to_set(path)}." * is_setting)


def _sentence(problem: ErrorDetails) -> str:
    kind = problem["type"]
    context = problem.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return f"{words} {context[name]:g}"
    return _SENTENCES.get(kind, problem["msg"][:1].lower() + problem["msg"][1:])


def _meant(path: Path) -> Path | None:
    """Return the nearest setting: of that section, else of that name anywhere."""
    known = list(every_path())
    near = {one[-1]: one for one in known if one[:-1] == shared(path)[:-1]}
    hint = nearest(path[-1], near)
    if hint:
        return (*path[:-1], hint)
    anywhere = {one[-1]: one for one in known} | {"_".join(one): one for one in known}
    hint = nearest(path[-1], anywhere)
    return anywhere[hint] if hint else None
