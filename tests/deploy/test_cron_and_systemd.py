"""The crontab by the rules of crontab(5), the units by systemd's own checker where it is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest
from deploy_files import DEPLOY, MENDED_BY_NOTHING, RUN_FLAGS, command_lines, flags_of, text

PROGRAM = "/opt/genesys-export/bin/genesys-export"
UNITS = ("genesys-export.service", "genesys-export.timer")
RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def jobs() -> list[list[str]]:
    """Return the five fields, the user and the command of every job of the crontab."""
    lines = [line for line in text("genesys-export.cron").splitlines() if line[:1].isdigit()]
    return [line.split(maxsplit=6) for line in lines]


class CaseKept(RawConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr


def unit(name: str) -> RawConfigParser:
    parser = CaseKept(strict=True)
    parser.read_string(text(name))
    return parser


@pytest.mark.parametrize("page", ["cron", "systemd"])
def test_the_page_installs_the_program_where_the_files_look_for_it(page):
    told = (DEPLOY.parent / "docs" / "how-to" / "schedule" / f"{page}.md").read_text("utf-8")
    home = PROGRAM.removesuffix("/bin/genesys-export")
    assert f"$ python3 -m venv {home}\n$ {home}/bin/pip install .\n" in told
    assert f"ExecStart={PROGRAM} run" in text("genesys-export.service")
    assert f"\nPATH={home}/bin:" in text("genesys-export.cron")


def test_every_line_of_the_crontab_is_a_comment_a_variable_or_a_job():
    lines = text("genesys-export.cron").splitlines()
    other = [line for line in lines if not re.match(r"#|[A-Z]+=\S+$|\d|$", line)]
    assert other == []
    assert text("genesys-export.cron").endswith("\n")  # cron ignores a last line without one


def test_the_times_of_the_crontab_are_times():
    assert len(jobs()) == 1
    for *times, user, _command in jobs():
        for field, (low, high) in zip(times, RANGES, strict=True):
            assert field == "*" or low <= int(field) <= high
        assert user == "exporter"


def test_no_percent_sign_of_the_crontab_ends_its_command():
    assert re.findall(r"(?<!\\)%", text("genesys-export.cron").partition("SHELL=")[2]) == []


def test_the_crontabs_commands_run_as_bash_reads_them(tmp_path):
    asked = []
    for *_, command in jobs():
        folder = str(tmp_path / "etc")
        Path(folder).mkdir(exist_ok=True)
        Path(folder, "secrets.env").write_text("GENESYS_CLIENT_ID=somebody\n")
        bin_ = tmp_path / "bin"
        bin_.mkdir(exist_ok=True)
        program = bin_ / "genesys-export"
        program.write_text('#!/bin/sh\necho "$GENESYS_CLIENT_ID $*"\n')
        program.chmod(0o755)
        line = command.replace(r"\%", "%").replace("/etc/genesys-export", folder)
        line = line.replace("/var/log/", f"{tmp_path}/")
        done = subprocess.run(
            ["/bin/bash", "-c", line],
            env={"PATH": f"{bin_}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        asked.append(done.stdout.split())
    assert asked == [["somebody", "run", "--wait", "6h", "--log-format", "json"]]


@pytest.mark.parametrize("name", ["genesys-export.cron", "genesys-export.service"])
def test_the_flags_of_their_commands_exist(name):
    assert command_lines(name)
    assert all(flags_of(words) <= RUN_FLAGS for words in command_lines(name))


def test_the_service_tries_again_unless_nothing_mends_it():
    service = unit("genesys-export.service")["Service"]
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"] == " ".join(map(str, MENDED_BY_NOTHING))
    assert service["Type"] == "oneshot"


def test_the_service_may_be_started_as_often_as_its_limit_says():
    """Twenty times half an hour apart fit into the twelve hours that are counted."""
    whole, service = unit("genesys-export.service")["Unit"], unit("genesys-export.service")
    assert service["Service"]["RestartSec"] == "30min"
    assert int(whole["StartLimitBurst"]) * 0.5 < int(whole["StartLimitIntervalSec"][:-1])


def test_the_timer_starts_the_service_of_its_name():
    assert {(DEPLOY / name).stem for name in UNITS} == {"genesys-export"}
    assert "Unit" not in unit("genesys-export.timer")["Timer"]
    assert unit("genesys-export.timer")["Timer"]["OnCalendar"] == "*-*-* 04:15:00 UTC"


def test_systemd_finds_no_fault_with_the_units(tmp_path):
    """Nothing is checked, and nothing said, on a machine without systemd."""
    checker = shutil.which("systemd-analyze")
    if checker is None:
        return
    program = str(Path(sys.executable).with_name("genesys-export"))
    for name in UNITS:
        (tmp_path / name).write_text(text(name).replace(PROGRAM, program))
    done = subprocess.run(
        [checker, "verify", "--man=no", *(str(tmp_path / name) for name in UNITS)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
