"""Destinations as version 0.1.0 left them, and this version's exporters over them.

A reader of lookup tables takes each from whichever manifest names it: that of the conversations,
as 0.1.0 wrote it, or their own.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from destinations import CHANGES, Killed

from fakes import Events, FakeClock, MemoryObject, MemoryStore, some
from genesys_export.assembly.working import Surroundings, Work
from genesys_export.datasets import DEFAULT, NAMES, dataset_named
from genesys_export.days import Day
from genesys_export.export import DayExporter
from genesys_export.model import Pending
from genesys_export.settings import load
from genesys_simulator import Options, Simulator, World, serve

ZONE = ZoneInfo("UTC")
FINAL, SEALED, NEXT, PROVISIONAL = (
    Day(date(2026, 11, number), ZONE) for number in (19, 22, 23, 24)
)
LOOKUPS = dataset_named(NAMES).lookups
TABLES = ("conversations", "participants")
_DATA = Path(__file__).parents[1] / "data/v010"


@cache
def _stored(name: str) -> dict[str, Any]:
    return json.loads((_DATA / f"{name}.json").read_text("utf-8"))


class Server:
    """The organisation, whose clock is that of the destination in use."""

    genesys: Simulator

    def __init__(self) -> None:
        self.clock = FakeClock()

    def now(self) -> datetime:
        return self.clock.now()


class Old:
    """A destination of 0.1.0, an hour after its last run."""

    def __init__(self, name: str, server: Server) -> None:
        told = _stored(name)
        self.name, self.genesys, self.events = name, server.genesys, Events()
        self.clock = server.clock = FakeClock(
            datetime.fromisoformat(told["now"]) + timedelta(hours=1)
        )
        self.store = MemoryStore(now=self.clock.now)
        for key, one in told["objects"].items():
            body = one["text"].encode() if "text" in one else base64.b64decode(one["base64"])
            modified = datetime.fromisoformat(one["modified"])
            self.store._objects[key] = MemoryObject(body, modified, one["metadata"])
        for one in told["uploads"]:
            began = datetime.fromisoformat(one["began"])
            self.store.begun[one["id"]] = Pending(key=one["key"], upload_id=one["id"], began=began)
            if one["sealed"] is not None:
                self.store.sealed[one["id"]] = base64.b64decode(one["sealed"])

    @property
    def lookups(self) -> tuple[str, ...]:
        """The lookup tables of its days."""
        return LOOKUPS if self.name == "named" else ()

    def exporters(self, store: Any = None, **settings: str) -> Iterator[DayExporter]:
        """Yield this version's exporters, with the settings that 0.1.0 had."""
        environ = {
            "GENESYS_CLOUD_BASE_URL": self.genesys.base_url,
            "GENESYS_CLIENT_ID": self.genesys.client_id,
            "GENESYS_CLIENT_SECRET": self.genesys.client_secret,
            "GENESYS_EXPORT_EXPORT__TABLES": ",".join(TABLES),
            "GENESYS_EXPORT_EXPORT__NAMES": str(self.name == "named").lower(),
            **settings,
        }
        known = load(flags={"to": "nowhere", "config": os.devnull}, environ=environ)
        clock: Any = self.clock
        around = Surroundings(clock=clock, observe=self.events)
        for one in Work(known, around).parts:
            yield DayExporter(replace(one.deps, store=store or self.store))

    def exporter(self, dataset: str = DEFAULT, store: Any = None, **settings: str) -> DayExporter:
        """Return the exporter of one dataset."""
        found = self.exporters(store, **settings)
        return next(one for one in found if one.deps.plan.dataset.name == dataset)

    def manifest(self, day: Day, dataset: str = DEFAULT) -> dict[str, Any] | None:
        found = self.store.read(f"_genesys_export/{dataset}/{day}/manifest.json")
        return None if found is None else json.loads(found.body)

    def readable(self, day: Day, dataset: str = DEFAULT) -> dict[str, Any] | None:
        """Return the manifest where a reader may take what it names; all of that is there then."""
        made = self.manifest(day, dataset)
        if made is None or "next" in made or made["state"] == "damaged":
            return None
        for file in (one for files in made["tables"].values() for one in files):
            seen = self.store.look(file["key"])
            assert seen is not None, f"{dataset} names {file['key']}, which is not there"
            there = seen.tag.etag, seen.metadata["token"]
            assert there == (file["etag"], file["token"]), f"{dataset} names another {file['key']}"
        return made

    def check_readers(self, day: Day) -> None:
        """Assert that no table is missed: each is in a manifest, or being replaced."""
        both = [self.readable(day, name) for name in (DEFAULT, NAMES)]
        named = {table for made in both if made for table in made["tables"]}
        coming = {
            table
            for name in (DEFAULT, NAMES)
            if (made := self.manifest(day, name)) and "next" in made
            for table in made["tables"]
        }
        missed = {*TABLES, *self.lookups} - named - coming
        assert not missed, f"no manifest names {missed}"

    def snapshot(self) -> dict[str, str]:
        """Return what lies there, by key."""
        return {key: some(self.store.look(key)).tag.etag for key in self.store.list("")}

    def leftovers(self) -> set[str]:
        """Return what lies or is staged there without being named."""
        named = {
            key for key in self.store.list("") if key.endswith(("manifest.json", "claim.json"))
        }
        for key in [one for one in named if one.endswith("manifest.json")]:
            made = json.loads(some(self.store.read(key)).body)
            named |= {one["key"] for files in made["tables"].values() for one in files}
            named |= {one["key"] for one in made["index"]}
            named |= {made["changes"]["key"]} if made["changes"] else set()
        there = {*self.store.list(""), *(one.key for one in self.store.begun.values())}
        return {key for key in there - named if not key.endswith(("recipe.json", "last-run.json"))}


@dataclass
class Watched:
    """A store that is looked at after each change, and that may die after a call."""

    store: MemoryStore
    watch: Callable[[], None]
    dies_after: int = -1
    calls: int = 0

    def __getattr__(self, name: str) -> Any:
        do = getattr(self.store, name)
        if not callable(do) or name == "url":
            return do

        def call(*arguments: Any) -> Any:
            if 0 <= self.dies_after < self.calls:
                raise Killed
            self.calls += 1
            result = do(*arguments)
            if name in CHANGES:
                self.watch()
            if self.calls > self.dies_after >= 0:
                raise Killed
            return result

        return call


@cache
def world() -> World:
    return World.generated(seed=6, per_day=8)


@contextmanager
def opened() -> Iterator[Server]:
    """Serve the organisation."""
    server = Server()
    with serve(world(), Options(now=server.now)) as server.genesys:
        yield server
