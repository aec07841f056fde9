"""What is published of a day, as every reader must take it: by its manifest, or not at all."""

from __future__ import annotations

from ..days import Day
from ..errors import DataMismatch, TryAgainLater
from ..locations import Home
from ..manifest import Manifest, decode
from ..model import Store, Tag


def published(store: Store, home: Home, day: Day, *, advice: str = "") -> tuple[Tag, Manifest]:
    """Return the day's manifest; `advice` says how to get one where nothing whole is there.

    Raises TryAgainLater while the day is being replaced, DataMismatch where nothing whole is
    published for it, and what the store raises.
    """
    key, advice = home.manifest(day), advice or f"Export it: genesys-export run --date {day}"
    found, url = store.read(key), store.url(key)
    if found is None:
        raise DataMismatch(
            f"nothing is published for {day}: there is no {url}",
            advice=advice,
        )
    return found.tag, whole(found.body, url, day, advice=advice)


def whole(body: bytes, where: str, day: Day, *, advice: str = "") -> Manifest:
    """Return the manifest of a day that is published as a whole.

    Raises what `published` raises but for the store's errors, and what `decode` raises.
    """
    manifest = decode(body, where)
    if manifest.next is not None:
        raise TryAgainLater(
            f"{day} is being replaced",
            advice="Wait for that run to end; if it has died, the next run finishes it first.",
        )
    if manifest.state == "damaged":
        raise DataMismatch(
            f"{day} is damaged: a replacement was not completed, and readers must not take"
            " anything of the day",
            advice=advice,
        )
    return manifest


def stands(store: Store, key: str, tag: Tag) -> bool:
    """Whether the manifest at the key is still the one that was read."""
    seen = store.look(key)
    return seen is not None and seen.tag == tag


def replaced(day: Day, advice: str) -> TryAgainLater:
    """Return the error of a reader that a replacement overtook."""
    return TryAgainLater(f"{day} was replaced while it was read", advice=advice)
