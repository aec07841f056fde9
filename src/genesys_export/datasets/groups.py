"""By what a table of statistics can be grouped: columns, and what the API calls them."""

from __future__ import annotations

from .spec import Kind, Table

_GROUP = ".group."


def dimensions_of(table: Table) -> dict[str, str]:
    """Return the API's name of each column that the table can be grouped by, in file order."""
    return {
        column.name: (column.path or "").partition(_GROUP)[2]
        for column in table.of_kind(Kind.KEY)
        if _GROUP in (column.path or "")
    }
