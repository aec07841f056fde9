"""The simulator in a process of its own: says in one JSON line where it is, ends with SIGTERM.

`genesys-export simulate` has no flags for compression and latency, which a real one has.
"""

from __future__ import annotations

import argparse
import json
import sys

from genesys_simulator import Options, Simulator, World, run


def main() -> None:
    """Serve until the signal comes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--per-day", type=int, required=True)
    parser.add_argument("--page-latency", type=float, default=0.0)
    parser.add_argument("--requests-per-minute", type=int)
    told = parser.parse_args()
    options = Options(
        gzip=True,
        page_latency_s=told.page_latency,
        requests_per_minute=told.requests_per_minute,
    )
    run(World.generated(seed=1, per_day=told.per_day), options, on_ready=_say)


def _say(simulator: Simulator) -> None:
    where = {
        "base_url": simulator.base_url,
        "client_id": simulator.client_id,
        "client_secret": simulator.client_secret,
    }
    sys.stdout.write(json.dumps(where) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
