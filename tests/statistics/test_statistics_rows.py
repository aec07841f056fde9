"""What becomes of an answer: its rows, what does not fit, what is refused."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fakes import FakeClock, FakeSource
from genesys_export.api import Question
from genesys_export.datasets import Kind, Table, dataset_named, dimensions_of
from genesys_export.days import Day, Interval, split
from genesys_export.encode import Format, Newlines, Opener
from genesys_export.errors import GenesysUnavailable
from genesys_export.events import ignore
from genesys_export.feeds.aggregates import AggregatesFeed
from genesys_export.flatten.statistics import Statistics
from genesys_export.model import Again, Batch, Page, Rejected

SAMPLES = Path(__file__).parents[2] / "../shared/samples"
DAY = Day(date(2026, 11, 22), ZoneInfo("UTC"))
(WHOLE,) = split(DAY, 1)
EIGHT = "2026-11-22T08:00:00.000Z/2026-11-22T08:30:00.000Z"
HALF_PAST = "2026-11-22T08:30:00.000Z/2026-11-22T09:00:00.000Z"


class Told(FakeSource):
    """A source that gives these answers: another list of pages at each reading."""

    job_ids: tuple[str, ...] = ()
    marks: tuple[datetime | None, ...] = (None,)  # of the pages

    def __init__(self, *readings: list[list[Any]]) -> None:
        self.readings, self.read = readings, 0

    def watermark(self) -> datetime:
        return datetime(2026, 11, 23, 5, tzinfo=UTC)

    def fetch(self, interval: Interval, job_id: str | None = None) -> Told:
        self.interval = interval
        del job_id
        return self

    def pages(self):
        self.read += 1
        for number, page in enumerate(self.readings[min(self.read, len(self.readings)) - 1]):
            mark = self.marks[min(number, len(self.marks) - 1)]
            records = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in page]
            yield Page(records=records, watermark=mark, received_bytes=1)

    def release(self) -> None: ...


class Dying(Told):
    """A source whose jobs give these pages and die, all but the last."""

    def pages(self):
        for number in range(max(1, len(self.job_ids)), len(self.readings) + 1):
            self.job_ids = tuple(f"j{one}" for one in range(1, number + 1))
            self.read = number - 1
            yield from super().pages()


def reading(
    *readings: list[list[Any]],
    name: str = "conversation_aggregates",
    slice_=WHOLE,
    kind: type[Told] = Told,
    groups_are_long: bool = False,
):
    source: Any = kind(*readings)
    question = Question(granularity="PT30M", timezone="UTC", group_by=(), metrics=())
    feed = AggregatesFeed(
        dataset=dataset_named(name),
        source=source,
        question=question,
        observe=ignore,
        clock=FakeClock(datetime(2026, 11, 23, 6, tzinfo=UTC)),
        groups_are_long=groups_are_long,
    )
    return feed.open(slice_)


def rows(items: list[Any]) -> list[dict[str, Any]]:
    """Return the rows that count."""
    found: list[dict[str, Any]] = []
    for item in items:
        if isinstance(item, Again):
            found = []
        elif isinstance(item, Batch):
            found += item.rows.to_pylist()
    return found


def group(metrics: list[Any], interval: str = EIGHT, **of: Any) -> dict[str, Any]:
    return {"group": of, "data": [{"interval": interval, "metrics": metrics}]}


def talk(total: Any = 5, **more: Any) -> dict[str, Any]:
    return {"metric": "tTalk", "stats": {"count": 1, "sum": total}, **more}


def test_a_group_becomes_a_row_for_each_metric_sorted_by_key():
    one = reading(
        [
            [
                group([talk(), {"metric": "nError", "stats": {"count": 2}}], userId="u"),
                group([talk()]),
            ]
        ]
    )
    found = rows([*one.read(Event())])
    assert [(row["user_id"], row["metric"], row["count"], row["sum"]) for row in found] == [
        (None, "tTalk", 1, 5.0),
        ("u", "nError", 2, None),
        ("u", "tTalk", 1, 5.0),
    ]
    assert found[0]["interval_start"] == "2026-11-22T08:00:00.000Z"
    assert found[0]["interval_end"] == "2026-11-22T08:30:00.000Z"
    assert found[0]["interval_date"] == DAY.date
    assert one.summary().counts.exported == 3
    assert one.summary().watermark == datetime(2026, 11, 23, 5, tzinfo=UTC)


def test_absent_is_absent_and_zero_is_zero():
    zero = {"metric": "oServiceLevel", "stats": {"ratio": 0, "numerator": 0, "denominator": 4}}
    (row,) = rows([*reading([[group([zero])]]).read(Event())])
    assert (row["ratio"], row["numerator"], row["count"], row["target"]) == (0.0, 0.0, None, None)


@pytest.mark.parametrize(
    ("stats", "left"),
    [
        ({"count": "7"}, {"count": "7"}),
        ({"count": 1.5}, {"count": 1.5}),
        ({"count": True}, {"count": True}),
        ({"count": 1 << 70}, {"count": 1 << 70}),
        ({"sum": [1]}, {"sum": [1]}),
        ({"sum": 10**400}, {"sum": 10**400}),
        ({"p95": 12}, {"p95": 12}),
    ],
)
def test_what_does_not_fit_stays_in_extra_and_is_counted(stats, left):
    one = reading([[group([{"metric": "tTalk", "stats": stats}])]])
    (row,) = rows([*one.read(Event())])
    counts = one.summary().counts
    assert json.loads(row["_extra"]) == {"stats": left}
    assert (row["count"], row["sum"]) == (None, None)
    assert (counts.drift, dict(counts.unknown_fields)) in [(1, {}), (0, {"stats.p95": 1})]


def test_fields_without_a_column_stay_in_extra_wherever_they_stand():
    told = group([talk(confidence=0.5)], ani="tel:+1")
    told["data"][0]["views"] = []
    told["region"] = "eu"
    one = reading([[told]])
    (row,) = rows([*one.read(Event())])
    assert json.loads(row["_extra"]) == {
        "data": {"views": []},
        "group": {"ani": "tel:+1"},
        "metric": {"confidence": 0.5},
        "record": {"region": "eu"},
    }
    assert len(one.summary().counts.unknown_fields) == 4


def test_a_group_that_is_no_text_is_written_as_json():
    one = reading([[group([talk()], queueId=["a", "b"])]])
    (row,) = rows([*one.read(Event())])
    assert row["queue_id"] == '["a","b"]'
    assert one.summary().counts.drift == 1


def test_empty_text_and_nothing_are_two_groups():
    one = reading([[group([talk()], queueId=""), group([talk(6)])]])
    found = rows([*one.read(Event())])
    assert sorted((row["queue_id"] is None, row["sum"]) for row in found) == [
        (False, 5.0),
        (True, 6.0),
    ]


@pytest.mark.parametrize(
    "broken",
    [
        b"[]",
        b"{",
        b'{"group":{},"data":{}}',
        b'{"group":[],"data":[]}',
        b'{"data":[{"interval":"yesterday","metrics":[]}]}',
        b'{"data":[{"metrics":[{"metric":"tTalk"}]}]}',
        b'{"data":[{"interval":"%s","metrics":[{"stats":{}}]}]}' % EIGHT.encode(),
        b'{"data":[{"interval":"%s","metrics":[7]}]}' % EIGHT.encode(),
        b'{"data":"\\ud800"}',
        b'{"group":' * 2_000 + b"{}" + b"}" * 2_000,
        *(
            b'{"group":{"queueId":%b}}' % (b"[" * depth + b"]" * depth)
            for depth in (200, 990, 994, 995, 996, 997, 998, 1_000, 1_030)
        ),
    ],
)
def test_what_is_no_statistics_is_rejected_whole_and_once(broken):
    one = reading([[broken, group([talk()])], [group([talk(6)])]])
    items: list[Any] = []
    with pytest.raises(GenesysUnavailable):
        items.extend(one.read(Event()))  # what came before the error counts
    assert [item.record for item in items if isinstance(item, Rejected)] == [broken]


def test_rejects_are_counted():
    one = reading([[b"[]", group([talk()])]])
    items = [*one.read(Event())]
    counts = one.summary().counts
    assert (len(items), counts.received, counts.exported, counts.rejected) == (2, 2, 1, 1)


def test_a_reject_that_comes_twice_is_written_once_and_counts_once():
    one = reading([[b"[]", b"[]"], [b"[]", group([talk()])]])
    items = [*one.read(Event())]
    counts = one.summary().counts
    assert [item.record for item in items if isinstance(item, Rejected)] == [b"[]"]
    assert (counts.received, counts.exported, counts.rejected) == (4, 1, 1)
    assert counts.duplicates == 2


def test_of_a_reject_nothing_else_is_counted():
    other = "2026-11-21T23:30:00.000Z/2026-11-22T00:00:00.000Z"
    broken = group([talk()], other)
    broken["data"] += group([talk("x", more=1)])["data"] + group([], "junk")["data"]
    one = reading([[broken]])
    (rejected,) = one.read(Event())
    counts = one.summary().counts
    assert isinstance(rejected, Rejected)
    assert (counts.received, counts.rejected) == (1, 1)
    assert (counts.of_other_days, counts.drift, counts.unknown_fields) == (0, 0, {})


def test_unknown_fields_are_counted_by_name_while_they_are_few():
    keys = {f"ada.{number}@example.org": 1 for number in range(2_000)}
    metric = {"metric": "tTalk", "stats": {"count": 1, "z" * 500: 1, **keys}}
    one = reading([[group([metric])]])
    [*one.read(Event())]
    unknown = one.summary().counts.unknown_fields
    assert sum(unknown.values()) == 2_001
    assert len(unknown) <= 101
    assert max(map(len, unknown)) <= 201


def test_a_value_that_comes_twice_counts_once():
    one = reading([[group([talk()])], [group([talk()], HALF_PAST), group([talk()])]])
    found = rows([*one.read(Event())])
    counts = one.summary().counts
    assert len(found) == 2
    assert (counts.received, counts.exported, counts.duplicates) == (3, 2, 1)
    assert counts.differing_duplicates == 0


def test_values_that_differ_are_read_again():
    steady = [[group([talk(6)])], [group([talk(6)])]]
    one = reading([[group([talk(5)])], [group([talk(6)])]], steady)
    items = [*one.read(Event())]
    assert [type(item) for item in items] == [Batch, Again, Batch]
    assert [row["sum"] for row in rows(items)] == [6.0]
    counts = one.summary().counts
    assert (counts.exported, counts.duplicates, counts.differing_duplicates) == (1, 1, 1)


def test_values_that_differ_every_time_end_the_slice():
    one = reading([[group([talk(5)])], [group([talk(6)])]])
    with pytest.raises(GenesysUnavailable, match=r"1 value came in differing copies at each of 3"):
        [*one.read(Event())]


def test_a_value_that_a_dead_job_had_in_another_group_is_void():
    one = reading(
        [[group([talk()], queueId="A")], [b"[]"]], [[group([talk()], queueId="B")]], kind=Dying
    )
    items = [*one.read(Event())]
    assert [type(item) for item in items] == [Batch, Rejected, Again, Batch]
    assert [(row["queue_id"], row["sum"]) for row in rows(items)] == [("B", 5.0)]
    counts = one.summary().counts
    assert (counts.received, counts.exported, counts.rejected) == (2, 1, 1)
    assert one.job_ids == ("j1", "j2")


def test_a_job_that_dies_at_each_of_several_attempts_leaves_nothing_behind():
    values = [[[group([talk()], queueId=name)]] for name in "ABC"]
    one = reading(*values, kind=Dying)
    assert [row["queue_id"] for row in rows([*one.read(Event())])] == ["C"]


def test_copies_that_differ_after_a_job_died_are_read_again():
    both = [[group([talk()])], [group([talk(6)])]]
    one = reading([[group([talk(7)])]], both, kind=Dying)
    with pytest.raises(GenesysUnavailable, match="differing copies at each of 3 readings"):
        [*one.read(Event())]
    assert one.job_ids == ("j1", "j2")


class Older(Told):
    """A source whose pages tell how far they reach: less far than the data does now."""

    marks = (None, datetime(2026, 11, 23, 2, tzinfo=UTC), datetime(2026, 11, 23, 1, tzinfo=UTC))


def test_the_lowest_watermark_that_a_page_tells_counts_and_not_that_of_now():
    one = reading([[group([talk()])], [], []], kind=Older)
    [*one.read(Event())]
    assert one.summary().watermark == datetime(2026, 11, 23, 1, tzinfo=UTC)


def test_rows_of_long_groups_come_before_the_whole_page_is_read():
    """So a page of a job, which is many groups' whole day, is never in memory as rows."""
    metrics = [{"metric": f"n{number:04}", "stats": {"count": 1}} for number in range(4_000)]
    page = [group(metrics, userId=name) for name in "dcba"]
    by_group, sorted_whole = reading([page], groups_are_long=True), reading([page])
    found, whole = [*by_group.read(Event())], [*sorted_whole.read(Event())]
    assert [one.rows.num_rows for one in found] == [10_000, 2_000, 4_000]
    assert [one.rows.num_rows for one in whole] == [10_000, 6_000]
    assert by_group.summary().digest == sorted_whole.summary().digest
    assert sorted(map(str, rows(found))) == sorted(map(str, rows(whole)))
    assert [one.rows["user_id"][0].as_py() for one in found] == ["b", "d", "a"]


