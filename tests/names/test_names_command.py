"""The command with names beside the conversations: its exit status, its words, its report."""

from __future__ import annotations

import json

import pytest

from genesys_export.cli.run import RunRequest, execute
from genesys_export.cli.status import StatusRequest, report
from genesys_export.datasets import DEFAULT, NAMES, dataset_named
from genesys_simulator import Fault, Options, Refusal, Revoked, serve
from newest_day import NEWEST, ONE, ZONE

TABLES = [*dataset_named(NAMES).lookups]
BROKEN = Refusal(400, "bad.request", "Pagination may not exceed 10000 results.")
LISTS = ("queues", "users", "wrapupcodes", "divisions", "flows")


class Machine:
    """A machine with a clock of its own, on which the command runs; `root` is its folder."""

    def __init__(self, root, world):
        self.root, self.world = root / "lake", world
        self.told = root / "report.json"
        self.environ = {
            "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
            "GENESYS_EXPORT_EXPORT__TIMEZONE": ZONE,
            "GENESYS_EXPORT_EXPORT__NAMES": "true",
        }

    def run(self, day=None, *, dry_run=False, **options):
        """Run the command once, against a Genesys of these options; return its exit status."""
        with serve(self.world, Options(**options)) as genesys:
            environ = {
                **self.environ,
                "GENESYS_CLOUD_BASE_URL": genesys.base_url,
                "GENESYS_CLIENT_ID": genesys.client_id,
                "GENESYS_CLIENT_SECRET": genesys.client_secret,
            }
            request = RunRequest(date=day and str(day), dry_run=dry_run, report=self.told)
            status = execute(request, {"to": str(self.root)}, environ)
        self.asked = {one: len(genesys.asked(one)) for one in ("submit", *LISTS)}
        assert dry_run or self.report["exit_status"] == status
        return status

    @property
    def report(self):
        return json.loads(self.told.read_text("utf-8"))

    def manifest(self, dataset, day=NEWEST):
        """Return a day's manifest; None where it has none."""
        path = self.root / f"_genesys_export/{dataset}/{day}/manifest.json"
        return json.loads(path.read_text("utf-8")) if path.exists() else None


@pytest.fixture
def machine(tmp_path, world):
    return Machine(tmp_path, world)


def test_names_are_published_beside_the_day_and_read_once(machine):
    assert machine.run() == 0
    assert list(machine.manifest(NAMES)["tables"]) == TABLES
    assert not {*TABLES} & {*machine.manifest(DEFAULT)["tables"]}
    assert min(machine.asked.values()) > 0
    assert machine.run() == 0
    assert {machine.asked[one] for one in LISTS} == {0}


def test_a_dry_run_says_which_lists_would_be_asked_and_submits_nothing(machine, capsys):
    assert machine.run(dry_run=True) == 0
    said = capsys.readouterr().out
    assert said.count("would submit a job: ") == 1
    assert 'would ask: {"GET":"/api/v2/users","state":"any"}' in said
    assert set(machine.asked.values()) == {0}


def test_a_missing_permission_costs_its_table_and_the_exit_status_only(machine, capsys):
    lacking = {"architect:flow:view", "routing:wrapupCode:view"}
    assert machine.run(missing_permissions=frozenset(lacking)) == 77
    said = capsys.readouterr().err
    assert "is published, but dim_wrap_up_codes is not written" in said
    assert f"Give {', '.join(sorted(lacking, reverse=True))} to a role" in said
    conversations, names = machine.report["days"]
    assert (conversations["exit_status"], conversations["state"]) == (0, "provisional")
    assert (names["exit_status"], names["state"]) == (77, "final")
    assert "dim_flows" in names["error"]["message"]
    assert names["error"]["published"] == "published"
    assert list(names["tables"]) == ["dim_queues", "dim_users", "dim_divisions"]


def test_a_cut_table_is_told_once_read_again_by_the_next_run_and_seen_in_the_status(
    machine, capsys
):
    assert machine.run(faults=[Fault("users", 2, BROKEN, times=999)], max_list_size=25) == 0
    said = capsys.readouterr().err
    assert said.count("dim_users is cut: its list was cut off after 25 entries (") == 1
    report(StatusRequest(as_json=True), {"to": str(machine.root)}, machine.environ)
    told = json.loads(capsys.readouterr().out)["organisations"]
    (day,) = [one for org in told for one in org["days"] if one["cut"]]
    assert (day["day"], day["cut"]) == (str(NEWEST), ["dim_users"])
    assert ("cut table", "note") in [(one["short"], one["weight"]) for one in day["remarks"]]
    assert machine.run() == 0
    assert (machine.manifest(NAMES)["state"], machine.manifest(NAMES)["cut"]) == ("final", [])


def test_a_past_day_of_names_is_skipped_and_its_conversations_are_not(machine, capsys):
    past = NEWEST - ONE
    assert machine.run(past) == 0
    assert machine.manifest(DEFAULT, past)
    assert not machine.manifest(NAMES, past)
    assert {machine.asked[one] for one in LISTS} == {0}
    assert "a past day can't be read any more" in capsys.readouterr().err
    skipped = machine.report["days"][-1]
    assert (skipped["outcome"], skipped["exit_status"]) == ("skipped", 0)


def test_credentials_that_die_at_a_list_leave_no_table_of_names(machine):
    assert machine.run(faults=[Fault("users", 1, Revoked())]) == 77
    assert not list(machine.root.glob("dim_*/*"))
    assert machine.manifest(DEFAULT)
    assert not machine.manifest(NAMES)


def test_where_every_list_is_forbidden_the_conversations_are_published_alone(machine, capsys):
    forbidden = Refusal(403, "missing.permissions", "Not for you.")
    assert machine.run(faults=[Fault(one, 1, forbidden, times=999) for one in LISTS]) == 77
    assert machine.manifest(DEFAULT)
    assert not machine.manifest(NAMES)
    assert "no list may be read: dim_queues" in capsys.readouterr().err


def test_conversations_that_fail_cost_the_names_nothing(machine):
    lacking = frozenset({"analytics:conversationDetail:view"})
    assert machine.run(missing_permissions=lacking) == 77
    assert not machine.manifest(DEFAULT)
    assert list(machine.manifest(NAMES)["tables"]) == TABLES
