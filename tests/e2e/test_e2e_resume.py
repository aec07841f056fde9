"""A run that is killed, stopped or held up; and the one after it, which needs no flag."""

from __future__ import annotations

import json
import signal

from e2e_command import stop, wait_until
from e2e_reading import begun, ids

from genesys_simulator import Fault, Slow, World

SOON_S = 15


def sealed(lake, day) -> int:
    """Return how many slices the claim keeps; none while it is not there."""
    try:
        return len(lake.claim(day)["slices"])
    except (FileNotFoundError, json.JSONDecodeError):
        return 0


def killed_with_two_of_three_slices_sealed(command, genesys, lake, day):
    told = command.against(genesys)
    with told.started("run", "--to", lake.root, "--date", day, "--slices", 3) as child:
        wait_until(child, lambda: sealed(lake, day) == 2)
        child.kill()
        child.wait(SOON_S)
    return told


def test_after_a_kill_the_next_run_keeps_what_was_done_and_reads_the_jobs_left_behind(
    command, genesys, lake, day, exported
):
    genesys = genesys(faults=[Fault("results", 2, Slow(60))])
    told = killed_with_two_of_three_slices_sealed(command, genesys, lake, day)
    assert lake.files() == []
    assert len(genesys.asked("submit")) == 3
    result = told.run("--date", day, "--slices", 3).ends(0)
    assert result.err.count("slice adopted") == 2
    assert len(genesys.asked("submit")) == 3  # not one job more
    lake.check(day)
    assert lake.ids(day) == exported.lake.ids(day)
    assert lake.manifest(day)["digest"] == exported.lake.manifest(day)["digest"]
    assert lake.staged() == []
    assert lake.claim(day)["released"]
    assert genesys.jobs == {}


def test_after_a_kill_another_cut_of_the_day_leaves_nothing_of_the_first(
    command, genesys, lake, day, exported
):
    genesys = genesys(faults=[Fault("results", 2, Slow(60))])
    told = killed_with_two_of_three_slices_sealed(command, genesys, lake, day)
    told.run("--date", day).ends(0)
    lake.check(day)
    assert lake.ids(day) == exported.lake.ids(day)
    assert lake.staged() == []


def test_a_stopped_run_releases_the_day_and_keeps_what_is_sealed(
    command, genesys, lake, day, exported
):
    genesys = genesys(faults=[Fault("results", 2, Slow(60))])
    told = command.against(genesys)
    with told.started("run", "--to", lake.root, "--date", day, "--slices", 3) as child:
        wait_until(child, lambda: sealed(lake, day) == 2)
        assert stop(child, signal.SIGTERM, SOON_S).status == 143
    claim = lake.claim(day)
    assert (claim["released"], len(claim["slices"]), claim["jobs"]) == (True, 2, [])
    assert claim["failure"] is None
    assert genesys.jobs == {}
    result = told.run("--date", day, "--slices", 3).ends(0)
    assert result.err.count("slice adopted") == 2
    assert lake.ids(day) == exported.lake.ids(day)
    assert lake.staged() == []


def test_of_two_runs_at_once_one_works_and_the_other_says_who_holds_the_day(
    command, genesys, lake, day
):
    genesys = genesys(faults=[Fault("results", 2, Slow(60))])
    told = command.against(genesys)
    with told.started("run", "--to", lake.root, "--date", day) as child:
        wait_until(child, lambda: len(genesys.asked("results")) >= 2)
        second = told.run("--date", day).ends(75)
        assert f"process {child.pid} on " in second.err
        assert "which holds it until 20" in second.err
        assert "again after 20" in second.err
        assert child.poll() is None  # undisturbed
        assert stop(child, signal.SIGTERM, SOON_S).status == 143
    told.run("--date", day).ends(0)
    lake.check(day)


def test_what_a_dead_run_had_decided_is_finished_without_genesys(command, genesys, lake, day):
    told = command.against(genesys())
    told.run("--date", day).ends(0)
    path = lake.root / f"_genesys_export/conversation_details/{day}/manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    manifest["next"] = {"uploads": [], "deletes": []}  # it died right before the last step
    path.write_text(json.dumps(manifest), "utf-8")
    nobody = genesys()
    result = command.against(nobody).run("--date", day).ends(0)
    assert "day recovered" in result.err
    assert "next" not in lake.manifest(day)
    assert nobody.requests == []
    lake.check(day)


def test_a_failure_stands_in_the_claim_and_the_day_stays(command, genesys, lake, day):
    command.against(genesys()).run("--date", day).ends(0)
    refused = genesys(World.of([]))
    result = command.against(refused).run("--date", day, "--force").ends(65)
    assert "240 of the 240 conversations" in result.err
    failure = lake.claim(day)["failure"]
    assert failure["status"] == 65
    assert "240 of the 240" in failure["message"]
    assert lake.manifest(day)["counts"]["exported"] == 240
    command.against(refused).run("--date", day, "--force", "--accept-shrink").ends(0)
    assert lake.manifest(day)["counts"]["exported"] == 0


def test_what_changed_is_listed_by_id(command, genesys, lake, day, world):
    command.against(genesys()).run("--date", day).ends(0)
    corrected = world.altered(day, drop=3, change=5, add=2)
    result = command.against(genesys(corrected)).run("--date", day, "--force").ends(0)
    assert "2 new, 5 changed, 3 gone" in result.err
    changes = lake.manifest(day)["changes"]
    assert changes["rows"] == 10
    told = lake.lines(changes["key"])
    gone = {one["conversation_id"] for one in told if one["change"] == "gone"}
    assert gone == set(ids(begun(world, day))) - set(ids(begun(corrected, day)))
    assert {one["change"] for one in told} == {"new", "changed", "gone"}


def test_another_recipe_is_refused_until_it_is_meant(command, genesys, lake, day):
    told = command.against(genesys())
    told.run("--date", day).ends(0)
    before = lake.snapshot()
    other = ("--date", day, "--table", "conversations")
    refused = told.run(*other).ends(78)
    assert "tables: were 15, now only conversations\n" in refused.err
    assert "--rewrite" in refused.err
    dry = told.run(*other, "--dry-run").ends(78)
    assert dry.out.startswith(f"would be refused: {day}: what is published here was made with")
    assert "--rewrite" in dry.out
    assert lake.snapshot() == before
    assert "would write " in told.run(*other, "--dry-run", "--rewrite").ends(0).out
    told.run(*other, "--rewrite").ends(0)
    assert list(lake.manifest(day)["tables"]) == ["conversations"]
    lake.check(day)


def test_without_state_there_is_data_and_nothing_else(command, genesys, lake, day, exported):
    told = command.against(genesys(), GENESYS_EXPORT_DESTINATION__STATE="off")
    for _ in range(2):
        told.run("--date", day).ends(0)
        assert lake.files() == [
            name for name in exported.lake.files() if not name.startswith("_genesys_export")
        ]
    assert not (lake.root / "_genesys_export/conversation_details").exists()


def test_a_day_published_only_when_final_is_left_alone_before(command, genesys, lake):
    told = command.against(genesys(), GENESYS_EXPORT_EXPORT__PUBLISH="final")
    result = told.run("--date", "yesterday").ends(0)
    assert "not final yet" in result.err
    assert lake.files() == []
