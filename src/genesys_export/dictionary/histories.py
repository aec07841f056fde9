"""Histories: a view over the days' snapshots of a table, one row for as long as nothing changed.

Knows no engine: the SQL is what all of them have. Grouping takes two nulls as equal everywhere, so
values are compared by nothing else.
"""

from __future__ import annotations

from collections.abc import Callable

from ..datasets import Kind, Table

_OPEN = "DATE '9999-12-31'"  # while a row is in the newest snapshot
_VIEW = """\
CREATE OR REPLACE VIEW {view} AS
SELECT
  {head}MIN({day}) AS {valid_from},
  NULLIF(MAX({until}), {open}) AS {valid_to}{rest}
FROM (
  SELECT
    {columns},
    t.{day},
    s.{until},
    s.{snapshot} - ROW_NUMBER() OVER (PARTITION BY {columns} ORDER BY t.{day}) AS {run}
  FROM {table} AS t
  JOIN (
    SELECT
      {day},
      ROW_NUMBER() OVER (ORDER BY {day}) AS {snapshot},
      COALESCE(LEAD({day}) OVER (ORDER BY {day}), {open}) AS {until}
    FROM (SELECT DISTINCT {day} FROM {table}) AS d
  ) AS s ON s.{day} = t.{day}
) AS r
GROUP BY {grouped}, {run}"""


def history(table: Table, quote: Callable[[str], str]) -> str:
    """Return the statement that makes `<table>_history`.

    Equal snapshots that follow each other are one row, whatever the days between them. A row is
    valid from its first snapshot up to the first one that does not have it; null: it is in the
    newest one. New columns of later versions come last, so that the view can be replaced.
    """
    keys = [quote(name) for name in table.primary_key if name != table.day.name]
    rest = [
        quote(one.name)
        for one in table.columns
        if one.in_history and one.kind is not Kind.EXTRA and not one.type.is_list
        if one != table.day and one.name not in table.primary_key
    ]
    every = [*keys, *rest]
    return _VIEW.format(
        view=quote(f"{table.name}_history"),
        table=quote(table.name),
        head="".join(f"{one},\n  " for one in keys),
        rest="".join(f",\n  {one}" for one in rest),
        columns=", ".join(f"t.{one}" for one in every),
        grouped=", ".join(every),
        day=quote(table.day.name),
        open=_OPEN,
        **{name: quote(name) for name in ("valid_from", "valid_to")},
        **{name: quote(f"_{name}") for name in ("until", "snapshot", "run")},
    )
