"""How an error is shown on stderr: a line of what happened, a line of what to do.

Also what the standard streams must bear: a stderr that takes no more ends nothing, a stdout of any
encoding takes any text. Imported before anything heavy.
"""

from __future__ import annotations

import io
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress

from ..errors import ExportError, WrongUse
from ..redaction import clean, escaped, told

_CAUSE = "The above exception was the direct cause of the following exception:"
_CONTEXT = "During handling of the above exception, another exception occurred:"


class _Undemanding(io.FileIO):
    """A file that drops what it can't write: a full disk, or a reader that went away."""

    def write(self, data: object) -> int:
        """Write; whatever goes wrong, everything counts as written."""
        size = memoryview(data).nbytes  # type: ignore[arg-type]  # as above
        with suppress(OSError):
            return super().write(data) or size  # type: ignore[arg-type]  # None: it would block
        return size


def prepare_streams() -> None:
    r"""Let stdout and stderr take any text, and stderr fail without a consequence.

    What an encoding has no character for is written as `\u2026`; `machine` text is UTF-8 anyway.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    stream = sys.stderr
    if isinstance(stream, io.TextIOWrapper):
        raw = _Undemanding(stream.fileno(), "w", closefd=False)
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(raw),
            encoding=stream.encoding,
            errors="backslashreplace",
            line_buffering=True,
            write_through=True,
        )


def machine(text: str) -> None:
    """Print JSON, SQL or Markdown on stdout: UTF-8 whatever the locale, as its readers expect."""
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:  # a stream of text alone
        sys.stdout.write(text)
        return
    sys.stdout.flush()
    buffer.write(text.encode("utf-8", "backslashreplace"))


def say(text: str) -> None:
    """Write to stderr; that it takes no more changes nothing."""
    with suppress(OSError, ValueError):
        sys.stderr.write(text)


def say_lines(text: str) -> None:
    """Write lines of a text that may hold anything, a command line's own words for example."""
    say("".join(f"{clean(line)}\n" for line in text.splitlines()))


def show(problem: ExportError, *, verbose: bool, said: str = "", advise: bool = True) -> None:
    """Print what happened (as `said`, if that is given) and what to do.

    The traceback only when asked for, and not for a mistake in the command line.
    """
    if verbose and not isinstance(problem, WrongUse):
        say("".join(f"{line}\n" for line in _traced(problem, set())))
    # Errors are clean since they were made; whose they are is not.
    lines = [clean(line) for line in said.split("\n")] if said else [problem.message]
    say("genesys-export: " + "\n".join(lines) + "\n")
    if problem.advice and advise:
        say(f"  {problem.advice}\n")


def _traced(problem: BaseException, seen: set[int]) -> Iterator[str]:
    """Yield the traceback's lines, of every error in the chain; texts of foreign ones filtered."""
    seen.add(id(problem))
    before, link = problem.__cause__, _CAUSE
    if before is None and not problem.__suppress_context__:
        before, link = problem.__context__, _CONTEXT
    if before is not None and id(before) not in seen:
        yield from _traced(before, seen)
        yield from ("", link, "")
    yield "Traceback (most recent call last):"
    for frame in traceback.format_tb(problem.__traceback__):
        yield from (escaped(line) for line in frame.splitlines())
    kind = type(problem)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    name = f"{module}{kind.__qualname__}"
    text = problem.message if isinstance(problem, ExportError) else told(problem)
    yield from (f"{name}: {text}" if text else name).split("\n")