def test_intervals_of_other_days_are_left_out_and_counted():
    other = "2026-11-21T23:30:00.000Z/2026-11-22T00:00:00.000Z"
    one = reading([[group([talk()], other), group([talk()])]])
    assert len(rows([*one.read(Event())])) == 1
    counts = one.summary().counts
    assert (counts.received, counts.of_other_days) == (2, 1)


@pytest.mark.parametrize(
    ("granularity", "until", "end"),
    [("PT30M", 47, "10:30"), ("PT15M", 47, "10:45"), ("PT1H", 47, "10:00"), ("P1D", 47, "00:00")],
)
def test_of_a_day_that_is_not_complete_only_whole_intervals_are_read(granularity, until, end):
    reached = datetime(2026, 11, 22, 10, until, 3, tzinfo=UTC)
    (part,) = split(DAY, 1, until=reached)
    question = Question(granularity=granularity, timezone="UTC", group_by=(), metrics=())
    found = question.whole(part.interval, DAY.interval.end)
    assert f"{found.end:%H:%M}" == end
    assert question.whole(WHOLE.interval, DAY.interval.end) == WHOLE.interval


GOLDEN = """\
"interval_date","interval_start","interval_end","queue_id","media_type","originating_direction",\
"user_id","metric","qualifier","count","sum","min","max","ratio","target","numerator",\
"denominator","current","_extra"
"2026-11-22","2026-11-22T08:00:00.000Z","2026-11-22T08:30:00.000Z","q1","voice","inbound",\
,"nOffered",,"3",,,,,,,,,
"2026-11-22","2026-11-22T08:00:00.000Z","2026-11-22T08:30:00.000Z","q1","voice","inbound",\
,"oServiceLevel",,,,,,"0.5","0.8","1","2",,
"2026-11-22","2026-11-22T08:00:00.000Z","2026-11-22T08:30:00.000Z","q1","voice","inbound",\
,"oServiceTarget",,,,,,,,,,"0.8",
"2026-11-22","2026-11-22T08:00:00.000Z","2026-11-22T08:30:00.000Z","q1","voice","inbound",\
"u1","tTalk",,"2","61000","1000","60000",,,,,,"{""stats"":{""p95"":60000}}"
"""


