"""The lookup tables of a day: lists in, staged files out, and what became of lists that failed.

A list costs its own table and nothing else; the day is published in any case, and its manifest
says what happened. A list that the client has no right to ends the run with the status of a
missing permission. A list that breaks off is a warning: its table stays as it was published
before, or is published as far as it came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from threading import Event as Flag
from typing import Any

from ..claim import SealedFile
from ..datasets import NAMES, Table, dataset_named
from ..days import Day, split
from ..encode import Format, Opener, raw_rows
from ..errors import GenesysUnavailable, NotPermitted, RequestRefused, SignInRefused
from ..events import Noticed, Observe
from ..export.plan import Plan, Roll
from ..flatten.named import as_lines
from ..flatten.named import named as rows_of
from ..manifest import File
from ..model import Batch, Clock, Names, StagedFile, Store
from ..privacy.values import protect
from ..threads import ahead

_HURRIED_S = 20.0  # for a request, once another list has waited as long as settings allow


@dataclass(frozen=True, slots=True)
class Missing:
    """A lookup table that is not written, and any of which permissions would help."""

    table: str
    permissions: tuple[str, ...]

    def __str__(self) -> str:
        """Return the sentence that the manifest and the operator read."""
        return f"{self.table} is not written: {self.needed} is missing"

    @property
    def needed(self) -> str:
        """The permissions, in words."""
        return " or ".join(self.permissions) or "the permission to read its list"


class Fate(StrEnum):
    """What happens to a lookup table whose list was cut off."""

    KEPT = "keeps its previously published version"
    CUT = "is cut"
    ABSENT = "is not written"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenOff:
    """A lookup table whose list was cut off after so many entries."""

    table: str
    entries: int
    fate: Fate
    why: str

    def __str__(self) -> str:
        """Return the sentence that the manifest and the operator read."""
        entries = "1 entry" if self.entries == 1 else f"{self.entries:,} entries"
        return f"{self.table} {self.fate}: its list was cut off after {entries} ({self.why})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The lookup tables that are published already, where they may stay."""

    tables: Mapping[str, tuple[File, ...]] = field(default_factory=dict)
    cut: tuple[str, ...] = ()  # those that are not whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The lookup tables of a day: staged, left as they were, or missing."""

    tables: tuple[SealedFile, ...] = ()
    kept: Mapping[str, tuple[File, ...]] = field(default_factory=dict)
    cut: tuple[str, ...] = ()  # tables that don't hold their whole list
    missing: tuple[Missing, ...] = ()
    notes: tuple[str, ...] = ()  # what the manifest says

    def problem(self, day: Day) -> NotPermitted | None:
        """Return what the run ends with, although the day is published; None if all is there."""
        if not self.missing:
            return None
        lists = "; ".join(str(one) for one in self.missing)
        needed = ", ".join(dict.fromkeys(one.needed for one in self.missing))
        return NotPermitted(
            f"{day} is published, but {lists}",
            permissions=tuple(one for each in self.missing for one in each.permissions),
            advice=f"Give {needed} to a role of the OAuth client, in every division; or set"
            " names = false.",
        )

    @property
    def upload_ids(self) -> frozenset[str]:
        """Return the ids of what was staged."""
        return frozenset(table.file.upload_id for table in self.tables)

    def discard(self, store: Store) -> None:
        """Discard what was staged."""
        for table in self.tables:
            store.discard(table.file)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupStager:
    """What writes the lookup tables of one day."""

    plan: Plan
    names: Names
    store: Store
    observe: Observe
    token: str
    clock: Clock

    def stage(self, day: Day, earlier: Callable[[], Earlier]) -> Named:
        """Read every list and stage its table; raises what the store raises, and SignInRefused.

        Once a list has used up the patience of a request, the others get little. `earlier` is
        called where a list breaks off.
        """
        named = Named()
        patience_s: float | None = None
        try:
            for table in _chosen(self.plan.names):
                entities: list[Mapping[str, Any]] = []
                try:
                    self._read(table, entities, patience_s)
                except SignInRefused:
                    raise
                except NotPermitted as problem:
                    named = _without(named, Missing(table.name, problem.permissions))
                except GenesysUnavailable as problem:
                    if not isinstance(problem, RequestRefused):
                        patience_s = _HURRIED_S
                    before = earlier()
                    broken = _broken_off(table.name, len(entities), before, problem)
                    named = _with(named, broken, before)
                    if broken.fate is Fate.CUT:
                        named = self._staged(named, table, day, entities)
                else:
                    named = self._staged(named, table, day, entities)
        except BaseException:
            named.discard(self.store)
            raise
        for note in named.notes:
            self.observe(Noticed(message=f"{day}: {note}"))
        return named

    def _read(
        self, table: Table, entities: list[Mapping[str, Any]], patience_s: float | None
    ) -> None:
        """Add the list's entities, as far as they come; a signal ends that within a moment."""
        if table.source is None:
            return
        pages = self.names.pages(table.source, patience_s=patience_s)
        for page in ahead(pages, abandon=Flag(), clock=self.clock):
            entities.extend(page)

    def _staged(
        self, named: Named, table: Table, day: Day, entities: Sequence[Mapping[str, Any]]
    ) -> Named:
        batch = rows_of(table, day, entities)
        file = self._file(table, day, protect(batch, self.plan.privacy))
        sealed = SealedFile(table=table.name, rows=batch.rows.num_rows, file=file)
        return replace(named, tables=(*named.tables, sealed))

    def _file(self, table: Table, day: Day, batch: Batch) -> StagedFile:
        form = self.plan.format
        key = key_of(self.plan, table.name, day)
        upload = self.store.stage(key, self.token, form.content_type)
        try:
            opener = Opener.of_slice(1, self.plan.newlines)
            if form is Format.JSONL:
                encoder = opener.open(form, None, upload.write)
                encoder.write(raw_rows(as_lines(batch)), batch.starts)
            else:
                encoder = opener.open(form, table, upload.write)
                encoder.write(batch.rows, batch.starts)
            encoder.close()
            return upload.seal()
        except BaseException:
            upload.discard()
            raise


def key_of(plan: Plan, table: str, day: Day) -> str:
    """Return the key of a lookup table's single file of the day."""
    alone = replace(plan, slices=1, roll=Roll())
    return alone.key(table, split(day, 1)[0])


def _chosen(wanted: Sequence[str]) -> tuple[Table, ...]:
    return tuple(table for table in dataset_named(NAMES).tables if table.name in wanted)


def _broken_off(
    table: str, entries: int, earlier: Earlier, problem: GenesysUnavailable
) -> BrokenOff:
    """Decide: the complete list; else what was received; else the previous version."""
    is_there = table in earlier.tables
    if is_there and table not in earlier.cut:
        fate = Fate.KEPT
    elif entries:
        fate = Fate.CUT
    else:
        fate = Fate.KEPT if is_there else Fate.ABSENT
    return BrokenOff(table=table, entries=entries, fate=fate, why=problem.message)


def _with(named: Named, broken: BrokenOff, earlier: Earlier) -> Named:
    table, is_kept = broken.table, broken.fate is Fate.KEPT
    is_cut = broken.fate is Fate.CUT or (is_kept and table in earlier.cut)
    return replace(
        named,
        kept={**named.kept, table: earlier.tables[table]} if is_kept else named.kept,
        cut=(*named.cut, table) if is_cut else named.cut,
        notes=(*named.notes, str(broken)),
    )


def _without(named: Named, missing: Missing) -> Named:
    return replace(named, missing=(*named.missing, missing), notes=(*named.notes, str(missing)))
