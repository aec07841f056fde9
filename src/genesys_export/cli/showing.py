"""How an error is shown: a line of what happened, a line of what to do, on stderr."""

from __future__ import annotations

import sys
import traceback

from ..errors import ExportError


def show(problem: ExportError, *, verbose: bool, whose: str = "", advise: bool = True) -> None:
    """Print what happened (`whose` day, where it does not say) and what to do.

    The traceback only when asked for.
    """
    from ..progress.words import clean  # noqa: PLC0415 - heavy

    if verbose:
        traceback.print_exception(problem)
    # What Genesys or a bucket said may stand in it, and must not write to the terminal.
    lines = [clean(line) for line in f"{whose}{problem.message}".split("\n")]
    sys.stderr.write("\n".join((f"genesys-export: {lines[0]}", *lines[1:], "")))
    if problem.advice and advise:
        sys.stderr.write(f"  {problem.advice}\n")
