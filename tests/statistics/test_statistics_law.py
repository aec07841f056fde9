"""DuckDB over our conversations equals our statistics of them, cell by cell."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from made_statistics import around

from genesys_simulator import World

# What our tables come to: a value counts where it was emitted, nConversations at the start.
EXPECTED = """
CREATE TABLE expected AS
WITH readings AS (
  SELECT m.emit_date AS emitted, m.queue_id, m.media_type, c.originating_direction, m.user_id,
         m.name AS metric, m.value
  FROM session_metrics m JOIN conversations c USING (conversation_id)
  WHERE m.name NOT IN ('nFlow', 'tFlow', 'tFlowExit', 'tFlowDisconnect', 'nFlowOutcome',
                       'tFlowOutcome')
  UNION ALL
  SELECT conversation_start, queue_id, media_type, originating_direction, user_id,
         'nConversations', 1
  FROM (SELECT DISTINCT conversation_id, conversation_start, s.queue_id, s.media_type,
               c.originating_direction, s.user_id
        FROM sessions s JOIN conversations c USING (conversation_id))
),
buckets AS (
  SELECT *, time_bucket($bucket, emitted, $begin) AS interval_start
  FROM readings WHERE emitted >= $begin AND emitted < $stop
),
cells AS (
  SELECT interval_start, queue_id, media_type, originating_direction, user_id, metric,
         CASE WHEN metric[1] = 'n' THEN sum(value) ELSE count(*) END AS count,
         CASE WHEN metric[1] <> 'n' THEN sum(value) END AS sum,
         CASE WHEN metric[1] <> 'n' THEN min(value) END AS min,
         CASE WHEN metric[1] <> 'n' THEN max(value) END AS max
  FROM buckets GROUP BY 1, 2, 3, 4, 5, 6
),
judged AS (
  SELECT interval_start, queue_id, media_type, originating_direction, user_id,
         coalesce(sum(count) FILTER (WHERE metric = 'tAnswered'), 0) AS answered,
         coalesce(sum(count) FILTER (WHERE metric = 'tAbandon'), 0) AS abandoned,
         coalesce(sum(count) FILTER (WHERE metric = 'nOverSla'), 0) AS late
  FROM cells WHERE queue_id IS NOT NULL GROUP BY ALL
)
SELECT *, NULL::DOUBLE AS ratio, NULL::DOUBLE AS target, NULL::DOUBLE AS numerator,
       NULL::DOUBLE AS denominator, NULL::DOUBLE AS current
FROM cells
UNION ALL
SELECT interval_start, queue_id, media_type, originating_direction, user_id, 'oServiceTarget',
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0.8
FROM judged
UNION ALL
SELECT interval_start, queue_id, media_type, originating_direction, user_id, 'oServiceLevel',
       NULL, NULL, NULL, NULL, greatest(answered - late, 0) / (answered + abandoned), 0.8,
       greatest(answered - late, 0), answered + abandoned, NULL
FROM judged WHERE answered + abandoned > 0
"""
COLUMNS = (
    "interval_start, queue_id, media_type, originating_direction, user_id, metric, count, sum, "
    "min, max, ratio, target, numerator, denominator, current"
)
FLOWS = """
CREATE TABLE expected AS
SELECT time_bucket($bucket, m.emit_date, $begin) AS interval_start, s.flow_id, s.flow_type,
       s.media_type, m.name AS metric,
       CASE WHEN metric[1] = 'n' THEN sum(m.value) ELSE count(*) END AS count,
       CASE WHEN metric[1] <> 'n' THEN sum(m.value) END AS sum,
       CASE WHEN metric[1] <> 'n' THEN min(m.value) END AS min,
       CASE WHEN metric[1] <> 'n' THEN max(m.value) END AS max
FROM session_metrics m JOIN sessions s USING (conversation_id, participant_index, session_index)
WHERE m.name IN ('nFlow', 'tFlow', 'tFlowExit', 'tFlowDisconnect', 'nFlowOutcome', 'tFlowOutcome')
  AND m.emit_date >= $begin AND m.emit_date < $stop
