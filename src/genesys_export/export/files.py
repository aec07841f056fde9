"""The files of one slice being staged: one per table, or several if they roll.

Used by one thread. Knows the plan (which tables, formats, names, limits) and the store; not where
batches come from.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ..claim import SealedFile
from ..days import Slice
from ..encode import Encoder, Opener
from ..model import Batch, Store, Upload
from .plan import Plan


@dataclass(slots=True)
class _Tap:
    """Between an encoder and its upload: counts, and can be closed.

    Arrow finishes a Parquet file even while it throws the writer away; a closed tap swallows that.
    """

    upload: Upload
    size_bytes: int = 0
    is_open: bool = True

    def write(self, data: bytes) -> None:
        """Pass on."""
        if self.is_open:
            self.size_bytes += len(data)
            self.upload.write(data)


@dataclass(slots=True)
class _File:
    tap: _Tap
    encoder: Encoder
    rows: int = 0


class Files:
    """Every file of one slice."""

    def __init__(self, plan: Plan, slice_: Slice, store: Store, token: str) -> None:
        """Begin none yet."""
        self._plan, self._slice, self._store, self._token = plan, slice_, store, token
        under_way = min(plan.slices, plan.slices_at_once)
        self._opener = Opener.of_slice(under_way, plan.newlines)
        self._open: dict[str, _File] = {}
        self._taps: list[_Tap] = []
        self._staged: dict[str, list[SealedFile]] = {name: [] for name in plan.written}

    def write(self, batch: Batch) -> None:
        """Add a batch to its table's file; ends the file where it is long enough then."""
        file = self._file(batch.table)
        file.encoder.write(batch.rows, batch.starts)
        file.rows += batch.rows.num_rows
        if self._plan.roll.is_due(file.tap.size_bytes, file.rows):
            self._finish(batch.table)

    def seal(self, but: Collection[str] = ()) -> tuple[SealedFile, ...]:
        """Finish every table's files, in the plan's order.

        A table without rows has an empty file; those in `but` then have none.
        """
        for name, staged in self._staged.items():
            if name in self._open or not (staged or name in but):
                self._file(name)
                self._finish(name)
        return tuple(one for staged in self._staged.values() for one in staged)

    def discard(self) -> None:
        """Discard all that was staged, finished or not."""
        for tap in self._taps:
            tap.is_open = False
            tap.upload.discard()

    def _file(self, name: str) -> _File:
        if name not in self._open:
            form = self._plan.format_of(name)
            key = self._plan.key(name, self._slice, len(self._staged[name]))
            tap = _Tap(self._store.stage(key, self._token, form.content_type))
            self._taps.append(tap)
            table = None if name == self._plan.raw else self._plan.dataset.table(name)
            self._open[name] = _File(tap, self._opener.open(form, table, tap.write))
        return self._open[name]

    def _finish(self, name: str) -> None:
        file = self._open.pop(name)
        file.encoder.close()
        self._staged[name].append(
            SealedFile(table=name, rows=file.rows, file=file.tap.upload.seal())
        )
