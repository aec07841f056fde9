"""The data dictionary as one Markdown page.

Pure: datasets in, text out. What many columns have in common (a source that follows from the
name, the meaning of sums and counts, a column that several tables share) is stated once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from ..datasets import Column, Dataset, Kind, PersonalData, Table
from .pages import chosen_of_each, general, sentence, unit

BAR = "\\|"  # ends no cell, not even inside a code span

_LEGEND = """\
# Tables

<!-- Made by `genesys-export tables --markdown`; a test compares it. Don't edit. -->

* Personal data: *personal* columns identify a customer or employee (an id, number, address or \
score); *sensitive* ones are free text that may contain anything; unmarked ones (`none`) identify \
nobody on their own.
* Sources: a path after "From" is relative to the table's object, or to the record if it starts \
with `$`. A column with neither path nor rule is the object's field with that name in the API's \
spelling: `external_tag` is `externalTag`.
* A foreign key consists of the primary key's columns of the table that it names.\
"""
_HEAD = ("|column|type|meaning|", "|---|---|---|")
# Columns made of the readings of one metric; each table has one rule for all of them.
_READINGS = (Kind.SUM, Kind.COUNT)
_SUMS = (
    "Columns `n_…` and `t_…` sum up the metric METRIC that has their name in the API's spelling "
    "(`n_offered`: `nOffered`):"
)
_COUNTS = (
    "* `x_count` is the number of values in the sum `x` (`int64`, null when there is none, not "
    "0): the divisor for the average."
)


def as_markdown(datasets: Sequence[Dataset], tables: Sequence[str] | None = None) -> str:
    """Return the dictionary as one Markdown page; of all tables unless some are named.

    Raises WrongUse for a table that no dataset has.
    """
    blocks = [_LEGEND]
    for dataset, wanted in chosen_of_each(datasets, tables):
        blocks += _chapter(dataset, wanted)
    return "\n\n".join(blocks) + "\n"


def _chapter(dataset: Dataset, tables: Sequence[Table]) -> Iterator[str]:
    yield f"## Dataset `{dataset.name}`"
    yield sentence(dataset)
    yield "\n".join(_contents(tables))
    if sums := list(_sums(tables)):
        yield "\n".join((_SUMS, *sums, _COUNTS))
    shared = _shared(tables)
    if shared:
        yield "Columns marked *shared* in several tables:"
        yield "\n".join((*_HEAD, *(_row(each) for each in shared)))
    marks = dict.fromkeys(shared, "*shared*")
    linked = {table.name for table in tables}
    earlier: list[Column] = []  # the readings of the tables so far
    for table in tables:
        yield f"### {table.name}"
        yield "\n".join(_points(table, linked))
        yield "\n".join((*_HEAD, *_rows(table, marks, earlier)))
        readings = [_local(table, each) for each in table.columns if each.kind in _READINGS]
        marks |= dict.fromkeys(readings, f"*as in {table.name}*")
        earlier += readings


def _contents(tables: Sequence[Table]) -> Iterator[str]:
    yield "|table|one row is|columns|"
    yield "|---|---|---|"
    for table in tables:
        link = f"[`{table.name}`](#{table.name})"
        yield f"|{link}|{_cell(table.grain)}|{len(table.columns)}|"


def _points(table: Table, linked: set[str]) -> Iterator[str]:
    yield f"* From `{table.path}` ({table.model})."
    yield f"* Primary key: {_codes(table.primary_key)}."
    targets = [key.references for key in table.foreign_keys]
    if targets:
        links = (f"[`{name}`](#{name})" if name in linked else f"`{name}`" for name in targets)
        yield f"* Foreign key{'s' * (len(targets) > 1)}: {', '.join(links)}."
    if table.note:
        yield f"* {table.note}"


def _sums(tables: Sequence[Table]) -> Iterator[str]:
    """Yield what the sums of metrics mean in each table."""
    for table in tables:
        if sums := table.of_kind(Kind.SUM):
            yield f"* in `{table.name}`: {_cell(general(sums[0]))}."


def _shared(tables: Sequence[Table]) -> Sequence[Column]:
    """Return the columns that at least three tables have alike, in file order."""
    found = Counter(_local(table, column) for table in tables for column in table.columns)
    return [column for column, times in found.items() if times >= 3]


def _local(table: Table, column: Column) -> Column:
    """Return a column with its path in its table's object, None where the page says it already.

    Sums and counts lose their rule too: it is that of their table.
    """
    path = (column.path or "").removeprefix(table.path).removeprefix(".")
    if column.kind in _READINGS:
        is_said = f'metrics[?name=="{_in_api(column.name.removesuffix("_count"))}"]' in path
        return replace(column, path=None if is_said else path, rule="")
    # A position is one in the list that its table is made from.
    is_said = path in ("", _in_api(column.name)) or path.endswith("[]")
    return replace(column, path=None if is_said or column.kind is Kind.MAP_KEY else path)


def _in_api(name: str) -> str:
    """Return the API's spelling of a column's name."""
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def _rows(table: Table, marks: Mapping[Column, str], earlier: Sequence[Column]) -> Iterator[str]:
    columns = [_local(table, column) for column in table.columns]
    counts = {each.name for each in columns if each.kind is Kind.COUNT}
    for mark, group in groupby(columns, lambda each: marks.get(each, "")):
        alike = list(group)
        if mark and alike == earlier:
            yield f"|`{alike[0].name}` … `{alike[-1].name}`|{mark}, in the same order|"
        elif mark:
            yield f"|{_codes([column.name for column in alike])}|{mark}|"
        else:
            # a count follows its sum
            yield from (_row(one, counts) for one in alike if one.kind is not Kind.COUNT)


def _row(column: Column, counts: Collection[str] = ()) -> str:
    """Return the row of a column, and of the count of a sum if it has one."""
    count = f"{column.name}_count"
    names = [column.name, *([count] if count in counts else [])]
    marks = (f"`{column.type.value}`", _cell(unit(column)), _mark(column))
    meaning = " ".join(filter(None, (_cell(column.description), *_source(column))))
    return f"|{_codes(names)}|{', '.join(filter(None, marks))}|{meaning}|"


def _mark(column: Column) -> str:
    """Return the class of personal data, "" if there is none."""
    is_none = column.personal_data is PersonalData.NONE
    return "" if is_none else f"*{column.personal_data.value}*"


def _source(column: Column) -> Iterator[str]:
    if column.path:
        start = "Copied from" if column.kind is Kind.CARRIED else "From"
        yield f"{start} `{column.path.replace('|', BAR)}`."
    if column.rule:
        yield f"*Rule:* {_cell(column.rule)}."


def _codes(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    """Return text that neither ends its cell nor is taken for markup or HTML."""
    return text.replace("|", BAR).replace("<", "&lt;").replace("*", "\\*")