def test_a_golden_table_as_csv():
    """Read by eye: one queue, half an hour, an agent's talk; columns not grouped by left out."""
    queue = {"queueId": "q1", "mediaType": "voice", "originatingDirection": "inbound"}
    level = {"ratio": 0.5, "numerator": 1, "denominator": 2, "target": 0.8}
    stats = {"count": 2, "sum": 61_000, "min": 1_000, "max": 60_000, "p95": 60_000}
    of_queue = [
        {"metric": "nOffered", "stats": {"count": 3}},
        {"metric": "oServiceTarget", "stats": {"current": 0.8}},
        {"metric": "oServiceLevel", "stats": level},
    ]
    of_user = group([{"metric": "tTalk", "stats": stats}], userId="u1", **queue)
    one = reading([[of_user, group(of_queue, **queue)]])
    text = written([item for item in one.read(Event()) if isinstance(item, Batch)])
    table = dataset_named("conversation_aggregates").tables[0]
    unused = [*dimensions_of(table)][4:]
    shown = [name for name in table.names if name not in unused]
    lines = [*csv.reader(io.StringIO(text))]
    kept = [lines[0].index(name) for name in shown]
    assert [[line[at] for at in kept] for line in lines] == [*csv.reader(io.StringIO(GOLDEN))]


