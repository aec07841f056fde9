"""What the events of a call are about: every one within a day names organisation and day."""

from __future__ import annotations

import pytest

from genesys_export import Event, Exporter
from genesys_export.events import (
    DayEnded,
    JobSubmitted,
    PageExported,
    PageReceived,
    Requested,
    SignedIn,
    Uploaded,
    Waited,
    Waiting,
)

DAY = "2025-11-20"
DETAILS = "conversation_details"


@pytest.fixture
def two(genesys, lake, environ):
    """Return the events of two organisations' backfill of two days, four at once."""

    def backfill(**keywords) -> list[Event]:
        seen: list[Event] = []
        org = {"client_id": genesys.client_id, "client_secret": genesys.client_secret}
        with Exporter.from_settings(
            to=lake,
            environ={"GENESYS_CLOUD_BASE_URL": genesys.base_url},
            orgs={"emea": org, "apac": org},
            genesys__poll_first="0.05s",
            on_event=seen.append,
            **keywords,
        ) as exporter:
            assert {one.status for one in exporter.backfill("2025-11-19", DAY)} == {"published"}
        return seen

    return backfill


def test_every_event_within_a_day_names_organisation_dataset_and_day(two):
    seen = two(days_at_once=4, slices=2)
    kinds = (Requested, Waiting, Waited, JobSubmitted, PageReceived, PageExported, Uploaded)
    for kind in (*kinds, DayEnded):
        told = [one for one in seen if isinstance(one, kind)]
        named = {(one.org, one.dataset, one.day) for one in told}
        wanted = {(org, DETAILS, day) for org in ("emea", "apac") for day in ("2025-11-19", DAY)}
        assert named - {("emea", DETAILS, ""), ("apac", DETAILS, "")} == wanted, kind
    assert {one.org for one in seen if isinstance(one, SignedIn)} == {"emea", "apac"}
