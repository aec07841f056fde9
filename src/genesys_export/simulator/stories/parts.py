"""The scenes that many stories share: a caller, an IVR, a wait in a queue, an agent who answers.

Knows which segments and metrics each kind of party leaves behind. Each scene takes the moment it
begins and returns the one it ends.
"""

from __future__ import annotations

from typing import Any

from . import texts
from .draft import Draft, Leg, Party

_CODECS = ("audio/opus", "audio/PCMU", "audio/PCMA")
_PROVIDERS = {
    "voice": "Edge",
    "callback": "PureCloud Callback",
    "chat": "PureCloud Webchat v2",
    "email": "PureCloud Email",
    "message": "PureCloud Messaging",
}


def queue_of(draft: Draft) -> str:
    """Draw the queue of a conversation, some much busier than others."""
    queues = draft.org.queues
    return str(queues[min(draft.rng.randrange(len(queues)) for _ in range(2))]["id"])


def agent_of(draft: Draft) -> str:
    """Draw an agent."""
    return draft.rng.choice(draft.org.agents())


def caller(draft: Draft, direction: str = "inbound", **fields: Any) -> Leg:
    """Bring in the customer with a call leg that `hang_up` will close."""
    who = texts.name(draft.rng)
    party = draft.party("customer", participantName=who)
    if draft.chance(0.5):
        party.fields["externalContactId"] = draft.other(draft.rng.randrange(8))
    number, called = texts.phone(draft.rng), texts.phone(draft.rng)
    return party.leg(
        "voice",
        direction,
        ani=f"tel:{number}",
        dnis=f"tel:{called}",
        edgeId=draft.other(20),
        protocolCallId=f"{draft.ident()}@192.0.2.{draft.rng.randint(1, 9)}",
        provider="Edge",
        recording=draft.chance(0.8),
        remoteNameDisplayable=who,
        sessionDnis=f"tel:{called}",
        **fields,
    )


def hang_up(draft: Draft, leg: Leg, end: int, *, how: str = "endpoint") -> None:
    """Close the customer's call leg: connected from the start to this end."""
    connected = draft.start + draft.rng.randint(80, 400)
    # Real legs begin some ms before the conversation now and then.
    leg.segment("system", draft.start - draft.rng.choice((0, 0, 3, 11)), connected)
    leg.segment("interact", connected, end, disconnectType=how)
    leg.metric("nConnected", connected)
    leg.metric("tConnected", end, end - connected)
    measured(draft, leg, end)


def measured(draft: Draft, leg: Leg, at: int) -> None:
    """Add a call-quality measurement, and the conversation's worst so far."""
    mos, factor = draft.rng.uniform(3.2, 4.9), draft.rng.uniform(60, 93.2)
    stats: dict[str, Any] = {
        "codecs": [draft.rng.choice(_CODECS)],
        "maxLatencyMs": draft.rng.randint(20, 180),
        "minMos": mos,
        "minRFactor": factor,
        "receivedPackets": draft.rng.randint(80, 9_000),
    }
    if draft.chance(0.2):
        stats["discardedPackets"] = draft.rng.randint(1, 60)
    if draft.chance(0.05):
        stats |= {"duplicatePackets": 2, "invalidPackets": 1}
    if draft.chance(0.05):
        stats |= {"overrunPackets": 3, "underrunPackets": 4}
    leg.quality(at + draft.rng.randint(10, 90), **stats)
    worst = draft.fields
    worst["mediaStatsMinConversationMos"] = min(worst.get("mediaStatsMinConversationMos", 5), mos)
    worst["mediaStatsMinConversationRFactor"] = min(
        worst.get("mediaStatsMinConversationRFactor", 100), factor
    )


def menu(draft: Draft, of: Leg, start: int, *, leaves: str = "TRANSFER") -> int:
    """Let the caller go through an IVR flow."""
    end = start + draft.some(4, 70)
    number = draft.rng.randrange(4)
    name = ("Main menu", "After hours", "Members, all", 'Menu "B"')[number]
    ivr = draft.party("ivr", participantName=name).leg(
        "voice", peerId=of.ident, **_line(draft, of)
    )
    flow = _flow(draft, number, name, leaves)
    flow["entryReason"] = of.fields["dnis"]
    ivr.fields["flow"] = flow
    ivr.segment("system", start, start + 10)
    ivr.segment(
        "ivr", start + 10, end, disconnectType="transfer" if leaves == "TRANSFER" else "peer"
    )
    ivr.metric("nFlow", start + 150)
    ivr.metric("tIvr", end, end - start)
    ivr.metric("tFlow", end + 2, end - start - 148)
    ivr.metric(
        "tFlowExit" if leaves == "TRANSFER" else "tFlowDisconnect", end + 2, end - start - 148
    )
    return end


