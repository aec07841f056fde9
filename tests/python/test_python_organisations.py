"""Several organisations in one exporter: what is wrong with one costs that one alone."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from genesys_export import Exporter
from genesys_export.errors import SignInRefused, WrongSettings
from genesys_simulator import Fault, Refusal, ServerError

CONNECTIONS = Path("/proc/net/tcp")
DAY = "2025-11-20"
RANGE = ("2025-11-18", "2025-11-20")


def org_of(genesys):
    return {
        "base_url": genesys.base_url,
        "client_id": genesys.client_id,
        "client_secret": genesys.client_secret,
        "poll_first": "0.05s",
    }


@pytest.fixture
def fine(genesys):
    return org_of(genesys)


def connections(port: int | None) -> int:
    """Return how many connections to that port are open."""
    rows = [line.split() for line in CONNECTIONS.read_text().splitlines()[1:]]
    return sum(row[2].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def exported(lake, orgs, **settings):
    """Export the range; return how the days of each organisation ended, and the errors."""
    with Exporter.from_settings(
        to=lake, environ={}, orgs=orgs, tables=["conversations"], **settings
    ) as exporter:
        results = list(exporter.backfill(*RANGE))
    ends: dict[str, list[str]] = {}
    for one in results:
        ends.setdefault(one.org, []).append(one.status)
    return ends, [one for one in results if one.problem]


def test_an_exporter_names_its_organisations(fine, lake):
    given = {"to": lake, "environ": {}}
    assert Exporter.from_settings(**given, orgs={"emea": fine, "apac": fine}).orgs == (
        "apac",
        "emea",
    )
    both = {**given, "orgs": {"emea": fine, "apac": fine}}
    assert Exporter.from_settings(**both, org="emea").orgs == ("emea",)
    assert Exporter.from_settings(**given, genesys=fine).orgs == ("",)


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"client_secret": None}, 78),
        ({"client_secret": "another"}, 77),
        ({"ca_bundle": "nowhere.pem"}, 78),
        ({"base_url": "http://127.0.0.1:9", "retry_deadline": "1s"}, 69),
    ],
    ids=["no secret", "a wrong secret", "no CA bundle", "an outage"],
)
def test_what_is_wrong_with_one_organisation_costs_its_days_alone(fine, lake, wrong, status):
    bad = {key: value for key, value in {**fine, **wrong}.items() if value is not None}
    ends, failed = exported(lake, {"apac": bad, "emea": fine})
    assert ends["emea"] == ["published"] * 3
    assert "published" not in ends["apac"]
    assert len(ends["apac"]) == 3
    assert {one.org for one in failed} == {"apac"}
    assert {one.problem.status for one in failed} == {status}


def test_organisations_that_are_down_keep_no_other_waiting(fine, start, lake):
    """They hold no slot while their requests are repeated, however many they are."""
    down = org_of(start(faults=[Fault("availability", 1, ServerError(), times=10_000)]))
    orgs = {**dict.fromkeys(("a", "b", "c"), down), "z": fine}
    with Exporter.from_settings(
        to=lake,
        environ={},
        orgs=orgs,
        tables=["conversations"],
        genesys={"retry_deadline": "30s"},
        backfill={"days_in_process": 2},
    ) as exporter:
        first = list(islice(exporter.backfill(*RANGE), 3))
    assert {(one.org, one.status) for one in first} == {("z", "published")}


def test_days_that_were_set_back_are_exported_once_genesys_answers_again(fine, start, lake):
    ill = org_of(start(faults=[Fault("availability", 1, ServerError(), times=3)]))
    ends, _ = exported(lake, {"apac": ill, "emea": fine}, backfill={"days_in_process": 2})
    assert ends == {"apac": ["published"] * 3, "emea": ["published"] * 3}


def test_a_missing_secret_is_named_with_what_to_set(fine, lake):
    bad = {key: value for key, value in fine.items() if key != "client_secret"}
    _, failed = exported(lake, {"apac": bad, "emea": fine})
    assert "orgs.apac.client_secret: missing" in failed[0].problem.message
    assert "emea" not in failed[0].problem.message


def test_where_no_organisation_can_be_exported_nothing_begins(fine, lake):
    bad = {key: value for key, value in fine.items() if key != "client_secret"}
    with pytest.raises(WrongSettings, match=r"orgs\.emea\.client_secret: missing"):
        exported(lake, {"apac": bad, "emea": bad})
    assert not lake.exists()


def test_days_of_several_organisations_are_exported_by_one_call(fine, lake):
    with Exporter.from_settings(
        to=lake, environ={}, orgs={"emea": fine, "apac": fine}, tables=["conversations"]
    ) as exporter:
        report = exporter.export(DAY)
    assert [one.org for one in report.results] == ["apac", "emea"]


def test_the_error_of_a_day_names_the_organisation_where_there_are_several(fine, lake):
    bad = {**fine, "client_secret": "another"}
    given = {"to": lake, "environ": {}, "tables": ["conversations"]}
    with Exporter.from_settings(**given, orgs={"apac": bad, "emea": fine}) as exporter:
        with pytest.raises(SignInRefused, match=r"^apac: ") as told:
            exporter.export(DAY)
        assert str(told.value) == told.value.message
    with (
        Exporter.from_settings(**given, orgs={"apac": bad, "emea": fine}, org="apac") as one,
        pytest.raises(SignInRefused) as alone,
    ):
        one.export(DAY)
    assert told.value.message == f"apac: {alone.value.message}"


def test_a_destination_that_refuses_one_organisation_costs_that_one_alone(fine, lake):
    (lake / "apac").mkdir(parents=True)
    (lake / "apac" / "_genesys_export").write_text("a file where a folder should be")
    ends, failed = exported(lake, {"apac": fine, "emea": fine})
    assert ends["emea"] == ["published"] * 3
    assert {one.org for one in failed} == {"apac"}
    assert {one.problem.status for one in failed} == {78}


def test_an_organisation_that_refuses_its_jobs_leaves_the_others_alone(fine, start, lake):
    bad = org_of(start(faults=[Fault("submit", 1, Refusal(400, "bad", "No jobs."), times=99)]))
    ends, failed = exported(lake, {"apac": bad, "emea": fine})
    assert ends == {"emea": ["published"] * 3, "apac": ["failed"] * 3}
    assert {one.org for one in failed} == {"apac"}


@pytest.mark.skipif(not CONNECTIONS.exists(), reason="reads Linux's list of connections")
def test_an_organisation_that_is_done_keeps_no_connection_to_genesys(fine, start, lake):
    genesys = start()
    ours = {**fine, "base_url": genesys.base_url}
    orgs = dict.fromkeys(("apac", "emea", "latam"), ours)
    with Exporter.from_settings(
        to=lake, environ={}, orgs=orgs, tables=["conversations"]
    ) as exporter:
        assert all(one.report for one in exporter.backfill(*RANGE))
        assert connections(urlsplit(genesys.base_url).port) == 0
        assert exporter.export(DAY, force=True).results
