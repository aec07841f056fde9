"""The data dictionary: declarations of datasets as text for a terminal.

Pure: a dataset in, text out. Shows every column of the chosen tables, in file order, with all
that its declaration says. A rule that several columns share is stated once and referred to.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..datasets import Column, Dataset, ForeignKey, Kind, PersonalData, Table, Type
from ..errors import WrongUse
from ..plural import plural

WIDTH = 100

# What the values of a kind are, if the source path alone does not say it.
KINDS = {
    Kind.FIELD: "",
    Kind.KEY: "key",
    Kind.CARRIED: "copied from a parent table",
    Kind.SUM: "sum of one metric",
    Kind.COUNT: "number of values in that sum",
    Kind.DERIVED: "derived",
    Kind.EXTRA: "everything without a column",
    Kind.MAP_KEY: "key of the pair",
    Kind.LOCAL: "local time",
    Kind.NAME: "name of an id",
    Kind.PINNED: "value of one attribute",
}


def as_text(datasets: Sequence[Dataset], tables: Sequence[str] | None = None) -> str:
    """Return the dictionary for a terminal of 100 columns; of all tables unless some are named.

    Raises WrongUse for a table that no dataset has.
    """
    return "\n".join(_chapter(*each) for each in chosen_of_each(datasets, tables))


def _chapter(dataset: Dataset, tables: Sequence[Table]) -> str:
    rules = Rules.of(dataset)
    blocks = [_heading(dataset)]
    for table in tables:
        head = textwrap.fill(f"{table.name}: {table.grain}", WIDTH)
        lines = [head, "=" * min(len(head), WIDTH), *_facts(table), ""]
        lines += (line for column in table.columns for line in _entry(column, rules))
        blocks.append("\n".join(lines))
    if told := rules.used_by(tables):
        lines = [line for name, rule in told for line in _wrapped(f"{name}: {rule}", 2)]
        blocks.append("\n".join(("Rules", "=====", *lines)))
    return "\n\n\n".join(blocks) + "\n"


def chosen_of_each(
    datasets: Sequence[Dataset], names: Sequence[str] | None
) -> Sequence[tuple[Dataset, tuple[Table, ...]]]:
    """Return the datasets that have tables of those names, with these; raises WrongUse."""
    every = (table for each in datasets for table in each.tables)
    wanted = {table.name for table in chosen(every, names)}
    found = [(each, tuple(t for t in each.tables if t.name in wanted)) for each in datasets]
    return [(dataset, tables) for dataset, tables in found if tables]


def chosen(tables: Iterable[Table], names: Sequence[str] | None) -> tuple[Table, ...]:
    """Return the tables of those names in declared order; all where none is; raises WrongUse."""
    known = {table.name: table for table in tables}
    if unknown := [name for name in names or () if name not in known]:
        raise WrongUse(
            f"there is no table {', '.join(unknown)}", advice=f"There are {', '.join(known)}."
        )
    return tuple(table for name, table in known.items() if not names or name in names)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that at least three columns of a dataset share, each with a name."""

    names: Mapping[str, str]  # by the rule's text, a metric's name replaced by METRIC

    @classmethod
    def of(cls, dataset: Dataset) -> Rules:
        """Find them and number them in file order."""
        columns = (one for table in dataset.tables for one in table.columns)
        found = Counter(general(one) for one in columns if one.rule)
        shared = (rule for rule, times in found.items() if times >= 3)
        return cls({rule: f"rule {number}" for number, rule in enumerate(shared, 1)})

    def named(self, column: Column) -> str:
        """Return the name of the column's rule; "" where no other columns share it."""
        return self.names.get(general(column), "")

    def used_by(self, tables: Sequence[Table]) -> Sequence[tuple[str, str]]:
        """Return the names and texts of the rules that these tables use."""
        used = {general(column) for table in tables for column in table.columns}
        return [(name, rule) for rule, name in self.names.items() if rule in used]


def general(column: Column) -> str:
    """Return a rule without the metric it is about: the path names that."""
    return re.sub(r'"[nto][A-Z]\w*"', "METRIC", column.rule or "")


def sentence(dataset: Dataset) -> str:
    """Return how large the dataset is and what it is made from."""
    columns = sum(len(table.columns) for table in dataset.tables)
    return (
        f"{plural(len(dataset.tables), 'table')}, {columns} columns, "
        f"derived from {dataset.source_model}; column version {dataset.column_version}."
    )


# --- for a terminal --------------------------------------------------------------------------


def _heading(dataset: Dataset) -> str:
    return textwrap.fill(f"{dataset.name}: {sentence(dataset)}", WIDTH)


def _facts(table: Table) -> Iterator[str]:
    yield from _wrapped(f"From {table.path} ({table.model}), {len(table.columns)} columns.", 2)
    yield from _wrapped(f"Primary key: {', '.join(table.primary_key)}.", 2)
    for key in table.foreign_keys:
        yield from _wrapped(f"Foreign key: {_pointing(key)}.", 2)
    if table.note:
        yield from _wrapped(f"Note: {table.note}", 2)


def _entry(column: Column, rules: Rules) -> Iterator[str]:
    in_unit = f" [{unit(column)}]" if unit(column) else ""
    kind = f" ({KINDS[column.kind]})" if KINDS[column.kind] else ""
    yield f"  {column.name}  {column.type.value}{in_unit}, {_class(column)}{kind}"
    yield from _wrapped(column.description, 6)
    if column.path:
        # Never broken inside: a path is for copying.
        yield f"      from {column.path}"
    if column.rule:
        yield from _wrapped(rules.named(column) or f"rule: {column.rule}", 6)


def _class(column: Column) -> str:
    if column.personal_data is PersonalData.NONE:
        return "no personal data"
    return f"{column.personal_data.value} data"


def _pointing(key: ForeignKey) -> str:
    return f"({', '.join(key.columns)}) to {key.references} ({', '.join(key.ref_columns)})"


def _wrapped(text: str, indent: int) -> list[str]:
    margin = " " * indent
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=margin,
        subsequent_indent=margin + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def unit(column: Column) -> str:
    """Return the unit, "" if the type says it."""
    return "" if column.unit in column.type.value or column.type is Type.DATE else column.unit
