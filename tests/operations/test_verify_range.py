"""Ranges of days: a line each, samples of them, and the statuses they end with."""

from __future__ import annotations

import os
from collections import Counter
from datetime import date, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published import Published, environ

from genesys_export.cli import status_of
from genesys_export.cli.verify import VerifyRequest, execute
from genesys_export.days import Day
from genesys_export.errors import WrongSettings, WrongUse
from genesys_export.operations.verify.sampling import Sample, draw, parse
from genesys_simulator import World, serve

UTC_ZONE = ZoneInfo("UTC")
FIRST = date(2025, 11, 17)
DAYS = [Day(FIRST + timedelta(number), UTC_ZONE) for number in range(4)]


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    root = tmp_path_factory.mktemp("range") / "lake"
    with serve(World.generated(seed=3, per_day=10)) as genesys:
        for day in DAYS:
            Published.export(root, genesys, day=day)
    return root


@pytest.fixture
def lake(exported, tmp_path):
    """A folder with four days, to be spoilt; files keep their inodes and with these their tags."""
    root = tmp_path / "lake"
    for path in exported.rglob("*"):
        if path.is_file():
            target = root / path.relative_to(exported)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.hardlink_to(path)
    return root


def run(lake, *, start=DAYS[0], end=DAYS[-1], sample=None, **flags):
    given: Any = {"to": str(lake), "config": "/dev/null", **flags}
    return execute(VerifyRequest(start=str(start), end=str(end), sample=sample), given, {})


def test_good_days_are_a_line_each_and_a_summary(lake, capsys):
    assert run(lake) == 0
    out = capsys.readouterr().out
    *lines, summary = out.splitlines()
    assert [line.partition(" (")[0] for line in lines] == [
        f"{day}  OK: everything matches the manifest" for day in DAYS
    ]
    assert summary.startswith("4 days: 4 OK; read 64 objects, ")


def test_quiet_prints_only_the_days_that_do_not_match(lake, capsys):
    assert run(lake, quiet=True) == 0
    assert capsys.readouterr() == ("", "")
    (lake / f"segments/{DAYS[1]}.csv.gz").unlink()
    assert run(lake, end=DAYS[-1].date + timedelta(1), quiet=True) == 65
    out, err = capsys.readouterr()
    day, mismatch, absent = out.splitlines()
    assert day.startswith(f"{DAYS[1]}  1 mismatch (")
    assert mismatch.startswith(f"  MISMATCH    segments/{DAYS[1]}.csv.gz")
    assert absent == "2025-11-21  nothing is published"
    assert "1 day does not match the manifest, 1 day is not published" in err


def test_each_missing_file_is_a_line_and_missing_days_are_one(lake, capsys):
    (lake / f"segments/{DAYS[1]}.csv.gz").unlink()
    late = DAYS[-1].date + timedelta(3)
    assert run(lake, start="2025-11-16", end=late) == 65
    out, err = capsys.readouterr()
    assert f"{DAYS[1]}  1 mismatch (" in out
    assert out.count("MISMATCH") == 1
    assert "2025-11-16  nothing is published\n2025-11-21 to 2025-11-23  nothing is" in out
    assert "8 days: 3 OK, 1 with mismatches, 4 not published; " in out
    assert (
        "2025-11-16 to 2025-11-23: 1 day does not match the manifest, 4 days are not published"
    ) in err
    assert f"backfill --start 2025-11-16 --end 2025-11-23 --to {lake} --config /dev/null" in err


def test_a_sample_reads_whole_days_and_lists_the_others(lake, capsys):
    assert run(lake, sample="1%") == 0
    out = capsys.readouterr().out
    assert out.count("OK: everything matches") == 1
    assert "4 days: 1 OK, 3 not read, only listed; read 16 objects, " in out
    assert run(lake, sample="100 %") == 0
    assert "4 days: 4 OK; read 64 objects" in capsys.readouterr().out


def test_a_sample_finds_missing_files_of_days_it_does_not_read(lake, capsys):
    for day in DAYS:
        (lake / f"segments/{day}.csv.gz").unlink()
    assert run(lake, sample="1B") == 65
    out = capsys.readouterr().out
    assert out.count("MISMATCH") == 4
    assert out.count(".csv.gz is missing\n") == 3
    assert "4 days: 4 with mismatches; read 15 objects" in out


