"""The real processes of a soak: the command, as an operator's scheduler starts it, and Genesys.

Each is ended by its own id, and never outlives the soak.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Any, BinaryIO

from fakes import some

PROGRAM = str(Path(sys.executable).with_name("genesys-export"))
LONGEST_S = 180


@dataclass
class Genesys:
    """The process that serves simulated Genesys Clouds."""

    child: subprocess.Popen

    def serve(self, **told: Any) -> dict[str, str]:
        """Serve another one instead of the last; return where and for whom."""
        whole = {"late": False, "changes_in_s": None, "faults": [], "polls": 1} | told
        asked, answers = some(self.child.stdin), some(self.child.stdout)
        asked.write(json.dumps(whole) + "\n")
        asked.flush()
        line = answers.readline()
        assert line, "the simulator ended"
        return json.loads(line)


@contextmanager
def genesys() -> Iterator[Genesys]:
    child = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("soak_genesys.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Genesys(child)
    finally:
        child.kill()
        child.wait(LONGEST_S)
        some(child.stdin).close()
        some(child.stdout).close()


@dataclass
class Worker:
    """One run of the command."""

    child: subprocess.Popen
    output: BinaryIO
    _timers: list[Timer] = field(default_factory=list)

    def kill(self) -> None:
        self.child.kill()

    def kill_after(self, seconds: float) -> None:
        timer = Timer(seconds, self.child.kill)
        timer.daemon = True
        timer.start()
        self._timers.append(timer)

    def stop(self) -> None:
        self.child.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.child.send_signal(signal.SIGCONT)

    def ended(self) -> int:
        """Wait for the end; return the status, -9 where it was killed."""
        try:
            return self.child.wait(LONGEST_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait(LONGEST_S)
            return -999
        finally:
            for timer in self._timers:
                timer.cancel()

    def said(self) -> str:
        self.output.seek(0)
        return self.output.read().decode(errors="replace")


@dataclass(frozen=True)
class Runs:
    """How runs are started against one Genesys and one destination."""

    folder: Path
    genesys: dict[str, str]
    variables: Mapping[str, str]
    to: str
    dataset: str
    date: str

    def start(self, *arguments: object) -> Worker:
        settings = {
            "GENESYS_CLOUD_BASE_URL": self.genesys["base_url"],
            "GENESYS_CLIENT_ID": self.genesys["client_id"],
            "GENESYS_CLIENT_SECRET": self.genesys["client_secret"],
            "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
            "GENESYS_EXPORT_GENESYS__PAGE_SIZE": "100",
        }
        told = ["--date", self.date, "--to", self.to, "--dataset", self.dataset]
        output = tempfile.TemporaryFile(dir=self.folder)  # noqa: SIM115 - the worker's
        child = subprocess.Popen(
            [PROGRAM, "run", *told, *map(str, arguments)],
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder), **settings, **self.variables},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        return Worker(child, output)
