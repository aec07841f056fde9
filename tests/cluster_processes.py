"""A Dask cluster of real processes on loopback, and the command beside it.

Each process is ended by its own id when the test ends, and so are its children.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

LONGEST_S = 90
HERE = Path(sys.executable).parent


@dataclass(frozen=True)
class Process:
    """A process, and all it said."""

    child: subprocess.Popen
    output: BinaryIO

    def kill(self) -> None:
        self.child.kill()
        self.child.wait(LONGEST_S)

    def kill_session(self) -> None:
        """Kill it and all its children at once: a nanny and its worker."""
        os.killpg(self.child.pid, signal.SIGKILL)  # its session is its own
        self.child.wait(LONGEST_S)

    def terminate(self) -> None:
        self.child.terminate()

    def ended(self, within_s: float = LONGEST_S) -> int:
        return self.child.wait(within_s)

    def ends(self, status: int) -> str:
        """Check the exit status; return what was said."""
        found = self.ended()
        assert found == status, f"status {found}, not {status}:\n{self.said()}"
        return self.said()

    def said(self) -> str:
        self.output.seek(0)
        return self.output.read().decode(errors="replace")

    def until(self, happened: Callable[[], bool], what: str) -> None:
        """Wait until something has happened while this process runs; bounded."""
        for _ in range(int(LONGEST_S / 0.05)):
            if happened():
                return
            try:
                self.child.wait(0.05)  # the pause between two looks, and it notices an end
            except subprocess.TimeoutExpired:
                continue
            break
        if not happened():
            raise AssertionError(
                f"{what} never happened; status {self.child.poll()}:\n{self.said()}"
            )


@dataclass
class Processes:
    """Starts processes in one folder, with one environment; ends them all."""

    folder: Path
    variables: Mapping[str, str]
    started: list[Process] = field(default_factory=list)

    def command(self, *arguments: object, **more: str) -> Process:
        """Start genesys-export."""
        return self._start([HERE / "genesys-export", *arguments], more)

    def scheduler(self, port: int = 0, *, scheme: str = "tcp") -> tuple[Process, str]:
        """Start a scheduler; return it with its address, once it answers."""
        port = port or free_port()
        told = ("--host", f"{scheme}://127.0.0.1", "--port", port, "--no-dashboard")
        process = self._start([HERE / "dask", "scheduler", *told], {})
        process.until(lambda: answers(port), "the scheduler's start")
        return process, f"{scheme}://127.0.0.1:{port}"

    def worker(self, address: str, *arguments: object, **more: str) -> Process:
        """Start a worker of one thread."""
        told = (address, "--nthreads", 1, "--no-dashboard", "--host", "127.0.0.1")
        return self._start([HERE / "dask", "worker", *told, *arguments], more)

    def _start(self, words: list[object], more: Mapping[str, str]) -> Process:
        output = tempfile.TemporaryFile(dir=self.folder)  # noqa: SIM115 - ended with the process
        child = subprocess.Popen(
            [str(word) for word in words],
            cwd=self.folder,
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": str(self.folder),
                "DASK_TEMPORARY_DIRECTORY": str(self.folder / "dask"),
                **self.variables,
                **more,
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        process = Process(child, output)
        self.started.append(process)
        return process

    def end(self) -> None:
        for process in self.started:
            with suppress(ProcessLookupError):
                os.killpg(process.child.pid, signal.SIGKILL)  # its session is its own
            process.child.wait(LONGEST_S)
            process.output.close()


@contextmanager
def processes(folder: Path, variables: Mapping[str, str]) -> Iterator[Processes]:
    made = Processes(folder, variables)
    try:
        yield made
    finally:
        made.end()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def killed_when(pid_of: Callable[[], int | None], run: Process) -> list[int]:
    """Kill -9 every process that is found at something, until the run ends; return their pids."""
    killed: list[int] = []

    def kill() -> bool:
        pid = pid_of()
        if pid is not None and pid not in killed:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            killed.append(pid)
        return run.child.poll() is not None

    run.until(kill, "the end of the run")
    return killed
