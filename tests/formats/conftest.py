"""One small world, and its day exported in whatever form a test asks for; once a session each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from formats_reading import Exported

from genesys_export.cli.run import RunRequest, execute
from genesys_simulator import Simulator, World, serve

DAY = date(2025, 11, 20)  # long past: its data is complete whatever the machine's clock says
Export = Callable[..., Exported]


@pytest.fixture(scope="session")
def genesys() -> Iterator[Simulator]:
    """Three pages of a hundred on that day."""
    with serve(World.generated(seed=7, per_day=240)) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def export(genesys, tmp_path_factory) -> Export:
    """Return what exports the day with the flags and the settings given, or remembers it."""
    known: dict[str, Exported] = {}

    def run(*, settings: dict[str, str] | None = None, **flags) -> Exported:
        asked = repr((sorted((settings or {}).items()), sorted(flags.items())))
        if asked not in known:
            root = tmp_path_factory.mktemp("lake")
            status = _run(genesys, root, settings or {}, flags)
            assert status == 0
            known[asked] = Exported(root, DAY)
        return known[asked]

    return run


def _run(genesys: Simulator, root: Path, settings: dict[str, str], flags: dict) -> int:
    environ = {
        "GENESYS_CLOUD_BASE_URL": genesys.base_url,
        "GENESYS_CLIENT_ID": genesys.client_id,
        "GENESYS_CLIENT_SECRET": genesys.client_secret,
        "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
        "GENESYS_EXPORT_GENESYS__PAGE_SIZE": "100",
        **{f"GENESYS_EXPORT_{name}": value for name, value in settings.items()},
    }
    given: Any = {"to": str(root), "quiet": True, **flags}
    return execute(RunRequest(date=str(DAY)), given, environ)
