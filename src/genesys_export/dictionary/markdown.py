"""The data dictionary as one Markdown page.

Pure: a dataset in, text out. A rule that several columns share, and a column that several tables
share, is stated once and referred to; so is what the sums of metrics and their counts mean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from ..datasets import Column, Dataset, Kind, PersonalData, Table
from .pages import KINDS, Rules, chosen, general, sentence, unit

BAR = "\\|"  # ends no cell, not even inside a code span

_CLASSES = {
    PersonalData.NONE: "identifies nobody on its own; not marked below",
    PersonalData.PERSONAL: "identifies a customer or employee: an id, number, address or score",
    PersonalData.SENSITIVE: "free text that may contain anything",
}


def as_markdown(dataset: Dataset, tables: Sequence[str] | None = None) -> str:
    """Return the dictionary as one Markdown page; of all tables unless some are named.

    Raises WrongUse for a table that the dataset does not have.
    """
    wanted = chosen(dataset.tables, tables)
    linked = {table.name for table in wanted}
    blocks = [
        f"# Tables of the dataset `{dataset.name}`",
        "<!-- Made by `genesys-export tables --markdown`; a test compares it. Don't edit. -->",
        sentence(dataset),
        "\n".join(_contents(wanted)),
        "Personal data:\n"
        + "\n".join(f"* *{one.value}*: {meaning}." for one, meaning in _CLASSES.items()),
    ]
    rules = Rules.of(dataset, apart=_READINGS)
    if told := rules.used_by(wanted):
        lines = (f"* *{name}*: {_cell(rule)}." for name, rule in told)
        blocks.append("Rules that several columns share:\n" + "\n".join(lines))
    blocks += [_NAMED, *_readings(wanted)]
    shared = _shared(wanted)
    if shared:
        blocks.append("Columns that several tables have, marked *shared* there:")
        blocks.append("\n".join((*_HEAD, *(_row(each, rules) for each in shared.values()))))
    marks = dict.fromkeys(shared, "*shared*")
    for table in wanted:
        rows = "\n".join((*_HEAD, *_rows(table, rules, marks)))
        blocks += [f"## {table.name}", "\n".join(_points(table, linked)), rows]
        readings = (one for one in table.columns if one.kind in _READINGS)
        marks |= {_apart_from_rule(one): f"*as in {table.name}*" for one in readings}
    return "\n\n".join(blocks) + "\n"


def _contents(tables: Sequence[Table]) -> Iterator[str]:
    yield "| table | one row is | columns |"
    yield "|---|---|---|"
    for table in tables:
        link = f"[`{table.name}`](#{table.name})"
        yield f"| {link} | {_cell(table.grain)} | {len(table.columns)} |"


def _points(table: Table, linked: set[str]) -> Iterator[str]:
    yield f"* From `{table.path}` ({table.model})."
    yield f"* Primary key: {_codes(table.primary_key)}."
    for key in table.foreign_keys:
        target = f"`{key.references}`"
        link = f"[{target}](#{key.references})" if key.references in linked else target
        theirs = "" if key.columns == key.ref_columns else f" ({_codes(key.ref_columns)})"
        yield f"* Foreign key: {_codes(key.columns)} → {link}{theirs}."
    if table.note:
        yield f"* {table.note}"


# The kinds whose rules are one for each table, and are stated once.
_READINGS = (Kind.SUM, Kind.COUNT)
_NAMED = (
    "A column without a source is the field of the table's object with that name in the API's "
    "spelling: `external_tag` is `externalTag`."
)
_COUNTS = (
    "A column `x_count`, marked *count*, says how many readings make up the sum `x` (`int64`, "
    "null if there are none): divide by it for the average. "
    "Its source is that of `x` without `.value`."
)
_HEAD = ("| column | type | meaning | source |", "|---|---|---|---|")
_ITS_OBJECT = "the table's object"


def _readings(tables: Sequence[Table]) -> Iterator[str]:
    """Yield what the sums of metrics mean in each table, and what their counts mean."""
    rules = {table.name: general(table.of_kind(Kind.SUM)[0]) for table in _with(Kind.SUM, tables)}
    if rules:
        lines = (f"* in `{name}`: {_cell(rule)}." for name, rule in rules.items())
        yield "\n".join(
            (
                "Columns with the source `metrics[…].value` (also those marked *as in*):",
                *lines,
            )
        )
    if _with(Kind.COUNT, tables):
        yield _COUNTS


def _with(kind: Kind, tables: Sequence[Table]) -> list[Table]:
    return [table for table in tables if table.of_kind(kind)]


def _shared(tables: Sequence[Table]) -> Mapping[Column, Column]:
    """Return the columns that at least three tables have alike, in file order.

    A column whose source is its table's own object differs in the path only.
    """
    found = Counter(_alike(table, column) for table in tables for column in table.columns)
    return {column: column for column, times in found.items() if times >= 3}


def _alike(table: Table, column: Column) -> Column:
    return replace(column, path=_ITS_OBJECT) if column.path == table.path else column


def _apart_from_rule(column: Column) -> Column:
    """Return a sum or count of one table as another one may have it."""
    return replace(column, rule="")


def _rows(table: Table, rules: Rules, marks: Mapping[Column, str]) -> Iterator[str]:
    def mark(column: Column) -> str:
        otherwise = "*count*" if column.kind is Kind.COUNT else ""
        is_reading = column.kind in _READINGS
        key = _apart_from_rule(column) if is_reading else _alike(table, column)
        return marks.get(key, otherwise)

    for marked, columns in groupby(table.columns, mark):
        if marked:
            yield f"| {_codes([column.name for column in columns])} | {marked} |"
        else:
            yield from (_row(_bare(table, column), rules) for column in columns)


def _bare(table: Table, column: Column) -> Column:
    """Return a field without its path where the name says it."""
    first, *rest = column.name.split("_")
    named = first + "".join(part.title() for part in rest)
    is_said = column.kind is Kind.FIELD and column.path == f"{table.path}.{named}"
    return replace(column, path=None) if is_said else column


def _row(column: Column, rules: Rules) -> str:
    marks = (f"`{column.type.value}`", _cell(unit(column)), _mark(column))
    cells = (
        f"`{column.name}`",
        ", ".join(filter(None, marks)),
        _cell(column.description),
        _source(column, rules),
    )
    return f"| {' | '.join(cells)} |"


def _mark(column: Column) -> str:
    """Return the class of personal data, "" if there is none."""
    is_none = column.personal_data is PersonalData.NONE
    return "" if is_none else f"*{column.personal_data.value}*"


def _source(column: Column, rules: Rules) -> str:
    path = f"`{column.path.replace('|', BAR)}`" if column.path else ""
    path = column.path if column.path == _ITS_OBJECT else path
    if shared := rules.named(column):
        found = [path, f"*{shared}*"]
    elif column.kind is Kind.SUM:
        found = [path]
    elif column.kind is Kind.DERIVED and not path:
        found = [f"derived: {_cell(column.rule)}"]
    else:
        found = [KINDS[column.kind], path, f"rule: {_cell(column.rule)}" if column.rule else ""]
    return "; ".join(filter(None, found))


def _codes(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    """Return text that neither ends its cell nor is taken for markup or HTML."""
    return text.replace("|", BAR).replace("<", "&lt;").replace("*", "\\*")
