"""How any end of a command becomes a status and two lines; run in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# A command that ends as it is told, on the real command line.
COMMAND = """\
from genesys_export import cli, errors

@cli.app.command()
def {name}(verbose: bool = False) -> int:
    {ends}

cli.main()
"""


def ending(ends: str, *arguments: str, stdout=subprocess.PIPE) -> subprocess.CompletedProcess:
    program = COMMAND.format(name="ending", ends=ends)
    return subprocess.run(
        [sys.executable, "-c", program, "ending", *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
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


def test_nothing_at_the_end_of_python_changes_a_status():
    # Arrow's threads abort the process now and then, if it lasts to Python's own end.
    result = ending("import atexit, os; atexit.register(os.abort); return 65")
    assert (result.returncode, result.stderr) == (65, "")


def test_a_process_that_used_duckdb_ends_without_its_complaints():
    assert ending("import duckdb; duckdb.sql('select 1').fetchall()").stderr == ""


def test_what_was_printed_is_out_when_the_process_ends():
    result = ending("print('x' * 100_000, end=''); raise errors.DataMismatch('w')")
    assert (result.returncode, len(result.stdout)) == (65, 100_000)
    result = ending("import sys; sys.stderr.write('half a line'); return 0")
    assert result.stderr == "half a line"


@pytest.mark.parametrize("length", [1, 100_000])  # found at the end, or in the midst
def test_an_output_that_takes_no_more_is_told_in_a_sentence(length):
    with Path("/dev/full").open("w") as full:
        result = ending(f"print('x' * {length}); return 0", stdout=full)
    assert result.returncode == 74
    assert result.stderr.startswith("genesys-export: reading or writing failed: No space left")
    assert "bug" not in result.stderr


@pytest.mark.parametrize(
    "ends",
    [
        "print('x'); return 0",
        "print('x' * 100_000); return 0",
        "from rich.console import Console; Console().print('x' * 9_000); return 0",
        "print('x' * 100_000); raise errors.DataMismatch('w')",
    ],
    ids=["found at the end", "in the midst", "by rich", "before an error"],
)
def test_a_reader_who_goes_away_ends_it_silently_as_sigpipe_would(ends):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as nobody:
        result = ending(ends, stdout=nobody)
    assert (result.returncode, result.stderr) == (141, "")


@pytest.mark.parametrize("command", [("tables",), ("tables", "--ddl", "duckdb"), ("--help",)])
def test_so_does_every_command(command):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as nobody:
        result = subprocess.run(
            [sys.executable, "-m", "genesys_export", *command],
            stdout=nobody,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
            text=True,
        )
    assert (result.returncode, result.stderr) == (141, "")


@pytest.mark.parametrize(
    ("closed", "stdout", "stderr"),
    [
        ("<&-", "out\n", "genesys-export: err"),
        (">&-", "", "genesys-export: err"),
        ("2>&-", "out\n", ""),
        ("<&- >&- 2>&-", "", ""),
    ],
)
def test_whoever_closes_an_output_gets_the_rest_and_the_status(closed, stdout, stderr):
    program = COMMAND.format(name="ending", ends="print('out'); raise errors.DataMismatch('err')")
    result = subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" ending {closed}', sys.executable, program],
        capture_output=True,
        timeout=60,
        check=False,
        text=True,
    )
    assert result.returncode == 65
    assert result.stdout == stdout
    assert result.stderr.partition("\n")[0] == stderr
