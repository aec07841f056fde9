"""What all watches have in common: one that fails harms nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from genesys_export.events import Event, Noticed, SignedIn
from genesys_export.telemetry import Telemetry, Wanted

EVENT = SignedIn(login_host="login.example", expires_in_s=60)


def now() -> datetime:
    return datetime(2026, 11, 23, tzinfo=UTC)


class Broken:
    """A watch with a bug in one of its methods."""

    def __init__(self, where: str) -> None:
        self.where, self.calls = where, list[str]()

    def _met(self, name: str) -> None:
        self.calls.append(name)
        if name == self.where:
            raise KeyError("customer")

    def __call__(self, _event: Event) -> None:
        self._met("event")

    def begin(self) -> None:
        self._met("begin")

    def end(self) -> None:
        self._met("end")

    def close(self) -> None:
        self._met("close")


class OnlyThese(Telemetry):
    """Telemetry with watches of a test."""

    def __init__(self, watch: Broken, seen: list[Event]) -> None:
        super().__init__(Wanted(), seen.append, now)
        self.watch = watch

    def _made(self) -> Iterator[Any]:
        yield self.watch


@pytest.mark.parametrize("where", ["begin", "event", "end", "close"])
def test_a_watch_that_fails_is_one_notice_and_is_left_alone(where):
    seen: list[Event] = []
    watch = Broken(where)
    telemetry = OnlyThese(watch, seen)
    for _ in range(2):
        items = telemetry.called(iter("ab"))
        for _item in items:
            telemetry(EVENT)
    telemetry.close()
    assert seen.count(EVENT) == 4
    (notice,) = [one.message for one in seen if isinstance(one, Noticed)]
    assert notice == "telemetry failed, and is off from here on: 'customer'"
    assert watch.calls.count(where) == 1


def test_events_outside_of_a_call_are_nobody_s(tmp_path: Path):
    seen: list[Event] = []
    telemetry = Telemetry(Wanted(prometheus_file=tmp_path / "x.prom"), seen.append, now)
    telemetry(EVENT)
    assert list(telemetry.called(iter("ab"))) == ["a", "b"]
    telemetry(EVENT)
    telemetry.close()
    assert seen == [EVENT, EVENT]
    assert (tmp_path / "x.prom").read_text() == ""
