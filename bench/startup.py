"""Start-up: how long `--help` takes, and a run until Genesys meets its first request.

The first request is met by a listener of our own, which hangs up: what follows is not measured.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from .bucket import BUCKET, Bucket, bucket
from .contenders import OURS
from .expected import DAY

_LONGEST_S = 30.0


def startup(home: Path, *, times: int = 10) -> dict[str, Any]:
    """Return the medians, and all that was measured, in seconds of wall time."""
    with bucket(home / "s3") as server:
        to_bucket = f"s3://{BUCKET}/startup"
        samples: dict[str, list[float]] = {"help": [], "request_folder": [], "request_s3": []}
        for _ in range(times + 1):
            samples["help"].append(_help())
            samples["request_folder"].append(_request(server, str(home / "lake")))
            samples["request_s3"].append(_request(server, to_bucket))
    kept = {name: each[1:] for name, each in samples.items()}  # the first one warms up
    return {
        "times": times,
        **{f"{name}_s": statistics.median(each) for name, each in kept.items()},
        "samples": kept,
    }


def _help() -> float:
    began = time.monotonic()
    subprocess.run([OURS, "--help"], stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


def _request(server: Bucket, to: str) -> float:
    """Start a run and return when its first request arrived."""
    with ExitStack() as closing:
        listener = closing.enter_context(socket.create_server(("127.0.0.1", 0)))
        listener.settimeout(_LONGEST_S)
        folder = closing.enter_context(tempfile.TemporaryDirectory())
        told = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            **server.environment,
            "GENESYS_CLOUD_BASE_URL": f"http://127.0.0.1:{listener.getsockname()[1]}",
            "GENESYS_CLIENT_ID": "somebody",
            "GENESYS_CLIENT_SECRET": "secret",
        }
        began = time.monotonic()
        child = subprocess.Popen(
            [OURS, "run", f"--date={DAY}", f"--to={to}", "--quiet"],
            cwd=folder,
            env=told,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        closing.callback(child.wait)
        closing.callback(child.kill)
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(_LONGEST_S)
            connection.recv(1)
            return time.monotonic() - began
