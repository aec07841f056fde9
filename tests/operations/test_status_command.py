"""`genesys-export status`, as a person types it."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from genesys_export.cli import status_of
from genesys_export.cli.status import StatusRequest, report
from made_days import claim, failure, lay_out, manifest


@pytest.fixture
def lake(tmp_path) -> Path:
    """A folder with a day of last week, published, and a failure since."""
    day = f"{datetime.now(UTC).date() - timedelta(8)}"
    failed = claim(day, failure=failure(at=datetime.now(UTC)))
    return lay_out(tmp_path / "lake", manifest(day, late=timedelta(1)), failed)


def test_it_prints_a_calendar_and_ends_with_0_whatever_it_found(lake, capsys):
    assert status_of(["status", "--to", str(lake), "--days", "2"]) == 0
    printed = capsys.readouterr()
    assert "8 days" in printed.out
    assert "nothing is published" in printed.out
    assert printed.err == ""


def test_it_needs_no_credentials_and_prints_json(lake, capsys):
    assert status_of(["status", "--to", str(lake), "--json"]) == 0
    [org] = json.loads(capsys.readouterr().out)["organisations"]
    assert org["states"]["missing"] == 7
    assert org["days"][0]["state"] == "final"
    assert org["days"][0]["failure"]["status"] == 69


def test_it_says_which_days_the_next_run_exports_and_why(lake, capsys):
    assert status_of(["status", "--to", str(lake), "--json"]) == 0
    days = json.loads(capsys.readouterr().out)["organisations"][0]["days"]
    assert days[0]["due"] == "it is over 7 days old and was last read before that"
    assert {day["due"] for day in days[1:]} == {"it is missing: nothing was published for it"}


def test_days_that_are_published_when_final_are_not_missed_before(lake, capsys):
    variables = {"GENESYS_EXPORT_EXPORT__PUBLISH": "final"}
    assert report(StatusRequest(as_json=True), {"to": str(lake)}, variables) == 0
    [org] = json.loads(capsys.readouterr().out)["organisations"]
    assert org["states"]["missing"] == 3  # the four youngest of seven have not settled


def test_a_day_that_no_run_looks_at_any_more_is_not_due(tmp_path, capsys):
    today = datetime.now(UTC).date()
    for age in (200, 2):
        day = f"{today - timedelta(age)}"
        lay_out(tmp_path, manifest(day, "partial"))
    assert status_of(["status", "--to", str(tmp_path), "--json"]) == 0
    days = json.loads(capsys.readouterr().out)["organisations"][0]["days"]
    due = {day["day"] for day in days if day["due"]}
    assert f"{today - timedelta(2)}" in due
    assert f"{today - timedelta(200)}" not in due
    assert f"{today - timedelta(100)}" not in due  # missing, but for `backfill`


def test_it_writes_a_page_whole_and_prints_the_summary_alone(lake, tmp_path, capsys):
    page = tmp_path / "status.html"
    page.write_text("the old one")
    assert status_of(["status", "--to", str(lake), "--html", str(page)]) == 0
    assert page.read_text().startswith("<!doctype html>")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lake", "status.html"]
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_page_that_cannot_be_written_is_74_and_leaves_nothing(lake, tmp_path, capsys):
    page = tmp_path / "nowhere" / "status.html"
    assert status_of(["status", "--to", str(lake), "--html", str(page)]) == 74
    assert "could not be written: No such file" in capsys.readouterr().err


def test_each_configured_organisation_is_asked_for(lake, tmp_path, capsys):
    config = tmp_path / "two.toml"
    config.write_text(
        '[orgs.emea]\nregion = "eu_west_1"\n[orgs.apac]\nregion = "ap_southeast_2"\n'
    )
    flags = ["--to", str(lake), "--config", str(config), "--allow-empty"]
    assert status_of(["status", *flags]) == 0
    assert capsys.readouterr().out.count("Nothing is published below") == 2
    assert status_of(["status", *flags, "--org", "emea", "--json"]) == 0
    [org] = json.loads(capsys.readouterr().out)["organisations"]
    assert org["org"] == "emea"


@pytest.mark.parametrize("form", [[], ["--json"], ["--check"]])
def test_a_place_to_which_nothing_was_exported_is_78_unless_that_is_allowed(
    tmp_path, capsys, form
):
    place = tmp_path / "laek"
    assert status_of(["status", "--to", str(place), *form]) == 78
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"nothing has ever been exported to {place}" in printed.err
    assert "--allow-empty" in printed.err
    assert status_of(["status", "--to", str(place), "--allow-empty", *form]) == 0
    assert not place.exists()


def test_a_page_is_not_replaced_by_one_of_nothing(tmp_path, capsys):
    page = tmp_path / "status.html"
    page.write_text("the old one")
    assert status_of(["status", "--to", str(tmp_path / "laek"), "--html", str(page)]) == 78
    assert page.read_text() == "the old one"
    assert "nothing has ever been exported" in capsys.readouterr().err


def test_check_ends_with_65_when_anything_needs_attention(lake, capsys):
    assert status_of(["status", "--to", str(lake), "--check"]) == 65
    printed = capsys.readouterr()
    assert "8 days" in printed.out
    assert "something needs attention: 8 days" in printed.err


def test_check_ends_with_0_when_nothing_does(tmp_path, capsys):
    lay_out(tmp_path, manifest(f"{datetime.now(UTC).date() - timedelta(1)}", "provisional"))
    assert status_of(["status", "--to", str(tmp_path), "--check"]) == 0
    assert "1 provisional" in capsys.readouterr().out


def test_a_damaged_day_is_due_as_long_as_a_run_looks_at_it(tmp_path, capsys):
    today = datetime.now(UTC).date()
    days = [f"{today - timedelta(age)}" for age in (300, 6, 1)]
    lay_out(tmp_path, *(manifest(day, late=timedelta(5)) for day in days))
    for day in days:
        (tmp_path / f"segments/{day}.csv.gz").unlink()
    assert status_of(["status", "--to", str(tmp_path), "--json"]) == 0
    [org] = json.loads(capsys.readouterr().out)["organisations"]
    due = {day["day"]: day["due"] for day in org["days"] if day["state"] == "damaged"}
    assert due == {
        days[0]: None,
        days[1]: f"it is damaged: segments/{days[1]}.csv.gz is missing",
        days[2]: f"it is damaged: segments/{days[2]}.csv.gz is missing",
    }


@pytest.mark.parametrize("name", ["manifest.json", "claim.json"])
def test_a_pipe_instead_of_a_document_damages_its_day_alone(tmp_path, capsys, name):
    pipe, good = (f"{datetime.now(UTC).date() - timedelta(age)}" for age in (1, 2))
    lay_out(tmp_path, manifest(good, "provisional"))
    home = tmp_path / "_genesys_export/conversation_details"
    (home / pipe).mkdir()
    os.mkfifo(home / pipe / name)
    os.mkfifo(home / "last-run.json")
    assert status_of(["status", "--to", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert f"{name} is not a regular file. Move it away" in " ".join(printed.split())
    assert "1 provisional, 1 damaged" in printed


def test_foreign_files_among_the_tables_are_left_alone(tmp_path, capsys):
    day = f"{datetime.now(UTC).date() - timedelta(1)}"
    lay_out(tmp_path, manifest(day, "provisional"))
    for name in (b"odd\\name", b"no utf-8 \xff", b"2026"):
        Path(os.fsdecode(os.fsencode(tmp_path / "segments") + b"/" + name)).touch()
    assert status_of(["status", "--to", str(tmp_path), "--check"]) == 0
    assert "1 provisional" in capsys.readouterr().out


def test_check_notices_files_that_are_gone(tmp_path, capsys):
    day = f"{datetime.now(UTC).date() - timedelta(1)}"
    lay_out(tmp_path, manifest(day, "provisional"))
    (tmp_path / f"segments/{day}.csv.gz").unlink()
    assert status_of(["status", "--to", str(tmp_path), "--check"]) == 65
    printed = capsys.readouterr().out
    assert f"  {day}\n    segments/{day}.csv.gz is missing; the next run repairs it\n" in printed
    assert f"    genesys-export run --to {tmp_path}\n" in printed


@pytest.mark.parametrize(
    ("published", "missing", "told", "command"),
    [
        ((3, 1), 2, "nothing is published; the next run exports it", "run"),
        ((200, *range(1, 199)), 199, "nothing is published", "run --date {day}"),
    ],
    ids=["that the next run exports", "too old for that"],
)
def test_a_single_missing_day_comes_with_the_command_that_exports_it(
    tmp_path, capsys, published, missing, told, command
):
    today = datetime.now(UTC).date()
    lake, config = tmp_path / "lake", tmp_path / "my settings.toml"
    config.write_text("")
    lay_out(lake, *(manifest(f"{today - timedelta(age)}", late=timedelta(5)) for age in published))
    day = today - timedelta(missing)
    assert status_of(["status", "--to", str(lake), "--config", str(config)]) == 0
    where = f" --to {lake} --config '{config}'"
    printed = capsys.readouterr().out
    assert f"  {day}\n    {told}\n" in printed
    assert f"    genesys-export {command.format(day=day)}{where}\n" in printed


def test_suggested_commands_carry_where_as_it_was_given(lake, tmp_path, capsys):
    (tmp_path / "my settings.toml").write_text("")
    here, page = os.path.relpath(tmp_path), tmp_path / "page.html"
    given = ["--to", f"{here}/./lake", "--config", f"{here}/my settings.toml"]
    assert status_of(["status", *given]) == 0
    told = f" --to {here}/./lake --config '{here}/my settings.toml'\n"
    assert told in capsys.readouterr().out
    assert status_of(["status", "--to", f"{here}/lake", "--html", str(page)]) == 0
    assert f" --to {here}/lake</code>" in page.read_text("utf-8")


def test_suggested_commands_carry_the_datasets_as_they_were_given(tmp_path, capsys):
    given = ["--to", str(tmp_path), "--dataset", "dimensions"]
    home = tmp_path / "_genesys_export" / "dimensions"
    day = f"{datetime.now(UTC).date() - timedelta(3)}"
    (home / day).mkdir(parents=True)
    (home / day / "manifest.json").write_bytes(manifest(day).encode())
    assert status_of(["status", *given]) == 0
    out = capsys.readouterr().out
    assert f"genesys-export run --to {tmp_path} --dataset dimensions\n" in out
    assert ", 1 missing, 1 absent; 1,200 entries, " in out.replace("\n", " ")


def test_without_a_destination_it_says_what_to_set(tmp_path, capsys):
    empty = tmp_path / "empty.toml"
    empty.touch()
    assert status_of(["status", "--config", str(empty)]) == 78
    assert "destination.to: missing" in capsys.readouterr().err


def test_a_destination_that_is_no_folder_is_told(tmp_path, capsys):
    file = tmp_path / "file"
    file.touch()
    assert status_of(["status", "--to", str(file)]) == 78
    assert "nothing has ever been exported" in capsys.readouterr().err
