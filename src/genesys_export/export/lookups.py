"""The lookup tables of a day: lists in, staged files out, and which list may not be read.

A list that the client has no right to costs its table and nothing else: the day is published
without it, says so, and the run ends with the status of a missing permission.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Event as Flag
from typing import Any

from ..claim import SealedFile
from ..datasets import Table, names
from ..days import Day, split
from ..encode import Format, Opener, raw_rows
from ..errors import NotPermitted, SignInRefused
from ..events import Noticed, Observe
from ..flatten.named import as_lines, named
from ..model import Batch, Clock, Names, StagedFile, Store
from ..privacy.values import protect
from .plan import Plan, Roll
from .threads import ahead


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


@dataclass(frozen=True, slots=True)
class Named:
    """The lookup tables of a day, staged, and those that are missing."""

    tables: tuple[SealedFile, ...] = ()
    missing: tuple[Missing, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the manifest says."""
        return tuple(str(one) for one in self.missing)

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
        """Throw away what was staged."""
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

    def stage(self, day: Day) -> Named:
        """Read every list and stage its table; raises what the source and the store raise."""
        staged: list[SealedFile] = []
        missing: list[Missing] = []
        try:
            for table in _chosen(self.plan.names):
                try:
                    batch = named(table, day, self._entities(table))
                except SignInRefused:
                    raise
                except NotPermitted as problem:
                    missing.append(Missing(table.name, problem.permissions))
                    self.observe(Noticed(message=f"{day}: {missing[-1]}"))
                else:
                    file = self._file(table, day, protect(batch, self.plan.privacy))
                    staged.append(
                        SealedFile(table=table.name, rows=batch.rows.num_rows, file=file)
                    )
        except BaseException:
            Named(tuple(staged)).discard(self.store)
            raise
        return Named(tuple(staged), tuple(missing))

    def _entities(self, table: Table) -> list[Mapping[str, Any]]:
        """Read the list; a signal ends that within a moment."""
        pages = ahead(self.names.pages(table.name), abandon=Flag(), clock=self.clock)
        return [entity for page in pages for entity in page]

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
    """Return the key of a lookup table's one file of the day, whatever the slices and limits."""
    alone = replace(plan, slices=1, roll=Roll())
    return alone.key(table, split(day, 1)[0])


def _chosen(wanted: Sequence[str]) -> tuple[Table, ...]:
    return tuple(table for table in names().tables if table.name in wanted)
