"""A Lambda function as far as its handler can tell: a process, a context, a limit that kills."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genesys_simulator import Simulator

LONGEST_S, LOOK_EVERY_S = 90, 0.05
INVOCATION = """
import json, sys, time
from genesys_export.integrations.aws_lambda import handler

class Context:
    def __init__(self, limit_s):
        self.ends_s = time.monotonic() + limit_s
    def get_remaining_time_in_millis(self):
        return int((self.ends_s - time.monotonic()) * 1000)

event, limit_s = json.loads(sys.argv[1])
print(json.dumps(handler(event, Context(limit_s))))
"""


@dataclass(frozen=True)
class Function:
    """A function with its environment; each invocation is a process of its own."""

    folder: Path
    environ: Mapping[str, str]

    def invoke(
        self,
        event: Any = None,
        *,
        told_s: float = 300,
        is_over: Callable[[], bool] = lambda: False,
    ) -> Invoked:
        """Invoke it with so much time by its context; it is killed once `is_over`."""
        child = subprocess.Popen(
            [sys.executable, "-c", INVOCATION, json.dumps([event, told_s])],
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder), **self.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(int(LONGEST_S / LOOK_EVERY_S)):
            with suppress(subprocess.TimeoutExpired):
                out, err = child.communicate(timeout=LOOK_EVERY_S)
                return Invoked(child.returncode, out, err)
            if is_over():
                break
        child.kill()
        out, err = child.communicate(timeout=LONGEST_S)
        return Invoked(child.returncode, out, err)


@dataclass(frozen=True)
class Invoked:
    """How an invocation ended."""

    status: int
    out: str
    err: str

    @property
    def answer(self) -> dict[str, Any]:
        assert self.status == 0, self.err
        return json.loads(self.out)


def environment(genesys: Simulator, lake: Path, **more: str) -> dict[str, str]:
    """Return the variables of a function, without waits that a test can't afford."""
    return {
        "GENESYS_CLOUD_BASE_URL": genesys.base_url,
        "GENESYS_CLIENT_ID": genesys.client_id,
        "GENESYS_CLIENT_SECRET": genesys.client_secret,
        "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
        "GENESYS_EXPORT_GENESYS__PAGE_SIZE": "100",
        "GENESYS_EXPORT_EXPORT__TABLES": "conversations",
        "GENESYS_EXPORT_DESTINATION__TO": str(lake),
        **more,
    }
