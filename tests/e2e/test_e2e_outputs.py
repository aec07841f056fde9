"""Where output goes: files, links, pipes, devices, a full stderr, any encoding, any folder."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from e2e_command import LONGEST_S, PROGRAM, json_lines
from e2e_reading import Lake


def started(command, arguments, **streams):
    """Run the command with streams of the test's choice; return status, stdout and stderr."""
    child = subprocess.run(
        [PROGRAM, *map(str, arguments)],
        cwd=command.folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(command.folder), **command.variables},
        stdin=subprocess.DEVNULL,
        timeout=LONGEST_S,
        check=False,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
    )
    return child.returncode, child.stdout, child.stderr


@pytest.fixture
def ready(command, exported, closed_address):
    """Return the command against a Genesys Cloud that refuses connections, and an exported day."""
    (command.folder / "lake").symlink_to(exported.lake.root)
    return command.against(
        exported.genesys,
        GENESYS_CLOUD_BASE_URL=f"http://{closed_address}",
        GENESYS_EXPORT_GENESYS__RETRY_DEADLINE="1s",
    )


def status(*more: object) -> tuple[object, ...]:
    return ("status", "--to", "lake", *more)


# -- files that a person names


def test_a_page_replaces_a_file_whole_and_keeps_its_permissions(ready):
    page = ready.folder / "status.html"
    page.write_text("old")
    page.chmod(0o640)
    before = page.stat()
    with page.open() as reader:
        ready(*status("--html", page)).ends(0)
        assert reader.read() == "old"  # whoever has it open sees no half of a page
    assert page.read_text().startswith("<!doctype html>")
    assert page.stat().st_ino != before.st_ino
    assert stat.S_IMODE(page.stat().st_mode) == 0o640
    assert [one.name for one in ready.folder.iterdir() if one.name.endswith(".part")] == []


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_is_followed_and_stays_a_link(ready, exists):
    (ready.folder / "site").mkdir()
    target, link = ready.folder / "site" / "page.html", ready.folder / "status.html"
    if exists:
        target.write_text("old")
    link.symlink_to("site/page.html")
    ready(*status("--html", link)).ends(0)
    assert link.is_symlink()
    assert target.read_text().startswith("<!doctype html>")


def test_a_pipe_is_written_to_and_stays_a_pipe(ready):
    pipe, read = ready.folder / "pipe", []
    os.mkfifo(pipe)
    reader = Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    ready(*status("--html", pipe)).ends(0)
    reader.join(LONGEST_S)
    assert read[0].startswith("<!doctype html>")
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", ["/dev/null", "link"])
def test_a_device_is_written_to_and_stays_a_device(ready, name):
    (ready.folder / "link").symlink_to("/dev/null")
    ready(*status("--html", name)).ends(0)
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert (ready.folder / "link").is_symlink()


@pytest.mark.parametrize("name", ["/dev/full", "link", ".", "none/page", "x" * 300])
def test_what_can_not_be_written_is_a_sentence(ready, name):
    (ready.folder / "link").symlink_to("/dev/full")
    result = ready(*status("--html", name)).ends(74)
    assert result.err.startswith(f"genesys-export: --html {name} could not be written: ")
    assert result.out == ""
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


def test_a_link_that_leads_to_itself_is_a_sentence(ready):
    (ready.folder / "loop").symlink_to("loop")
    assert "levels of symbolic links" in ready(*status("--html", "loop")).ends(74).err


def test_stdout_as_a_file_holds_the_page_and_what_was_printed(ready):
    out = ready.folder / "out"
    with out.open("wb") as stream:
        ended, _, _ = started(ready, status("--html", "/dev/stdout"), stdout=stream)
    assert ended == 0
    text = out.read_text()
    assert text.startswith("<!doctype html>")
    assert text.rstrip().endswith(".")  # the sentence comes after the page, nothing is lost
    assert "</html>\n" in text


def test_stdout_as_a_pipe_takes_a_report(ready, day):
    arguments = ("run", "--to", "new", "--date", day, "--quiet", "--report", "/dev/stdout")
    _, out, _ = started(ready, arguments)
    assert json.loads(out)["days"][0]["day"] == str(day)


def test_a_report_that_can_not_be_written_leaves_a_worse_status_as_it_is(ready):
    result = ready("run", "--to", "new", "--date", "2025-11-20", "--report", "/dev/full")
    assert result.status == 74
    assert "--report /dev/full could not be written: No space left" in result.err
    assert "Genesys did not answer" in result.err


# -- a stderr that takes no more


