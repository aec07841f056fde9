"""Genesys Cloud as doctor meets it, and days published in a folder a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from published import Published

from fakes import CONVERSATIONS, FakeClock, some
from genesys_export.api import (
    Budget,
    Client,
    Credentials,
    Filters,
    GenesysCounter,
    JobSource,
    OwnBody,
    OwnSource,
    QuerySource,
    RetryPolicy,
    Transport,
    TransportOptions,
    hosts,
)
from genesys_export.operations.doctor.genesys import Asked, Genesys
from genesys_simulator import Options, Simulator, World, serve

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)


@pytest.fixture
def clock():
    return FakeClock(NOW)


@pytest.fixture
def simulated(clock):
    """Return what starts a simulator with options."""
    with ExitStack() as stack:

        def start(**options):
            told = Options(**{"now": clock.now, **options})
            return stack.enter_context(serve(World.generated(seed=1, per_day=50), told))

        yield start


@pytest.fixture
def patient(clock):
    """Return what makes an organisation to be examined, at a simulator or at any address."""
    with ExitStack() as stack:

        def meet(simulator=None, *, base_url=None, secret=None, engine="jobs", **more):
            filters, proxy = more.pop("filters", Filters()), more.pop("proxy", None)
            where = hosts(base_url=base_url or simulator.base_url)
            known = simulator.client_id if simulator else "somebody"
            secret = secret or (simulator.client_secret if simulator else "hush-hush")
            options = TransportOptions(connect_timeout_s=5, proxy=proxy)
            wires = stack.enter_context(Transport(options, clock))
            client = Client(
                where,
                Credentials(known, secret),
                transport=wires,
                clock=clock,
                budget=Budget(clock=clock.monotonic),
                retry=RetryPolicy(deadline_s=20),
                rng=Random(1),
            )
            query = some(CONVERSATIONS.query)
            source: Any = {
                "jobs": lambda: JobSource(
                    endpoint=some(CONVERSATIONS.jobs),
                    client=client,
                    clock=clock,
                    rng=Random(1),
                    filters=filters,
                ),
                "query": lambda: QuerySource(endpoint=query, client=client, clock=clock),
                "own": lambda: OwnSource(
                    endpoint=query,
                    client=client,
                    clock=clock,
                    own=OwnBody({"interval": "{start}/{end}"}, query.path),
                ),
            }[engine]()
            counter = GenesysCounter(
                query=query, counts=CONVERSATIONS.counts, client=client, clock=clock
            )
            return Genesys(
                hosts=where,
                transport=wires,
                client=client,
                clock=clock,
                asked=[
                    Asked(
                        about="",
                        source=source,
                        counter=None if engine == "own" else counter,
                        permission=query.permission,
                    )
                ],
                **more,
            )

        yield meet


@pytest.fixture(scope="session")
def genesys() -> Iterator[Simulator]:
    with serve(World.generated(seed=3, per_day=60)) as simulator:
        yield simulator


@pytest.fixture
def publish(tmp_path, genesys) -> Callable[..., Published]:
    """Return what exports the day with some flags and variables."""

    def export(source: Simulator | None = None, **more: str) -> Published:
        flags = {name: value for name, value in more.items() if not name.isupper()}
        variables: dict[str, Any] = {n: value for n, value in more.items() if n.isupper()}
        return Published.export(tmp_path / "lake", source or genesys, flags=flags, **variables)

    return export


@pytest.fixture
def snapshot(tmp_path, genesys) -> Callable[..., Published]:
    """Return what exports yesterday's names with some flags and variables."""

    def export(**more: str) -> Published:
        flags = {name: value for name, value in more.items() if not name.isupper()}
        variables: dict[str, Any] = {n: value for n, value in more.items() if n.isupper()}
        return Published.snapshot(tmp_path / "lake", genesys, flags=flags, **variables)

    return export


@pytest.fixture
def day(publish) -> Published:
    """The day as csv.gz, one file a table."""
    return publish()
