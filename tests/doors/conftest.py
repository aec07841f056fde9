"""Each engine in an environment of its own, with a home of its own, against the simulator.

`make test-doors` runs one file in each environment; where an engine is not installed, its file is
not collected. Engines read their environment when they are imported, so it is set here.
"""

from __future__ import annotations

import json
import os
import re
import runpy
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, chdir
from datetime import timedelta
from importlib.util import find_spec
from itertools import chain, repeat
from pathlib import Path
from types import SimpleNamespace

import pytest

from genesys_simulator import Options, Simulator, World, serve

collect_ignore = [
    f"test_{engine}.py" for engine in ("airflow", "dagster", "prefect") if not find_spec(engine)
]
HOME = Path(tempfile.mkdtemp(prefix="doors-"))
os.environ |= {
    "DO_NOT_TRACK": "1",
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(HOME / "dags"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "DAGSTER_HOME": str(HOME),
    "DAGSTER_DISABLE_TELEMETRY": "yes",
    "PREFECT_HOME": str(HOME),
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "60",
}
(HOME / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")


@pytest.fixture(scope="session")
def home() -> Path:
    return HOME


@pytest.fixture
def lake(tmp_path) -> Iterator[Path]:
    """Return where the settings of the environment export to; the folder above is the current."""
    with chdir(tmp_path):
        yield tmp_path / "lake"


@pytest.fixture
def start(lake) -> Iterator[Callable[..., Simulator]]:
    """Start a simulator that the environment names; both end with the test."""
    before = dict(os.environ)
    with ExitStack() as stack:

        def simulator(**options) -> Simulator:
            genesys = stack.enter_context(serve(World.generated(per_day=40), Options(**options)))
            os.environ |= {
                "GENESYS_CLOUD_BASE_URL": genesys.base_url,
                "GENESYS_CLIENT_ID": genesys.client_id,
                "GENESYS_CLIENT_SECRET": genesys.client_secret,
                "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
                "GENESYS_EXPORT_DESTINATION__TO": str(lake),
            }
            return genesys

        yield simulator
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def orgs(start) -> Simulator:
    """Start a simulator that is two organisations, emea and apac, in a settings file."""
    genesys = start()
    for name in ("GENESYS_CLOUD_BASE_URL", "GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET"):
        del os.environ[name]
    lines = []
    for org in ("emea", "apac"):
        address = f'client_id = "{genesys.client_id}"\nbase_url = "{genesys.base_url}"\n'
        lines.append(f"[orgs.{org}]\n{address}")
        os.environ[f"GENESYS_EXPORT_ORGS__{org.upper()}__CLIENT_SECRET"] = genesys.client_secret
    Path("genesys-export.toml").write_text("".join(lines))
    return genesys


@pytest.fixture
def load() -> Callable[[str], SimpleNamespace]:
    """Load a shipped file as an engine does: with the settings that hold then."""
    deploy = Path(__file__).parents[2] / "deploy"
    return lambda name: SimpleNamespace(**runpy.run_path(str(deploy / name)))


@pytest.fixture(scope="session")
def shown() -> Callable[[str], list[str]]:
    """Return the Python that an engine's page shows, block by block."""
    how_to = Path(__file__).parents[2] / "docs/how-to/schedule"

    def blocks(engine: str) -> list[str]:
        page = (how_to / f"{engine}.md").read_text()
        return re.findall(rf"^```python {engine}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)

    return blocks


@pytest.fixture
def late() -> Callable[[int], Callable[[], timedelta]]:
    """Return a lag of three days for the first so many times that it is asked, none after."""

    def of(looks: int) -> Callable[[], timedelta]:
        lags = chain(repeat(timedelta(days=3), looks), repeat(timedelta(0)))
        return lambda: next(lags)

    return of


@pytest.fixture
def nothing_is_held(lake) -> Callable[[Simulator], bool]:
    """Say whether an export was begun, and neither a claim nor a job is left of it."""

    def check(genesys: Simulator) -> bool:
        claims = [json.loads(one.read_text()) for one in lake.rglob("claim.json")]
        submitted = any(one.endpoint == "submit" for one in genesys.requests)
        return (
            submitted and bool(claims) and all(c["released"] for c in claims) and not genesys.jobs
        )

    return check


@pytest.fixture
def held_for(lake) -> Callable[[str, float], None]:
    """Hold a day for some seconds, as a run on another machine would that has died."""

    def hold(day: str, lease_s: float) -> None:
        claim = {
            "format": 1,
            "day": day,
            "attempt": "0123456789abcdef",
            "recipe": "another",
            "manifest": "",
            "holder": {"host": "elsewhere", "pid": 1, "process": "another"},
            "began": "2026-11-28T04:15:00.000000Z",
            "lease_s": lease_s,
            "released": False,
            "slices": [],
            "jobs": [],
            "failure": None,
            "nonce": "0123456789abcdef",
        }
        file = lake / f"_genesys_export/conversation_details/{day}/claim.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(claim))

    return hold
