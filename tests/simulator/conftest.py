"""A plain HTTP client for the simulator: no retries, no cleverness, nothing of the exporter's."""

from __future__ import annotations

import base64
import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import urllib3

from genesys_simulator import Options, Simulator, World, serve

JOBS = "/api/v2/analytics/conversations/details/jobs"
QUERY = "/api/v2/analytics/conversations/details/query"
DAY = "2026-11-22T00:00:00.000Z/2026-11-23T00:00:00.000Z"


@dataclass
class Clock:
    """Time that stands still until told otherwise."""

    time: datetime = datetime(2026, 12, 24, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def pass_by(self, **by: float) -> None:
        self.time += timedelta(**by)


@dataclass
class Answer:
    status: int
    body: bytes
    headers: Any

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """A client of one simulator."""

    jobs = JOBS
    day = DAY
    genesys: Simulator
    http: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(timeout=20, retries=False)
    )
    token: str = ""

    def sign_in(self, client: str | None = None, secret: str | None = None, **form: str) -> Answer:
        pair = f"{client or self.genesys.client_id}:{secret or self.genesys.client_secret}"
        answer = self.send(
            "POST",
            "/oauth/token",
            headers={"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"},
            fields=form or {"grant_type": "client_credentials"},
            encode_multipart=False,
        )
        if answer.status == 200:
            self.token = answer.json["access_token"]
        return answer

    def send(self, method: str, path: str, **options: Any) -> Answer:
        answer = self.http.request(method, self.genesys.base_url + path, **options)
        return Answer(answer.status, answer.data, answer.headers)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        sent = {"Authorization": f"Bearer {self.token}", **headers}
        options = {} if body is None else {"json": body}
        return self.send(method, path, headers=sent, **options)

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, **headers)

    def submit(self, interval: str = DAY, **body: Any) -> str:
        of_day = {"startOfDayIntervalMatching": True, **body}
        answer = self.call("POST", JOBS, {"interval": interval, **of_day})
        assert answer.status == 202, answer.body
        return answer.json["jobId"]

    def results(self, job: str, cursor: str = "", size: int = 100) -> Answer:
        more = f"&cursor={cursor}" if cursor else ""
        return self.get(f"{JOBS}/{job}/results?pageSize={size}{more}")

    def read(self, interval: str = DAY, *, size: int = 100, **body: Any) -> list[dict[str, Any]]:
        """Run a job from its submission to its last page."""
        job = self.submit(interval, **body)
        while self.get(f"{JOBS}/{job}").json["state"] in ("QUEUED", "PENDING"):
            pass
        rows: list[dict[str, Any]] = []
        cursor = ""
        for _ in range(1_000):
            page = self.results(job, cursor, size).json
            rows += page.get("conversations", [])
            cursor = page.get("cursor", "")
            if not cursor:
                return rows
        raise AssertionError("no end")

    def query(self, interval: str = DAY, **body: Any) -> Answer:
        return self.call("POST", QUERY, {"interval": interval, **body})


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def dial(clock):
    """Return what starts a simulator and signs a client in; all end with the test."""
    with ExitStack() as stack:

        def start(world: World | None = None, **options: Any) -> Client:
            settings = Options(**{"now": clock.now, **options})
            made_up = World.generated(seed=1, per_day=240)
            client = Client(stack.enter_context(serve(world or made_up, settings)))
            stack.callback(client.http.clear)
            if not options.get("faults"):
                client.sign_in()
            return client

        yield start
