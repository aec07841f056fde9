"""The command: a screen of what was looked at, its statuses, and the source that counts again."""

from typing import Any

import pytest
from published import DAY, Published, environ

from genesys_export.cli import status_of
from genesys_export.cli.verify import VerifyRequest, execute
from genesys_export.days import Day
from genesys_export.errors import DataMismatch, NotPermitted, WrongSettings, WrongUse
from genesys_export.store import FolderStore
from genesys_simulator import Options, World, serve

WORLD = World.generated(seed=3, per_day=60)


def run(published, genesys=None, *, source=False, **more):
    """Return the status; without a Genesys there is none to be reached, and no secret known."""
    known = environ(genesys) if genesys else {}
    flags: Any = {"to": str(published.root), "config": "/dev/null", **more}
    return execute(VerifyRequest(date=str(DAY), source=source), flags, known)


def test_a_good_day_is_told_on_one_screen_and_needs_no_genesys(day, capsys):
    assert run(day) == 0
    out = capsys.readouterr().out
    assert len(out.splitlines()) < 12
    assert out.startswith("2025-11-20: final, 60 conversations, according to ")
    assert f"  read        {len(day.named())} objects, " in out
    assert "  keys        unique in 15 tables; 16 references resolved" in out
    assert out.endswith("  OK: everything matches the manifest\n")
    assert "source" not in out


@pytest.mark.parametrize("more", [{}, {"format": "jsonl.gz"}, {"format": "parquet"}])
def test_one_missing_file_is_one_line_whichever_it_is(publish, capsys, more):
    day = publish(**more)
    for file in day.named():
        path = day.root / file["key"]
        aside = path.rename(path.with_name("aside"))
        assert [one.partition(":")[0] for one in day.mismatches()] == [file["key"]]
        assert run(day) == 65
        assert capsys.readouterr().out.count("MISMATCH") == 1
        aside.rename(path)


def both(published, capsys, **request):
    """Return the status and the lines of verifying the conversations and their names."""
    flags: Any = {"to": str(published.root), "config": "/dev/null"}
    known = {"GENESYS_EXPORT_EXPORT__NAMES": "true"}
    status = execute(VerifyRequest(**request), flags, known)
    return status, capsys.readouterr()


def test_each_dataset_has_its_own_answer_and_its_own_word_for_records(
    snapshot, genesys, tmp_path, capsys
):
    names = snapshot()
    Published.export(tmp_path / "lake", genesys, day=names.day)
    status, (out, _) = both(names, capsys, date=str(names.day))
    assert status == 0
    assert f"conversation_details {names.day}: provisional, 60 conversations, accord" in out
    entries = names.manifest["counts"]["exported"]
    assert f"dimensions {names.day}: final, {entries:,} entries, according to " in out
    assert out.count("OK: everything") == 2
    assert "keep_raw" not in out.partition("dimensions ")[2]


def test_a_past_day_without_a_snapshot_is_no_mismatch(day, capsys):
    status, (out, _) = both(day, capsys, date=str(DAY))
    assert status == 0
    assert out.endswith("\ndimensions 2025-11-20: no snapshot was taken\n")
    status, (out, _) = both(day, capsys, start="2025-11-20", end="2025-11-20")
    assert status == 0
    told = out.partition("dimensions:\n")[2]
    assert told.startswith("2025-11-20  no snapshot was taken\n1 day: 1 without a snapshot; ")


def test_a_past_snapshot_that_lost_a_file_can_only_be_restored(snapshot, capsys):
    names = snapshot()
    past = Day(DAY.date, DAY.zone)
    moved = names.path(past)
    moved.parent.mkdir(parents=True)
    moved.write_text(names.path().read_text("utf-8").replace(str(names.day), str(past)), "utf-8")
    flags: Any = {"to": str(names.root), "config": "/dev/null"}
    known = {"GENESYS_EXPORT_EXPORT__DATASETS": "dimensions"}
    assert execute(VerifyRequest(date=str(past)), flags, known) == 65
    err = capsys.readouterr().err
    assert "can't be exported again: restore its files from a backup" in err
    assert "genesys-export run" not in err
    assert execute(VerifyRequest(start=str(past), end=str(past)), flags, known) == 65
    err = capsys.readouterr().err
    assert "Each is listed above. A past day of a snapshot can't be exported again: " in err


def test_a_bad_day_is_told_line_by_line_and_ends_with_65(day, capsys):
    day.object("surveys").unlink()
    assert run(day) == 65
    out, err = capsys.readouterr()
    assert "  MISMATCH    surveys/2025-11-20.csv.gz: expected an object of " in out
    assert "OK" not in out
    assert "genesys-export: 2025-11-20 does not match its manifest: 1 mismatch\n" in err


def test_quiet_prints_nothing_of_a_good_day_and_what_is_wrong_of_a_bad_one(day, capsys):
    assert run(day, quiet=True) == 0
    assert capsys.readouterr() == ("", "")
    day.object("surveys").unlink()
    assert run(day, quiet=True) == 65
    out, err = capsys.readouterr()
    (line,) = out.splitlines()
    assert line.startswith("  MISMATCH    surveys/2025-11-20.csv.gz: expected an object of ")
    assert err.startswith("genesys-export: 2025-11-20 does not match its manifest: 1 mismatch\n")


def test_what_is_read_is_told_on_the_way(day, capsys):
    assert run(day) == 0
    err = capsys.readouterr().err
    assert err.count(" read back ") == len(day.named())


