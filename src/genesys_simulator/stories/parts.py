"""The scenes that many stories share: a caller who calls, is connected, goes through an IVR.

Knows which segments and metrics each kind of party leaves behind. Each scene takes the moment it
begins and returns the one it ends. What happens in queues and at agents is in `service`.
"""

from __future__ import annotations

from typing import Any

from ..customers import CONTACT, NAME, PHONE
from ..queues import KINDS, name_mark, queue_mark
from ..templates import value_mark
from . import texts
from .draft import Draft, Leg

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
    return queue_mark(min(draft.rng.randrange(KINDS) for _ in range(2)))


def caller(draft: Draft, direction: str = "inbound", **fields: Any) -> Leg:
    """Bring in the customer with a call leg that `hang_up` will close."""
    who = value_mark(NAME)
    party = draft.party("customer", participantName=who)
    if draft.chance(0.5):
        party.fields["externalContactId"] = value_mark(CONTACT)
    calling, called = f"tel:{value_mark(PHONE)}", f"tel:{texts.hotline(draft.rng)}"
    if direction == "outbound":
        calling, called = called, calling
    return party.leg(
        "voice",
        direction,
        ani=calling,
        dnis=called,
        edgeId=draft.other(20),
        protocolCallId=f"{draft.ident()}@192.0.2.{draft.rng.randint(1, 9)}",
        provider="Edge",
        recording=draft.chance(0.8),
        remoteNameDisplayable=who,
        sessionDnis=called,
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


def menu(draft: Draft, of: Leg, start: int, queue: str | None = None) -> int:
    """Let the caller go through an IVR flow, into a queue or to its end."""
    end = start + draft.some(4, 70)
    number = draft.rng.randrange(4)
    name = ("Main menu", "After hours", "Members, all", 'Menu "B"')[number]
    ivr = draft.party("ivr", participantName=name).leg("voice", peerId=of.ident, **line(draft, of))
    ivr.fields["flow"] = {
        "endingLanguage": "en-us",
        "entryReason": of.fields["dnis"],
        "entryType": "dnis",
        "exitReason": "DISCONNECT",
        "flowId": draft.other(24 + number),
        "flowName": name,
        "flowType": "INBOUNDCALL",
        "flowVersion": f"{draft.rng.randint(1, 90)}.0",
        "startingLanguage": "en-us",
    }
    if queue is not None:
        ivr.fields["flow"] |= {
            "exitReason": "TRANSFER",
            "transferTargetAddress": queue,
            "transferTargetName": name_mark(queue),
            "transferType": "ACD",
        }
    ivr.segment("system", start, start + 10)
    ivr.segment("ivr", start + 10, end, disconnectType="transfer" if queue else "peer")
    ivr.metric("nFlow", start + 150)
    ivr.metric("tIvr", end, end - start)
    ivr.metric("tFlow", end + 2, end - start - 148)
    ivr.metric("tFlowExit" if queue else "tFlowDisconnect", end + 2, end - start - 148)
    return end


def provider(media: str) -> str:
    """Return what provides a medium."""
    return _PROVIDERS.get(media, "PureCloud")


def line(draft: Draft, of: Leg) -> dict[str, Any]:
    """Return what a leg on the same line carries."""
    if of.media != "voice":
        return {"provider": of.fields.get("provider", provider(of.media))}
    shared = ("ani", "dnis", "sessionDnis", "remoteNameDisplayable")
    line: dict[str, Any] = {key: of.fields[key] for key in shared if key in of.fields}
    line |= {"edgeId": draft.other(21), "protocolCallId": draft.ident(), "provider": "Edge"}
    return line