def test_a_day_that_cannot_be_verified_ends_only_itself(lake, capsys):
    home = lake / "_genesys_export/conversation_details"
    path = home / str(DAYS[0]) / "manifest.json"
    text = path.read_text("utf-8")
    path.unlink()
    path.write_text(text.replace('"final"', '"damaged"'), "utf-8")
    for sample in (None, "1%"):
        assert run(lake, sample=sample) == 65
        assert f"{DAYS[0]}  {DAYS[0]} is damaged" in capsys.readouterr().out
    path.unlink()
    os.mkfifo(path)
    for sample in (None, "1%"):
        assert run(lake, sample=sample) == 78
        assert "1 not verified" in capsys.readouterr().out
    path.unlink()
    path.write_text("{", "utf-8")
    for sample in (None, "1%"):
        assert run(lake, sample=sample) == 74
        assert "1 not verified" in capsys.readouterr().out


def test_each_organisation_has_its_own_lines(tmp_path, capsys):
    with serve(World.generated(seed=3, per_day=10)) as genesys:
        known = environ(genesys)
        file = tmp_path / "orgs.toml"
        file.write_text(
            "".join(
                f'[orgs.{name}]\nclient_id = "{known["GENESYS_CLIENT_ID"]}"\n'
                f'client_secret = "{known["GENESYS_CLIENT_SECRET"]}"\n'
                f'base_url = "{genesys.base_url}"\npoll_first = "0.05s"\n'
                for name in ("north", "south")
            )
        )
        where = ["--config", str(file), "--to", str(tmp_path / "lake")]
        assert status_of(["run", *where, "--date", str(DAYS[0]), "--quiet"]) == 0
    span = ["--start", str(DAYS[0]), "--end", str(DAYS[0])]
    assert status_of(["verify", *where, *span, "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert status_of(["verify", *where, *span]) == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if line.endswith(":")] == ["north:", "south:"]
    assert out.count("OK: everything matches") == 2


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ([], "no day is given"),
        (["--start", "2025-11-17"], "--end is missing"),
        (["--end", "2025-11-17"], "--start is missing"),
        (["--sample", "5%"], "no day is given"),
        (["--date", "2999-11-17"], "--date 2999-11-17 is in the future"),
        (["--date", "2025-11-17", "--end", "2025-11-18"], "--date can't be combined with"),
        (["--date", "2025-11-17", "--sample", "5%"], "--date can't be combined with"),
        (["--start", "2025-11-18", "--end", "2025-11-17"], "is after --end"),
        (["--start", "2025-11-17", "--end", "soon"], "--end soon is not a valid date"),
    ],
)
def test_flags_that_do_not_go_together_are_wrong_use(lake, capsys, flags, told):
    assert status_of(["verify", "--to", str(lake), *flags]) == 2
    assert told in capsys.readouterr().err


def test_wrong_dates_are_reported_together_with_missing_settings():
    with pytest.raises(WrongSettings) as refused:
        execute(VerifyRequest(start="a", end="b"), {"config": os.devnull}, {})
    told = refused.value.message
    assert "--start a is not a valid date" in told
    assert "--end b is not a valid date" in told
    assert "--to" in told


@pytest.mark.parametrize("text", ["0%", "101%", "5", "-5%", "0MB", "5 apples", "", "٥%", "1e9B"])
def test_what_is_no_share_and_no_size_is_wrong_use(lake, text):
    with pytest.raises(WrongUse, match="neither a share nor a size"):
        run(lake, sample=text)


@pytest.mark.parametrize(
    ("text", "total", "wanted"),
    [
        ("5%", 1000, 50),
        ("100 %", 7, 7),
        ("0.5%", 1000, 5),
        ("500MB", 1, 500_000_000),
        ("1.5 kB", 9, 1500),
        ("20b", 9, 20),
        ("1TB", 9, 10**12),
    ],
)
def test_a_sample_is_a_share_or_a_size(text, total, wanted):
    assert parse(text).wanted(total) == wanted


@given(
    sizes=st.lists(st.integers(0, 10**9), min_size=1, max_size=40),
    share=st.fractions(min_value="0.001", max_value=1),
    seed=st.integers(0, 2**32),
)
def test_a_sample_has_the_size_that_was_asked_for_and_no_day_more(sizes, share, seed):
    known = {Day(FIRST + timedelta(at), UTC_ZONE): size for at, size in enumerate(sizes)}
    drawn = draw(known, Sample(share=share), Random(seed))
    total, wanted = sum(known[day] for day in drawn), share * sum(sizes)
    assert drawn <= known.keys()
    assert drawn
    assert total >= wanted
    assert len(drawn) == 1 or any(total - known[day] < wanted for day in drawn)


def test_every_day_is_drawn_about_as_often_as_any_other():
    known = dict.fromkeys(DAYS, 100)
    drawn = Counter(
        day for seed in range(400) for day in draw(known, Sample(size_bytes=100), Random(seed))
    )
    assert all(70 < drawn[day] < 130 for day in DAYS)


def test_of_no_days_none_is_drawn():
    assert draw({}, Sample(size_bytes=1), Random(1)) == frozenset()
