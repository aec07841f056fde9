"""`simulate`: the simulator in the foreground, with what a client needs printed first."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from errno import EADDRINUSE
from pathlib import Path

from ..errors import WrongSettings, WrongUse, how_to_install

MISSING = "the extra [simulator] is not installed"
_OTHER_PORT = "Stop the other process, or choose another port with --port (0: any free one)."


def serve_until_stopped(
    *,
    port: int,
    files: Sequence[Path],
    per_day: int,
    seed: int,
    requests_per_minute: int | None,
) -> None:
    """Serve until SIGINT or SIGTERM."""
    try:
        from genesys_simulator import Options, Simulator, World, run  # noqa: PLC0415 - an extra
    except ImportError as problem:
        raise WrongSettings(MISSING, advice=how_to_install("simulator")) from problem

    def on_ready(simulator: Simulator) -> None:
        sys.stdout.write(
            f"export GENESYS_CLOUD_BASE_URL={simulator.base_url}\n"
            f"export GENESYS_CLIENT_ID={simulator.client_id}\n"
            f"export GENESYS_CLIENT_SECRET={simulator.client_secret}\n"
        )
        sys.stdout.flush()
        sys.stderr.write("The Genesys Cloud simulator is listening; press Ctrl-C to stop it.\n")

    try:
        world = World.read(files) if files else World.generated(seed=seed, per_day=per_day)
        run(world, Options(requests_per_minute=requests_per_minute), port=port, on_ready=on_ready)
    except (OSError, ValueError) as problem:
        if isinstance(problem, OSError) and problem.errno == EADDRINUSE:
            raise WrongUse(f"port {port} is in use", advice=_OTHER_PORT) from problem
        raise WrongUse(f"the simulator can't start: {problem}") from problem
