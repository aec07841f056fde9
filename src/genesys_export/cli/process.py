"""What begins with the process and ends with it: its memory, any error at all, its exit status.

Imported before anything heavy.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import typer

from ..errors import DestinationFailed, as_known
from .showing import prepare_streams, say_lines, show

# Python looks for cycles every 700 new objects, and finds hardly any here: 6 % of a run's CPU.
_NEW_OBJECTS = 50_000
# Arrow's own pool keeps 40 MiB more than the system's.
_POOL = ("ARROW_DEFAULT_MEMORY_POOL", "system")

# typer 0.29 carries a click of its own, earlier ones use the one installed: the root of the errors
# of whichever it is (BadParameter → UsageError → ClickException).
_UsageProblem: type[Exception] = typer.BadParameter.__mro__[2]


def set_up() -> None:
    """Set how this process cares for its memory, unless its environment says otherwise.

    Where it was begun without stdout or stderr (`2>&-`), what goes there goes nowhere: no file or
    connection of ours takes their numbers, and the exit status is that of the work.
    """
    gc.set_threshold(_NEW_OBJECTS)
    os.environ.setdefault(*_POOL)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # Python's word for a closed one
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - the process ends it
    prepare_streams()


def outcome(app: typer.Typer, arguments: list[str]) -> int:
    """Run a command line and return its exit status; every error is shown, none goes through."""
    try:
        return _written(app, arguments)
    except _UsageProblem as problem:
        shown = io.StringIO()
        problem.show(shown)  # type: ignore[attr-defined]  # ClickException's
        say_lines(shown.getvalue())
        return 2
    except typer.Abort:
        return 130
    except (BrokenPipeError, SystemExit):  # whoever read the output went away; click exits on that
        return DestinationFailed.exit_status
    except Exception as problem:  # noqa: BLE001 - the border of the process
        told = as_known(problem)
        show(told, verbose="--verbose" in arguments)
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
    """Run the command line and write out what it printed; raises OSError where that fails."""
    try:
        return app(arguments, prog_name="genesys-export", standalone_mode=False) or 0
    finally:
        sys.stdout.flush()
