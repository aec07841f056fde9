"""What `--help` shows: one order of panels, defaults as they are, examples that are real."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer

from genesys_export.cli import app
from genesys_export.cli.help import EXAMPLES
from genesys_export.cli.options import PANELS
from genesys_export.settings.names import FLAGS

ROOT = Path(__file__).parents[2]
GROUP = typer.main.get_group(app)
COMMANDS = GROUP.commands
PROGRAM = Path(sys.executable).with_name("genesys-export")
DEFAULTS = tomllib.loads((ROOT / "docs/reference/genesys-export.toml").read_text("utf-8"))
IN_WORDS = {"dataset": "conversation_details", "table": "all tables", "wait": "don't wait"}


def shown(*arguments: str, columns: int = 120) -> str:
    done = subprocess.run(
        [PROGRAM, *arguments, "--help"],
        env={"COLUMNS": str(columns), "TERM": "dumb"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("command", ["run", "backfill", "status", "tables"])
def test_panels_come_in_one_order_and_switches_have_no_type(command):
    text = shown(command)
    panels = re.findall(r"^╭─ (.+?) ─", text, re.MULTILINE)
    assert panels == sorted(panels, key=PANELS.index)
    assert "<" not in text
    for example in EXAMPLES[command]:
        assert example in text


def test_the_overview_has_no_types_either():
    text = shown()
    assert "<" not in text
    assert "--install-completion" in text


def options_of(command):
    return [
        one
        for one in COMMANDS[command].params
        if one.name != "help" and not getattr(one, "hidden", False)
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_flag_with_a_value_says_what_the_value_is(command):
    for option in options_of(command):
        assert option.is_flag or option.metavar, option.name


@pytest.mark.parametrize("command", ["run", "backfill"])
def test_the_default_in_a_help_text_is_that_of_the_settings(command):
    told = {}
    for option in options_of(command):
        if option.name in FLAGS and (found := re.search(r"\[default: ([^\]]+)\]", option.help)):
            told[option.name] = found[1]
    for name, default in told.items():
        section, key = FLAGS[name]
        assert default == IN_WORDS.get(name, str(DEFAULTS[section][key])), name
    assert {"format", "layout", "engine", "slices", "timezone"} <= told.keys()


def test_every_command_has_two_examples():
    assert EXAMPLES.keys() == COMMANDS.keys()
    assert all(len(two) == 2 for two in EXAMPLES.values())


@pytest.mark.parametrize("line", [one for two in EXAMPLES.values() for one in two])
def test_an_example_is_a_line_that_the_program_takes(line):
    program, name, *rest = shlex.split(line.partition(" >")[0])
    assert program == "genesys-export"
    COMMANDS[name].make_context(name, rest)


@pytest.mark.parametrize("command", ["demo", "simulate", "init"])
def test_commands_that_read_no_settings_have_no_flags_for_them(command):
    flags = {flag for option in options_of(command) for flag in option.opts}
    assert not flags & {"--org", "--log-format", "--quiet", "--verbose"}


def test_completion_of_the_shell_is_installed_and_works(tmp_path):
    env = {"HOME": str(tmp_path), "PATH": f"{PROGRAM.parent}:/usr/bin:/bin", "TERM": "dumb"}

    def bash(line: str, **more: str) -> str:
        done = subprocess.run(
            ["bash", "-c", line], env=env | more, capture_output=True, text=True, check=True
        )
        return done.stdout

    bash("genesys-export --install-completion; exit $?")
    script = tmp_path / ".bash_completions" / "genesys-export.sh"
    assert "_GENESYS_EXPORT_COMPLETE" in script.read_text("utf-8")
    for words, at, expected in (
        ("genesys-export ba", "1", "backfill"),
        ("genesys-export run --format pa", "3", "parquet"),
    ):
        typed = {"COMP_WORDS": words, "COMP_CWORD": at}
        found = bash("genesys-export", _GENESYS_EXPORT_COMPLETE="complete_bash", **typed)
        assert found.split() == [expected]


@pytest.mark.parametrize("command", COMMANDS)
def test_on_a_narrow_terminal_what_a_value_is_stays_in_one_piece(command):
    text = shown(command, columns=80)
    for option in options_of(command):
        assert option.is_flag or f"{option.metavar} " in text, option.name


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_deadline_for_a_cluster_is_refused_and_the_help_says_so(more):
    arguments = "--start 2025-11-01 --end 2025-11-02 --to lake --cluster local:1 --deadline 5m"
    done = subprocess.run(
        [PROGRAM, "backfill", *arguments.split(), *more],
        env={"TERM": "dumb"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--deadline is for one process, not for a cluster" in done.stderr
    assert "Not with --deadline." in " ".join(shown("backfill").replace("│", "").split())