def written(batches: list[Batch]) -> str:
    """Return the batches as the CSV of a file."""
    import gzip  # noqa: PLC0415

    out: list[bytes] = []
    table = dataset_named("conversation_aggregates").tables[0]
    opener = Opener.of_slice(1, Newlines.KEEP)
    encoder = opener.open(Format.CSV, table, out.append)
    for batch in batches:
        encoder.write(batch.rows, batch.starts)
    encoder.close()
    return gzip.decompress(b"".join(out)).decode()


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        (
            "splunk-ta-post_analytics-conversations-aggregates-query.0.json",
            CONVERSATIONS := "conversation_aggregates",
        ),
        ("splunk-ta-post_analytics-conversations-aggregates-query.1.json", CONVERSATIONS),
        ("splunk-ta-post_analytics-users-aggregates-query.0.json", "user_aggregates"),
    ],
)
def test_real_answers_become_rows_without_drift_or_extra(sample, name):
    path = SAMPLES / sample
    if not path.exists():
        pytest.skip("the samples are not here")
    told = json.loads(path.read_text("utf-8"))["results"]
    table: Table = dataset_named(name).tables[0]
    zone = ZoneInfo("UTC")
    interval = Interval(datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 3, 13, tzinfo=UTC))
    shape = Statistics(table=table, day=Day(date(2025, 3, 1), zone), interval=interval)
    every = [shape.read(json.dumps(one).encode()) for one in told]
    found = [row for one in every for row in one.rows]
    metrics = [one for each in told for data in each["data"] for one in data["metrics"]]
    made = shape.batch(sorted(found, key=shape.key)).rows.to_pylist()
    assert len(made) == len(metrics) > 1
    assert all(row["_extra"] is None for row in made)
    assert not any(one.drift or one.unknown for one in every)
    assert by_text(one["stats"] for one in metrics) == by_text(map(kept, made))
    assert len({shape.key(row) for row in found}) == len(found)


def kept(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row's statistics that are there."""
    fields = dataset_named("conversation_aggregates").tables[0].of_kind(Kind.FIELD)
    return {one.name: row[one.name] for one in fields if row[one.name] is not None}


def by_text(stats: Iterable[dict[str, Any]]) -> list[str]:
    """Return statistics that can be compared: 5 and 5.0 are the same number."""
    return sorted(str(sorted((name, float(one[name])) for name in one)) for one in stats)
