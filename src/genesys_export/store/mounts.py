"""Which file systems are on another machine, by Linux's table of mounts.

There a lock (flock) may hold on one machine only and a rename may be answered twice, so that two
runs could mix their files. Knows the table's format; reads it only where it is handed a path.
Where there is no such table (another platform), nothing is known and every folder is accepted.
"""

from __future__ import annotations

import re
from pathlib import Path

MOUNTINFO = Path("/proc/self/mountinfo")

# fmt: off
_NETWORK = frozenset({
    "9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs",
    "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "panfs", "smb3", "smbfs", "sshfs",
})
# fmt: on
_FUSE = "fuse."  # sshfs, s3fs, rclone, …: programs whose locks nobody vouches for
_LOCAL_FUSE = frozenset({"fuse.fuse-overlayfs"})  # the root of containers that run without root
_MOUNT_POINT = 4  # the fifth field of a line
_ESCAPED = re.compile(r"\\([0-7]{3})")


def network_type(path: Path, mountinfo: Path = MOUNTINFO) -> str | None:
    """Return the type of the network file system that `path` is on, or None."""
    try:
        table = mountinfo.read_text("utf-8", errors="surrogateescape")
    except OSError:
        return None
    kind = type_at(path.resolve(), table)
    if kind in _NETWORK or (kind.startswith(_FUSE) and kind not in _LOCAL_FUSE):
        return kind
    return None


def type_at(path: Path, table: str) -> str:
    """Return the type of the file system that holds `path`; empty if the table doesn't say."""
    found, kind = -1, ""
    for line in table.splitlines():
        before, separator, after = line.partition(" - ")
        fields = before.split(" ")
        if not separator or len(fields) < _MOUNT_POINT + 1:
            continue
        point = Path(_ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), fields[_MOUNT_POINT]))
        # Of two mounts at one point the later one hides the earlier.
        if path.is_relative_to(point) and len(point.parts) >= found:
            found, kind = len(point.parts), after.split(" ")[0]
    return kind