@pytest.mark.parametrize("more", [(), ("--verbose",), ("--log-format", "json"), ("--quiet",)])
@pytest.mark.parametrize("how", ["full", "gone"])
def test_a_stderr_that_takes_no_more_changes_neither_status_nor_report(
    command, genesys, day, how, more
):
    told = command.against(genesys())
    report = command.folder / "report.json"
    arguments = ("run", "--to", "lake", "--date", day, "--report", report, *more)
    with deaf(how) as stderr:
        assert started(told, arguments, stderr=stderr)[0] == 0
    assert json.loads(report.read_bytes())["exit_status"] == 0
    Lake(command.folder / "lake").check(day)


@pytest.mark.parametrize("how", ["full", "gone"])
@pytest.mark.parametrize(
    ("arguments", "ended"),
    [
        (("run", "--nonsense"), 2),
        (("run", "--date", "never"), 78),
        (("status", "--to", "/dev/null/x"), 78),
        (("backfill", "--to", "x", "--start", "2025-11-20", "--end", "2025-11-21"), 78),
    ],
)
def test_a_failure_keeps_its_status_where_nobody_hears_of_it(command, how, arguments, ended):
    heard, _, _ = started(command, arguments)
    with deaf(how) as stderr:
        assert started(command, arguments, stderr=stderr)[0] == heard == ended


@contextmanager
def deaf(how: str):
    """Give a stderr that takes nothing: a full disk, or a pipe whose reader went away."""
    if how == "full":
        with Path("/dev/full").open("wb") as stream:
            yield stream
        return
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


# -- encodings

LOCALES = {
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "Latin-1": {"PYTHONIOENCODING": "latin-1"},
    "ASCII": {"PYTHONIOENCODING": "ascii:strict"},
}
PRINTS = {
    "tables": ("tables",),
    "markdown": ("tables", "--markdown"),
    "ddl": ("tables", "--ddl", "duckdb"),
    "status": status(),
    "status as JSON": status("--json"),
    "status as page": status("--html", "page.html"),
    "verify": ("verify", "--to", "lake", "--date", "2025-11-20"),
    "help": ("run", "--help"),
    "dry run": ("run", "--to", "other", "--date", "2025-11-20", "--dry-run"),
}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("what", PRINTS)
def test_every_output_can_be_printed_in_any_locale(ready, what, locale):
    usual = ready(*PRINTS[what])
    child = started(ready.with_variables(**LOCALES[locale]), PRINTS[what])
    assert child[0] == usual.status
    if what != "verify":  # its log has times
        assert child[2].decode() == usual.err
    if what in {"markdown", "ddl", "tables"}:
        assert child[1].decode() == usual.out
    if what == "status as JSON":
        assert json.loads(child[1])["organisations"]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_day_is_exported_and_reported_in_any_locale(command, genesys, day, locale):
    told = command.against(genesys()).with_variables(**LOCALES[locale])
    report = command.folder / "report.json"
    told.run("--date", day, "--report", report).ends(0)
    assert json.loads(report.read_text("utf-8"))["exit_status"] == 0


# -- names of folders


@pytest.mark.parametrize("locale", ["", *LOCALES])
def test_a_folder_whose_name_is_no_utf_8_is_a_destination_like_any_other(
    command, genesys, day, locale
):
    odd = os.fsdecode(os.fsencode(command.folder) + b"/na\xefve\xff")
    told = command.against(genesys()).with_variables(**LOCALES.get(locale, {}))
    report = f"{odd}/report.json"
    told("run", "--to", odd, "--date", day, "--report", report).ends(0)
    shown = json.loads(Path(report).read_bytes())["days"][0]["manifest"]
    assert r"/na\xefve\xff/_genesys_export/" in shown
    for arguments in (("status",), ("status", "--json"), ("status", "--html", f"{odd}/page")):
        told(*arguments, "--to", odd).ends(0)
    told("verify", "--to", odd, "--date", day).ends(0)
    found = json_lines(told("doctor", "--to", odd, "--log-format", "json").ends(0).out)
    assert found[-1]["about"].endswith(r"na\xefve\xff")
    told("tables", "--ddl", "duckdb", "--to", odd).ends(0)


def test_a_working_folder_whose_name_is_no_utf_8_is_one_like_any_other(command, genesys, day):
    inside = command.against(genesys())
    inside = type(inside)(
        Path(os.fsdecode(os.fsencode(command.folder) + b"/\xff")), inside.variables
    )
    inside.folder.mkdir()
    inside("run", "--to", "lake", "--date", day, "--report", "r.json").ends(0)
    inside("status", "--to", "lake").ends(0)
