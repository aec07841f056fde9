"""The harness of `make bench`, on a day so small that its figures mean nothing.

The peers' own environments are not there; the program and its limit are.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.contenders import CONTENDERS, ROOT, Course, Lane
from bench.cost import Constants, Wanted, predict
from bench.everything import ALL
from bench.expected import boiled_down, counted
from bench.figures import ratio
from bench.latency import ideal_s
from bench.markdown import BEGIN, END, between_markers, written
from bench.processes import Failed, measured
from genesys_export.datasets import known

KNOWN = Constants(
    startup_cpu_s=1,
    cpu_s=0.001,
    startup_wall_s=2,
    wall_s=0.001,
    base_mib=100,
    slice_mib=50,
    received_bytes=1_000,
    table_bytes={"conversations": 100.0},
)


def bench(*arguments: str, longest_s: float) -> subprocess.Popen[bytes]:
    """Run the harness; at the end of the time it and all it started are ended."""
    command = [sys.executable, "-m", "bench", *arguments]
    child = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        child.wait(longest_s)
    except subprocess.TimeoutExpired:
        child.terminate()  # it ends its servers, which takes it a moment
        with suppress(subprocess.TimeoutExpired):
            child.wait(20)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait(20)
    return child


def of_session(leader: int) -> list[str]:
    """Return the commands that still run of those the leader started."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            state, _, _, session = (process / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(session) == leader and state != "Z":
                found.append((process / "cmdline").read_text())
    return found


def test_a_race_that_takes_too_long_leaves_no_server_behind(tmp_path):
    child = bench("race", "--conversations=200", f"--out={tmp_path}", longest_s=4)
    assert child.returncode == 143
    assert of_session(child.pid) == []


def test_a_small_race_is_run_judged_and_written_down(tmp_path):
    told = ["--conversations=200", "--rounds=1", f"--out={tmp_path}"]
    chosen = [f"--only={name}" for name in ("csv.gz", "jsonl.gz", "limit-csv.gz", "script")]
    assert bench("race", *told, *chosen, longest_s=100).returncode == 0
    race = json.loads((tmp_path / "latest.json").read_text())["race"]
    ran = set(race["titles"])
    assert {"csv.gz", "jsonl.gz", "limit-csv.gz"} <= ran
    assert ran | set(race["absent"]) == {"csv.gz", "jsonl.gz", "limit-csv.gz", "script"}
    assert {one["contender"] for one in race["samples"]} == ran
    assert all(one["cpu_s"] > 0 and one["peak_mib"] > 10 for one in race["samples"])
    assert race["machine"]["cores"]
    assert "| **genesys-export, csv.gz** |" in (tmp_path / "latest.md").read_text()


def test_a_day_of_every_dataset_is_exported_and_written_down(tmp_path):
    told = ["everything", "--conversations=100", f"--out={tmp_path}"]
    assert bench(*told, longest_s=200).returncode == 0
    runs = json.loads((tmp_path / "latest.json").read_text())["everything"]["runs"]
    assert [*runs] == [*known(), ALL]
    alone = sum(run["records"] for name, run in runs.items() if name != ALL)
    assert runs[ALL]["records"] == alone > 100
    assert f"| {ALL} | {alone:,} |" in (tmp_path / "latest.md").read_text()


def test_a_wrong_result_is_no_result(tmp_path):
    class Empty:
        def objects(self, prefix):
            del prefix
            return iter(())

    nowhere: Any = None
    empty: Any = Empty()
    course = Course(genesys=nowhere, bucket=empty, scratch=tmp_path, expected=counted(100))
    lane = Lane(course=course, prefix="script-loops", folder=tmp_path)
    (script,) = (one for one in CONTENDERS if one.name == "script-loops")
    with pytest.raises(Failed, match="rows found and rows there should be"):
        script.judge(lane)


def test_a_day_is_counted_by_plain_json():
    found = counted(300)
    assert found.conversations == found.rows["conversations"] == 300
    assert found.rows["segments"] > found.rows["sessions"] >= found.rows["participants"] > 300
    assert len(found.rows) == len(boiled_down()["tables"]) == 15


