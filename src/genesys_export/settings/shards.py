"""Which organisations a process exports, where several processes divide them.

A shard is a number and a count: the organisations in order of name, dealt out like cards, so that
with the same settings each is in exactly one shard and shards differ by one organisation at most.
Schedulers number their processes from 0, shards are numbered from 1: `auto` converts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ..errors import WrongUse
from ..plural import plural
from .names import SHARD

_BATCH, _BATCH_SIZE = "AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE"
# Kubernetes tells a pod its index, but not spec.completions (docs read 2026-11).
_KUBERNETES = "JOB_COMPLETION_INDEX"

_ONE = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")
_AUTO = re.compile(r"auto(?:/([0-9]{1,6}))?")
_COUNT_OF = {
    _BATCH: f"AWS Batch sets {_BATCH_SIZE} as well: pass it on, or write --shard auto/COUNT, with"
    " the array size as COUNT.",
    _KUBERNETES: "Write --shard auto/COUNT, with the Job's spec.completions as COUNT.",
}
_FORM = "Write NUMBER/COUNT, such as --shard 3/16, or auto, or auto/COUNT."


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` shards; the first has the number 1."""

    number: int
    count: int

    def __post_init__(self) -> None:
        """Raise WrongUse for a shard that does not exist."""
        if self.count < 1:
            raise WrongUse(f"shard {self}: there must be at least one shard", advice=_FORM)
        if not 1 <= self.number <= self.count:
            raise WrongUse(
                f"shard {self} does not exist: shards are numbered from 1 to {self.count}",
                advice="For an index that starts at 0, add 1; auto does that with the indexes of"
                " Kubernetes and AWS Batch.",
            )

    def __str__(self) -> str:
        """Return `3/16`."""
        return f"{self.number}/{self.count}"

    def of(self, orgs: Iterable[str]) -> tuple[str, ...]:
        """Return the shard's organisations."""
        return shard_of(orgs, self.number, self.count)

    def why_empty(self, orgs: int) -> str:
        """Return the sentence for a shard without an organisation."""
        have = plural(orgs, "organisation")
        return f"shard {self} has no organisation: the settings have {have}, each in one shard"


def shard_of(orgs: Iterable[str], number: int, count: int) -> tuple[str, ...]:
    """Return the organisations of a shard, in order of name."""
    return tuple(sorted(orgs))[number - 1 :: count]


def read_shard(
    text: str | None, environ: Mapping[str, str], *, org: str | None = None
) -> Shard | None:
    """Return the shard that a flag or the environment names, or None; raises WrongUse.

    So it does for an `org` that was chosen as well: the other shards would export nothing.
    """
    called = "--shard" if text is not None else SHARD
    text = environ.get(SHARD) if text is None else text
    if text is None:
        return None
    if not isinstance(text, str):  # the Python API's caller may pass anything
        raise WrongUse(f"shard {text!r:.60} is not text", advice=_FORM)
    if not text:
        raise WrongUse(f"{called} is empty", advice=f"{_FORM} To export all, leave {called} out.")
    if org:
        raise WrongUse(
            f"--org {org} and {called} {text[:60]} exclude each other",
            advice="--org exports one organisation, a shard one part of them all. Leave one out.",
        )
    if found := _AUTO.fullmatch(text):
        return _automatic(text, found[1], environ)
    return _named(text)


def unused_index(environ: Mapping[str, str], orgs: Collection[str]) -> tuple[str, ...]:
    """Return a warning if a scheduler numbers processes, and this one exports all there is."""
    if len(orgs) < 2:
        return ()
    index = next((name for name in (_BATCH, _KUBERNETES) if environ.get(name)), None)
    told = f"{index} is set but --shard is not given: this process exports all organisations"
    return (told,) if index else ()


def _named(text: str) -> Shard:
    found = _ONE.fullmatch(text)
    if not found:
        raise WrongUse(f"shard {text[:60]!r} is not valid", advice=_FORM)
    return Shard(int(found[1]), int(found[2]))


def _automatic(text: str, told: str | None, environ: Mapping[str, str]) -> Shard:
    if (own := environ.get(SHARD, "")) and not _AUTO.fullmatch(own):
        shard = _named(own)
        if told and shard.count != int(told):
            raise _differs(text, f"{SHARD} is {own}")
        return shard
    source = next((name for name in (_BATCH, _KUBERNETES) if environ.get(name)), None)
    if source is None:
        raise WrongUse(
            f"shard {text}: none of {SHARD}, {_BATCH} and {_KUBERNETES} is set",
            advice="auto is for AWS Batch array jobs, Kubernetes Indexed Jobs, and schedulers that"
            f" set {SHARD}. Elsewhere write --shard NUMBER/COUNT.",
        )
    size = environ.get(_BATCH_SIZE) if source == _BATCH else None
    if told and size and told != size:
        raise _differs(text, f"{_BATCH_SIZE} is {size}")
    if not (count := told or size):
        raise WrongUse(
            f"shard auto: {source} is set, but nothing says how many shards there are",
            advice=_COUNT_OF[source],
        )
    for name, value in ((source, environ[source]), (_BATCH_SIZE, count)):
        if not re.fullmatch("[0-9]{1,6}", value):
            raise WrongUse(
                f"shard auto: {name} is {value[:60]!r}, not a whole number",
                advice="Write --shard NUMBER/COUNT instead.",
            )
    return _of_index(source, environ[source], count)


def _of_index(source: str, index: str, count: str) -> Shard:
    """Return the shard of an index that starts at 0."""
    if int(index) >= int(count) > 0:
        raise WrongUse(
            f"shard auto/{count}: {source} is {index}, but there are only the indexes 0 to"
            f" {int(count) - 1}",
            advice="COUNT must be the number of processes that the scheduler starts.",
        )
    return Shard(int(index) + 1, int(count))


def _differs(text: str, told: str) -> WrongUse:
    return WrongUse(
        f"shard {text}: {told}, which is another count",
        advice="COUNT must be the number of processes that the scheduler starts.",
    )
