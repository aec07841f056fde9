"""Several organisations: in one place without names, or each in a place of its own."""

import json

from genesys_simulator.faults import Fault, MissingPermission

OTHER = "00000000-0000-4000-8000-0000000000b2"
HOME = "_genesys_export/conversation_details"


def recipe_of(command):
    return json.loads((command.lake / HOME / "recipe.json").read_text())["recipe"]


def files(command):
    return {path: path.stat().st_mtime_ns for path in command.lake.rglob("*.csv.gz")}


def test_a_second_organisation_in_one_prefix_is_refused_with_what_to_do(command, genesys, day):
    command.against(genesys()).run("--date", day).ends(0)
    before = files(command)
    second = command.against(genesys(organization_id=OTHER))
    for date in (day, "2025-11-21"):
        refused = second.run("--date", date, "--force").ends(78)
        assert "belongs to another organisation" in refused.err
        assert "[orgs]" in refused.err
        assert "Traceback" not in refused.err
    assert files(command) == before
    assert recipe_of(command)["organization"]["id"] != OTHER


def test_a_client_that_may_not_read_its_organisation_exports_all_the_same(command, genesys, day):
    fault = Fault("organization", kind=MissingPermission("organization:view"), times=99)
    closed = genesys(faults=[fault])
    command.against(closed).run("--date", day).ends(0)
    assert recipe_of(command)["organization"]["id"] is None
    (client,) = recipe_of(command)["organization"]["clients"]
    assert client not in closed.client_id
    opened = genesys()
    again = command.against(opened).run("--date", day, "--force").ends(0)
    assert "unchanged" in again.words
    assert recipe_of(command)["organization"]["id"] == "00000000-0000-4000-8000-0000000000a1"
    assert len(opened.asked("organization")) == 1
    stranger = genesys(organization_id=OTHER, client_id="00000000-0000-4000-8000-000000000002")
    command.against(stranger).run("--date", day, "--force").ends(78)


def two(command, genesys, *, without=""):
    """Return the command with two organisations, the secret of one of them missing."""
    served = genesys()
    orgs = {
        f"GENESYS_EXPORT_ORGS__{name}__{key}": value
        for name in ("NORTH", "SOUTH")
        for key, value in (
            ("BASE_URL", served.base_url),
            ("CLIENT_ID", served.client_id),
            ("CLIENT_SECRET", served.client_secret),
        )
        if (name, key) != (without, "CLIENT_SECRET")
    }
    return command.with_variables(**orgs)


def test_a_dry_run_names_the_organisation_of_each_line(command, genesys, day):
    both = two(command, genesys)
    both("run", "--to", command.lake, "--date", day, "--org", "north").ends(0)
    told = both("run", "--to", command.lake, "--date", day, "--dry-run").ends(0).out
    assert f"would skip north {day}: it is already final" in told
    assert f"south {day} (UTC): " in told
    both("run", "--to", command.lake, "--date", day).ends(0)
    due = both("run", "--to", command.lake, "--dry-run", "--dataset", "dimensions").ends(0).out
    assert "south 20" in due


def test_a_dry_run_says_whose_secret_is_missing_and_shows_the_others(command, genesys, day):
    one = two(command, genesys, without="NORTH")
    told = one("run", "--to", command.lake, "--date", day, "--dry-run").ends(78)
    assert f"south {day} (UTC): " in told.out
    assert "would be refused: north" in told.out
    assert "orgs.north.client_secret: missing" in told.out
    assert told.err == ""
