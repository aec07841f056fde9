"""The hooks run what `make lint` runs; CI tries every Python that the package claims."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]


def commands_of(target: str) -> set[str]:
    """Return the commands that make would run, without installing anything."""
    command = ["make", "--dry-run", "--old-file=install", target]
    env = {"PATH": os.environ["PATH"]}  # not what another make passes on
    run = subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True, text=True)
    return {" ".join(line.split()) for line in run.stdout.replace("\\\n", " ").splitlines()}


def test_the_hooks_run_what_make_lint_runs():
    (repo,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert repo["repo"] == "local"
    hooks = {hook["entry"] for hook in repo["hooks"]} - {"make --no-print-directory types"}
    types = commands_of("types")
    assert len(types) == 2
    assert types | hooks == commands_of("lint")


@pytest.mark.parametrize("target", [["help"], []])
def test_make_lists_every_target_with_a_line_each(target):
    env = {"PATH": os.environ["PATH"]}
    run = subprocess.run(
        ["make", *target], cwd=ROOT, env=env, check=True, capture_output=True, text=True
    )
    listed = dict(re.findall(r"^make (\S+) +(\S.*)$", run.stdout, re.MULTILINE))
    assert len(listed) == len(run.stdout.splitlines())
    (targets,) = re.findall(
        r"^\.PHONY: ((?:.*\\\n)*.*)", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    assert set(listed) == set(targets.replace("\\\n", " ").split())


def test_every_python_that_the_package_claims_is_tried():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    claimed = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    (tried,) = re.findall(
        r"^for version in (.+); do$", (ROOT / ".ci/other-pythons").read_text(), re.MULTILINE
    )
    assert tried.split() == claimed
