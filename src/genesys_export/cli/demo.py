"""The demo: start a simulator, export a day from it, list the files, answer a question.

Needs the extra [simulator]; everything stays on this machine.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import WrongSettings, how_to_install
from ..plural import plural
from .run import RunRequest, execute
from .simulate import MISSING

QUESTION = (
    "Which queues were offered the most conversations, and how long did callers wait for an "
    "answer?"
)
SQL = """\
SELECT q.name AS queue,
       sum(s.n_offered) AS offered,
       sum(s.t_answered_count) AS answered,
       sum(s.t_abandon_count) AS abandoned,
       round(sum(s.t_answered) / 1000 / sum(s.t_answered_count), 1) AS avg_wait_s
FROM read_csv('{folder}/sessions/*.csv.gz', allow_quoted_nulls = false) AS s
JOIN read_csv('{folder}/dim_queues/*.csv.gz', allow_quoted_nulls = false) AS q
  ON q.id = s.queue_id AND q.conversation_date = s.conversation_date
GROUP BY q.name
ORDER BY offered DESC
LIMIT 5"""
NEXT = (
    "Next, to try the other commands without an account: genesys-export simulate",
    "Next, for your own organisation: genesys-export init",
)
NAMES = "GENESYS_EXPORT_EXPORT__NAMES"


def show_everything(folder: Path, *, per_day: int) -> int:
    """Run the demo; return the export's exit status."""
    try:
        import duckdb  # noqa: F401, PLC0415 - an extra: missed now rather than at the end

        from genesys_simulator import World, serve  # noqa: PLC0415 - an extra
    except ImportError as problem:
        raise WrongSettings(MISSING, advice=how_to_install("simulator")) from problem

    world = plural(per_day, "conversation")
    _say(f"1. Start a simulated Genesys Cloud with {world} a day.")
    with serve(World.generated(per_day=per_day)) as genesys:
        environ = {
            "GENESYS_CLOUD_BASE_URL": genesys.base_url,
            "GENESYS_CLIENT_ID": genesys.client_id,
            "GENESYS_CLIENT_SECRET": genesys.client_secret,
            "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.2s",
            NAMES: "true",
        }
        _say(f"2. Export yesterday, with lookup tables of names: genesys-export run --to {folder}")
        # No settings file: one in this folder belongs to a real organisation.
        status = execute(RunRequest(), {"to": str(folder), "config": os.devnull}, environ)
    if status:
        return status
    _say("3. The exported files:")
    _say(*(f"   {line}" for line in tree(folder)))
    _say(f"4. {QUESTION}")
    _say(*(f"   {line}".rstrip() for line in answer(folder)))
    _say(*NEXT)
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
    # On a busy machine a query takes seconds, and DuckDB would draw its progress into the answer.
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        found = connection.sql(sql)
        names, rows = found.columns, found.fetchall()
    cells = [list(names), *([str(value) for value in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(names))]
    lines = ("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in cells)
    return [*sql.splitlines(), "", *(line.rstrip() for line in lines)]


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join((*lines, "")))
    sys.stdout.flush()
