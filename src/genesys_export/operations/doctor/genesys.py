"""Would Genesys Cloud let an export work? The connection, the sign-in, permissions, divisions.

Asks what an export with these settings asks, but for a minute of yesterday. Whatever an export
can do without only warns. Changes nothing there: the one job that is submitted is deleted.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

from ...api import (
    Client,
    Clock,
    GenesysCounter,
    Hosts,
    ReferenceLists,
    Transport,
)
from ...api.probes import Division, divisions, greet, permitted
from ...api.setting_names import USUAL, SettingNames
from ...api.transport import Failure
from ...datasets import ListEndpoint, Table, datasets
from ...days import iso_ms
from ...errors import GenesysUnavailable, NotPermitted, RequestRefused, SignInRefused
from ...findings import Check, Finding, carried_out, doubtful, failed, fine, of_clocks, unseen
from ...model import Source
from ..status.remarks import lateness

_LATE = timedelta(hours=24)
_MOST_NAMES = 12

# By the few words that the transport has for it.
_FIXES = {
    "the host name is unknown": "Check {host}, and this machine's DNS; if it needs a proxy, set "
    "{proxy}.",
    "the proxy failed": "Check {proxy}: it must be reachable, allow this host and accept its "
    "user.",
    "TLS failed": "Something between this machine and the host breaks TLS: check the proxy or "
    "firewall.",
}
_NOT_FOUND = 404
_NO_WAY = "Allow this machine to connect to the host, or set {proxy} if it needs a proxy."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Where a dataset's records come from, and who counts them."""

    about: str  # tells it from the others; "" for the only one
    source: Source
    counter: GenesysCounter | None  # whose second count an export can do without
    permission: str  # by which the divisions are told


@dataclass(frozen=True, slots=True, kw_only=True)
class Genesys:
    """An organisation, as an export would meet it."""

    hosts: Hosts
    transport: Transport
    client: Client
    clock: Clock
    asked: Sequence[Asked] = ()  # one for each dataset of records
    tables: Sequence[Table] = ()  # those that are made of lists
    divisions: Sequence[str] = ()  # ids the export is restricted to
    proxied: bool = False
    names: SettingNames = USUAL


def genesys(one: Genesys) -> Generator[Finding, None, None]:
    """Yield the findings for Genesys Cloud."""
    ways = tuple(
        Check(name=f"connection to {urlsplit(address).netloc}", look=partial(_way, one, address))
        for address in _addresses(one.hosts)
    )
    reached = tuple(way.name for way in ways)
    signed_in = (*reached, "sign-in")
    return carried_out(
        (
            *ways,
            Check(name="clock", look=lambda: _clock(one), after=reached),
            Check(name="sign-in", look=lambda: _sign_in(one), after=reached),
            *_permissions(one, signed_in),
            *_of_divisions(one, signed_in),
        )
    )


def _addresses(hosts: Hosts) -> tuple[str, ...]:
    """Return Genesys's addresses without paths: the API's, and the login host's if different."""
    login = urlsplit(hosts.token_url)
    return tuple(dict.fromkeys((hosts.api, f"{login.scheme}://{login.netloc}")))


def _way(one: Genesys, address: str) -> Finding:
    """Name, connection, proxy and certificate in one: any answer has come through all of them."""
    host = urlsplit(address).netloc
    try:
        greet(one.transport, address)
    except Failure as failure:
        fix = _FIXES.get(str(failure), _NO_WAY)
        fix = fix.format(host=one.names.host, proxy=one.names.proxy)
        return failed(GenesysUnavailable(f"{host}: {failure}", advice=fix))
    proxied = " through the proxy" if one.proxied else ""
    if urlsplit(address).scheme == "http":
        return fine("answers, without TLS (this machine)")
    return fine(f"answers{proxied}, its certificate is trusted")


def _clock(one: Genesys) -> Finding:
    try:
        theirs = greet(one.transport, one.hosts.api).clock
    except Failure as failure:
        return unseen(str(failure))
    return of_clocks(one.clock.now(), theirs, "Genesys Cloud")


def _sign_in(one: Genesys) -> Finding:
    one.client.sign_in()
    return fine("the OAuth client's id and secret are accepted")


def _permissions(one: Genesys, after: tuple[str, ...]) -> Iterator[Check]:
    """Yield a check for everything the export asks, named by the permission it needs."""
    for asked in one.asked:
        yield from _of_records(asked, one.clock, after)
    parents = {table.name: table.source for each in datasets() for table in each.tables}
    for table in one.tables:
        if table.source is not None:
            needed = " or ".join(table.source.permissions)
            yield Check(
                name=f"{table.name} ({needed})" if needed else table.name,
                look=partial(_listed, one.client, table.source, parents.get(table.of)),
                after=after,
            )


