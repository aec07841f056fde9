"""A simulated Genesys Cloud in a process of its own, as contenders are told of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_END_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Genesys:
    """Where it is, and how many conversations begin there a day."""

    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    per_day: int

    @property
    def environment(self) -> dict[str, str]:
        """What a child process is to find in its environment."""
        return {
            "GENESYS_CLOUD_BASE_URL": self.base_url,
            "GENESYS_CLIENT_ID": self.client_id,
            "GENESYS_CLIENT_SECRET": self.client_secret,
        }


@contextmanager
def genesys(
    per_day: int, *, page_latency_s: float = 0, requests_per_minute: int | None = None
) -> Iterator[Genesys]:
    """Serve until the block ends."""
    command = [sys.executable, "-m", "bench.simulated", f"--per-day={per_day}"]
    command.append(f"--page-latency={page_latency_s}")
    if requests_per_minute is not None:
        command.append(f"--requests-per-minute={requests_per_minute}")
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        yield Genesys(**json.loads(child.stdout.readline()), per_day=per_day)
    finally:
        child.terminate()
        child.communicate(timeout=_END_S)
