"""The demo: a simulator, one day exported from it, a look at what is there, a question answered.

Needs the extra [simulator]; everything stays on this machine.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..errors import WrongSettings
from ..plural import plural
from .run import RunRequest, execute
from .simulate import INSTALL, MISSING

QUESTION = "Which queues were offered most, and how long did callers wait for an answer?"
SQL = """\
SELECT queue_id,
       sum(n_offered) AS offered,
       sum(t_answered_count) AS answered,
       sum(t_abandon_count) AS abandoned,
       round(sum(t_answered) / 1000 / sum(t_answered_count), 1) AS avg_wait_s
FROM read_csv('{folder}/sessions/*.csv.gz', allow_quoted_nulls = false)
WHERE queue_id IS NOT NULL
GROUP BY queue_id
ORDER BY offered DESC
LIMIT 5"""


def show_everything(folder: Path, *, per_day: int, flags: Mapping[str, object]) -> int:
    """Run the demo; return the export's exit status."""
    try:
        from ..simulator import World, serve  # noqa: PLC0415 - an extra
    except ImportError as problem:
        raise WrongSettings(MISSING, advice=INSTALL) from problem

    world = plural(per_day, "conversation")
    _say(f"1. A Genesys Cloud simulator with {world} a day, on this machine.")
    with serve(World.generated(per_day=per_day)) as genesys:
        environ = {
            "GENESYS_CLOUD_BASE_URL": genesys.base_url,
            "GENESYS_CLIENT_ID": genesys.client_id,
            "GENESYS_CLIENT_SECRET": genesys.client_secret,
            "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.2s",
        }
        _say(f"2. genesys-export run --to {folder}")
        # No file of settings: one that lies here is of a real organisation.
        status = execute(RunRequest(), {**flags, "to": str(folder), "config": os.devnull}, environ)
    if status:
        return status
    _say("3. What is there now:")
    _say(*(f"   {line}" for line in tree(folder)))
    _say(f"4. {QUESTION}")
    _say(*(f"   {line}" for line in answer(folder)))
    return 0


def tree(folder: Path) -> Iterator[str]:
    """Yield a line for every file below the folder: its size and its name."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in inside.parts):
            yield f"{path.stat().st_size:>10,} bytes  {path}"


def answer(folder: Path) -> Sequence[str]:
    """Ask DuckDB the question; return the query and the answer's lines."""
    import duckdb  # noqa: PLC0415 - an extra

    sql = SQL.format(folder=str(folder).replace("'", "''"))
    with duckdb.connect() as connection:
        found = connection.sql(sql)
        names, rows = found.columns, found.fetchall()
    cells = [list(names), *([str(value) for value in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(names))]
    lines = ("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in cells)
    return [*sql.splitlines(), "", *(line.rstrip() for line in lines)]


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join((*lines, "")))
    sys.stdout.flush()
