"""Seeing it run: what is said, where, in which form, and what is never said."""

from __future__ import annotations

import json
import re

import pytest
from e2e_command import json_lines

from genesys_export import __version__
from genesys_simulator import Fault, RateLimited, Refusal, ServerError


def test_a_dry_run_asks_nothing_and_writes_nothing(command, genesys, lake, day):
    genesys = genesys()
    flags = ("--slices", 2, "--media-type", "voice", "--dry-run")
    result = command.against(genesys).run("--date", day, *flags).ends(0)
    assert genesys.requests == []
    assert not lake.root.exists()
    asked = [
        json.loads(line.partition(": ")[2])
        for line in result.out.splitlines()
        if line.startswith("would submit a job: ")
    ]
    assert [one["interval"][:13] for one in asked] == [f"{day}T00", f"{day}T12"]
    assert "segmentFilters" in asked[0]
    assert f"would write {lake.root}/conversations/{day}.001.csv.gz" in result.out
    assert result.out.count("would write ") == 2 * 15 + 1
    assert "manifest.json" in result.out


def test_what_a_dry_run_says_is_what_a_run_does(command, genesys, lake, day, exported):
    said = command.against(genesys()).run("--date", day, "--dry-run").ends(0).out
    (body,) = re.findall("would submit a job: (.*)", said)
    (asked,) = exported.genesys.asked("submit")
    assert json.loads(body) == asked.body
    written = {line.split(f"{lake.root}/")[1] for line in re.findall("would write (.*)", said)}
    assert written == set(exported.lake.files())


def test_a_run_says_nothing_on_stdout_and_a_summary_at_the_end(exported, day):
    assert exported.result.out == ""
    day_line, work, waited = exported.result.err.splitlines()[-3:]
    assert re.match(rf"{day} final: 240 conversations, [\d,]+ rows, 15 files", day_line)
    assert "requests in" in work
    assert waited.startswith("waited for: job ")


def test_the_report_holds_what_the_run_did(command, genesys, lake, day):
    path = command.folder / "report.json"
    command.against(genesys()).run("--date", day, "--report", path).ends(0)
    report, manifest = json.loads(path.read_text("utf-8")), lake.manifest(day)
    assert (report["exit_status"], report["tool_version"]) == (0, __version__)
    (told,) = report["days"]
    assert (told["day"], told["state"], told["exit_status"]) == (str(day), manifest["state"], 0)
    assert told["counts"] == manifest["counts"]
    for table, files in manifest["tables"].items():
        assert told["tables"][table] == {
            "rows": sum(file["rows"] for file in files),
            "bytes": sum(file["bytes"] for file in files),
            "files": [file["key"] for file in files],
        }
    assert report["totals"]["requests"] >= 7


def test_the_report_of_a_failure_holds_the_error(command, genesys, day):
    path = command.folder / "report.json"
    plan = [Fault("submit", 1, ServerError(503), times=999)]
    told = command.against(genesys(faults=plan), GENESYS_EXPORT_GENESYS__RETRY_DEADLINE="0.5s")
    told.run("--date", day, "--report", path).ends(69)
    report = json.loads(path.read_text("utf-8"))
    assert report["exit_status"] == 69
    (told,) = report["days"]
    assert "HTTP 503" in told["error"]["message"]


def test_a_report_that_cant_be_written_is_a_failed_destination(command, genesys, lake, day):
    path = command.folder / "no" / "such" / "folder.json"
    result = command.against(genesys()).run("--date", day, "--report", path).ends(74)
    assert "report" in result.err
    lake.check(day)


def test_json_lines_are_json_on_every_line(command, genesys, day):
    plan = [Fault("results", 2, RateLimited("1"))]
    genesys = genesys(faults=plan)
    result = command.against(genesys).run("--date", day, "--log-format", "json").ends(0)
    lines = json_lines(result.err)
    assert {"signed in", "job submitted", "retrying", "day published", "run ended"} <= {
        line["event"] for line in lines
    }
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", line["time"]) for line in lines)
    assert [line for line in lines if line.get("reason") == "rate limit"]
    assert all(line.startswith("{") for line in result.err.splitlines())


