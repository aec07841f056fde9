"""doctor at Genesys Cloud: what goes wrong there is found, named, and comes with a fix."""

from __future__ import annotations

from datetime import timedelta

import pytest

from genesys_export.api import Filters
from genesys_export.api.probes import Division
from genesys_export.datasets import NAMES, dataset_named
from genesys_export.findings import Verdict
from genesys_export.operations.doctor.genesys import genesys, of_divisions
from genesys_export.operations.doctor.summary import in_a_word, status_of
from genesys_simulator import Fault, GarbledBody, MissingPermission, Refusal

DETAILS = "analytics:conversationDetail:view"
AGGREGATES = "analytics:conversationAggregate:view"


def found(patient):
    return {one.name: one for one in genesys(patient)}


def test_where_all_is_well_every_check_says_so(simulated, patient):
    simulator = simulated()
    seen = found(patient(simulator, tables=dataset_named(NAMES).tables[:2]))
    host = simulator.base_url.removeprefix("http://")
    assert {name: one.found for name, one in seen.items()} == {
        f"connection to {host}": "answers, without TLS (this machine)",
        "clock": "less than a minute off the clock of Genesys Cloud",
        "sign-in": "the OAuth client's id and secret are accepted",
        DETAILS: "a test job was accepted, then deleted",
        AGGREGATES: "conversations can be counted",
        "data": "complete up to 2026-11-23T06:00:00.000Z, 0 min ago",
        "dim_queues (routing:queue:view)": "the list can be read",
        "dim_users": "the list can be read",
        "divisions": "every division: Home, North, South, Übersee",
    }
    assert {one.verdict for one in seen.values()} == {Verdict.OK}
    assert in_a_word(seen.values()) == "9 checks: 9 ok. An export would work."


def test_no_job_is_left_behind(simulated, patient):
    simulator = simulated()
    found(patient(simulator))
    assert len(simulator.asked("submit")) == 1
    assert simulator.jobs == {}


def test_the_job_asks_for_a_minute_with_the_filters_of_the_export(simulated, patient):
    simulator = simulated()
    found(patient(simulator, filters=Filters(media_types=("voice",))))
    (asked,) = simulator.asked("submit")
    assert asked.body["interval"] == "2026-11-22T00:00:00.000Z/2026-11-22T00:01:00.000Z"
    assert "voice" in str(asked.body["segmentFilters"])


def test_filters_that_genesys_refuses_are_a_wrong_setting(simulated, patient):
    simulator = simulated(faults=[Fault("submit", kind=Refusal(400, "bad.request", "no such"))])
    one = found(patient(simulator, filters=Filters(media_types=("voice",))))[DETAILS]
    assert (one.verdict, one.status) == (Verdict.FAIL, 78)
    assert "Genesys does not accept the query" in one.found
    assert one.fix == "Check the filters."


def test_a_wrong_secret_names_its_variable_and_bars_what_needs_a_token(simulated, patient):
    simulator = simulated()
    every = list(genesys(patient(simulator, secret="not-the-secret")))
    seen = {one.name: one for one in every}
    refused = seen["sign-in"]
    assert (refused.verdict, refused.status) == (Verdict.FAIL, 77)
    assert refused.found.endswith("refused to sign in: authentication failed")
    assert "GENESYS_CLIENT_SECRET" in refused.fix
    for name in (DETAILS, AGGREGATES, "data", "divisions"):
        assert seen[name].verdict is Verdict.UNKNOWN
        assert seen[name].found == "not checked: sign-in failed"
    assert status_of(every) == 77
    assert in_a_word(every).endswith("An export would fail with status 77.")
    assert "not-the-secret" not in repr(every)


def test_a_missing_permission_is_named_with_its_mend(simulated, patient):
    seen = found(patient(simulated(missing_permissions=frozenset({DETAILS}))))
    assert (seen[DETAILS].verdict, seen[DETAILS].status) == (Verdict.FAIL, 77)
    assert f"You are missing the following permission(s): {DETAILS}" in seen[DETAILS].found
    assert seen[DETAILS].fix == (
        f"Give {DETAILS} to a role of the OAuth client, in every division."
    )
    assert seen["data"].found == f"not checked: {DETAILS} failed"
    assert seen["divisions"].verdict is Verdict.WARN


def test_a_right_to_look_that_does_not_go_with_a_right_to_submit_is_found(simulated, patient):
    simulator = simulated(faults=[Fault("submit", kind=MissingPermission(DETAILS))])
    assert found(patient(simulator))[DETAILS].status == 77


def test_counting_is_a_convenience(simulated, patient):
    every = list(genesys(patient(simulated(missing_permissions=frozenset({AGGREGATES})))))
    one = next(one for one in every if one.name == AGGREGATES)
    assert one.verdict is Verdict.WARN
    assert one.found.endswith("exports work without it, but can't be compared with this count")
    assert AGGREGATES in one.fix
    assert status_of(every) == 0


def test_a_list_of_names_that_may_not_be_read_fails_as_an_export_would(simulated, patient):
    simulator = simulated(missing_permissions=frozenset({"routing:queue:view"}))
    one = found(patient(simulator, tables=dataset_named(NAMES).tables[:1]))[
        "dim_queues (routing:queue:view)"
    ]
    assert (one.verdict, one.status) == (Verdict.FAIL, 77)
    assert one.fix.startswith("Give routing:queue:view to a role")


