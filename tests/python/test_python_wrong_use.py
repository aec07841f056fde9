"""Arguments that make no sense are refused at the call, with a sentence: never a raw exception."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from genesys_export import Budget, Exporter, WrongUse
from genesys_export.events import Noticed

DAY = "2025-11-20"
ORG = {"client_id": "a", "client_secret": "hush", "region": "eu-west-1"}
TWO: Any = {"environ": {}, "orgs": {"emea": ORG, "apac": ORG}}


@pytest.mark.parametrize("how", ["export", "export_due", "backfill"])
@pytest.mark.parametrize(
    ("deadline", "words"),
    [
        (5, "deadline must be a datetime.timedelta, not int"),
        ("5s", "not str"),
        (True, "not bool"),
        (timedelta(0), "longer than zero"),
        (timedelta(minutes=-1), "longer than zero"),
    ],
)
def test_a_deadline_that_is_none_is_refused_at_the_call(lake, how, deadline, words):
    exporter = Exporter.from_settings(to=lake, environ={})
    days = {"export": (DAY,), "export_due": (), "backfill": (DAY, DAY)}[how]
    with pytest.raises(WrongUse, match=words) as caught:
        getattr(exporter, how)(*days, deadline=deadline)
    assert "timedelta(minutes=14)" in caught.value.advice


@pytest.mark.parametrize("budget", [300, 4.5, "300", {"emea": Budget()}])
def test_what_is_no_budget_is_refused(lake, budget):
    with pytest.raises(WrongUse, match="which is not a request budget") as caught:
        Exporter.from_settings(to=lake, environ={}, budget=budget)
    assert "Budget(per_minute=300)" in caught.value.advice


@pytest.mark.parametrize("made", [None, 300, Budget])
def test_a_function_that_makes_no_budget_is_refused(make, made):
    told = "returned .* for the only organisation, which is not a request budget"
    with make(budget=lambda _org: made) as exporter, pytest.raises(WrongUse, match=told):
        exporter.export(DAY)


def test_a_class_can_make_the_budgets(make):
    class OfOrg(Budget):
        def __init__(self, org: str) -> None:
            super().__init__(per_minute=len(org) + 3000)

    with make(budget=OfOrg, tables=["conversations"]) as exporter:
        assert exporter.export(DAY).results[0].status == "published"


def test_reading_from_an_empty_shard_is_refused_with_the_reason(lake):
    seen: list[Any] = []
    told = "shard 3/3 has no organisation: the settings have 2 organisations"
    with Exporter.from_settings(to=lake, **TWO, shard="3/3", on_event=seen.append) as exporter:
        with pytest.raises(WrongUse, match=told) as caught:
            exporter.read("conversations", DAY)
        assert exporter.status() == ()
    assert "Leave the shard out" in caught.value.advice
    assert any(told in one.message for one in seen if isinstance(one, Noticed))


@pytest.mark.parametrize("shard", ["", 3, (3, 16), "3 of 16"])
def test_a_shard_that_is_none_is_refused(lake, shard):
    with pytest.raises(WrongUse, match="shard"):
        Exporter.from_settings(to=lake, **TWO, shard=shard)


def test_the_variable_of_shards_counts_here_too(lake):
    given: Any = {**TWO, "environ": {"GENESYS_EXPORT_SHARD": "2/2"}}
    assert Exporter.from_settings(to=lake, **given).orgs == ("emea",)
    assert Exporter.from_settings(to=lake, **given, shard="1/2").orgs == ("apac",)
    with pytest.raises(WrongUse, match="--org emea and GENESYS_EXPORT_SHARD 2/2 exclude"):
        Exporter.from_settings(to=lake, **given, org="emea")