def test_the_day_is_counted_before_it_is_read_so_that_progress_knows_the_total(
    command, genesys, lake, day
):
    genesys = genesys()
    result = command.against(genesys).run("--date", day, "--log-format", "json").ends(0)
    lines = json_lines(result.err)
    said = [line["event"] for line in lines]
    assert said.index("counted by Genesys") < said.index("job submitted")
    (counted,) = [line for line in lines if line["event"] == "counted by Genesys"]
    assert counted["conversations"] == 240
    assert len(genesys.asked("query")) == 1  # the count that is compared with ours is that one
    assert lake.manifest(day)["source_count"]["query_hits"] == 240


def test_a_day_whose_count_can_not_be_compared_is_not_counted(command, genesys, day):
    genesys = genesys()
    flags = ("--date", day, "--timezone", "Europe/Berlin", "--log-format", "json")
    result = command.against(genesys).run(*flags).ends(0)
    assert "counted by Genesys" not in result.err
    assert genesys.asked("query") == []


def test_quiet_says_nothing_of_a_good_run(command, genesys, day):
    result = command.against(genesys()).run("--date", day, "--quiet").ends(0)
    assert result.words == ""


def test_quiet_still_says_what_went_wrong(command, genesys, day):
    told = command.against(genesys()).with_variables(GENESYS_CLIENT_SECRET="wrong")
    assert "GENESYS_CLIENT_SECRET" in told.run("--date", day, "--quiet").ends(77).err


def test_verbose_shows_every_request_and_tracebacks(command, genesys, day):
    genesys = genesys(faults=[Fault("submit", 1, ServerError(503), times=999)])
    told = command.against(genesys, GENESYS_EXPORT_GENESYS__RETRY_DEADLINE="0.5s")
    result = told.run("--date", day, "--verbose").ends(69)
    assert result.err.count(" request ") == len(genesys.requests)
    assert "Traceback" in result.err


def test_what_genesys_says_can_not_write_to_the_terminal(command, genesys, day):
    odd = "\x1b]0;title\x07 odd\ngenesys-export: all is well"
    plan = [Fault("submit", 1, Refusal(400, "bad\x1b[31m", odd))]
    result = command.against(genesys(faults=plan)).run("--date", day).ends(69)
    assert "\\x1b]0;title\\x07 odd" in result.err
    assert not set(result.err) & {"\x1b", "\x07"}
    assert [
        line for line in result.err.splitlines() if line.startswith("genesys-export: all")
    ] == []


# --- secrets ----------------------------------------------------------------------------------

SECRET = "s3cr3t-that-nobody-may-see"


@pytest.mark.parametrize(
    "plan",
    [
        [],
        [Fault("submit", 1, ServerError(503), times=999)],
        [Fault("token", 1, ServerError(500), times=999)],
    ],
    ids=["a good run", "a bad one", "no sign-in"],
)
def test_neither_secret_nor_token_is_ever_told(command, genesys, lake, day, plan):
    genesys = genesys(client_secret=SECRET, faults=plan)
    told = command.against(genesys, GENESYS_EXPORT_GENESYS__RETRY_DEADLINE="0.5s")
    report = command.folder / "report.json"
    result = told.run("--date", day, "--verbose", "--log-format", "json", "--report", report)
    assert result.status == (69 if plan else 0)
    told_anywhere = [result.words.encode(), report.read_bytes(), *lake.snapshot().values()]
    tokens = genesys_tokens(genesys)
    assert bool(tokens) == (not plan or plan[0].on != "token")
    for text in told_anywhere:
        assert SECRET.encode() not in text
        assert b"Bearer" not in text
        for token in tokens:
            assert token.encode() not in text


def genesys_tokens(genesys) -> set[str]:
    """Return every token the simulator has given out."""
    return set(genesys._app._tokens._alive)


def test_a_wrong_secret_is_not_repeated(command, genesys, day):
    told = command.against(genesys()).with_variables(GENESYS_CLIENT_SECRET=SECRET)
    result = told.run("--date", day, "--verbose").ends(77)
    assert SECRET not in result.words
    config = command.folder / "genesys-export.toml"
    config.write_text(f'[genesys]\nclient_secret = "{SECRET}"\nclient_secrets = "{SECRET}"\n')
    assert SECRET not in command("run", "--verbose").ends(78).words