def test_memory_and_cpu_are_those_of_the_whole_family(tmp_path):
    hold = "x = bytearray(80 << 20); import time; [None for _ in range(3_000_000)]; time.sleep(.2)"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{hold}'])"
    cost = measured([sys.executable, "-c", child], {}, tmp_path, longest_s=60).cost
    assert cost.peak_mib > 80
    assert cost.cpu_s > 0.03


def test_a_failed_command_says_why(tmp_path):
    with pytest.raises(Failed, match="ended with 3:\noh no"):
        measured(["/bin/sh", "-c", "echo oh no >&2; exit 3"], {}, tmp_path, longest_s=60)


def test_a_command_that_does_not_end_is_ended(tmp_path):
    with pytest.raises(Failed, match="did not end within"):
        measured(["/bin/sleep", "60"], {}, tmp_path, longest_s=0.1)


@pytest.mark.parametrize(
    ("chains", "others", "bound_s"),
    [
        ([10], 0, 15.0),  # one after the other
        ([3, 3, 2, 2], 0, 4.5),
        ([9, 1, 1], 0, 13.5),  # the longest one sets the pace
        ([40] * 10, 0, 60 + 1.5 * 10),  # 300 in 45 s, then those whose minute is over
        ([4] * 100, 200, 60 + 3 * 1.5),
        ([0], 5, 0.0),
    ],
)
def test_a_perfect_client_is_bound_by_latency_and_by_the_limit(chains, others, bound_s):
    found = ideal_s(chains, others, latency_s=1.5, limit=300)
    assert found == pytest.approx(bound_s)


def test_the_cost_of_a_day_follows_from_what_binds_it():
    day = Wanted(conversations=100_000, latency_s=1.5)
    assert predict(day, KNOWN)["wall_s"] == pytest.approx(2 + 100 * 1.5)
    quick = predict(replace(day, latency_s=0.0, per_minute=100_000), KNOWN)
    assert quick["wall_s"] == pytest.approx(2 + 100)
    assert quick["cpu_s"] == pytest.approx(1 + 100)
    assert quick["stored_bytes"] == pytest.approx(10e6)
    assert quick["puts"] == 1  # ten megabytes are two parts: one more than the first


SAMPLES = {
    "conversations": 1_000,
    "json_bytes": 5_000_000,
    "rows": 30_000,
    "rounds": 3,
    "machine": {"date": "2026-11-25", "cpu": "C <&> D", "cores": 2, "python": "3.11"},
    "absent": {},
    "titles": {"csv.gz": "genesys-export, csv.gz", "script": "a script"},
    "samples": [
        {"contender": name, "round": number, "cpu_s": cpu_s, "wall_s": 1.0, "peak_mib": 50.0}
        for number, mine, theirs in ((1, 1.0, 5.0), (2, 10.0, 50.0), (3, 2.0, 9.0))
        for name, cpu_s in (("csv.gz", mine), ("script", theirs))
    ],
}


def test_a_round_on_a_slow_machine_changes_no_ratio():
    assert ratio(SAMPLES, "csv.gz", "script") == 5.0


def test_a_page_is_renewed_between_its_markers_only():
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert between_markers(page, "new") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    with pytest.raises(ValueError, match="no markers"):
        between_markers("nothing", "new")
    assert "a script" in written({"race": SAMPLES})


def test_an_odd_day_is_shown_with_the_range_of_the_earlier_version():
    odd = {
        "machine": SAMPLES["machine"],
        "conversations": 4_000,
        "clean_us": 146.0,
        "kinds": {"known": {"0.001": 1.24, "1": 1.31}, "new": {"one": 1.0}},
        "before": {"known": {"0.001": 4.2, "1": 4.5}},
    }
    page = written({"odd": odd})
    assert "| known | 1.2 |  | 1.3 |  | 4.2–4.5 |" in page
    assert "| new |  |  |  | 1.0 |  |" in page
