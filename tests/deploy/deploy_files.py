"""The files of deploy/, as their tests read them.

Knows where they lie and which command lines and variables stand in them; judges nothing.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import typer
import yaml

from genesys_export.cli import app

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
MENDED_BY_NOTHING = [2, 65, 70, 77, 78]  # exit statuses; docs/reference/exit-statuses.md says why
RUN_FLAGS = {
    flag for option in typer.main.get_group(app).commands["run"].params for flag in option.opts
}


class Tagged(yaml.SafeLoader):
    """YAML in which CloudFormation's short functions stand as {"Ref": …}, {"Fn::Sub": …}."""


def _short(loader: Tagged, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_scalar(node)}


Tagged.add_multi_constructor("!", _short)


def text(name: str) -> str:
    return (DEPLOY / name).read_text("utf-8")


def documents(name: str) -> list[dict[str, Any]]:
    """Return every document of a YAML file."""
    return list(yaml.load_all(text(name), Tagged))  # a SafeLoader


def flags_of(words: list[str]) -> set[str]:
    """Return the flags among a command's words."""
    return {word.partition("=")[0] for word in words if word.startswith("--")}


def command_lines(name: str) -> list[list[str]]:
    """Return the words of every `genesys-export run …` in a file, comments left out."""
    lines = [line for line in text(name).splitlines() if not line.lstrip().startswith("#")]
    return [
        found.split()
        for line in lines
        for found in re.findall(r"genesys-export (run\b[^|;&\"]*)", line)
    ]


def our_s3_actions() -> set[str]:
    """Return the actions that the store names where it calls S3."""
    modules = (ROOT / "src/genesys_export/store").glob("s3*.py")
    return {action for one in modules for action in re.findall(r'"(s3:\w+)"', one.read_text())}


def actions(policy: dict[str, Any], service: str) -> set[str]:
    """Return the actions of one service that a policy allows."""
    listed = [each["Action"] for each in policy["Statement"] if each["Effect"] == "Allow"]
    every = [one for action in listed for one in ([action] if isinstance(action, str) else action)]
    return {action for action in every if action.startswith(f"{service}:")}


def cfn_lint(name: str, folder: Path) -> tuple[int, str]:
    """Return cfn-lint's exit status and what it says of a template, warnings included."""
    program = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run(
        [program, "--include-checks", "W", "--", str(DEPLOY / name)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.returncode, done.stdout
