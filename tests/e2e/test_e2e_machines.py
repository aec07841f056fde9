"""Two machines, as two namespaces of processes: one dies, the other takes its day over.

Neither sees the other's processes, though both run as process 1; so only the lease decides, by the
destination's clock. Needs unshare(1) and the right to use it; elsewhere these tests are skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from e2e_command import MEASURED, Result, finished, wait_until

from genesys_simulator import Fault, Slow

LEASE_S = 8.0
SOON_S = 10.0
UNSHARE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
# The shortest lease that settings take is a minute: too long for a test.
EXPORT = """
import sys
from datetime import timedelta
from genesys_export import Exporter, ExportError
from genesys_export.settings.sections import Resume
exporter = Exporter.from_settings(to=sys.argv[1])
lease = Resume.model_construct(lease=timedelta(seconds=float(sys.argv[3])))
exporter.settings = exporter.settings.model_copy(update={"resume": lease})
try:
    exporter.export(sys.argv[2])
except ExportError as problem:
    print(problem, file=sys.stderr)
    sys.exit(problem.status)
"""


@cache
def why_not() -> str:
    """Return why no namespace can be made here, or nothing."""
    try:
        tried = subprocess.run(
            [*UNSHARE, "--uts", "true"], capture_output=True, text=True, timeout=20, check=False
        )
    except FileNotFoundError as problem:
        return str(problem)
    return tried.stderr.strip()


class Machine:
    """A namespace of processes in which the day is exported, with a host name or ours."""

    def __init__(self, command, day, host: str | None) -> None:
        self._command, self._day, self._host = command, day, host

    def started(self) -> subprocess.Popen:
        """Start the export and return the process that holds the namespace."""
        run = [sys.executable, "-c", EXPORT, str(self._command.lake), str(self._day)]
        named = ["sh", "-c", f'hostname {self._host}; exec "$@"', "sh"] if self._host else []
        return subprocess.Popen(
            [*UNSHARE, *(["--uts"] if self._host else []), "--", *named, *run, str(LEASE_S)],
            cwd=self._command.folder,
            env={**MEASURED, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **self._command.variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def export(self) -> Result:
        return finished(self.started())


def named_jobs(lake, day) -> list:
    """Return the jobs that the claim names: written ten times a second while a day is read."""
    try:
        return lake.claim(day)["jobs"]
    except (FileNotFoundError, json.JSONDecodeError):
        return []


@pytest.fixture
def kept():
    """Return what keeps a namespace from being forgotten with its last process.

    Else the next one may get its number, by which it knows rightly that the first one is dead.
    """
    with ExitStack() as stack:

        def keep(unshare: subprocess.Popen) -> None:
            children = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text()
            namespace = os.open(f"/proc/{children.split()[0]}/ns/pid", os.O_RDONLY)
            stack.callback(os.close, namespace)

        yield keep


@pytest.mark.parametrize(
    "hosts",
    [("machine-a", "machine-b"), (None, None)],
    ids=["two machines", "two containers with one host name"],
)
def test_a_dead_machines_day_is_taken_over_when_its_lease_ends(
    command, genesys, lake, day, exported, kept, hosts
):
    if reason := why_not():
        pytest.skip(f"no namespaces here: {reason}")
    genesys = genesys(faults=[Fault("results", 2, Slow(60))])
    told = command.against(genesys)
    one, other = (Machine(told, day, host) for host in hosts)
    dying = one.started()
    wait_until(dying, lambda: len(genesys.asked("results")) >= 2 and bool(named_jobs(lake, day)))
    kept(dying)
    died = time.monotonic()
    dying.kill()  # --kill-child: everything in its namespace dies with it, at once
    finished(dying)
    claim = lake.claim(day)
    assert not claim["released"]
    assert claim["holder"]["pid"] == 1
    if hosts[0]:
        assert claim["holder"]["host"] == hosts[0]
    statuses: list[int] = []
    while not statuses or (statuses[-1] == 75 and time.monotonic() < died + LEASE_S + SOON_S):
        before = lake.claim(day)
        result = other.export()
        statuses.append(result.status)
        if statuses[-1] == 75:
            assert f"process 1 on {claim['holder']['host']}" in result.err
            assert lake.claim(day) == before == claim  # a refused try leaves no trace
    took_s = time.monotonic() - died
    assert statuses[0] == 75  # the holder can't be seen from there: it may be alive
    assert statuses[-1] == 0, result.words
    assert LEASE_S / 3 < took_s <= LEASE_S + SOON_S  # it was renewed each third of the lease
    manifest = json.loads(
        (lake.root / f"_genesys_export/conversation_details/{day}/manifest.json").read_text()
    )
    assert manifest["attempts"] == [manifest["attempt"]]  # that of the one who published
    assert len(genesys.asked("submit")) == 1  # the dead one's job was read to its end
    assert lake.ids(day) == exported.lake.ids(day)
    assert lake.staged() == []
