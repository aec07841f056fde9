"""Simulated Genesys Clouds, and folders and lists that are read from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from random import Random
from typing import Any

import pytest
from names_lake import Lake

from dialects import speaking
from fakes import Events, FakeClock
from genesys_export.api import (
    Budget,
    Client,
    Credentials,
    ReferenceLists,
    RetryPolicy,
    Transport,
    TransportOptions,
    hosts,
)
from genesys_simulator import Options, World, serve


@pytest.fixture(scope="session")
def world() -> World:
    return World.generated(seed=7, per_day=120)


@pytest.fixture
def lake(tmp_path, world) -> Iterator[Callable[..., Lake]]:
    """Return what starts a simulator and gives an empty folder; it ends with the test."""
    with ExitStack() as stack:

        def start(**options: Any) -> Lake:
            genesys = stack.enter_context(serve(world, Options(**options)))
            return Lake(tmp_path / "lake", genesys)

        yield start


@pytest.fixture
def lists() -> Iterator[Callable[..., ReferenceLists]]:
    """Return what reads the lists of a server: a simulator's, or one that answers as told."""
    with ExitStack() as stack:

        def of(genesys: Any) -> ReferenceLists:
            clock = FakeClock()
            wires = stack.enter_context(Transport(TransportOptions(), clock))
            client = Client(
                hosts(base_url=genesys.base_url),
                Credentials(genesys.client_id, genesys.client_secret),
                transport=wires,
                clock=clock,
                budget=Budget(),
                retry=RetryPolicy(deadline_s=5),
                rng=Random(1),
                observe=Events(),
            )
            return ReferenceLists(client)

        yield of


@pytest.fixture
def answering(lists) -> Iterator[Callable[..., Any]]:
    """Return what starts a server that answers as told; gives it and the lists read from it."""
    with ExitStack() as stack:

        def start(answer: Any) -> Any:
            speaker = stack.enter_context(speaking(answer))
            return speaker, lists(speaker)

        yield start
