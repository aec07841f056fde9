"""Users' details as a test has them: records in pages, behind a feed as a run would have it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import Any

from fakes import Events, FakeClock
from genesys_export.datasets import dataset_named
from genesys_export.days import Interval, Slice, split
from genesys_export.feeds.status import StatusFeed
from genesys_export.model import Batch, Page, Rejected, Summary

DATASET = dataset_named("user_status")
TABLES = tuple(table.name for table in DATASET.tables)
PRESENCE, ROUTING = TABLES
LATER = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass
class Lake:
    """A source of pages: a model.Source, and the fetches it gives."""

    pages_of: Sequence[Sequence[Any]]
    watermarks: Sequence[datetime | None] = (LATER,)
    asks = "submit a job"
    needs = ""
    is_bounded = True
    job_ids: tuple[str, ...] = ()
    asked: list[Interval] = field(default_factory=list)

    def watermark(self) -> datetime | None:
        return self.watermarks[-1]

    def describe(self, interval: Interval) -> tuple[dict[str, Any], ...]:
        return ({"interval": str(interval)},)

    def try_out(self) -> str:
        return ""

    def fetch(self, interval: Interval, job_id: str | None = None) -> Lake:
        del job_id
        self.asked.append(interval)
        return self

    def pages(self) -> Iterator[Page]:
        for number, records in enumerate(self.pages_of):
            written = [one if isinstance(one, bytes) else as_json(one) for one in records]
            mark = self.watermarks[min(number, len(self.watermarks) - 1)]
            yield Page(records=written, watermark=mark, received_bytes=sum(map(len, written)))

    awaits_job = False

    def prepare(self) -> None:
        pass

    def release(self) -> None:
        pass


class Dying(Lake):
    """A source whose jobs give a page each and die, all but the last."""

    def pages(self) -> Iterator[Page]:
        for number, page in enumerate(super().pages(), 1):
            self.job_ids = tuple(f"j{one}" for one in range(1, number + 1))
            yield page


def as_json(record: Any) -> bytes:
    return json.dumps(record).encode()


@dataclass
class Found:
    """What one reading of a slice gave."""

    rows: dict[str, list[dict[str, Any]]]
    rejected: list[Rejected]
    summary: Summary
    batches: list[Batch]

    @property
    def presence(self) -> list[dict[str, Any]]:
        return self.rows[PRESENCE]

    @property
    def routing(self) -> list[dict[str, Any]]:
        return self.rows[ROUTING]


def feed_over(lake: Lake, tables: tuple[str, ...] = TABLES, **more: Any) -> StatusFeed:
    return StatusFeed(
        dataset=DATASET,
        source=lake,
        tables=tables,
        observe=more.pop("observe", Events()),
        clock=FakeClock(LATER),
        **more,
    )


def read(feed: StatusFeed, slice_: Slice) -> Found:
    reading = feed.open(slice_)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in feed.tables}
    rejected: list[Rejected] = []
    batches: list[Batch] = []
    for item in reading.read(Event()):
        if isinstance(item, Rejected):
            rejected.append(item)
        else:
            assert isinstance(item, Batch)
            batches.append(item)
            rows[item.table] += item.rows.to_pylist()
    return Found(rows, rejected, reading.summary(), batches)


def read_day(
    records: Iterable[Any], day: Any, *, size: int = 100, slices: int = 1, **lake: Any
) -> list[Found]:
    """Read a day of these records, in pages of so many, in so many slices."""
    every = list(records)
    pages = [every[at : at + size] for at in range(0, len(every), size)]
    feed = feed_over(Lake(pages, **lake))
    return [read(feed, one) for one in split(day, slices)]


def user(ident: Any, presence: Iterable[Any] = (), routing: Iterable[Any] = ()) -> dict[str, Any]:
    """Return a record."""
    return {
        "userId": ident,
        "primaryPresence": list(presence),
        "routingStatus": list(routing),
    }


def was(value: Any, start: Any, end: Any = None, **more: Any) -> dict[str, Any]:
    """Return a row of presence."""
    ended = {} if end is None else {"endTime": end}
    return {"startTime": start, **ended, "systemPresence": value, **more}


def did(value: str, start: Any, end: Any = None, **more: Any) -> dict[str, Any]:
    """Return a row of routing status."""
    ended = {} if end is None else {"endTime": end}
    return {"startTime": start, **ended, "routingStatus": value, **more}
