"""`backfill --cluster`: from flags to what exports days on a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ..assembly.working import Work
from ..export import Choice, DayResult, ExportOptions
from ..integrations.dask import spread
from ..integrations.dask.connecting import connected
from ..integrations.dask.task import Recipe
from ..settings import FILE_NAME, Flags, Settings
from .observed import Elsewhere


@contextmanager
def on_cluster(address: str, settings: Settings, flags: Flags) -> Iterator[Elsewhere]:
    """Yield what exports days on the cluster; workers that were started here end with it.

    Workers read the settings file at the place where this process found it.
    """
    file = settings.folder / (flags.get("config") or FILE_NAME)
    config = str(file.absolute()) if flags.get("config") or file.exists() else None
    told: Flags = {**flags, "config": config}
    told.pop("shard", None)  # organisations are named, each to its worker
    recipe = Recipe(flags=told)
    plain = settings.cluster.allow_plain_text
    with connected(address, allow_plain_text=plain) as client:

        def elsewhere(work: Work, choice: Choice, options: ExportOptions) -> Iterable[DayResult]:
            is_local = address.startswith("local")
            return spread(client, recipe, work, choice.days, options, is_local=is_local)

        yield elsewhere
