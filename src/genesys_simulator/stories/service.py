"""The scenes at queues and agents: a wait, an unanswered ring, an answer, the work.

Knows which leg carries which metric: nOffered, tAcd, tAbandon and nOverSla stand on the queue's,
tAnswered and what follows on the agent's. Waits are such that four of five calls are answered
within 20 seconds; the others wait for minutes.
"""

from __future__ import annotations

from typing import Any

from ..queues import kind_of, name_mark
from ..roster import DIGITAL, VOICE
from . import texts
from .draft import Draft, Leg, Party
from .parts import line, measured

# Answers that come later are over the service level; nobody expects one of an e-mail that day.
_TARGET_MS = 20_000
_SHORT_MS = 5_000
_PROMPT = 0.865  # of the customers hardly wait


def crew_for(media: str) -> int:
    """Return who takes a medium: those who talk, or those who write."""
    return VOICE if media in ("voice", "callback", "video") else DIGITAL


def wait(draft: Draft, of: Leg, start: int, queue: str, *, gives_up: bool = False) -> int:
    """Let the customer wait in a queue until an agent is found or the customer leaves."""
    end = start + (_patience(draft) if gives_up else _waited(draft, of.media))
    acd = draft.party("acd", participantName=name_mark(queue)).leg(
        of.media,
        str(of.fields.get("direction", "inbound")),
        peerId=of.ident,
        requestedRoutings=["Standard"],
        flowInType="ivr",
        remote=of.fields.get("remoteNameDisplayable", "Guest"),
        **line(draft, of),
    )
    if draft.chance(0.6):
        acd.fields |= {"activeSkillIds": [draft.other(1)], "removedSkillIds": [draft.other(2)]}
        acd.fields |= {"eligibleAgentCounts": [4, 9], "waitingInteractionCounts": [0, 12]}
    how = "peer" if gives_up else "transfer"
    acd.segment(
        "interact", start, end, queueId=queue, disconnectType=how, **skills_for(draft, queue)
    )
    acd.metric("nOffered", start)
    acd.metric("tAcd", end, end - start)
    draft.visit = None if gives_up else (acd, start)
    if gives_up:
        acd.metric("tAbandon", end, end - start)
        if end - start < _SHORT_MS:
            acd.metric("tShortAbandon", end, end - start)
    return end


def _waited(draft: Draft, media: str) -> int:
    """Return how long a customer waits for an agent: mostly seconds, sometimes minutes."""
    if media == "email":
        return draft.some(600, 10_000)
    luck = draft.fortune()
    if luck >= 1 - _PROMPT:
        return int(1_000 + 12_000 * (1 - luck) / _PROMPT)
    return int(25_000 + 300_000 * (1 - luck / (1 - _PROMPT)) ** 2)


def _patience(draft: Draft) -> int:
    """Return how long a customer waits before hanging up; some do so at once."""
    luck = draft.fortune()
    if luck >= 0.75:
        return draft.some(1, 4.9)
    return int(6_000 + 170_000 * (1 - luck / 0.75))


def missed(draft: Draft, of: Leg, start: int, queue: str) -> int:
    """Let an agent's phone ring without an answer."""
    end = start + draft.some(8, 30)
    agent = draft.party("agent", userId=draft.agent(crew_for(of.media))).leg(
        of.media, peerId=of.ident, **line(draft, of)
    )
    agent.segment("alert", start, end, queueId=queue, disconnectType="noAnswerTransfer")
    agent.metric("tNotResponding", end, end - start)
    agent.metric("nError", end)
    agent.metric("tAlert", end, end - start)
    agent.fields["errorCodeDescription"] = "The agent did not answer in time"
    return end


