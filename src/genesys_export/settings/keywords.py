"""Settings as keywords of the Python API: a layer above all others.

A keyword is a setting's key (`format`: of several sections with that key [export] is meant), else
section and key (`genesys__region`), or a whole section as a dictionary (`orgs={"emea": {…}}`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from os import PathLike, fspath

from .layers import Layer
from .names import Path
from .sections import Sections, every_path
from .values import did_you_mean


def from_keywords(given: Mapping[str, object]) -> Layer:
    """Return the keywords' layer; None was not given. What is no setting is among its problems."""
    problems: list[str] = []
    layer = Layer()
    for name, value in given.items():
        if value is None:
            continue
        try:
            path = _path(name)
        except ValueError as problem:
            problems.append(str(problem))
        else:
            _put(layer, path, value, f"{name}=")
    return replace(layer, problems=tuple(problems))


def _put(layer: Layer, path: Path, value: object, called: str) -> None:
    is_section = len(path) == 1 or (path[0] == "orgs" and len(path) == 2)
    if is_section and isinstance(value, Mapping):
        for key, below in value.items():
            _put(layer, (*path, str(key)), below, called)
    else:
        plain = fspath(value) if isinstance(value, PathLike) else value
        layer.put(path, plain, called)


def _path(name: str) -> Path:
    """Return the setting that a keyword names; raises ValueError with a sentence."""
    if name in Sections.model_fields:
        return (name,)
    paths = tuple(every_path())
    if "__" in name:
        section, _, key = name.partition("__")
        if (section, key) in paths:
            return (section, key)
    found = [path for path in paths if path[1] == name]
    if len(found) == 1 or ("export", name) in found:
        found = [path for path in found if path[0] == "export"] or found
        return found[0]
    if found:
        spelled = " or ".join("__".join(path) for path in found)
        raise ValueError(f"{name}=: several sections have this setting; write {spelled}")
    known = {*(path[1] for path in paths), *("__".join(path) for path in paths)}
    raise ValueError(f"{name}=: there is no such setting{did_you_mean(name, sorted(known))}")
