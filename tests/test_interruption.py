"""A signal outside of a run's work: 130 or 143, and not a word."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap

import pytest

from genesys_export.interruption import NUMBERS, Interrupted, unwinding

START = """\
import os, signal, sys
from genesys_export.interruption import Interrupted, end_at_once, unwinding
"""


def ended(program: str) -> tuple[int, str]:
    """Run a program to its end; return its status and all it said."""
    order = [sys.executable, "-c", START + program]
    done = subprocess.run(order, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_outside_of_commands_a_signal_ends_the_process_at_once(name, status):
    program = f"end_at_once()\ntry: signal.raise_signal(signal.{name})\nfinally: print('no')"
    assert ended(program) == (status, "")


@pytest.mark.parametrize("signum", NUMBERS)
def test_inside_a_command_a_signal_unwinds_it(signum):
    before = [signal.getsignal(number) for number in NUMBERS]
    cleaned = []

    def work():
        try:
            signal.raise_signal(signum)
        except Exception:  # noqa: BLE001 - it must not be stopped by that
            pytest.fail("caught")
        finally:
            cleaned.append(signum)

    with pytest.raises(Interrupted), unwinding() as arrival:
        work()
    assert cleaned == [signum]
    assert arrival.status == 128 + signum
    assert [signal.getsignal(number) for number in NUMBERS] == before


def test_what_a_library_makes_of_the_signal_is_still_the_signal():
    def imported():
        try:
            signal.raise_signal(signal.SIGTERM)
        except BaseException as problem:
            raise ImportError from problem

    with pytest.raises(ImportError), unwinding() as arrival:
        imported()
    assert arrival.status == 143


def test_a_second_signal_ends_what_the_first_one_unwinds():
    program = """\
with unwinding():
    try: signal.raise_signal(signal.SIGINT)
    finally: signal.raise_signal(signal.SIGTERM); print("no")
"""
    assert ended(program) == (143, "")


def test_a_signal_that_a_finaliser_swallows_still_ends_the_process():
    program = """\
class Finalised:
    def __del__(self): signal.raise_signal(signal.SIGTERM)
with unwinding():
    Finalised()
    print("no")
"""
    assert ended(program) == (143, "")


def test_without_a_signal_there_is_no_status():
    with unwinding() as arrival:
        pass
    assert arrival.status == 0


def test_signals_are_taken_over_before_anything_that_takes_time_is_imported():
    program = """
    import sys
    import types
    import signal
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell put us behind
    seen = []
    class Watch:
        def find_spec(self, name, path=None, target=None):
            seen.append((name, signal.getsignal(signal.SIGINT) is signal.default_int_handler))
    sys.meta_path.insert(0, Watch())
    import genesys_export.__main__
    print([name for name, unhandled in seen if unhandled])
    """
    order = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(order, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "['genesys_export', 'genesys_export.__main__']\n"
