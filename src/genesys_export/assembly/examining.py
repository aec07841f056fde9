"""Settings become what looks at an export: doctor's checks, verifiers, the places of status."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING

from .. import life
from ..api import Clock, Filters
from ..datasets import Dataset, Table, dataset_named
from ..errors import WrongSettings
from ..events import Observe
from ..findings import Finding, failed
from ..locations import Home
from ..manifest import Manifest
from ..operations.doctor.destination import Concessions, destination
from ..operations.doctor.genesys import Asked, Genesys, genesys
from ..operations.doctor.machine import machine
from ..operations.doctor.summary import Part
from ..operations.verify.verify import Verifier
from ..settings import Org, Settings
from ..source_count import SourceCounter, Tolerance
from .connections import (
    bucket_options,
    client_of,
    hosts_of,
    setting_names_of,
    store_of,
    transport_of,
)
from .planning import counting, policy_of, source_of
from .reporting import announcements, monitoring

if TYPE_CHECKING:
    from .announcing import Announcing

_PATIENCE = timedelta(seconds=20)


def check_up(settings: Settings, *, clock: Clock, observe: Observe) -> Iterator[Part]:
    """Yield what doctor examines, one part after the other; raises WrongSettings."""
    settings.require_some()
    target = settings.require_destination()
    yield Part("This machine", machine(settings.export.timezone, settings.warnings))
    for org in settings.org_names:
        about = f"Genesys Cloud, {org}" if org else "Genesys Cloud"
        yield Part(about, _of_org(settings, org, clock=clock, observe=observe))
    found = destination(
        target.to,
        bucket_options(target),
        now=clock.now,
        token=token_hex(8),
        concessions=Concessions(
            single_writer=target.options.single_writer,
            network_folder=target.options.network_folder,
            stateless=target.options.state == "off",
        ),
    )
    yield Part(f"Destination {target.to}", found)
    if settings.notify:
        yield Part("Announcements", announcements(settings, clock=clock, observe=observe))
    if settings.telemetry.otlp or settings.telemetry.prometheus_file:
        yield Part("Monitoring", monitoring(settings))


def _of_org(
    settings: Settings, name: str, *, clock: Clock, observe: Observe
) -> Generator[Finding, None, None]:
    """Yield the findings of an organisation, or the one of what is wrong with its settings."""
    try:
        examined = _examined(settings, settings.require_org(name), clock=clock, observe=observe)
    except WrongSettings as problem:
        found = " ".join(problem.message.split())  # one line
        yield replace(failed(problem), name="settings", found=found)
        return
    yield from genesys(examined)


def verifiers(
    settings: Settings,
    *,
    clock: Clock,
    observe: Observe,
    source: bool,
    given: Callable[[str], str] = lambda _: "",
) -> Iterator[Verifier]:
    """Yield a verifier for every organisation and dataset asked for; raises WrongSettings.

    With `source` it lets the source count again; without it, no credentials are needed. `given`
    returns the flags that suggested commands of an organisation repeat.
    """
    store = store_of(settings.require_destination(), observe)
    announcing = _announcing(settings, clock, observe)
    orgs = {org.name: org for org in settings.require_source()} if source else {}
    several = len(settings.datasets) > 1
    for name in orgs or settings.org_names:
        counter = _recount(settings, orgs[name], clock=clock, observe=observe) if source else None
        for dataset in settings.datasets:
            home = Home(name, dataset.name)
            told = {"announce": announcing.teller(store, home).damaged} if announcing else {}
            yield Verifier(
                dataset=dataset,
                home=home,
                store=store,
                whose=" ".join(filter(None, (name, dataset.name if several else ""))),
                given=given(name),
                is_past=partial(
                    life.is_past, now=clock.now(), policy=policy_of(settings, dataset)
                ),
                pulse=lambda: clock.sleep(0),  # a signal comes in here
                observe=observe,
                counter=counter,
                tolerance=Tolerance(share=settings.proof.tolerance, floor=settings.proof.floor),
                **told,
            )


def _announcing(settings: Settings, clock: Clock, observe: Observe) -> Announcing | None:
    """Return who announces damaged days, if anybody is to be told."""
    if not settings.notify:
        return None
    from .announcing import Announcing  # noqa: PLC0415 - most commands announce nothing

    return Announcing(settings, clock=clock, observe=observe, closing=ExitStack())


def _recount(
    settings: Settings, org: Org, *, clock: Clock, observe: Observe
) -> Callable[[Manifest], SourceCounter | None]:
    """Return who counts a published day at its source: with the filters it was asked with."""
    client = client_of(settings, org, clock=clock, observe=observe)

    def of(manifest: Manifest) -> SourceCounter | None:
        filters = Filters(raw=manifest.recipe.filters)
        return counting(dataset_named(manifest.dataset), client, clock, filters)

    return of


def _examined(settings: Settings, org: Org, *, clock: Clock, observe: Observe) -> Genesys:
    told = org.genesys
    patience = min(told.retry_deadline, _PATIENCE)
    impatient = replace(org, genesys=told.model_copy(update={"retry_deadline": patience}))
    client = client_of(settings, impatient, clock=clock, observe=observe)
    records = [each for each in settings.datasets if each.jobs or each.query or each.aggregates]
    asked = (
        Asked(
            about=f" ({each.name})" if len(records) > 1 else "",
            source=source_of(settings, impatient, each, client, clock=clock, observe=observe),
            counter=None
            if settings.export.query_body
            else counting(each, client, clock, Filters()),
            permission=_permission(each),
        )
        for each in records
    )
    return Genesys(
        hosts=hosts_of(org),
        transport=transport_of(settings, org),
        client=client,
        clock=clock,
        asked=tuple(asked),
        tables=tuple(_lists(settings)),
        divisions=settings.filters.division,
        proxied=org.proxy_for(hosts_of(org).api) is not None,
        names=setting_names_of(org),
    )


def _permission(dataset: Dataset) -> str:
    """Return the permission by which divisions are told."""
    endpoint = dataset.query or dataset.aggregates or dataset.jobs
    return endpoint.permission if endpoint else ""


def _lists(settings: Settings) -> Iterator[Table]:
    """Yield every table whose list is read for those to be written."""
    for dataset in settings.datasets:
        wanted = {*settings.tables_of(dataset)}
        for table in dataset.tables:
            made = {table.name, *(one.name for one in dataset.children(table.name))}
            if table.source and made & wanted:
                yield table
