"""Two organisations may not share a prefix; the same one is known again, whatever it may tell."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from destinations import Killed, MemoryStore
from workbench import DAY, MANIFEST, REGISTER, Bench

from genesys_export.errors import GenesysUnavailable, WrongSettings
from genesys_export.export import DayExporter, ExportOptions, Outcome
from genesys_export.export.agenda import agenda
from genesys_export.guards import differences
from genesys_export.model import Always, Organization, fingerprint_of

FORCED, REWRITE = ExportOptions(force=True), ExportOptions(force=True, rewrite=True)
ONE, OTHER = "11111111-aaaa-4000-8000-000000000001", "22222222-bbbb-4000-8000-000000000002"


class Member:
    """A Membership: an OAuth client, and the id that Genesys tells it or not."""

    def __init__(self, client="client-a", told=ONE):
        self.organization = Organization(clients=(fingerprint_of(client),))
        self.told, self.asked, self.fails = told, 0, False

    def known(self):
        return self.organization

    def ask(self):
        self.asked += 1
        if self.fails:
            raise GenesysUnavailable("no answer")
        self.organization = self.organization.joined(Organization(id=self.told))
        return self.organization


@pytest.fixture
def bench():
    return Bench.over(lambda clock: MemoryStore(now=clock.now))


def export(bench, member, options=FORCED):
    """Export the day in a process of its own; None stands for version 0.1.0."""
    process = bench.process()
    deps = replace(bench.exporter(process).deps, membership=member)
    try:
        return DayExporter(deps).export(DAY, options)
    finally:
        process.bury()


def registered(bench):
    return json.loads(bench.store.read(REGISTER).body)["recipe"]["organization"]


def is_due(bench, member):
    """Whether a run without a date would export the day although it is final."""
    bench.clock.rest(timedelta(days=4).total_seconds())
    export(bench, member, ExportOptions())
    deps = replace(bench.exporter(bench.process()).deps, membership=member)
    return DAY in [one.day for one in agenda(deps, DAY.zone)]


def test_the_recipe_names_the_organisation_and_the_client_by_a_fingerprint(bench):
    export(bench, Member())
    expected = {"id": ONE, "clients": [fingerprint_of("client-a")]}
    assert registered(bench) == bench.manifest()["recipe"]["organization"] == expected
    assert "client-a" not in bench.store.read(MANIFEST).body.decode()


@pytest.mark.parametrize("client", ["client-a", "client-b"])
def test_another_organisation_is_refused_before_anything_is_asked_or_staged(bench, client):
    export(bench, Member())
    before, jobs = bench.tags(), len(bench.genesys.jobs)
    with pytest.raises(WrongSettings, match="belongs to another organisation") as refused:
        export(bench, Member(client, OTHER))
    assert "organisation: 11111111… " in refused.value.message
    assert "-> 22222222… " in refused.value.message
    assert "[orgs]" in refused.value.advice
    assert bench.tags() == before
    assert len(bench.genesys.jobs) == jobs
    assert registered(bench)["id"] == ONE


def test_another_organisation_takes_the_place_over_with_rewrite(bench):
    export(bench, Member())
    report = export(bench, Member("client-b", OTHER), REWRITE)
    assert report.outcome is Outcome.PUBLISHED  # although the records are the same here
    assert registered(bench) == {"id": OTHER, "clients": [fingerprint_of("client-b")]}


def test_days_of_another_organisation_are_due_once_the_destination_is_rewritten(bench):
    member = Member()
    assert not is_due(bench, member)
    body = json.loads(bench.store.read(REGISTER).body)
    body["recipe"]["organization"] = {"id": OTHER, "clients": ["b"]}
    bench.store.put(REGISTER, json.dumps(body).encode(), Always(), "application/json")
    other = Member("client-b", OTHER)
    deps = replace(bench.exporter(bench.process()).deps, membership=other)
    assert DAY in [one.day for one in agenda(deps, DAY.zone)]
    process = bench.process()
    exporter = DayExporter(replace(bench.exporter(process).deps, membership=other))
    assert exporter.settled(DAY) is None
    process.bury()


def test_a_place_without_published_days_takes_any_organisation(bench):
    process = bench.process()
    process.dies_at("seal", 3)
    with pytest.raises(Killed):
        DayExporter(replace(bench.exporter(process).deps, membership=Member())).export(DAY)
    process.bury()
    assert registered(bench)["id"] == ONE
    bench.clock.rest(timedelta(minutes=11).total_seconds())
    export(bench, Member("client-b", OTHER))
    assert registered(bench)["id"] == OTHER
    bench.check_settled()


def test_what_another_organisation_staged_is_not_adopted(bench):
    process = bench.process()
    process.dies_at("put", 10)
    exporter = bench.exporter(process, slices=3, at_once=1)
    with pytest.raises(Killed):
        DayExporter(replace(exporter.deps, membership=Member())).export(DAY)
    process.bury()
    assert bench.claim()["slices"]
    bench.clock.rest(timedelta(minutes=11).total_seconds())
    jobs = len(bench.genesys.jobs)
    again = bench.process()
    deps = bench.exporter(again, slices=3, at_once=1).deps
    DayExporter(replace(deps, membership=Member("client-b", OTHER))).export(DAY)
    again.bury()
    assert len(bench.genesys.jobs) == jobs + 3


# --- the same organisation -----------------------------------------------------------------------


def test_a_destination_of_version_0_1_0_takes_the_organisation_of_the_first_run(bench):
    assert not is_due(bench, None)
    body = bench.store.read(REGISTER).body
    old = json.loads(body)
    del old["recipe"]["organization"]  # as 0.1.0 wrote it
    bench.store.put(REGISTER, json.dumps(old).encode(), Always(), "application/json")
    member = Member()
    assert not is_due(bench, member)
    assert export(bench, member).outcome is Outcome.UNCHANGED
    assert registered(bench)["id"] == ONE
    with pytest.raises(WrongSettings):
        export(bench, Member("client-b", OTHER))


def test_an_id_that_is_told_only_later_makes_no_day_due(bench):
    assert not is_due(bench, Member(told=None))
    assert registered(bench) == {"id": None, "clients": [fingerprint_of("client-a")]}
    assert not is_due(bench, Member())
    assert export(bench, Member()).outcome is Outcome.UNCHANGED
    assert registered(bench)["id"] == ONE


def test_an_id_that_is_no_longer_told_is_not_forgotten(bench):
    export(bench, Member())
    assert export(bench, Member(told=None)).outcome is Outcome.UNCHANGED
    assert registered(bench)["id"] == ONE


def test_a_new_client_of_the_same_organisation_makes_no_day_due(bench):
    """Nor does it make those due that were exported when only the old client was known."""
    assert not is_due(bench, Member(told=None))
    day_as_it_was = bench.store.read(MANIFEST).body
    export(bench, Member())  # now the id is told
    bench.store.put(MANIFEST, day_as_it_was, Always(), "application/json")
    new = Member("client-b")
    assert export(bench, new).outcome is Outcome.UNCHANGED
    clients = [fingerprint_of("client-a"), fingerprint_of("client-b")]
    assert registered(bench) == {"id": ONE, "clients": clients}
    bench.store.put(MANIFEST, day_as_it_was, Always(), "application/json")
    assert not is_due(bench, Member("client-b"))


def test_a_new_client_that_may_not_know_its_organisation_is_refused_with_what_helps(bench):
    export(bench, Member())
    with pytest.raises(WrongSettings, match="-> unknown id") as refused:
        export(bench, Member("client-b", None))
    assert "GET /api/v2/organizations/me" in refused.value.advice


def test_a_final_day_of_a_known_client_is_skipped_without_a_question(bench):
    bench.clock.rest(timedelta(days=5).total_seconds())
    export(bench, Member())
    asked = Member()
    assert export(bench, asked, ExportOptions()).outcome is Outcome.SKIPPED
    assert asked.asked == 0


def test_where_genesys_does_not_answer_nothing_is_decided(bench):
    export(bench, Member())
    silent = Member()
    silent.fails = True
    with pytest.raises(GenesysUnavailable):
        export(bench, silent)


def test_recipes_that_differ_in_what_is_known_only_do_not_differ():
    recipe = Bench.over(lambda clock: MemoryStore(now=clock.now))
    one = recipe.exporter(recipe.process()).deps.recipe
    known = replace(one, organization=Organization(id=ONE, clients=("a",)))
    for same in (None, Organization(clients=("a",)), Organization(id=ONE, clients=("b",))):
        other = replace(one, organization=same)
        assert known.is_like(other)
        assert other.is_like(known)
        assert differences(known, other) == ()
        assert known.fingerprint == other.fingerprint
    for another in (Organization(id=OTHER, clients=("a",)), Organization(clients=("b",))):
        assert differences(known, replace(one, organization=another))
