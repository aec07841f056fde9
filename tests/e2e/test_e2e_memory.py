"""A bigger day takes more time, not more memory."""

from __future__ import annotations

import json
import sys

from e2e_command import Command
from e2e_reading import Lake

from genesys_simulator import World

CONVERSATIONS = 20_000
BOUND_MIB = 400

# Runs the command in the process that was started, and says at its end how much it held at most.
# Not by getrusage: ru_maxrss begins at what the parent held when it forked, and that is pytest.
PROBE = """\
import sys
from pathlib import Path
from genesys_export.cli import status_of
status = status_of(sys.argv[1:])
lines = Path("/proc/self/status").read_text().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))
sys.exit(status)
"""


def test_twenty_thousand_conversations_stay_in_bounded_memory(tmp_path, genesys, day):
    probe = tmp_path / "probe"
    probe.write_text(f"#!{sys.executable}\n{PROBE}")
    probe.chmod(0o755)
    served = genesys(World.generated(seed=1, per_day=CONVERSATIONS))
    command = Command(tmp_path, program=str(probe))
    told = command.against(served, GENESYS_EXPORT_GENESYS__PAGE_SIZE="1000")
    report = tmp_path / "report.json"
    result = told.run("--date", day, "--slices", 2, "--report", report).ends(0)
    peak_mib = int(result.out) / 1024  # /proc counts in KiB
    lake = Lake(command.lake)
    assert lake.manifest(day)["counts"]["exported"] == CONVERSATIONS
    received_mib = json.loads(report.read_text())["totals"]["received_bytes"] / 2**20
    assert peak_mib < BOUND_MIB, f"{peak_mib:.0f} MiB held for {received_mib:.0f} MiB of gzip"
