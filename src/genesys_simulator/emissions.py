"""What a conversation adds to statistics: its metrics, and by what they can be grouped.

Knows where a dimension stands in a record: of the conversation, the participant, the session, its
flow or its segments. A session has all values of its segments. Copies of a template share their
parts; what differs between them stands there as a mark.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from . import customers, queues
from .dimensions import objects
from .filters import written
from .generated import Generated
from .given import parsed
from .stories.deck import pool
from .templates import MARK, Json
from .times import read


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OF_SEGMENTS = _words(
    "disconnectType errorCode groupId queueId requestedLanguageId requestedRoutingSkillId "
    "wrapUpCode"
)
_ELSEWHERE = {
    "activeSkillId": "activeSkillIds",
    "destinationAddress": "destinationAddresses",
    "divisionId": "divisionIds",
    "eligibleAgentCount": "eligibleAgentCounts",
    "removedSkillId": "removedSkillIds",
    "requestedRouting": "requestedRoutings",
    "requestedRoutingSkillId": "requestedRoutingSkillIds",
    "waitingInteractionCount": "waitingInteractionCounts",
}
_OF_OUTCOMES = ("flowOutcome", "flowOutcomeId", "flowOutcomeValue")


@dataclass(frozen=True, slots=True)
class Emission:
    """One measurement."""

    at_ms: int | None
    name: str
    value: int


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A session with all around it; or a conversation without any."""

    around: Json
    segments: tuple[Json, ...]
    outcomes: tuple[Json, ...]
    emissions: tuple[Emission, ...]

    def values(self, dimension: str) -> tuple[str, ...]:
        """Return its values of a dimension, each once."""
        name = _ELSEWHERE.get(dimension, dimension)
        if dimension in _OF_SEGMENTS:
            found = [value for one in self.segments for value in _each(one.get(name))]
        elif dimension in _OF_OUTCOMES:
            found = [value for one in self.outcomes for value in _each(one.get(name))]
        else:
            found = [*_each(self.around.get(name))]
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Share:
    """What one conversation adds."""

    start_ms: int | None
    parts: tuple[Part, ...]


def share(record: Json) -> Share:
    """Return what a record adds."""
    start_ms = read(record.get("conversationStart"))
    top = _scalars(record)
    parts = []
    for participant in objects(record.get("participants")):
        for session in objects(participant.get("sessions")):
            flow = session.get("flow")
            flow = flow if isinstance(flow, dict) else {}
            parts.append(
                Part(
                    {**top, **_scalars(participant), **_scalars(flow), **_scalars(session)},
                    tuple(objects(session.get("segments"))),
                    tuple(objects(flow.get("outcomes"))),
                    tuple(_emissions(session, start_ms)),
                )
            )
    return Share(start_ms, tuple(parts) or (Part(top, (), (), ()),))


@lru_cache(maxsize=2_048)
def share_of_kind(world: Generated, kind: int) -> Share:
    """Return what every copy of a template adds, counted from the minute it begins in.

    In place of its values stand their numbers, each between two `MARK`s.
    """
    template = pool(world.seed)[kind]
    values = len(template.seats) + customers.FIELDS + len(queues.chosen(world.seed)[0])
    marks = [f"{MARK}{number}{MARK}".encode() for number in range(values)]
    return share(parsed(template.bare.copy(0, 0, marks)))


def filled(value: str, values: Sequence[bytes]) -> str:
    """Return a template's value as a copy has it."""
    if MARK not in value:
        return value
    pieces = value.split(MARK)
    pieces[1::2] = [values[int(number)].decode() for number in pieces[1::2]]
    return "".join(pieces)


def _emissions(session: Json, start_ms: int | None) -> Iterator[Emission]:
    for metric in objects(session.get("metrics")):
        at_ms, value = read(metric.get("emitDate")), metric.get("value", 1)
        if isinstance(value, int) and isinstance(metric.get("name"), str):
            yield Emission(start_ms if at_ms is None else at_ms, metric["name"], value)


def _scalars(thing: Json) -> Json:
    return {key: value for key, value in thing.items() if not isinstance(value, dict)}


def _each(value: object) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        if one is not None and one != "" and not isinstance(one, dict | list):
            yield written(one)