def test_a_day_that_is_not_there_is_65_and_names_the_command_that_helps(tmp_path, capsys):
    assert run(Published(tmp_path)) == DataMismatch.exit_status
    told = f"genesys-export run --date 2025-11-20 --to {tmp_path} --config /dev/null"
    assert told in capsys.readouterr().err


def test_a_day_under_replacement_is_75(day):
    day.rewrite(lambda told: told.update(next={"uploads": [], "deletes": []}))
    assert run(day) == 75


def test_the_source_counts_again_and_agrees(day, genesys, capsys):
    asked = len(genesys.asked("query"))
    assert run(day, genesys, source=True) == 0
    out = capsys.readouterr().out
    assert "Genesys counts 60 conversations, 60 were exported: within tolerance" in out
    assert "  media types " in out
    assert "voice" in out
    assert len(genesys.asked("query")) == asked + 1


def test_a_source_that_counts_otherwise_is_65(day, capsys):
    with serve(WORLD, Options(count_bias=30)) as other:
        assert run(day, other, source=True) == 65
    out, err = capsys.readouterr()
    assert "Genesys counts 90 conversations, 60 were exported: beyond tolerance" in out
    assert "does not match its manifest: Genesys's count differs" in err


def test_the_tolerance_is_a_setting(day, tmp_path):
    with serve(WORLD, Options(count_bias=30)) as other:
        file = tmp_path / "wide.toml"
        file.write_text("[proof]\nfloor = 30\n")
        assert run(day, other, source=True, config=str(file)) == 0
        file.write_text("[proof]\nfloor = 29\n")
        assert run(day, other, source=True, config=str(file)) == 65


def test_the_source_is_asked_with_the_filters_of_the_day_not_of_today(publish, genesys, capsys):
    day = publish(media_type=["email"])
    assert run(day, genesys, source=True, media_type=["chat"]) == 0
    assert "within tolerance" in capsys.readouterr().out
    assert "email" in str(genesys.asked("query")[-1].body)
    assert "chat" not in str(genesys.asked("query")[-1].body)


def test_a_permission_that_lacks_leaves_nothing_to_compare_and_no_mismatch(day, capsys):
    needed = "analytics:conversationDetail:view"
    options = Options(missing_permissions=frozenset({needed}))
    with serve(WORLD, options) as strict:
        assert run(day, strict, source=True) == 0
    out = capsys.readouterr().out
    assert "Genesys's own count is not comparable" in out
    assert f"{needed} is missing" in out


def test_credentials_are_needed_for_the_source_only(day):
    with pytest.raises(WrongSettings, match="client_id"):
        run(day, source=True)


def test_a_day_of_another_zone_can_t_be_counted(publish, genesys, capsys):
    day = publish(timezone="Europe/Berlin")
    assert run(day, genesys, source=True, timezone="Europe/Berlin") == 0
    assert "is not a whole UTC day" in capsys.readouterr().out


def test_each_organisation_has_its_own_answer(tmp_path, genesys, capsys):
    file = tmp_path / "orgs.toml"
    known = environ(genesys)
    orgs = "".join(
        f'[orgs.{name}]\nclient_id = "{known["GENESYS_CLIENT_ID"]}"\n'
        f'client_secret = "{known["GENESYS_CLIENT_SECRET"]}"\n'
        for name in ("north", "south")
    )
    file.write_text(f'[genesys]\nbase_url = "{genesys.base_url}"\npoll_first = "0.05s"\n{orgs}')
    root = tmp_path / "lake"
    flags: Any = {"config": str(file), "to": str(root), "org": "north"}
    assert (
        status_of(
            [
                "run",
                "--config",
                str(file),
                "--to",
                str(root),
                "--org",
                "north",
                "--date",
                str(DAY),
                "--quiet",
            ]
        )
        == 0
    )
    capsys.readouterr()
    assert execute(VerifyRequest(date=str(DAY)), flags, {}) == 0
    assert capsys.readouterr().out.startswith("north 2025-11-20: final, 60 conversations")
    every: Any = {**flags, "org": None}
    assert execute(VerifyRequest(date=str(DAY)), every, {}) == 65
    out, err = capsys.readouterr()
    assert out.startswith("north 2025-11-20")
    assert "nothing is published for 2025-11-20" in err
    assert "south" in err


@pytest.mark.parametrize("date", ["2025-13-01", "today", "2025-W47-4"])
def test_a_date_that_is_none_is_wrong_use(day, date):
    with pytest.raises(WrongUse, match="is not a valid date"):
        execute(VerifyRequest(date=date), {"to": str(day.root), "config": "/dev/null"}, {})


def test_without_a_date_the_command_line_makes_no_sense(capsys):
    assert status_of(["verify", "--to", "somewhere"]) == 2
    assert "--date" in capsys.readouterr().err


def test_what_the_store_may_not_read_is_77(day):
    class Closed(FolderStore):
        def look(self, key):
            raise NotPermitted(f"could not read {key}")

    verifier = day.verifier()
    closed = type(verifier)(dataset=verifier.dataset, home=verifier.home, store=Closed(day.root))
    with pytest.raises(NotPermitted):
        closed.verify(DAY)


@pytest.mark.parametrize(
    "odd",
    [{"added": {"pin_attributes": ["conversation_id"]}}, {"column_version": 0}],
    ids=str,
)
def test_a_manifest_of_impossible_columns_can_t_be_read(day, capsys, odd):
    day.rewrite(lambda told: told["recipe"].update(odd))
    assert run(day) == 74
    told = capsys.readouterr().err
    assert "manifest.json is not a manifest of genesys-export" in told
    assert "Move it away" in told
