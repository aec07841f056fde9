"""What msgspec learns at a first reading, with many threads reading at once.

In processes of their own: what goes wrong here ends the process. Every round the modules are made
anew, so that every round is a first time.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

MANIFESTS = """
from genesys_export import document, errors, manifest
MODULES = ("genesys_export.days", "genesys_export.source_count", "genesys_export.manifest")


def read():
    try:
        document.decode(b'{"format": 1}', manifest.Manifest, where="here", advice="none")
    except errors.DestinationFailed:
        return "read"
"""
COUNTS = """
from genesys_export.api import wire
MODULES = ("genesys_export.api.wire",)
BODY = b'{"results": [{"group": {}, "data": [{"metrics": [{"metric": "nConnected"}]}]}]}'


def read():
    wire.counted("nConnected", "mediaType")(BODY)
    return "read"
"""
PAGES = """
from genesys_export.api import wire
MODULES = ("genesys_export.api.wire",)
BODY = b'{"conversations": [{"a": 1}], "cursor": "c"}'


def read():
    return "read" if wire.results("conversations").read(BODY).page.records else "none"
"""
MANY_AT_ONCE = """
import importlib
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

THREADS = 8
sys.setswitchinterval(1e-6)


def together(begin):
    begin.wait()
    return read()


with ThreadPoolExecutor(THREADS) as pool:
    for _ in range(150):
        for name in MODULES:
            importlib.reload(sys.modules[name])
        assert set(pool.map(together, [Barrier(THREADS)] * THREADS)) == {"read"}
print("all read")
"""


@pytest.mark.parametrize(
    "reading", [MANIFESTS, COUNTS, PAGES], ids=["manifests", "counts", "pages"]
)
def test_threads_that_read_a_kind_for_the_first_time_do_not_crash(reading):
    done = subprocess.run(
        [sys.executable, "-c", reading + MANY_AT_ONCE],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "all read\n"), done.stderr[-2_000:]
