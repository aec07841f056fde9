"""A client and a source for one simulated Genesys Cloud, on a clock turned by hand."""

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from dialects import Speaker, speaking
from fakes import CONVERSATIONS, Events, FakeClock, some
from genesys_export.api import (
    Budget,
    Client,
    Credentials,
    Filters,
    JobPolicy,
    JobSource,
    OwnBody,
    OwnSource,
    QueryPolicy,
    QuerySource,
    RequestBudget,
    RetryPolicy,
    Transport,
    TransportOptions,
    hosts,
)
from genesys_simulator import Options, Simulator, World, serve


@dataclass
class Line:
    """What one test talks to Genesys with."""

    genesys: Simulator | Speaker
    clock: FakeClock
    transport: Transport
    events: Events = field(default_factory=Events)
    budget: RequestBudget | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    client_id: str | None = None
    client_secret: str | None = None

    def __post_init__(self):
        self.client = Client(
            hosts(base_url=self.genesys.base_url),
            Credentials(
                self.client_id or self.genesys.client_id,
                self.client_secret or self.genesys.client_secret,
            ),
            transport=self.transport,
            clock=self.clock,
            budget=self.budget or Budget(clock=self.clock.monotonic),
            retry=self.retry,
            rng=Random(1),
            observe=self.events,
        )

    @property
    def host(self):
        return self.genesys.base_url.removeprefix("http://")

    def source(self, filters=None, **policy):
        return JobSource(
            endpoint=some(CONVERSATIONS.jobs),
            client=self.client,
            clock=self.clock,
            rng=Random(1),
            policy=replace(JobPolicy(page_size=100), **policy),
            filters=filters or Filters(),
            observe=self.events,
        )

    def query(self, filters=None, **policy):
        return QuerySource(
            endpoint=some(CONVERSATIONS.query),
            client=self.client,
            clock=self.clock,
            policy=replace(QueryPolicy(), **policy),
            filters=filters or Filters(),
            observe=self.events,
        )

    def own(self, body):
        endpoint = some(CONVERSATIONS.query)
        own = OwnBody(body, endpoint.path)
        return OwnSource(endpoint=endpoint, client=self.client, clock=self.clock, own=own)

    def asked(self, endpoint):
        assert isinstance(self.genesys, Simulator)
        return len(self.genesys.asked(endpoint))


@pytest.fixture
def speak(clock):
    """Return what starts a server that answers as told, and connects to it."""
    with ExitStack() as stack:

        def connect(answer, wires=None, **line):
            wires = stack.enter_context(Transport(wires or TransportOptions(), clock))
            return Line(stack.enter_context(speaking(answer)), clock, wires, **line)

        yield connect


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def events():
    return Events()


@pytest.fixture
def dial(clock):
    """Return what starts a simulator with faults and options, and connects to it."""
    with ExitStack() as stack:

        def connect(*faults, world=None, transport=None, options=None, **line):
            settings = Options(**{"now": clock.now, "faults": faults, **(options or {})})
            made_up = world or World.generated(seed=1, per_day=240)
            wires = stack.enter_context(Transport(transport or TransportOptions(), clock))
            return Line(stack.enter_context(serve(made_up, settings)), clock, wires, **line)

        yield connect
