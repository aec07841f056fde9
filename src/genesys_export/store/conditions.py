"""Whether a destination keeps to the conditions of a write, found out by trying.

Some stores take a conditional write and ignore the condition without a word: two runs of one day
would then mix their files. Knows the protocol of a store only.
"""

from __future__ import annotations

from ..errors import ChangedMeanwhile, DestinationFailed
from ..model import Always, Condition, IfAbsent, IfUnchanged, Store, Stored, Tag

_TEXT = "text/plain"
_WRONG = Tag(f'"{"0" * 32}"')  # no object's: neither what we write nor nothing has this MD5


def honours_preconditions(store: Store, key: str) -> bool:
    """Try writes that must be refused, and one that must not, at a key that is deleted afterwards.

    Nobody else may use the key meanwhile. Raises what the store raises: a store that gives no
    clear answer (UnknownOutcome) was not found out about.
    """
    try:
        store.put(key, b"a", Always(), _TEXT)
        first = _at(store, key)
        return (
            not _writes(store, key, b"b", IfAbsent())
            and not _writes(store, key, b"c", IfUnchanged(_WRONG))
            and _at(store, key).body == b"a"
            and _writes(store, key, b"d", IfUnchanged(first.tag))
            and not _writes(store, key, b"e", IfUnchanged(first.tag))
            and _at(store, key).body == b"d"
        )
    finally:
        store.delete(key)


def _writes(store: Store, key: str, body: bytes, condition: Condition) -> bool:
    try:
        store.put(key, body, condition, _TEXT)
    except ChangedMeanwhile:
        return False
    return True


def _at(store: Store, key: str) -> Stored:
    found = store.read(key)
    if found is None:
        raise DestinationFailed(f"{store.url(key)} was written but does not exist")
    return found
