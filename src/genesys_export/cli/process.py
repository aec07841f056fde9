"""What begins and ends with the process: its memory, its signals, any error, its exit status.

Imported before anything heavy.
"""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import typer

from ..errors import DestinationFailed, Stopped, as_known
from ..interruption import Arrival, Interrupted, end_at_once, unwinding
from .showing import prepare_streams, say_lines, show

# Python looks for cycles every 700 new objects, and finds hardly any here: 6 % of a run's CPU.
_NEW_OBJECTS = 50_000
# Arrow's own pool keeps 40 MiB more than the system's.
_POOL = ("ARROW_DEFAULT_MEMORY_POOL", "system")
# Pydantic looks for plugins in the metadata of every installed package: 15 ms for 110 of them.
_NO_PLUGINS = ("PYDANTIC_DISABLE_PLUGINS", "__all__")

# The reader of stdout has ended (`| head`): what a shell reports of a program that SIGPIPE ended.
_NO_READER = 128 + signal.SIGPIPE

# typer 0.29 carries a click of its own, earlier ones use the one installed: the root of the errors
# of whichever it is (BadParameter → UsageError → ClickException).
_UsageProblem: type[Exception] = typer.BadParameter.__mro__[2]


def set_up() -> None:
    """Set what signals do, and how memory is managed unless the environment says otherwise.

    Where it was begun without stdout or stderr (`2>&-`), what goes there goes nowhere: no file or
    connection of ours takes their numbers, and the exit status is that of the work.
    """
    end_at_once()
    gc.set_threshold(_NEW_OBJECTS)
    for variable in (_POOL, _NO_PLUGINS):
        os.environ.setdefault(*variable)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # Python's word for a closed one
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - the process ends it
    prepare_streams()


def outcome(app: typer.Typer, arguments: list[str]) -> int:
    """Run a command line and return its exit status; every error is shown, none is raised."""
    arrival = Arrival()
    try:
        with unwinding() as arrival:
            status = _written(app, arguments)
    except (Interrupted, SystemExit, Exception) as problem:  # noqa: BLE001 - the process's border
        # Whatever a signal broke, the signal is the reason.
        return arrival.status or _shown(problem, arguments)
    return arrival.status or status


def _shown(problem: BaseException, arguments: list[str]) -> int:
    """Show an error and return its exit status."""
    if isinstance(problem, _UsageProblem):
        shown = io.StringIO()
        problem.show(shown)  # type: ignore[attr-defined]  # ClickException's
        say_lines(shown.getvalue())
        return 2
    if isinstance(problem, typer.Abort):
        return 130
    if isinstance(problem, SystemExit) and not problem.code:
        return 0  # shell completion ends so
    if isinstance(problem, BrokenPipeError) or isinstance(problem.__context__, BrokenPipeError):
        return _NO_READER  # click and rich turn it into a SystemExit
    if not isinstance(problem, Exception):
        return DestinationFailed.exit_status
    told = as_known(problem)
    show(told, verbose="--verbose" in arguments and not isinstance(told, Stopped))
    return told.status


def end(status: int) -> NoReturn:
    """End the process with a status, at once; stdout must be written out already.

    Python would first take apart all that was imported, and Arrow's threads may still be giving
    back the buffers of the last table: where these meet, C++ aborts the process (SIGABRT, seen
    with pyarrow 26), however well the day was published. The system takes back everything.
    """
    with suppress(OSError):  # nobody is left to be told
        sys.stderr.flush()
    os._exit(status)


def _written(app: typer.Typer, arguments: list[str]) -> int:
    """Run the command line and write out what it printed; raises OSError if that fails."""
    try:
        return app(arguments, prog_name="genesys-export", standalone_mode=False) or 0
    finally:
        sys.stdout.flush()