def _of_records(asked: Asked, clock: Clock, after: tuple[str, ...]) -> Iterator[Check]:
    """Yield the checks of one dataset of records."""
    source, counter, about = asked.source, asked.counter, asked.about
    needs = f"{source.needs}{about}"
    yield Check(name=needs, look=lambda: fine(source.try_out()), after=after)
    if counter and counter.counts:
        name = f"{counter.counts.permission}{about}"
        yield Check(name=name, look=lambda: _counted(counter), after=after)
    if source.is_bounded:
        look = partial(_watermark, source, clock)
        yield Check(name=f"data{about}", look=look, after=(*after, needs))


def _of_divisions(one: Genesys, after: tuple[str, ...]) -> Iterator[Check]:
    """Yield a check of the divisions for each permission by which records are read."""
    permissions = dict.fromkeys(asked.permission for asked in one.asked)
    for permission in permissions:
        name = "divisions" if len(permissions) == 1 else f"divisions ({permission})"
        yield Check(name=name, look=partial(_divisions, one, permission), after=after)


def _counted(counter: GenesysCounter) -> Finding:
    try:
        return fine(counter.try_out())
    except SignInRefused:
        raise
    except NotPermitted as refused:
        return doubtful(
            f"{refused.message}; exports work without it, but can't be compared with this count",
            refused.advice,
        )
    except GenesysUnavailable as problem:
        return unseen(problem.message)


def _listed(client: Client, source: ListEndpoint, parent: ListEndpoint | None) -> Finding:
    """Read the first page of a list; of lists that each entity of another has, the first one."""
    lists = ReferenceLists(client)
    try:
        if parent is not None:
            first = next(iter(next(lists.pages(parent), ())), None)
            if first is None:
                return fine("there is nothing that could have a list")
            source = source.of(first["id"])
        next(lists.pages(source), None)
    except RequestRefused as refused:
        if refused.http_status != _NOT_FOUND:
            raise
        return unseen(f"Genesys does not have this list: {refused.message}")
    return fine("the list can be read")


def _watermark(source: Source, clock: Clock) -> Finding:
    """Judge how far behind the data is: a day can be exported when its end is reached."""
    reached = source.watermark()
    if reached is None:
        return unseen("Genesys does not tell how far its data is complete")
    behind = max(clock.now() - reached, timedelta(0))
    found = f"complete up to {iso_ms(reached)}, {lateness(behind)} ago"
    if behind > _LATE:
        return doubtful(
            found,
            "Yesterday can't be exported yet: run it later, or with --wait. See Genesys's status "
            "page for delays.",
        )
    return fine(found)


def _divisions(one: Genesys, permission: str) -> Finding:
    try:
        seen = permitted(one.client, permission)
        every = () if seen.everywhere else divisions(one.client)
    except (NotPermitted, GenesysUnavailable) as problem:
        return unseen(
            f"Genesys does not tell which divisions the role sees: {problem.message}",
            "Check the OAuth client's roles yourself: each should be in every division.",
        )
    if seen.everywhere:
        return fine(f"every division: {_names(seen.divisions)}")
    return of_divisions(seen.divisions, every, asked=one.divisions)


def of_divisions(
    seen: Sequence[Division], every: Sequence[Division], *, asked: Sequence[str]
) -> Finding:
    """Judge the divisions that the role sees by all there are, or by those that are asked for."""
    known = {one.id for one in seen}
    hidden = [one for one in every if one.id not in known]
    unheard = [ident for ident in asked if ident not in known]
    found = f"{len(seen)} of {len(every)}: {_names(seen)}"
    if unheard:
        return doubtful(
            f"{found}; the filter asks for others: {', '.join(unheard)}",
            "Genesys returns nothing for those: give the role these divisions, or correct the "
            "filter.",
        )
    if hidden and not asked:
        return doubtful(
            f"{found}; not {_names(hidden)}",
            "A role in fewer divisions gets fewer rows and no error. Give the OAuth client's "
            "role every division unless this is intended.",
        )
    return fine(found)


def _names(some: Sequence[Division]) -> str:
    shown = [one.name or one.id for one in some[:_MOST_NAMES]]
    more = len(some) - len(shown)
    return (", ".join(shown) or "none") + (f" and {more} more" if more else "")
