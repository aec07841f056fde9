"""The way in: `python -m bench [PART …]`, each part merged into the results that are there.

`race` (with its `--conversations`, `--rounds`, `--only`) and `startup` are what `make bench` runs;
`scale`, `latency` and `cost` take longer; `odd` compares days with odd records with the clean day;
`everything` exports one day of every dataset; `ways` exports two organisations in every way, those
with Dask where it is installed. `scale --orgs N --days N` is another thing than
`scale`: many organisations in virtual time, printed alone.
`render` runs nothing and rewrites the files.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .contenders import ROOT
from .cost import cost
from .everything import everything
from .latency import latency
from .machine import machine
from .markdown import between_markers, written
from .odd import odd
from .organisations import organisations, say
from .processes import Failed
from .race import race
from .scale import DAYS, Large, scale
from .startup import startup
from .ways import ways

PARTS = ("race", "startup", "scale", "latency", "cost", "odd", "everything", "ways", "render")
_PAGE = ROOT / "docs" / "performance.md"


def main() -> int:
    """Run the parts asked for; returns the exit status."""
    # So that servers and contenders end with us, whoever ends us.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    told = _arguments()
    if told.orgs:
        with tempfile.TemporaryDirectory(prefix="bench-") as home:
            say(organisations(Path(home), orgs=told.orgs, days=int(told.days[0])))
        return 0
    told.out.mkdir(parents=True, exist_ok=True)
    file = told.out / "latest.json"
    results: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    for part in told.parts or ("race", "startup"):
        if part != "render":
            with tempfile.TemporaryDirectory(prefix="bench-") as home:
                try:
                    kept = results.get(part, {})
                    results[part] = {"machine": machine(), **_run(part, Path(home), told, kept)}
                except Failed as problem:
                    sys.stderr.write(f"{part}: {problem}\n")
                    return 1
            file.write_text(json.dumps(results, indent=1) + "\n")
    _write(results, told)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("parts", nargs="*", choices=(*PARTS, []), help="default: race startup")
    parser.add_argument("--conversations", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", action="append", default=[], metavar="CONTENDER")
    parser.add_argument(
        "--days",
        nargs="+",
        default=DAYS,
        metavar="N/SLICES/AT_ONCE",
        help="with --orgs: how many",
    )
    parser.add_argument(
        "--orgs", type=int, help="for scale: so many organisations, in one process"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "results")
    parser.add_argument("--docs", action="store_true", help="refresh docs/performance.md")
    return parser.parse_args()


def _run(part: str, home: Path, told: argparse.Namespace, kept: dict[str, Any]) -> dict[str, Any]:
    size = told.conversations
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "race": lambda: race(home, conversations=size, rounds=told.rounds, only=told.only),
        "startup": lambda: startup(home),
        "scale": lambda: scale(
            home, days=[*map(Large.read, told.days)], kept=kept.get("runs", ())
        ),
        "latency": lambda: latency(home),
        "odd": lambda: odd(kept.get("before", {})),
        "everything": lambda: everything(home, conversations=size),
        "cost": lambda: cost(home),
        "ways": lambda: ways(home),
    }
    return parts[part]()


def _write(results: dict[str, Any], told: argparse.Namespace) -> None:
    text = written(results)
    (told.out / "latest.md").write_text(text + "\n")
    sys.stdout.write(text + "\n")
    if told.docs:
        _PAGE.write_text(between_markers(_PAGE.read_text("utf-8"), text), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
