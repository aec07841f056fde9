"""The commands beside `run`: tables, simulate, demo, and what the program says of itself."""

from __future__ import annotations

import json
import re
import signal

import pytest
from e2e_command import stop
from e2e_reading import TABLES, Lake

from genesys_export import __version__


def test_the_version(command):
    assert command("--version").ends(0).out == f"genesys-export {__version__}\n"


@pytest.mark.parametrize("name", [(), ("run",), ("tables",), ("simulate",), ("demo",)])
def test_help_is_on_stdout(command, name):
    result = command(*name, "--help").ends(0)
    assert "Usage: genesys-export" in result.out
    assert result.err == ""


def test_tables_are_told_as_text_and_as_markdown(command):
    text, markdown = command("tables").ends(0), command("tables", "--markdown").ends(0)
    for table in TABLES:
        assert re.search(rf"^{table}: ", text.out, re.MULTILINE), table
        assert re.search(rf"^### {table}$", markdown.out, re.MULTILINE), table
    assert "participant_name" in text.out
    assert "|`participant_name`|" in markdown.out
    assert (text.err, markdown.err) == ("", "")


def test_one_table_alone_is_told(command, exported, day):
    told = command("tables", "--table", "surveys").ends(0).out
    assert "surveys: " in told
    assert "evaluations: " not in told
    for column in exported.lake.header(day, "surveys"):
        assert column in told


def test_tables_need_no_settings_and_no_file(command):
    (command.folder / "genesys-export.toml").write_text("this is [no TOML")
    command("tables").ends(0)


def test_tables_shows_the_columns_that_settings_add(command):
    settings = '[export]\njoin_names = true\npin_attributes = ["Case ID"]\n'
    (command.folder / "genesys-export.toml").write_text(settings)
    told = command("tables", "--dataset", "conversation_details").ends(0).out
    assert "queue_name" in told
    assert "case_id" in told
    assert "_local" not in told
    page = command("tables", "--markdown", "--table", "conversation_attributes").ends(0).out
    assert "case_id" in page


@pytest.fixture
def simulated(command):
    """Return what starts `simulate` and gives the command with the settings it printed."""

    def start(child):
        lines = [child.stdout.readline().decode() for _ in range(3)]
        variables = dict(line.removeprefix("export ").strip().split("=", 1) for line in lines)
        more = {"GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s"}
        return command.with_variables(**variables, **more)

    return start


def test_simulate_serves_a_file_until_it_is_stopped(command, simulated, lake, day):
    file = command.folder / "records.json"
    known = {"conversationId": "a" * 36, "conversationStart": f"{day}T01:02:03.004Z"}
    file.write_text(json.dumps({"conversations": [known]}))
    with command.started("simulate", "--port", 0, "--conversations", file) as child:
        simulated(child).run("--date", day).ends(0)
        result = stop(child, signal.SIGTERM, 15)
    assert result.status == 0, result.err
    assert lake.ids(day) == ["a" * 36]


def test_simulate_makes_up_a_world(command, simulated, lake, day):
    flags = ("--port", 0, "--per-day", 120, "--seed", 5)
    with command.started("simulate", *flags) as child:
        simulated(child).run("--date", day).ends(0)
        assert stop(child, signal.SIGINT, 15).status == 0
    assert len(lake.ids(day)) == 120


def test_simulate_says_that_its_port_is_taken(command, genesys):
    port = genesys().base_url.rpartition(":")[2]
    result = command("simulate", "--port", port).ends(2)
    assert f"genesys-export: port {port} is in use\n  Stop the other process" in result.err


def test_simulate_says_what_it_cannot_serve(command):
    result = command("simulate", "--port", 0, "--conversations", "nowhere.json").ends(2)
    assert "nowhere.json" in result.err
    assert "Traceback" not in result.err


def test_the_demo_shows_files_and_answers_a_question(command):
    result = command("demo", "--per-day", 300).ends(0)
    lake = Lake(command.folder / "demo-export")
    tables = {name.split("/")[0] for name in lake.files() if not name.startswith("dim_")}
    assert tables == {*TABLES, "_genesys_export"}
    for name in lake.files():
        assert name in result.out
    assert "avg_wait_s" in result.out
    *_, last, _, following = result.out.strip().splitlines()
    assert re.match(r" +[A-Z][a-z]+ .* \d+\.\d$", last)  # a queue's name, not its id
    assert following.endswith("genesys-export init")


@pytest.mark.parametrize("name", ["init", "tables", "simulate", "demo"])
def test_the_advice_for_a_bug_can_be_followed_in_every_command(command, name):
    result = command(name, "--verbose", "--no-such-flag").ends(2)
    assert "--no-such-flag" in result.err
    assert "--verbose" not in result.err


def test_the_demo_leaves_real_settings_alone(command):
    told = command.with_variables(
        GENESYS_CLIENT_ID="real", GENESYS_CLIENT_SECRET="real", S3_BUCKET_NAME="real-bucket"
    )
    (command.folder / "genesys-export.toml").write_text('[export]\ntables = ["surveys"]\n')
    told("demo", "--per-day", 50, "--to", "it's here").ends(0)
    assert (command.folder / "it's here" / "sessions").exists()
