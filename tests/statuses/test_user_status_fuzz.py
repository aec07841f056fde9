"""Whatever a record holds: a reading ends, counts add up, and no row lies outside its day."""

from __future__ import annotations

import json
from datetime import date

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lake import as_json, read_day

from genesys_export.days import Day, iso_ms, zone_named

DAY = Day(date(2026, 11, 20), zone_named("UTC"))
instants = st.sampled_from(
    [
        *("2026-11-20T08:00:00.000Z", "2026-11-20T09:00:00Z", "2026-11-19T23:00:00.5+02:00"),
        *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "0000-01-01T00:00:00Z"),
        *("9999-12-31T23:59:59-14:00", "2026-11-20T24:00:00Z", "2026-11-20", "", "\ud800"),
    ]
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), instants
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
names = ["startTime", "endTime", "systemPresence", "organizationPresenceId", "routingStatus", "x"]
row = st.dictionaries(st.sampled_from(names), st.one_of(instants, anything), max_size=5)
rows = st.one_of(st.lists(st.one_of(row, row, anything), max_size=4), anything)
record = st.fixed_dictionaries(
    {},
    optional={
        "userId": st.one_of(st.sampled_from(["ana", "ben"]), anything),
        "primaryPresence": rows,
        "routingStatus": rows,
        "more": anything,
    },
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    records=st.lists(st.one_of(record, anything), max_size=5),
    cut=st.integers(0, 200),
    junk=st.binary(max_size=4),
)
@example(records=[{"userId": "a", "routingStatus": [{"startTime": "\ud800"}]}], cut=0, junk=b"")
def test_a_reading_ends_and_its_counts_add_up(records, cut, junk):
    written = [as_json(one) for one in records]
    written += [one[:cut] + junk + one[cut:] for one in written]
    for found in read_day(written, DAY, size=3, slices=2):
        counts = found.summary.counts
        parts = counts.exported + counts.duplicates + counts.of_other_days + counts.rejected
        assert counts.received == parts
        assert counts.rejected == len(found.rejected)
        assert counts.exported == len(found.presence) + len(found.routing)
        for one in (*found.presence, *found.routing):
            start, end = iso_ms(DAY.interval.start), iso_ms(DAY.interval.end)
            assert start <= one["clipped_start"] <= one["clipped_end"] <= end
            assert one["duration_ms"] >= 0
            assert one["is_open"] == (one["end_time"] is None)
            json.loads(one["_extra"] or "{}")
