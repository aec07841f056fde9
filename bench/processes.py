"""A command run to its end, and what it cost by the operating system's books.

CPU seconds are those of the process and of all children it waited for (wait4). Memory is the sum
of the high-water marks (VmHWM) of all its processes that live at one moment, looked at a hundred
times a second: ru_maxrss begins at what the parent held when it forked, so it is not used.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LOOK_EVERY_S = 0.01
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a run cost."""

    wall_s: float
    cpu_s: float
    peak_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a command ended."""

    cost: Cost
    out: str


class Failed(Exception):
    """A command ended with another status than 0, or a result is wrong."""


def measured(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, *, longest_s: float
) -> Run:
    """Run the command in the folder, with that environment and little else; raises Failed."""
    env = {name: os.environ[name] for name in _KEPT if name in os.environ} | dict(environment)
    folder.mkdir(parents=True, exist_ok=True)
    out, err = folder / "stdout.txt", folder / "stderr.txt"
    with out.open("wb") as to_out, err.open("wb") as to_err:
        began = time.monotonic()
        child = subprocess.Popen(
            command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=to_out, stderr=to_err
        )
        try:
            cost = _watched(child, began, longest_s)
        except BaseException:
            child.kill()
            child.wait()
            raise
    if child.returncode != 0:
        told = err.read_text(errors="replace")[-3000:] or out.read_text(errors="replace")[-3000:]
        raise Failed(f"{' '.join(command)} ended with {child.returncode}:\n{told}")
    return Run(cost=cost, out=out.read_text(errors="replace"))


def _watched(child: subprocess.Popen[bytes], began: float, longest_s: float) -> Cost:
    peak_kib = 0
    while True:
        pid, status, used = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return Cost(
                wall_s=time.monotonic() - began,
                cpu_s=used.ru_utime + used.ru_stime,
                peak_mib=peak_kib / 1024,
            )
        peak_kib = max(peak_kib, sum(_high_water_kib(one) for one in _family(child.pid)))
        if time.monotonic() - began > longest_s:
            raise Failed(f"it did not end within {longest_s:.0f} s")
        time.sleep(_LOOK_EVERY_S)


def _family(pid: int) -> Iterator[int]:
    """Yield the process and all that descend from it."""
    yield pid
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [one for task in tasks for one in (task / "children").read_text().split()]
    except OSError:  # it has ended meanwhile
        return
    for child in children:
        yield from _family(int(child))


def _high_water_kib(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    _, _, after = text.partition("VmHWM:")
    return int(after.split(maxsplit=1)[0]) if after else 0
