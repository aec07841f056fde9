"""Settings become connections to Genesys and to the destination. No request is sent here.

One place says how a client of either looks, for the run and for whoever examines it.
"""

from __future__ import annotations

from collections.abc import Callable
from random import SystemRandom

from ..api import (
    Budget,
    Budgets,
    Client,
    Clock,
    Credentials,
    Hosts,
    RetryPolicy,
    SettingNames,
    TokenPool,
    Transport,
    TransportOptions,
    budget_for,
    hosts,
)
from ..events import Observe
from ..export.slots import most_open
from ..model import Store
from ..settings import Org, Settings, Target
from ..store import S3Options, SingleWriter, open_store

KIB, MIB = 1 << 10, 1 << 20


def setting_names_of(org: Org) -> SettingNames:
    """Return what errors call the organisation's settings."""
    if not org.name:
        return SettingNames()
    return SettingNames(
        client_id=org.variable("client_id"),
        client_secret=org.variable("client_secret"),
        region=org.variable("region"),
        base_url=org.variable("base_url"),
        login_url=org.variable("login_url"),
        proxy=f"HTTPS_PROXY or {org.variable('proxy')}",
        section=".".join(org.path),
    )


def hosts_of(org: Org) -> Hosts:
    """Return where the organisation is."""
    told = org.genesys
    return hosts(
        base_url=told.base_url,
        region=told.region,
        login_url=told.login_url,
        names=setting_names_of(org),
    )


def transport_of(settings: Settings, org: Org) -> Transport:
    """Return a pool of connections to it; raises WrongSettings for a bad CA bundle or proxy."""
    told, proxy = org.genesys, org.proxy_for(hosts_of(org).api)
    return Transport(
        TransportOptions(
            answer_bytes=answer_bytes(told.page_size),
            threads=(_slices_at_once(settings) + 1) * most_open(settings.backfill.days_at_once),
            ca_bundle=str(org.ca_bundle) if org.ca_bundle else None,
            proxy=proxy.get_secret_value() if proxy else None,
            names=setting_names_of(org),
        )
    )


def answer_bytes(page_size: int) -> int:
    """Return how large an answer may be, unpacked: a dozen times a page of that size."""
    return max(64 * MIB, page_size * 128 * KIB)


def _slices_at_once(settings: Settings) -> int:
    slices, at_once = settings.export.slices, settings.export.slices_at_once
    return min(slices, at_once) if isinstance(slices, int) else at_once


def client_of(
    settings: Settings,
    org: Org,
    *,
    clock: Clock,
    observe: Observe,
    budget: Budgets | None = None,
) -> Client:
    """Return a client of it, with a budget of its own if none is given; raises WrongSettings."""
    told = org.genesys
    return Client(
        hosts_of(org),
        Credentials(org.client_id, org.client_secret.get_secret_value()),
        transport=transport_of(settings, org),
        clock=clock,
        budget=_own_budget(org, clock) if budget is None else budget_for(org.name, budget),
        retry=RetryPolicy(deadline_s=told.retry_deadline.total_seconds()),
        rng=SystemRandom(),
        observe=observe,
        names=setting_names_of(org),
    )


def _own_budget(org: Org, clock: Clock) -> Budget | TokenPool:
    told = org.genesys
    if told.tokens == 1:
        return Budget(told.requests_per_minute, clock=clock.monotonic)
    return TokenPool(told.tokens, told.requests_per_minute, clock=clock.monotonic)


def bucket_options(target: Target) -> Callable[[str, str], S3Options]:
    """Return what makes the options of a bucket and a prefix."""
    asked = target.options

    def options(bucket: str, prefix: str) -> S3Options:
        return S3Options(
            bucket=bucket,
            prefix=prefix,
            endpoint_url=asked.endpoint_url,
            region=asked.region,
            profile=asked.profile,
            storage_class=asked.storage_class,
            sse=None if asked.sse == "none" else asked.sse,
            kms_key_id=asked.kms_key_id,
            tags=asked.tags,
            expected_bucket_owner=asked.expected_bucket_owner,
            acl=None if asked.acl == "none" else asked.acl,
            part_bytes=asked.part_size,
        )

    return options


def store_of(target: Target, observe: Observe) -> Store:
    """Return the destination; raises WrongSettings."""
    asked = target.options
    store = open_store(
        target.to,
        bucket_options(target),
        observe=observe,
        network_folder=asked.network_folder,
    )
    return SingleWriter(store) if asked.single_writer else store


def destinations(settings: Settings, observe: Observe) -> tuple[tuple[str, ...], Store]:
    """Return the names of the organisations asked for ("" for the only one) and their store.

    Asks for no credentials of Genesys; raises WrongSettings if no destination is given.
    """
    return settings.org_names, store_of(settings.require_destination(), observe)
