"""A reader who types what a page shows, block by block, in a folder of his own.

`export` and `cd` last to the end of the page, as in a terminal. What this machine can't run
stands in NOT_RUN and INSTEAD, each with its reason; everything else is run, and where the page
shows an output, it must be that one (`…` stands for anything).
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from docs_pages import Block

BIN = Path(sys.executable).parent
TIMEOUT_S = 60
# The demo's day whose figures the pages name: far enough back to stay `final` for ever.
DAY, PER_DAY = "2026-11-02", 5_000
PORT = "8085"  # the tutorial's; a free one is taken instead

NOT_RUN = {
    "pip install ": "the project is installed already",
    "python3 -m venv ": "the project is installed already",
    "uvx ": "would install the project again; tried by hand",
    "pipx ": "would install the project again; tried by hand",
    "make install": "the project is installed already",
    "make test": "these tests are part of it",
    "make lint": "a stage of its own",
    "git ": "there is no remote here",
    "systemctl ": "needs a systemd of its own",
    "aws ": "needs an AWS account",
    "docker ": "needs a Docker daemon",
    "kubectl ": "needs a cluster",
    "useradd ": "needs root, and changes the machine",
    "install ": "needs root, and changes the machine",
    "python3 -m venv /opt/": "needs root, and changes the machine",
    "/opt/": "needs root, and changes the machine",
}
INSTEAD = {
    # make would set up an environment first; folders of their own keep the queries' figures
    "make demo": "genesys-export demo --to made-by-make",
    "genesys-export demo": "genesys-export demo --to made-by-the-demo",
}
_EXPORT = re.compile(r"(\w+)=(\S*)")


def silent() -> duckdb.DuckDBPyConnection:
    """Return a database in memory that draws no progress bar into the tests' output."""
    database = duckdb.connect()
    database.execute("SET enable_progress_bar = false")
    return database


@dataclass
class Shell:
    """A terminal: a folder, an environment, the last exit status, what runs in the background."""

    folder: Path
    environ: dict[str, str]
    port: str
    status: int = 0
    children: list[subprocess.Popen[str]] = field(default_factory=list)
    database: duckdb.DuckDBPyConnection = field(default_factory=silent)

    def console(self, block: Block) -> None:
        """Type every command; compare what comes with what the page shows."""
        asked = list(_commands(block.text.replace(PORT, self.port)))
        for place, (command, shown) in enumerate(asked):
            output = self._type(command)
            if output is None:
                continue
            looked_at = [each for each, _ in asked[place + 1 : place + 2] if each == "echo $?"]
            assert self.status == 0 or looked_at, f"$ {command}\n{output}"
            if shown:
                assert agrees(shown, output), f"$ {command}\n{output}\n--- shown:\n{shown}"

    def script(self, block: Block) -> None:
        """Type every line of a block to paste; none may fail."""
        for command in block.text.splitlines():
            output = self._type(command)
            assert output is None or self.status == 0, f"{command}\n{output}"

    def sql(self, block: Block) -> str:
        """Ask DuckDB, in this folder; return the answer. Views stay until the page ends."""
        with chdir(self.folder):
            found: duckdb.DuckDBPyRelation | None = None  # what a statement without rows gives
            for statement in duckdb.extract_statements(block.text):
                found = self.database.sql(statement.query)
            return "" if found is None else _table(found.columns, found.fetchall())

    def python(self, block: Block) -> str:
        """Run a program, with warnings as errors."""
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", block.text],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        # DuckDB draws a bar where a query takes more than two seconds.
        lines = done.stdout.splitlines(keepends=True)
        return "".join(line for line in lines if "% \N{RIGHT ONE EIGHTH BLOCK}" not in line)

    def close(self) -> None:
        """End what still runs in the background."""
        self.database.close()
        for child in self.children:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait(10)
            if child.stdout:
                child.stdout.close()

    def _type(self, command: str) -> str | None:
        if any(command.startswith(each) for each in NOT_RUN):
            return None
        if command.startswith("export "):
            # What the page leaves open (…) is what the fixture has set.
            told = dict(_EXPORT.findall(command))
            self.environ |= {name: value for name, value in told.items() if "…" not in value}
            return None
        if command.startswith("cd "):
            self.folder = self.folder / command.removeprefix("cd ")
            return None
        if command.startswith("genesys-export simulate"):
            return self._in_background(command)
        done = subprocess.run(
            ["bash", "-c", f"(exit {self.status}); {INSTEAD.get(command, command)}"],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        self.status = done.returncode
        return done.stdout

    def _in_background(self, command: str) -> str:
        child = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.children.append(child)
        watchdog = threading.Timer(TIMEOUT_S, child.kill)
        watchdog.start()
        lines = []
        for line in child.stdout or ():
            lines.append(line)
            if "is listening" in line:
                break
        watchdog.cancel()
        assert lines, f"$ {command} said nothing"
        return "".join(lines)


def agrees(shown: str, output: str) -> bool:
    """Whether an output is the one that is shown, in which `…` stands for anything."""
    pattern = ".*?".join(re.escape(part) for part in _bare(shown).split("…"))
    return re.fullmatch(pattern, _bare(output), re.DOTALL) is not None


def _bare(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield every command with the output shown under it."""
    command, shown = "", list[str]()
    for line in text.splitlines():
        if command.endswith("\\"):
            command = command[:-1] + line.strip()
        elif line.startswith("$ "):
            if command:
                yield command, "\n".join(shown)
            command, shown = line[2:], []
        else:
            shown.append(line)
    assert command, f"a console block without a command: {text!r}"
    yield command, "\n".join(shown)


def _table(names: list[str], rows: list[tuple[object, ...]]) -> str:
    cells = [list(names), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(names))]
    lines = ("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: object) -> str:
    return "NULL" if value is None else str(value)


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def environment(home: Path) -> dict[str, str]:
    """Return what every reader has: the command on the path, a home, a plain terminal."""
    path = os.pathsep.join([str(BIN), "/usr/local/bin", "/usr/bin", "/bin"])
    return {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "TERM": "dumb", "COLUMNS": "100"}