GROUP BY 1, 2, 3, 4, 5
"""
OF_FLOWS = "interval_start, flow_id, flow_type, media_type, metric, count, sum, min, max"
DAYS = [
    ("UTC", "2026-11-17", 24),
    ("Europe/Berlin", "2026-03-29", 23),
    ("Europe/Berlin", "2026-10-25", 25),
    ("Asia/Kolkata", "2026-10-25", 24),
    ("Australia/Adelaide", "2026-10-04", 23),
    ("Australia/Adelaide", "2026-04-05", 25),
]


def edges(zone: str, day: str, hours: int) -> dict[str, datetime]:
    """Return where the day begins and ends."""
    start, utc = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)), ZoneInfo("UTC")
    stop = (start + timedelta(days=1)).astimezone(utc)
    assert stop - start.astimezone(utc) == timedelta(hours=hours)
    return {"begin": start.astimezone(utc), "stop": stop}


def differences(db, columns: str) -> list[tuple[object, ...]]:
    """Return the cells that only one of both has."""
    casts = f"SELECT {columns}"
    return [
        row
        for one, other in (("expected", "exported"), ("exported", "expected"))
        for row in db.execute(
            f"SELECT '{one}', * FROM ({casts} FROM {one} EXCEPT ALL {casts} FROM {other})"
        ).fetchall()
    ]


@pytest.mark.parametrize("granularity", ["PT30M", "PT15M", "PT1H", "P1D"])
@pytest.mark.parametrize(("zone", "day", "hours"), DAYS[:3])
def test_every_granularity_has_the_cells_of_the_conversations(
    db, load, served, exporter, zone, day, hours, granularity
):
    check_conversations(db, load, served, exporter, (zone, day, hours), granularity)


@pytest.mark.parametrize(("zone", "day", "hours"), DAYS[3:])
def test_every_zone_has_the_cells_of_the_conversations(
    db, load, served, exporter, zone, day, hours
):
    check_conversations(db, load, served, exporter, (zone, day, hours), "PT30M")


def check_conversations(db, load, served, exporter, when, granularity):
    zone, day, hours = when
    genesys = served(around(day))
    load(genesys, day)
    table = "conversation_aggregates"
    with exporter(
        genesys, datasets=[table], timezone=zone, aggregates__granularity=granularity
    ) as made:
        made.export(day)
        db.register("exported", made.read(table, day))
    bucket = BUCKETS[granularity] or timedelta(days=2)  # one bucket, from the start on
    db.execute(EXPECTED, {"bucket": bucket, **edges(zone, day, hours)})
    count, dates = db.execute("SELECT count(*), min(interval_date) FROM exported").fetchone()
    assert count > 500
    assert dates == date.fromisoformat(day)
    assert differences(db, COLUMNS) == []
    media = db.execute("SELECT count(DISTINCT media_type) FROM exported").fetchone()
    assert media[0] >= 6


BUCKETS = {
    "PT15M": timedelta(minutes=15),
    "PT30M": timedelta(minutes=30),
    "PT1H": timedelta(hours=1),
    "P1D": None,
}


@pytest.mark.parametrize(("zone", "day", "hours"), DAYS)
def test_flows_have_the_cells_of_the_sessions(db, load, served, exporter, zone, day, hours):
    genesys = served(around(day))
    load(genesys, day)
    with exporter(genesys, datasets=["flow_aggregates"], timezone=zone) as made:
        made.export(day)
        db.register("exported", made.read("flow_aggregates", day))
    db.execute(FLOWS, {"bucket": BUCKETS["PT30M"], **edges(zone, day, hours)})
    assert db.execute("SELECT count(*) FROM exported").fetchone()[0] > 100
    assert differences(db, OF_FLOWS) == []


OF_USERS = """
CREATE TABLE expected AS
WITH buckets AS (
  SELECT unnest(range($begin, $stop, $bucket)) AS interval_start
),
periods AS (
  SELECT user_id, 'tSystemPresence' AS metric, system_presence AS qualifier,
         clipped_start, clipped_end
  FROM user_presence
  UNION ALL
  SELECT user_id, 'tOrganizationPresence', organization_presence_id, clipped_start, clipped_end
  FROM user_presence
  UNION ALL
  SELECT user_id, 'tAgentRoutingStatus', routing_status, clipped_start, clipped_end
  FROM user_routing_status
)
SELECT interval_start, user_id, metric, qualifier,
       sum(epoch_ms(least(clipped_end, interval_start + $bucket))
           - epoch_ms(greatest(clipped_start, interval_start)))::DOUBLE AS sum
FROM periods JOIN buckets
  ON clipped_start < interval_start + $bucket AND clipped_end > interval_start
GROUP BY 1, 2, 3, 4
"""


@pytest.mark.parametrize(("zone", "day", "hours"), DAYS)
@pytest.mark.parametrize("granularity", ["PT30M", "P1D"])
def test_users_have_the_cells_of_their_status(db, served, exporter, zone, day, hours, granularity):
    genesys = served(World.generated(seed=29, per_day=150))
    tables = ["user_presence", "user_routing_status"]
    with exporter(genesys, datasets=["user_status"], timezone=zone) as made:
        made.export(day)
        for name in tables:
            db.register(name, made.read(name, day))
    with exporter(
        genesys,
        datasets=["user_aggregates"],
        timezone=zone,
        aggregates__granularity=granularity,
    ) as made:
        made.export(day)
        db.register("exported", made.read("user_aggregates", day))
    bucket = BUCKETS[granularity] or timedelta(days=2)
    db.execute(OF_USERS, {"bucket": bucket, **edges(zone, day, hours)})
    assert db.execute("SELECT count(DISTINCT user_id) FROM exported").fetchone()[0] > 20
    assert differences(db, "interval_start, user_id, metric, qualifier, sum") == []
    totals = db.execute(
        "SELECT DISTINCT total FROM (SELECT sum(sum) AS total FROM exported "
        "WHERE metric = 'tSystemPresence' GROUP BY user_id)"
    ).fetchall()
    assert totals == [(hours * 3_600_000.0,)]
