"""SIGINT and SIGTERM at any moment of a command's life: 130 or 143, no traceback, no bug.

Real processes, from the first instruction of `main` (Linux tells when it has taken the signals
over) to the last. Each is stopped at another moment of the time that the command takes.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from e2e_command import LONGEST_S, Command, Result, finished, stop, wait_until
from e2e_reading import Lake

SCRIPT = "from genesys_export.__main__ import main\nmain()\n"
SIGNALS = (signal.SIGINT, signal.SIGTERM)
SOON_S = 20
MOMENTS = 16


@pytest.fixture
def script(tmp_path) -> Command:
    """Return the command as the installed script starts it."""
    program = tmp_path / "script"
    program.write_text(f"#!{sys.executable}\n{SCRIPT}")
    program.chmod(0o755)
    return Command(tmp_path, program=str(program))


def in_main(child: subprocess.Popen) -> bool:
    """Whether the process handles SIGTERM itself: `main` has begun."""
    status = Path(f"/proc/{child.pid}/status").read_text()
    (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def stopped_after(
    share: float, took_s: float, child: subprocess.Popen, signum: signal.Signals
) -> Result:
    """Send the signal when a share of the usual time has passed since `main` began."""
    wait_until_main(child)
    try:
        child.wait(share * took_s)
    except subprocess.TimeoutExpired:
        return stop(child, signum, SOON_S)
    return finished(child)


def wait_until_main(child: subprocess.Popen) -> None:
    deadline = time.monotonic() + LONGEST_S
    while not in_main(child):
        assert time.monotonic() < deadline


def seconds_of(command: Command, *arguments: object) -> float:
    """Run the command to its end and return how long that takes from `main` on."""
    with command.started(*arguments) as child:
        wait_until_main(child)
        began = time.monotonic()
        finished(child).ends(0)
        return time.monotonic() - began


def test_a_run_can_be_stopped_at_any_moment(script, genesys, lake, day):
    command = script.against(genesys())
    order = ("run", "--to", lake.root, "--date", day)
    forced = (*order, "--force", "--verbose")
    took_s, stopped = min(seconds_of(command, *forced) for _ in range(2)), 0  # the first is cold
    for moment in range(MOMENTS):
        signum = SIGNALS[moment % 2]
        with command.started(*forced) as child:
            result = stopped_after(1.1 * moment / MOMENTS, took_s, child, signum)
        if result.status:  # else it had ended
            assert result.status == 128 + signum, result.err
            stopped += 1
        for words in ("Traceback", "Exception ignored", "a bug"):
            assert words not in result.err
    assert stopped > MOMENTS / 3
    command.run("--date", day).ends(0)
    lake.check(day)


@pytest.mark.parametrize(
    "order",
    [("--help",), ("tables",), ("status",), ("verify", "--date", "2025-11-20"), ("doctor",)],
    ids=lambda order: order[0],
)
def test_every_other_command_ends_at_once(script, genesys, order, day):
    command = script.against(genesys()).with_variables(
        GENESYS_EXPORT_DESTINATION__TO=str(script.lake)
    )
    command.run("--date", day).ends(0)
    took_s, stopped = seconds_of(command, *order), 0
    for moment in range(5):
        signum = SIGNALS[moment % 2]
        with command.started(*order) as child:
            result = stopped_after(moment / 5, took_s, child, signum)
        if result.status:
            assert result.status == 128 + signum, result.err
            stopped += 1
        for words in ("Traceback", "Exception ignored", "a bug"):
            assert words not in result.err
    assert stopped
    assert Lake(command.lake).staged() == []


def test_a_signal_in_the_first_moment_of_main_is_silent(script):
    for signum in SIGNALS:
        with script.started("--help") as child:
            wait_until_main(child)
            result = stop(child, signum, SOON_S)
        assert (result.status, result.words) == (128 + signum, "")


def test_a_signal_that_comes_with_the_first_one_changes_nothing(script, genesys, lake, day):
    genesys = genesys()
    with script.against(genesys).started("run", "--to", lake.root, "--date", day) as child:
        wait_until(child, lambda: genesys.asked("submit"))
        child.send_signal(signal.SIGTERM)
        result = stop(child, signal.SIGINT, SOON_S)
    assert result.status in {130, 143}, result.err
    assert "Traceback" not in result.err
