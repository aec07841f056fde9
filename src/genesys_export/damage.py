"""Published days whose files are missing or have another size: seen by listing, not by reading.

One paginated listing for each table prefix, from the first wanted key to the last: three years of
fifteen tables are some thirty requests, whatever the number of days. A day that is replaced while
it is listed is not damaged: its manifest is read again before anything is said of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from .errors import DestinationFailed
from .locations import Home
from .manifest import File, Manifest, decode
from .model import Store

_AT_ONCE = 8  # listings under way


@dataclass(frozen=True, slots=True)
class Damage:
    """A published file that is not there as the manifest names it."""

    key: str
    size_bytes: int
    found_bytes: int | None  # None: there is no such object

    def __str__(self) -> str:
        """Return what is wrong, for a person."""
        if self.found_bytes is None:
            return f"{self.key} is missing"
        return f"{self.key} has {self.found_bytes:,} bytes instead of {self.size_bytes:,}"


def damages(
    store: Store, home: Home, manifests: Iterable[Manifest]
) -> Mapping[str, tuple[Damage, ...]]:
    """Return the damage of each damaged day, by its date; `home` is where all manifests lie.

    Days that are being replaced, or are damaged by their own account, are left out. Raises what
    listing raises.
    """
    days = {one.day: one for one in manifests if one.next is None and one.state != "damaged"}
    wanted: dict[str, dict[str, int]] = {}
    for file in (file for made in days.values() for file in files_of(made)):
        wanted.setdefault(_prefix(file.key, home), {})[file.key] = file.bytes
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="list") as pool:
        found = pool.map(partial(_damage, store), wanted.items())
        bad = {one.key: one for some in found for one in some}
    suspects = {
        day: tuple(bad[file.key] for file in files_of(made) if file.key in bad)
        for day, made in days.items()
    }
    return {
        day: some
        for day, some in suspects.items()
        if some and _stands(store, home.manifest(day), days[day])
    }


def sentence(damage: tuple[Damage, ...]) -> str:
    """Return what is wrong with a day, in one sentence of bounded length."""
    first, rest = damage[0], len(damage) - 1
    more = f", and {rest} more {'file is' if rest == 1 else 'files are'} affected" if rest else ""
    return f"{first}{more}"


def files_of(made: Manifest) -> tuple[File, ...]:
    """Return every object that a manifest names."""
    return (*made.files, *made.index)


def _prefix(key: str, home: Home) -> str:
    """Return the prefix that is listed for a key: its table's, or the one of all days' homes."""
    if key.startswith(f"{home}/"):
        return f"{home}/"
    org = home.under_org("")
    return f"{org}{key.removeprefix(org).partition('/')[0]}/"


def _damage(store: Store, asked: tuple[str, dict[str, int]]) -> tuple[Damage, ...]:
    prefix, wanted = asked
    there = dict(_between(store, prefix, min(wanted), max(wanted)))
    return tuple(
        Damage(key, size_bytes, there.get(key))
        for key, size_bytes in wanted.items()
        if there.get(key) != size_bytes
    )


def _between(store: Store, prefix: str, first: str, last: str) -> Iterator[tuple[str, int]]:
    """Yield the objects from the first key to the last, both included, with their sizes."""
    for one in store.scan(prefix, first[:-1]):  # what precedes a key by a character sorts before
        if one.key > last:
            return
        yield one.key, one.size_bytes


def _stands(store: Store, key: str, made: Manifest) -> bool:
    """Whether the manifest is still the one that was read before the listing."""
    there = store.read(key)
    if there is None:
        return False
    try:
        return decode(there.body, store.url(key)).nonce == made.nonce
    except DestinationFailed:
        return False
