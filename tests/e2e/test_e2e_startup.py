"""Starting is cheap: an empty day into a folder loads only what it uses."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from e2e_command import MEASURED, Command
from e2e_reading import Lake

from genesys_simulator import World

# Runs the command in the process that was started, and prints what it loaded and held at most.
# Not getrusage: ru_maxrss begins with what the parent held when it forked, and that is pytest.
PROBE = """\
import json, sys
from pathlib import Path
from genesys_export.cli import process, status_of
process.set_up()
status = status_of(sys.argv[1:])
lines = Path("/proc/self/status").read_text().splitlines()
held = next(line.split()[1] for line in lines if line.startswith("VmHWM:"))
print(json.dumps({"modules": [*sys.modules], "peak_mib": int(held) / 1024, "status": status}))
"""
# Each was loaded once, for nothing. In MiB and CPU ms (2026-11): structlog 5 and 40 with all it
# loads (rich 2 and 20, asyncio, attr), botocore 25 and 250.
NEEDLESS = {
    *("asyncio", "attr", "boto3", "botocore", "rich", "structlog", "duckdb"),
    *("pyarrow.parquet", "pyarrow.csv", "genesys_export.store.s3"),
    *("genesys_export.operations.verify", "genesys_export.operations.doctor"),
}
# What a run needs of others. It takes 60 % of an empty day's CPU (2026-11).
OTHERS = "import typer, pydantic, urllib3, msgspec, isal.igzip, pyarrow.compute"
# What a run takes beyond them. Measured 2026-11: 15 of 80 with Python 3.11, 14 of 112 with 3.13,
# whose pyarrow alone takes twice as much.
MOST_MIB = 24
ROUNDS, MOST = 8, 3  # measured 2026-11: 1.7 on a quiet machine, 2.5 on a busy one


@pytest.fixture
def empty(tmp_path, genesys, day):
    """Return a probed command for a day without conversations, and that day."""
    probe = tmp_path / "probe"
    probe.write_text(f"#!{sys.executable}\n{PROBE}")
    probe.chmod(0o755)
    command = Command(tmp_path, program=str(probe))
    return command.against(genesys(World.generated(per_day=0))), day


def test_an_empty_day_into_a_folder_loads_only_what_it_uses(empty):
    command, day = empty
    told = json.loads(command.run("--date", day).ends(0).out)
    assert told["status"] == 0
    assert NEEDLESS & set(told["modules"]) == set()
    assert Lake(command.lake).manifest(day)["counts"]["exported"] == 0


@pytest.mark.skipif(bool(MEASURED), reason="coverage takes memory and time of its own")
def test_an_empty_day_takes_little_memory(empty):
    command, day = empty
    told = json.loads(command.run("--date", day).ends(0).out)
    more_mib = told["peak_mib"] - _peak_of_imports()
    assert more_mib < MOST_MIB, more_mib


@pytest.mark.skipif(bool(MEASURED), reason="coverage takes memory and time of its own")
def test_an_empty_day_takes_little_more_cpu_than_importing_its_libraries(empty):
    command, day = empty

    def of_a_run() -> float:
        with command.started("run", "--to", command.lake, "--date", day, "--force") as child:
            return _cpu_s(child)

    def of_imports() -> float:
        with subprocess.Popen([sys.executable, "-c", OTHERS]) as child:
            return _cpu_s(child)

    runs, imports = [of_a_run()], [of_imports()]
    while len(runs) < ROUNDS and min(runs) >= MOST * min(imports):  # a busy machine says little
        runs.append(of_a_run())
        imports.append(of_imports())
    assert min(runs) < MOST * min(imports)


def _peak_of_imports() -> float:
    """Return the peak, in MiB, of a process that only imports the libraries."""
    program = f"{OTHERS}; print(open('/proc/self/status').read())"
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    held = next(line for line in found.stdout.splitlines() if line.startswith("VmHWM:"))
    return int(held.split()[1]) / 1024


def _cpu_s(child: subprocess.Popen) -> float:
    """Wait for the child and return the CPU seconds it took."""
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return used.ru_utime + used.ru_stime
