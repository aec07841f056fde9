"""How any end of a command becomes a status and two lines; run in processes of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

# A command that ends as it is told, on the real command line.
COMMAND = """\
from genesys_export import cli, errors

@cli.app.command()
def {name}(verbose: bool = False) -> int:
    {ends}

cli.main()
"""


def ending(ends: str, *arguments: str) -> subprocess.CompletedProcess:
    program = COMMAND.format(name="ending", ends=ends)
    return subprocess.run(
        [sys.executable, "-c", program, "ending", *arguments],
        capture_output=True,
        timeout=60,
        check=False,
        text=True,
    )


def test_an_error_nobody_thought_of_is_a_bug_in_one_sentence():
    result = ending("{}['customer 4711']")
    assert result.returncode == 70
    assert result.stderr == (
        "genesys-export: a bug: KeyError\n  Run again with --verbose and report the traceback.\n"
    )
    assert result.stdout == ""


def test_verbose_shows_where_the_bug_is():
    result = ending("{}['x']", "--verbose")
    assert result.returncode == 70
    assert "Traceback" in result.stderr
    assert "KeyError: 'x'" in result.stderr


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("WrongUse('w')", 2),
        ("DataMismatch('w')", 65),
        ("GenesysUnavailable('w')", 69),
        ("DestinationFailed('w')", 74),
        ("TryAgainLater('w')", 75),
        ("SignInRefused('w')", 77),
        ("WrongSettings('w')", 78),
        ("Stopped(15)", 143),
        ("Stopped(2)", 130),
    ],
)
def test_every_known_error_has_its_status(error, status):
    result = ending(f"raise errors.{error}")
    assert result.returncode == status
    assert result.stderr.startswith("genesys-export: ")
    assert "Traceback" not in result.stderr


def test_a_command_that_ends_well_is_silent():
    result = ending("return 0")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_process_ends_without_looking_for_cycles_in_all_it_imported():
    looked_at = "import atexit, gc; atexit.register(lambda: print(len(gc.get_objects())))"
    assert int(ending(looked_at).stdout) < 1_000  # tens of thousands are there


def test_a_process_that_used_duckdb_ends_without_its_complaints():
    assert ending("import duckdb; duckdb.sql('select 1').fetchall()").stderr == ""
