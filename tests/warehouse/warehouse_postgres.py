"""A PostgreSQL server of the tests' own: a socket in a folder, no TCP, an unprivileged user.

Knows how to find the server's programs, to start it and to end it by its own pid file.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

INSTALL = (
    "The stage test-db needs PostgreSQL 15 or newer (server and psql): apt-get install postgresql"
)
LONGEST_S = 60


@dataclass(frozen=True)
class Postgres:
    """A running server, reached by its socket."""

    socket: Path

    def psql(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a script as a person would: with psql, from standard input."""
        return subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", "-h", self.socket, "-U", "owner", "postgres"],
            input=script,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
            env={**os.environ, "PGTZ": "UTC"},
        )

    def done(self, script: str) -> str:
        """Run a script that must work; return what it printed."""
        ended = self.psql(script)
        assert ended.returncode == 0, ended.stderr
        assert ended.stderr == ""
        return ended.stdout

    def ask(self, query: str) -> list[tuple[str, ...]]:
        """Return a query's rows, every value as text, null as empty text."""
        return [tuple(line.split("|")) for line in self.done(f"{query};").splitlines()]


@contextmanager
def running() -> Iterator[Postgres]:
    """Start a server with an empty database; it is gone when the block ends."""
    programs = _programs()
    user = _unprivileged()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        if user is not None:
            os.chown(home, pwd.getpwnam(user).pw_uid, -1)
        # The folder is the owner's alone: only this user and root reach the socket.
        data = home / "data"
        initdb = ["-D", data, "-U", "owner", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
        _run([programs / "initdb", *initdb], user)
        options = f"-c listen_addresses='' -c fsync=off -k {home}"
        control = [programs / "pg_ctl", "-D", data, "-w", "-t", str(LONGEST_S)]
        _run([*control, "-l", home / "log", "-o", options, "start"], user)
        try:
            yield Postgres(home)
        finally:
            _run([*control, "-m", "immediate", "stop"], user)


def _run(command: list[object], user: str | None) -> None:
    subprocess.run(
        [str(word) for word in command],
        user=user,
        cwd="/",
        timeout=LONGEST_S + 10,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


def _programs() -> Path:
    """Return the folder of the server's programs; Debian keeps them out of the way."""
    homes = [Path(found).parent for found in (shutil.which("pg_ctl"),) if found]
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    homes += sorted(debian, key=lambda path: int(path.parent.name), reverse=True)
    for home in homes:
        if (home / "initdb").exists() and (home / "pg_ctl").exists() and shutil.which("psql"):
            return home
    raise RuntimeError(INSTALL)


def _unprivileged() -> str | None:
    """Return whom to run the server as: PostgreSQL refuses root. None: as we are."""
    return "nobody" if os.geteuid() == 0 else None
