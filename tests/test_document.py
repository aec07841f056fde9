"""The documents at the destination, read by many threads at once."""

from __future__ import annotations

import subprocess
import sys

# Every round has new classes, nested as a manifest's are, and all threads begin at once.
MANY_AT_ONCE = """
import importlib
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from genesys_export import document, errors, manifest

THREADS, BODY = 8, b'{"format": 1}'


def read(kind, begin):
    begin.wait()
    try:
        document.decode(BODY, kind, where="here", advice="none")
    except errors.DestinationFailed:
        return "refused"


sys.setswitchinterval(1e-6)
with ThreadPoolExecutor(THREADS) as pool:
    for _ in range(150):
        for name in ("genesys_export.days", "genesys_export.proof", "genesys_export.manifest"):
            importlib.reload(sys.modules[name])
        kind, begin = manifest.Manifest, Barrier(THREADS)
        assert set(pool.map(read, [kind] * THREADS, [begin] * THREADS)) == {"refused"}
print("all read")
"""


def test_threads_that_read_a_kind_for_the_first_time_do_not_crash():
    done = subprocess.run(
        [sys.executable, "-c", MANY_AT_ONCE],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "all read\n"), done.stderr[-2_000:]