def _flow(draft: Draft, number: int, name: str, leaves: str) -> dict[str, Any]:
    flow: dict[str, Any] = {
        "endingLanguage": "en-us",
        "entryType": "dnis",
        "exitReason": leaves,
        "flowId": draft.other(24 + number),
        "flowName": name,
        "flowType": "INBOUNDCALL",
        "flowVersion": f"{draft.rng.randint(1, 90)}.0",
        "startingLanguage": "en-us",
    }
    if leaves == "TRANSFER":
        target = draft.rng.choice(draft.org.queues)
        flow |= {
            "transferTargetAddress": target["id"],
            "transferTargetName": target["name"],
            "transferType": "ACD",
        }
    return flow


def wait(draft: Draft, of: Leg, start: int, queue: str, *, gives_up: bool = False) -> int:
    """Let the customer wait in a queue until an agent is found or the customer leaves."""
    end = start + draft.some(1, 90)
    name = next(one["name"] for one in draft.org.queues if one["id"] == queue)
    acd = draft.party("acd", participantName=name).leg(
        of.media,
        str(of.fields.get("direction", "inbound")),
        peerId=of.ident,
        requestedRoutings=["Standard"],
        flowInType="ivr",
        remote=of.fields.get("remoteNameDisplayable", "Guest"),
        **_line(draft, of),
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
    if end - start > 20_000:
        acd.metric("nOverSla", start + 20_000)
    if gives_up:
        acd.metric("tAbandon", end, end - start)
        if end - start < 5_000:
            acd.metric("tShortAbandon", end, end - start)
    return end


def missed(draft: Draft, of: Leg, start: int, queue: str) -> int:
    """Let an agent's phone ring without an answer."""
    end = start + draft.some(8, 30)
    agent = draft.party("agent", userId=agent_of(draft)).leg(
        of.media, peerId=of.ident, **_line(draft, of)
    )
    agent.segment("alert", start, end, queueId=queue, disconnectType="noAnswerTransfer")
    agent.metric("tNotResponding", end, end - start)
    agent.metric("nError", end)
    agent.metric("tAlert", end, end - start)
    agent.fields["errorCodeDescription"] = "The agent did not answer in time"
    return end


def answer(draft: Draft, of: Leg, start: int, queue: str, waited: int = 0) -> tuple[Party, Leg]:
    """Bring in an agent who takes the contact after ringing; `work` says what follows."""
    answered = start + draft.some(1, 9)
    user = agent_of(draft)
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
        **_line(draft, of),
    )
    leg.segment("alert", start, answered, queueId=queue, **skills_for(draft, queue))
    # Who was chosen stands on every leg that waited for it.
    legs = [one for party in draft.parties for one in party.legs]
    for waiting in (one for one in legs if of.ident in (one.ident, one.fields.get("peerId"))):
        waiting.fields |= {"requestedRoutings": ["Standard"], "selectedAgentId": user}
        waiting.fields["usedRouting"] = "Standard"
    leg.metric("tAlert", answered, answered - start)
    leg.metric("tAnswered", answered, waited + answered - start)
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
    end = now + (draft.some(seconds, seconds * 1.5) if seconds else draft.some(20, 420))
    skills = skills_for(draft, queue)
    leg.segment("interact", now, end, queueId=queue, disconnectType=how, **skills)
    if leg.media == "voice" and draft.chance(0.5):
        measured(draft, leg, end)
    wrap_up(draft, leg, queue, end)
    leg.handled()
    return end


def wrap_up(draft: Draft, leg: Leg, queue: str, start: int) -> None:
    """Let the agent note the outcome, or skip that."""
    if draft.chance(0.15):
        leg.fields["acwSkipped"] = True
        return
    code = draft.rng.choice(draft.org.wrap_up_codes)["id"]
    fields = {"queueId": queue, "wrapUpCode": code}
    if draft.chance(0.5):
        fields["wrapUpNote"] = texts.note(draft.rng)
    leg.segment("wrapup", start, start + draft.some(2, 60), **fields)


def skills_for(draft: Draft, queue: str) -> dict[str, Any]:
    """Return the skills a queue asks for; some ask for none."""
    number = int(queue[:2], 16)
    wanted = [draft.other(number + more) for more in range(number % 4)]
    return {"requestedRoutingSkillIds": wanted} if wanted else {}


def provider(media: str) -> str:
    """Return what provides a medium."""
    return _PROVIDERS.get(media, "PureCloud")


def _line(draft: Draft, of: Leg) -> dict[str, Any]:
    """Return what a leg on the same line carries."""
    if of.media != "voice":
        return {"provider": of.fields.get("provider", provider(of.media))}
    shared = ("ani", "dnis", "sessionDnis", "remoteNameDisplayable")
    line: dict[str, Any] = {key: of.fields[key] for key in shared if key in of.fields}
    line |= {"edgeId": draft.other(21), "protocolCallId": draft.ident(), "provider": "Edge"}
    return line
