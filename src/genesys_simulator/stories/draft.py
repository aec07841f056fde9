"""A conversation while it is being written: parties, their legs, and what happens on them.

Knows the shape of AnalyticsConversation and the laws real records keep: metrics stand in order of
emission, segments in order of start, handling time is the sum of its parts, what is unknown is
absent. Times are ms after the whole minute in which the conversation begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from ..org import Org
from ..templates import Json, Seat, Template, agent_mark, compiled, id_mark, time_mark

# Which metric measures a segment of an agent's leg, and which one is its total (None: itself).
_MEASURES: Mapping[str, tuple[str, str | None]] = {
    "interact": ("tTalk", "tTalkComplete"),
    "hold": ("tHeld", "tHeldComplete"),
    "wrapup": ("tAcw", None),
    "dialing": ("tDialing", None),
    "contacting": ("tContacting", None),
}
_NESTED = (
    "agentGroups",
    "proposedAgents",
    "mediaEndpointStats",
    "flow",
    "metrics",
    "segments",
)


class Leg:
    """One session of a party: a call leg, a chat, one e-mail."""

    def __init__(self, ident: str, media: str, fields: Json) -> None:
        """Begin a leg; use `Party.leg`."""
        self.ident = ident
        self.media = media
        self.fields: Json = {"sessionId": ident, "mediaType": media, **fields}
        self._segments: list[tuple[int, int | None, Json]] = []
        self._metrics: list[tuple[int, str, int]] = []
        self._stats: list[tuple[int, Json]] = []

    def segment(self, kind: str, start: int, end: int | None, **fields: Any) -> None:
        """Add a stretch of the leg; end None while it lasts."""
        self._segments.append((start, end, {"segmentType": kind, "conference": False, **fields}))

    def metric(self, name: str, at: int, value: int = 1) -> None:
        """Add a measurement, emitted at that moment."""
        self._metrics.append((at, name, value))

    def quality(self, at: int, **fields: Any) -> None:
        """Add what the media server measured."""
        self._stats.append((at, fields))

    def handled(self) -> None:
        """Measure what the agent did on this leg: talk, hold, after-call work, and their sum."""
        totals: dict[str, tuple[int, int]] = {}
        handled = last = 0
        for start, end, fields in self._segments:
            measure, total = _MEASURES.get(fields["segmentType"], (None, None))
            if measure is None or end is None:
                continue
            self.metric(measure, end, end - start)
            handled, last = handled + end - start, max(last, end)
            if total is not None:
                totals[total] = (end, totals.get(total, (0, 0))[1] + end - start)
        for name, (at, value) in totals.items():
            self.metric(name, at, value)
        if handled:
            self.metric("tHandle", last, handled)

    @property
    def ends(self) -> list[int | None]:
        """When each segment ended."""
        return [end for _, end, _ in self._segments]

    @property
    def stretches(self) -> list[tuple[int, int | None, str]]:
        """From when to when each segment was, and of what type it is."""
        return [(start, end, fields["segmentType"]) for start, end, fields in self._segments]

    def told(self) -> list[Json]:
        """Return the fields of each segment, to be added to."""
        return [fields for _, _, fields in self._segments]

    def written(self) -> Json:
        """Return the session as JSON: scalars by name, then the nested lists."""
        lists: Json = {
            "mediaEndpointStats": [
                {"eventTime": time_mark(at), **fields}
                for at, fields in sorted_by_time(self._stats)
            ],
            "metrics": [
                {"emitDate": time_mark(at), "name": name, "value": value}
                for at, name, value in sorted(self._metrics)
            ],
            "segments": [
                {**_times(start, end), **fields}
                for start, end, fields in sorted(self._segments, key=lambda one: one[0])
            ],
        }
        every = {**self.fields, **{key: value for key, value in lists.items() if value}}
        scalars = sorted(key for key in every if key not in _NESTED)
        return {key: every[key] for key in [*scalars, *(k for k in _NESTED if k in every)]}


class Party:
    """A participant and its legs."""

    def __init__(self, draft: Draft, ident: str, purpose: str, fields: Json) -> None:
        """Bring in a party; use `Draft.party`."""
        self._draft = draft
        self.ident = ident
        self.fields: Json = {"participantId": ident, "purpose": purpose, **fields}
        self.legs: list[Leg] = []
        self.attributes: dict[str, str] = {}

    def leg(self, media: str, direction: str | None = "inbound", **fields: Any) -> Leg:
        """Begin a leg of this party."""
        direct = {} if direction is None else {"direction": direction}
        leg = Leg(self._draft.ident(), media, {**direct, **fields})
        self.legs.append(leg)
        return leg

    def written(self) -> Json:
        """Return the participant as JSON."""
        written = dict(sorted(self.fields.items()))
        if self.legs:
            written["sessions"] = [leg.written() for leg in self.legs]
        if self.attributes:
            written["attributes"] = self.attributes
        return written


class Draft:
    """A conversation being written."""

    def __init__(self, rng: Random, org: Org, start_ms: int, luck: float) -> None:
        """Begin a conversation so many ms after a whole minute.

        Luck is from 0 to 1: the higher, the shorter the first wait.
        """
        self.rng = rng
        self.org = org
        self.start = start_ms
        self.luck = luck
        self.fields: Json = {"originatingDirection": "inbound"}
        self.parties: list[Party] = []
        self._ids = 0
        self._crews: list[int] = []
        self.visit: tuple[Leg, int] | None = None  # who waits in which queue's leg, since when

    def ident(self) -> str:
        """Return a new id, another one in each copy of the conversation."""
        self._ids += 1
        return id_mark(self._ids)

    def agent(self, crew: int) -> str:
        """Return what stands for somebody of a crew: who it is differs from copy to copy."""
        self._crews.append(crew)
        return agent_mark(len(self._crews) - 1)

    def party(self, purpose: str, **fields: Any) -> Party:
        """Bring in a participant."""
        party = Party(self, self.ident(), purpose, fields)
        self.parties.append(party)
        return party

    def moment(self, at: int) -> str:
        """Return what stands for that moment in a field."""
        return time_mark(at)

    def some(self, low_s: float, high_s: float) -> int:
        """Draw a duration in ms."""
        return self.rng.randint(int(low_s * 1_000), int(high_s * 1_000))

    def chance(self, share: float) -> bool:
        """Draw yes or no."""
        return self.rng.random() < share

    def fortune(self) -> float:
        """Return the customer's luck, from 0 to 1; after the first time another one."""
        luck, self.luck = self.luck, self.rng.random()
        return luck

    def other(self, number: int) -> str:
        """Return the id of something of the organisation that has no list: a flow, a skill."""
        return self.org.others[number % len(self.org.others)]

    def template(self) -> Template:
        """Finish the conversation; it is open when any of its segments is."""
        ends = [end for party in self.parties for leg in party.legs for end in leg.ends]
        closed = [end for end in ends if end is not None]
        end = max(closed, default=self.start) if len(closed) == len(ends) else None
        fields = {
            "conversationId": id_mark(0),
            "conversationStart": time_mark(self.start),
            "divisionIds": [self.rng.choice(self.org.divisions)["id"]],
            **({} if end is None else {"conversationEnd": time_mark(end)}),
            **self.fields,
        }
        nested = ("evaluations", "surveys", "resolutions")
        record = {key: fields[key] for key in sorted(fields) if key not in nested}
        record |= {key: fields[key] for key in nested if key in fields}
        record["participants"] = [party.written() for party in self.parties]
        return compiled(
            record,
            start_ms=self.start,
            life_ms=None if end is None else end - self.start,
            seats=[self._seat(number, crew) for number, crew in enumerate(self._crews)],
            rng=self.rng,
        )

    def _seat(self, number: int, crew: int) -> Seat:
        """Return from when to when somebody is kept; what is parked or never ends keeps nobody."""
        who = agent_mark(number)
        stretches = [
            stretch
            for party in self.parties
            if party.fields.get("userId") == who
            for leg in party.legs
            for stretch in leg.stretches
        ]
        start = min(start for start, _, _ in stretches)
        return Seat(
            crew,
            start,
            max(
                (end for _, end, kind in stretches if kind != "parked" and end is not None),
                default=start,
            ),
        )


def sorted_by_time(items: list[tuple[int, Json]]) -> list[tuple[int, Json]]:
    """Sort by the moment alone: what happened at it can't be compared."""
    return sorted(items, key=lambda item: item[0])


def _times(start: int, end: int | None) -> Json:
    ended = {} if end is None else {"segmentEnd": time_mark(end)}
    return {**ended, "segmentStart": time_mark(start)}
