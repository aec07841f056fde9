"""The order of checks: what can't be looked at says why."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from zoneinfo import ZoneInfo

import pytest

from genesys_export.errors import DestinationFailed, Stopped
from genesys_export.findings import (
    Check,
    Finding,
    Verdict,
    carried_out,
    doubtful,
    fine,
    of_clocks,
    unseen,
    wrong,
)
from genesys_export.operations.doctor.machine import machine
from genesys_export.operations.doctor.summary import in_a_word, status_of


def failing():
    raise DestinationFailed("it broke", advice="fix it")


def test_an_error_is_a_finding_with_the_status_an_export_would_end_with():
    (one,) = carried_out([Check(name="a", look=failing)])
    assert (one.name, one.verdict, one.found) == ("a", Verdict.FAIL, "it broke")
    assert (one.fix, one.status) == ("fix it", 74)


def test_what_can_not_be_looked_at_names_the_root_of_it():
    checks = [
        Check(name="a", look=failing),
        Check(name="b", look=lambda: fine("well"), after=("a",)),
        Check(name="c", look=lambda: fine("well"), after=("b",)),
        Check(name="d", look=lambda: fine("well")),
    ]
    told = [one.found for one in carried_out(checks)]
    assert told == ["it broke", "not checked: a failed", "not checked: a failed", "well"]


def test_a_doubt_bars_nothing():
    checks = [
        Check(name="a", look=lambda: doubtful("hm", "look")),
        Check(name="b", look=lambda: unseen("dark"), after=("a",)),
        Check(name="c", look=lambda: fine("well"), after=("a", "b")),
    ]
    assert [one.found for one in carried_out(checks)] == ["hm", "dark", "well"]


def test_findings_come_as_they_are_made():
    looked = []

    def look(name):
        looked.append(name)
        return fine("well")

    checks = [Check(name=name, look=partial(look, name)) for name in "ab"]
    coming = carried_out(checks)
    next(coming)
    assert looked == ["a"]


def test_a_signal_goes_through():
    def stopped():
        raise Stopped(15)

    with pytest.raises(Stopped):
        list(carried_out([Check(name="a", look=stopped)]))


def test_the_gravest_failure_gives_the_status():
    some = [fine("well"), wrong("bad", "fix"), doubtful("hm", "look")]
    (failed,) = carried_out([Check(name="a", look=failing)])
    assert status_of([*some, failed]) == 78
    assert in_a_word([*some, failed]) == (
        "4 checks: 1 ok, 1 with a warning, 2 failed. An export would fail with status 78."
    )


def test_a_failure_without_a_status_can_not_be_made():
    with pytest.raises(ValueError, match="a failure has a status"):
        Finding(verdict=Verdict.FAIL, found="bad")


def test_a_clock_that_is_not_told_is_unknown():
    one = of_clocks(datetime(2026, 11, 23, tzinfo=UTC), None, "the bucket's server")
    assert one.verdict is Verdict.UNKNOWN
    assert one.found == "the bucket's server does not tell its time"


def test_versions_and_the_table_of_time_zones_are_told():
    versions, zones = machine(ZoneInfo("Europe/Berlin"))
    assert versions.found.startswith("genesys-export ")
    assert all(
        name in versions.found for name in ("Python 3.", "pyarrow ", "botocore ", "urllib3 ")
    )
    assert zones.found == f"Europe/Berlin from the package tzdata {version('tzdata')}"
