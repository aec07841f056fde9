"""The places that settings come from, each as a layer of plain values, and how layers combine.

Knows flags, environment and TOML; checks no value (sections.py does) and reads only the one file
it is given. Rule: the higher layer wins key by key, except for choices that belong together (which
host, which destination): the highest layer that makes such a choice decides it alone, so that a
region in the environment is never mixed with an address in the file.
"""

from __future__ import annotations

import codecs
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from ..errors import WrongUse
from ..odd_input import ODD, in_words
from ..redaction import passwords_of
from .addresses import hidden_in
from .names import (
    FLAGS,
    PREFIX,
    RENAMED,
    RETIRED,
    SHARD,
    SWITCHES,
    VARIABLES,
    Flags,
    Path,
    in_file,
    is_service_variable,
    own_variable,
    shared,
)

Table = dict[str, object]

# Of a file: ten times what anybody needs, and read and refused within a second of CPU.
_MOST_BYTES = 256 << 10
# Of a line; Python's parser takes a time that grows with the square of a key's parts.
_MOST_DOTS = 1_000

CREDENTIALS = ("client_id", "client_secret")
_WIDE = (  # UTF-32's first mark begins with UTF-16's
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_SECRETS = ("client_secret", "key", "proxy", "secret", "alerts", "urls")
_MEANINGFUL_WHEN_EMPTY: frozenset[Path] = frozenset({("destination", "prefix")})


@dataclass(frozen=True, slots=True)
class Choice:
    """Keys of a section that are decided together: who sets a leader sets all followers."""

    leaders: tuple[str, ...]
    followers: tuple[str, ...]


HOST = Choice(("base_url", "region"), ("base_url", "region", "login_url"))
PLACE = Choice(("to", "bucket"), ("to", "bucket", "prefix"))


@dataclass(frozen=True, slots=True)
class Layer:
    """What one place gives: nested values, and how each of them was called there."""

    values: Table = field(default_factory=dict)
    called: dict[Path, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    retired: list[str] = field(default_factory=list)

    def put(self, path: Path, value: object, called: str) -> None:
        """Set one value; a path through something that is not a table is left out.

        (It is reported when the values are checked.) So is a setting that is gone; of an old and
        a new name of one setting, the new one wins.
        """
        if instead := RETIRED.get(shared(path)):
            self.retired.append(f"{called} is no longer a setting and is ignored: {instead}.")
            return
        if (new := RENAMED.get(path)) in self.called:
            return
        path = new or path
        *sections, key = path
        table: object = self.values
        for section in sections:
            if isinstance(table, dict):
                table = table.setdefault(section, {})
        if isinstance(table, dict):
            table[key] = value
            self.called[path] = called

    def secrets(self) -> frozenset[str]:
        """Return the values that must never be shown."""
        found = set[str]()
        for path in (one for one in self.called if one[-1] in _SECRETS):
            value = table(self.values, *path[:-1]).get(path[-1])
            for one in hidden_in(value) if path[0] == "notify" else [value]:
                if isinstance(one, str):
                    found |= passwords_of(one) if path[-1] == "proxy" else {one}
        return frozenset(found)


def leads_to_s3(values: Mapping[str, object]) -> bool:
    """Whether the destination is a bucket, judged by unchecked values."""
    given = table(values, "destination")
    to = given.get("to")
    return str(to).startswith("s3://") if to is not None else given.get("bucket") is not None


def from_flags(given: Flags) -> Layer:
    """Return the command line's layer; raises WrongUse for flags that exclude each other."""
    if given.get("quiet") and given.get("verbose"):
        raise WrongUse("--quiet and --verbose exclude each other", advice="Leave one of them out.")
    layer = Layer()
    for flag, value in given.items():
        if _is_given(value) and flag not in ("config", "org", "shard"):
            path, meaning = SWITCHES.get(flag) or (FLAGS[flag], value)
            layer.put(path, meaning, f"--{flag.replace('_', '-')}")
    return layer


def from_environment(environ: Mapping[str, str], orgs: Sequence[str] = ()) -> Layer:
    """Return the environment's layer; `orgs` are the names the file has, as it spells them."""
    layer = Layer()
    for variable, path in reversed(VARIABLES.items()):
        if variable in environ and _says_something(path, environ[variable]):
            layer.put(path, environ[variable], variable)
    own = {
        name: value
        for name, value in environ.items()
        if name.startswith(PREFIX) and name != SHARD and not is_service_variable(name)
    }
    for variable, value in sorted(own.items(), key=lambda item: item[0].count("__")):
        path = _path_of(variable, orgs)
        if _says_something(path, value):
            layer.put(path, value, variable)
    return layer


def from_file(file: FilePath, *, required: bool) -> Layer:
    """Return the file's layer; a missing file is an empty layer unless it is required."""
    try:
        values = _read(file)
    except FileNotFoundError:
        problem = f"{file.name}: there is no such file. Check --config."
        return Layer(problems=(problem,) if required else ())
    except OSError as error:
        return Layer(problems=(f"{file.name}: it can't be read ({error.strerror}).",))
    except ODD as error:
        return Layer(problems=(f"{file.name}: {_why_not(error)}.",))
    layer = Layer()
    _copy(values, (), layer, file.name)
    return layer


def _text(content: bytes) -> str:
    """Return a file's text; editors on Windows put a byte order mark before UTF-8.

    Raises UnicodeDecodeError, which names UTF-16 or UTF-32 where the file is that.
    """
    wide = next((name for mark, name in _WIDE if content.startswith(mark)), None)
    if wide is None and b"\0" in content[:2]:  # no TOML begins with a NUL, nor has one second
        wide = "UTF-16"
    if wide:
        raise UnicodeDecodeError(wide, content, 0, len(content), "TOML is UTF-8")
    return content.decode("utf-8-sig")


def _read(file: FilePath) -> Table:
    """Return what a file holds; raises OSError, and whatever odd input makes a parser raise."""
    with file.open("rb") as opened:
        body = opened.read(_MOST_BYTES + 1)
    if len(body) > _MOST_BYTES:
        raise _Oversized("it is longer than 256 KiB, which no settings file is")
    text = _text(body).replace("\r\n", "\n")
    if any(line.count(".") > _MOST_DOTS for line in text.split("\n")):
        raise _Oversized("it can't be read: a key in it has too many parts")
    return tomllib.loads(text)


class _Oversized(ValueError):
    """No settings file is like that; says why."""


def _why_not(error: Exception) -> str:
    if isinstance(error, _Oversized):
        return str(error)
    if isinstance(error, UnicodeDecodeError):
        wide = error.encoding if error.encoding != "utf-8" else ""
        return (
            f"it is {wide} text. Save it as UTF-8" if wide else "it is not UTF-8. Save it as UTF-8"
        )
    if isinstance(error, tomllib.TOMLDecodeError):
        # The message names a place and what was expected there, never what stands in a value.
        return f"it is not valid TOML: {error}"
    return f"it can't be read: {in_words(error)}"


def stacked(layers: Sequence[Layer]) -> Table:
    """Return all layers as one, the first on top."""
    result: Table = {}
    for layer in layers:
        result = over(result, layer.values)
    return result


def over(upper: Table, lower: Table, path: Path = ()) -> Table:
    """Return `upper` laid over `lower`, table by table; `path` is that of both."""
    choice = _choice(path)
    decided = choice and any(leader in upper for leader in choice.leaders)
    settled = choice.followers if choice and decided else ()
    result = {key: value for key, value in lower.items() if key not in settled}
    for key, value in upper.items():
        below = result.get(key)
        if isinstance(value, dict) and isinstance(below, dict) and _holds_settings((*path, key)):
            result[key] = over(value, below, (*path, key))
        else:
            result[key] = value
    return result


def table(values: Mapping[str, object], *path: str) -> Table:
    """Return the table at the path; an empty one if there is none."""
    found: object = values
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}


def for_the_only_org(layer: Layer, org: str) -> Layer:
    """Return the layer with its [genesys] values moved to the only organisation.

    So that a variable wins over what the file says about that organisation.
    """
    moved = Layer(problems=layer.problems, retired=layer.retired)
    mentioned = sorted(layer.called.items(), key=lambda item: item[0][0] == "orgs")
    for path, called in mentioned:
        holder = table(layer.values, *path[:-1])
        if path[-1] in holder:
            of_genesys = path[0] == "genesys" and len(path) > 1
            target = ("orgs", org, *path[1:]) if of_genesys else path
            moved.put(target, holder[path[-1]], called)
    return moved


def _is_given(value: object) -> bool:
    # By identity: 0 is equal to False, but somebody typed it.
    return not (value is None or value is False or value in ((), []))


def _path_of(variable: str, orgs: Sequence[str]) -> Path:
    path = tuple(variable.removeprefix(PREFIX).lower().split("__"))
    if path[0] == "orgs" and len(path) > 2:
        spelled = {own_variable((org,)): org for org in orgs}
        name = spelled.get(own_variable((path[1],)), path[1])
        return ("orgs", name, *path[2:])
    return path


def _copy(values: Mapping[str, object], path: Path, layer: Layer, file: str) -> None:
    for key, value in values.items():
        here = (*path, key)
        if isinstance(value, dict) and value and _holds_settings(here):
            _copy(value, here, layer, file)
        elif _says_something(here, value):
            layer.put(here, value, f"{in_file(here)} of {file}")


def _holds_settings(path: Path) -> bool:
    """Whether the table at the path is a section, not itself a value (tags, raw filters)."""
    return len(path) == 1 or (path[0] == "orgs" and len(path) == 2)


def _choice(path: Path) -> Choice | None:
    if path == ("destination",):
        return PLACE
    return HOST if path == ("genesys",) or (path[:1] == ("orgs",) and len(path) == 2) else None


def _says_something(path: Path, value: object) -> bool:
    """Whether it counts as a value: an empty text does not, except for a prefix."""
    return value != "" or path in _MEANINGFUL_WHEN_EMPTY