def answer(draft: Draft, of: Leg, start: int, queue: str) -> tuple[Party, Leg]:
    """Bring in an agent who takes the contact after ringing; `work` says what follows.

    Whoever is found for a customer in a queue has answered; a colleague who takes over has not.
    """
    answered = start + draft.some(1, 6)
    user = draft.agent(crew_for(of.media))
    party = draft.party("agent", userId=user)
    party.fields["teamId"] = draft.other(54)
    leg = party.leg(
        of.media,
        str(of.fields.get("direction", "inbound")),
        peerId=of.ident,
        remote=of.fields.get("remoteNameDisplayable", "Guest"),
        requestedRoutings=["Standard"],
        selectedAgentId=user,
        activeSkillIds=[draft.other(1)],
        destinationAddresses=[f"sip:{user}@{draft.other(55)}.example"],
        scriptId=draft.other(42),
        usedRouting="Standard",
        **line(draft, of),
    )
    leg.segment("alert", start, answered, queueId=queue, **skills_for(draft, queue))
    # Who was chosen stands on every leg that waited for it.
    legs = [one for party in draft.parties for one in party.legs]
    for waiting in (one for one in legs if of.ident in (one.ident, one.fields.get("peerId"))):
        waiting.fields |= {"requestedRoutings": ["Standard"], "selectedAgentId": user}
        waiting.fields["usedRouting"] = "Standard"
    leg.metric("tAlert", answered, answered - start)
    if draft.visit is not None:
        acd, since = draft.visit
        leg.metric("tAnswered", answered, answered - since)
        if answered - since > _TARGET_MS and of.media != "email":
            acd.metric("nOverSla", answered)
        draft.visit = None
    return party, leg


def work(
    draft: Draft, leg: Leg, queue: str, *, holds: int = 0, how: str = "peer", seconds: float = 0
) -> int:
    """Let the agent talk, hold and wrap up on an answered leg; return when the talk ended."""
    now = leg.ends[-1] or draft.start
    for _ in range(holds):
        talked = now + draft.some(5, 90)
        leg.segment("interact", now, talked, queueId=queue)
        now = talked + draft.some(3, 60)
        leg.segment("hold", talked, now, queueId=queue)
    end = now + (draft.some(seconds, seconds * 1.5) if seconds else _talk(draft, queue))
    skills = skills_for(draft, queue)
    leg.segment("interact", now, end, queueId=queue, disconnectType=how, **skills)
    if leg.media == "voice" and draft.chance(0.5):
        measured(draft, leg, end)
    wrap_up(draft, leg, queue, end)
    leg.handled()
    return end


def _talk(draft: Draft, queue: str) -> int:
    """Return how long a talk takes: minutes, in some queues more than in others."""
    pace = (1, 0.8, 1.2, 0.9, 1.4, 1.1, 1)[kind_of(queue)]
    return int(draft.rng.triangular(15_000, 660_000, 120_000) * pace)


def replies(draft: Draft, leg: Leg, asked: int, end: int) -> None:
    """Let the agent answer the customer's messages: the first one and some more."""
    at = min(end, (leg.ends[0] or asked) + draft.some(3, 60))
    leg.metric("tFirstResponse", at, at - asked)
    leg.metric("tAgentResponseTime", at, at - asked)
    for _ in range(draft.rng.randint(0, 4)):
        at = draft.rng.randint(at, end)
        leg.metric("tAgentResponseTime", at, min(draft.some(5, 90), at - asked))


def wrap_up(draft: Draft, leg: Leg, queue: str, start: int) -> None:
    """Let the agent note the outcome, or skip that."""
    if draft.chance(0.15):
        leg.fields["acwSkipped"] = True
        return
    codes = draft.org.wrap_up_codes
    # The second code is chosen half as often as the first, the third a third as often …
    code = draft.rng.choices(codes, [1 / rank for rank in range(1, len(codes) + 1)])[0]["id"]
    fields = {"queueId": queue, "wrapUpCode": code}
    if draft.chance(0.5):
        fields["wrapUpNote"] = texts.note(draft.rng)
    took = int(draft.rng.triangular(2_000, 110_000, 15_000))
    leg.segment("wrapup", start, start + took, **fields)


def skills_for(draft: Draft, queue: str) -> dict[str, Any]:
    """Return the skills a queue asks for; some ask for none."""
    number = kind_of(queue)
    wanted = [draft.other(number + more) for more in range(number % 4)]
    return {"requestedRoutingSkillIds": wanted} if wanted else {}
