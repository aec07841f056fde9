"""The command as a user runs it: a child process in an empty folder, with a clean environment.

Knows how to start it, feed it settings and wait for it, never longer than a bound.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from genesys_simulator import Simulator

PROGRAM = str(Path(sys.executable).with_name("genesys-export"))
LONGEST_S = 60
# Where coverage is measured (patch = subprocess), children are to be measured as well.
MEASURED = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
LOOK_EVERY_S = 0.05


@dataclass(frozen=True)
class Result:
    """How a command ended, and all it said."""

    status: int
    out: str
    err: str

    @property
    def words(self) -> str:
        return self.out + self.err

    def ends(self, status: int) -> Result:
        """Check the status, and show what was said where it is another one."""
        assert self.status == status, f"status {self.status}, not {status}:\n{self.words}"
        return self


@dataclass(frozen=True)
class Command:
    """The command, to be run in a folder; `variables` stand in its environment."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    program: str = PROGRAM

    @property
    def lake(self) -> Path:
        """Where the tests export to, unless they say something else."""
        return self.folder / "lake"

    def with_variables(self, **more: str | None) -> Command:
        """Return the command with these variables; None removes one."""
        merged = {**self.variables, **more}
        kept = {name: value for name, value in merged.items() if value is not None}
        return replace(self, variables=kept)

    def against(self, genesys: Simulator, **more: str | None) -> Command:
        """Return the command with the settings of a simulator, and no long waits."""
        settings = {
            "GENESYS_CLOUD_BASE_URL": genesys.base_url,
            "GENESYS_CLIENT_ID": genesys.client_id,
            "GENESYS_CLIENT_SECRET": genesys.client_secret,
            "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
            "GENESYS_EXPORT_GENESYS__PAGE_SIZE": "100",
        }
        return self.with_variables(**{**settings, **more})

    def __call__(self, *arguments: object) -> Result:
        with self.started(*arguments) as child:
            return finished(child)

    def run(self, *arguments: object) -> Result:
        """Run `run` into the lake."""
        return self("run", "--to", self.lake, *arguments)

    @contextmanager
    def started(self, *arguments: object):
        """Start the command and give the process; it is gone when the block ends."""
        child = subprocess.Popen(
            [self.program, *(str(argument) for argument in arguments)],
            cwd=self.folder,
            env={**MEASURED, "PATH": "/usr/bin:/bin", "HOME": str(self.folder), **self.variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            yield child
        finally:
            if child.poll() is None:
                child.kill()
            child.wait(LONGEST_S)
            for stream in filter(None, (child.stdout, child.stderr)):
                stream.close()


def finished(child: subprocess.Popen, within_s: float = LONGEST_S) -> Result:
    """Wait for the end of a command and return how it ended."""
    out, err = child.communicate(timeout=within_s)
    return Result(child.returncode, out.decode(), err.decode())


def wait_until(child: subprocess.Popen, happened: Callable[[], bool]) -> None:
    """Wait until something has happened while the command runs; bounded."""
    for _ in range(int(LONGEST_S / LOOK_EVERY_S)):
        if happened():
            return
        try:
            # Waiting for the child is the pause between two looks, and notices one that ended.
            child.wait(LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            continue
        break
    out, err = child.communicate(timeout=LONGEST_S)
    raise AssertionError(f"it never happened; status {child.returncode}\n{out!r}\n{err!r}")


def stop(child: subprocess.Popen, signum: signal.Signals, within_s: float) -> Result:
    """Send a signal and wait for the end, no longer than the bound."""
    child.send_signal(signum)
    return finished(child, within_s)


def json_lines(text: str) -> list[dict]:
    """Parse every line that is a JSON object."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]
