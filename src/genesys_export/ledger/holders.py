"""Who holds a claim: a process, identified so that its machine can check whether it is alive.

A killed run can then be followed at once, without waiting for its lease to end. Where the two
processes can't see each other (another machine, another container) nothing is concluded. Linux
only; elsewhere the lease decides alone.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from ..claim import Holder

_PROC = Path("/proc")
# Of /proc/<pid>/stat (proc(5)), after the name and the state: starttime, in ticks since boot.
_STARTED = 18
_DEAD = frozenset("ZXx")  # states of processes that are still listed


def this_process(proc: Path = _PROC) -> Holder:
    """Return this process as a holder."""
    pid = os.getpid()
    return Holder(host=socket.gethostname(), pid=pid, process=_process(proc, pid) or "")


def is_gone(holder: Holder, proc: Path = _PROC) -> bool:
    """Whether the holder is certainly dead; False if that can't be determined from here."""
    realm = _realm(proc)
    if not realm or not holder.process.startswith(realm + "/"):
        return False
    return _process(proc, holder.pid) != holder.process


def _process(proc: Path, pid: int) -> str | None:
    """Return what names a process permanently: realm and start; None if it is dead."""
    try:
        state, *numbers = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state in _DEAD else f"{_realm(proc)}/{numbers[_STARTED]}"


def _realm(proc: Path) -> str:
    """Return what two processes share that see each other's pids: the boot and the namespace."""
    try:
        boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
        namespace = str((proc / "self/ns/pid").readlink())
    except OSError:
        return ""
    return f"{boot}/{namespace}"