def test_lists_that_each_entity_has_are_tried_with_the_first_one(simulated, patient):
    names, simulator = dataset_named(NAMES), simulated()
    seen = found(patient(simulator, tables=[names.table("dim_team_members")]))
    one = seen["dim_team_members (groups:team:view)"]
    assert (one.verdict, one.found) == (Verdict.OK, "the list can be read")
    assert len(simulator.asked("teams")) == len(simulator.asked("team_members")) == 1


def test_a_list_that_the_organisation_does_not_have_is_no_failure(simulated, patient):
    absent = Refusal(404, "not.found", "The requested resource was not found.")
    simulator = simulated(faults=[Fault("businessunits", 1, absent)])
    one = found(patient(simulator, tables=[dataset_named(NAMES).table("dim_business_units")]))[
        "dim_business_units"
    ]
    assert one.verdict is Verdict.UNKNOWN
    assert one.found.startswith("Genesys does not have this list: GET /api/v2/workforce")


def test_a_list_that_is_refused_in_another_way_fails(simulated, patient):
    refused = Refusal(400, "bad.request", "No.")
    simulator = simulated(faults=[Fault("skills", 1, refused)])
    one = found(patient(simulator, tables=[dataset_named(NAMES).table("dim_skills")]))[
        "dim_skills (routing:skill:view)"
    ]
    assert one.verdict is Verdict.FAIL


def test_old_data_is_told_of(simulated, patient):
    one = found(patient(simulated(lag=timedelta(hours=30))))["data"]
    assert one.verdict is Verdict.WARN
    assert one.found == "complete up to 2026-11-22T00:00:00.000Z, 30 h 00 min ago"
    assert "--wait" in one.fix


@pytest.mark.parametrize(
    ("ahead", "verdict", "text"),
    [
        (timedelta(seconds=50), Verdict.OK, "less than a minute off"),
        (timedelta(minutes=5), Verdict.WARN, "0:05:00 behind the clock of Genesys Cloud"),
        (timedelta(minutes=-11), Verdict.FAIL, "0:11:00 ahead of the clock of Genesys Cloud"),
    ],
)
def test_clocks_that_are_apart_are_told_of(simulated, patient, clock, ahead, verdict, text):
    simulator = simulated(now=lambda: clock.now() + ahead)
    one = found(patient(simulator))["clock"]
    assert one.verdict is verdict
    assert text in one.found
    assert one.status == (78 if verdict is Verdict.FAIL else 0)


def test_a_role_in_fewer_divisions_is_told_of_with_their_names(simulated, patient):
    one = found(patient(simulated(divisions=("Home", "South"))))["divisions"]
    assert one.verdict is Verdict.WARN
    assert one.found == "2 of 4: Home, South; not North, Übersee"
    assert one.fix.startswith("A role in fewer divisions gets fewer rows and no error.")


def test_a_filter_on_divisions_is_all_that_has_to_be_seen():
    home, north = Division("1", "Home"), Division("2", "North")
    assert of_divisions([home], [home, north], asked=["1"]).verdict is Verdict.OK
    other = of_divisions([home], [home, north], asked=["1", "2"])
    assert other.verdict is Verdict.WARN
    assert other.found == "1 of 2: Home; the filter asks for others: 2"


def test_many_divisions_are_counted_rather_than_listed():
    many = [Division(str(number), f"D{number}") for number in range(40)]
    assert of_divisions(many, many, asked=()).found.endswith("D10, D11 and 28 more")


@pytest.mark.parametrize("kind", [Refusal(403, "not.authorized", "no user"), GarbledBody()])
def test_where_genesys_does_not_tell_the_divisions_nothing_has_failed(simulated, patient, kind):
    one = found(patient(simulated(faults=[Fault("permitted", kind=kind, times=99)])))["divisions"]
    assert (one.verdict, one.status) == (Verdict.UNKNOWN, 0)
    assert one.found.startswith("Genesys does not tell which divisions the role sees:")


def test_an_unknown_host_is_told_as_such_and_bars_the_rest(patient):
    every = list(genesys(patient(base_url="https://nobody.invalid")))
    assert (every[0].verdict, every[0].status) == (Verdict.FAIL, 69)
    assert every[0].name == "connection to nobody.invalid"
    assert every[0].found == "nobody.invalid: the host name is unknown"
    assert "GENESYS_CLOUD_REGION" in every[0].fix
    assert {one.found for one in every[1:]} == {"not checked: connection to nobody.invalid failed"}


def test_a_refused_connection_is_told_as_such(patient, closed_address):
    every = list(genesys(patient(base_url=f"http://{closed_address}")))
    assert every[0].found == f"{closed_address}: could not connect"
    assert "HTTPS_PROXY" in every[0].fix
    assert status_of(every) == 69


def test_a_proxy_that_is_not_there_is_told_as_such_without_its_password(patient, closed_address):
    proxy = f"http://me:hush-hush@{closed_address}"
    every = list(genesys(patient(base_url="https://nobody.invalid", proxy=proxy)))
    assert every[0].found == "nobody.invalid: the proxy failed"
    assert every[0].fix.startswith("Check HTTPS_PROXY")
    assert "hush-hush" not in repr(every)


def test_the_query_engine_is_asked_instead_and_has_no_watermark(simulated, patient):
    simulator = simulated()
    seen = found(patient(simulator, engine="query"))
    assert seen[DETAILS].found == "a query was answered"
    assert "data" not in seen
    assert simulator.asked("submit") == []


def test_a_query_body_of_ones_own_is_sent(simulated, patient):
    simulator = simulated()
    seen = found(patient(simulator, engine="own"))
    assert seen["POST /api/v2/analytics/conversations/details/query"].verdict is Verdict.OK
    assert AGGREGATES not in seen
