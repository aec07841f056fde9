"""Export a range of days on a Dask cluster (extra `[dask]`).

A task is an organisation and up to 31 of its days. Organisations are spread over the workers; an
organisation is on one worker at a time, because one budget of requests is what limits it, unless
`workers_per_org` says otherwise. Tasks can be repeated: claims and manifests at the destination
decide what is to be done, whatever Dask has lost.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ...assembly.dates import AnyDay
from ...assembly.working import Surroundings, Work
from ...days import Day
from ...events import Observe, ignore
from ...export import DayResult, ExportOptions
from ...settings import Flags
from .agenda import Agenda
from .driver import Driver
from .task import Recipe

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["backfill", "spread"]


def backfill(  # noqa: PLR0913 - all but the range by keyword
    client: Client,
    start: AnyDay,
    end: AnyDay,
    *,
    file: str | os.PathLike[str] | None = None,
    org: str | None = None,
    options: ExportOptions | None = None,
    on_event: Observe = ignore,
    **settings: object,
) -> Iterator[DayResult]:
    """Export the days from `start` to `end` on the client's cluster; yield how each ended.

    `file` and `settings` are those of `Exporter.from_settings`. They are sent to the workers,
    which read the file at the same place, and secrets from it or from their own environment.
    Raises WrongUse where one of `settings` is a secret, WrongSettings where versions differ.
    """
    config = str(Path(file).absolute()) if file else None
    recipe = Recipe(flags=Flags(config=config), keywords=settings)
    read = recipe.settings(org or "")
    work = Work(read, Surroundings(observe=on_event))
    try:
        choice, _ = work.range(start, end)
        results = spread(client, recipe, work, choice.days, options or ExportOptions())
    except BaseException:
        work.close()
        raise
    return _closing(work, results)


def spread(
    client: Client,
    recipe: Recipe,
    work: Work,
    days: Sequence[Day],
    options: ExportOptions,
    *,
    is_local: bool = False,
) -> Iterator[DayResult]:
    """Export the days of every organisation of the settings, in this order.

    The client announces them and reports to monitoring systems; workers do neither.
    """
    from .cluster import Cluster  # noqa: PLC0415 - an extra

    driver = driver_of(work, days)
    cluster = Cluster(
        client=client,
        recipe=recipe,
        options=options,
        workers_per_org=work.settings.cluster.workers_per_org,
        observe=driver.hear,
        is_local=is_local,
    )
    cluster.prepare()
    return work.watched(driver.results(cluster))


def driver_of(work: Work, days: Sequence[Day]) -> Driver:
    """Return the loop over the days of all organisations; raises WrongSettings."""
    settings, around, announcing = work.settings, work.around, work.announcing
    agenda = Agenda(
        orgs=work.orgs,
        datasets=[one.name for one in settings.datasets],
        days=days,
        per_org=settings.cluster.workers_per_org,
    )
    driver = Driver(
        agenda=agenda, clock=around.clock, observe=around.observe, pending=around.pending
    )
    if announcing:
        driver.opening = partial(announcing.begin, store=work.store)
    return driver


def _closing(work: Work, results: Iterator[DayResult]) -> Iterator[DayResult]:
    with closing(work):
        yield from results
