"""Conversations in writing: chats, e-mails, messages with people and with bots, social posts.

Knows which fields each written medium fills; the scenes shared with calls are in `parts`.
"""

from __future__ import annotations

from typing import Any

from ..customers import CONTACT, EMAIL, NAME, PHONE
from ..queues import MAIL, queue_mark
from ..roster import DIGITAL
from ..templates import value_mark
from . import texts
from .draft import Draft, Leg
from .parts import provider, queue_of
from .service import answer, replies, wait, work

_MINUTE_MS = 60_000


def guest(draft: Draft, media: str, direction: str = "inbound", **fields: Any) -> Leg:
    """Bring in a customer who writes."""
    who = value_mark(NAME)
    party = draft.party("customer", participantName=who)
    if draft.chance(0.3):
        party.fields["externalContactId"] = value_mark(CONTACT)
    return party.leg(
        media, direction, **{"provider": provider(media), "remoteNameDisplayable": who, **fields}
    )


def leave(draft: Draft, leg: Leg, end: int | None, how: str = "client") -> None:
    """Close the customer's leg; end None leaves it open."""
    if end is None:
        leg.segment("interact", draft.start, None)
    else:
        leg.segment("interact", draft.start, end, disconnectType=how)
        leg.metric("tConnected", end, end - draft.start)
    leg.metric("nConnected", draft.start)


def chat(draft: Draft) -> None:
    """A web chat with an agent."""
    customer = guest(draft, "chat", roomId=f"{draft.ident()}@conference.example")
    customer.fields["authenticated"] = draft.chance(0.5)
    draft.parties[0].attributes = texts.attributes(draft.rng, draft.rng.choice((0, 2, 5)))
    queue = queue_of(draft)
    found = wait(draft, customer, draft.start + 3, queue)
    _, leg = answer(draft, customer, found, queue)
    end = work(draft, leg, queue, how="client")
    leg.metric("oMessageTurn", end, draft.rng.randint(1, 12))
    leave(draft, customer, end, "timeout" if draft.chance(0.2) else "client")


def email_in(draft: Draft) -> None:
    """An e-mail, which waits for hours, and the reply to it with copies to others."""
    theirs, ours = value_mark(EMAIL), "service@example.com"
    customer = guest(
        draft, "email", addressFrom=theirs, addressTo=ours, cleared=False, remote=theirs
    )
    subject = draft.rng.choice(("Invoice 000123", "Re: your offer, please", "", "Ärger 😡"))
    queue = queue_mark(MAIL)
    found = wait(draft, customer, draft.start + 40, queue)
    party, leg = answer(draft, customer, found, queue)
    end = work(draft, leg, queue, seconds=draft.rng.choice((90, 240, 900)))
    reply = party.leg(
        "email",
        "outbound",
        addressFrom=ours,
        addressTo=theirs,
        addressSelf=ours,
        addressOther=theirs,
        cc=[texts.email(draft.rng) for _ in range(draft.rng.randint(1, 3))],
        bcc=[] if draft.chance(0.5) else ["archive@example.com"],
        peerId=customer.ident,
        provider=provider("email"),
        deliveryStatus="Sent",
        mediaCount=draft.rng.randint(0, 2),
    )
    reply.segment("contacting", end - 9_000, end - 2_000, queueId=queue, subject=f"Re: {subject}")
    reply.segment("transmitting", end - 2_000, end, disconnectType="transfer", queueId=queue)
    reply.metric("nOutbound", end - 9_000)
    reply.metric("tTransmitting", end, 2_000)
    reply.handled()
    leave(draft, customer, end, "peer")
    customer.segment("converting", draft.start, draft.start + 4, subject=subject)


def email_out(draft: Draft) -> None:
    """An e-mail that an agent begins."""
    draft.fields |= {"originatingDirection": "outbound", "conversationInitiator": "agent"}
    theirs = value_mark(EMAIL)
    agent = draft.party("agent", userId=draft.agent(DIGITAL))
    leg = agent.leg("email", "outbound", addressTo=theirs, addressFrom="service@example.com")
    end = draft.start + draft.some(40, 900)
    leg.segment("contacting", draft.start, end, queueId=queue_mark(MAIL), subject="Your contract")
    leg.metric("nOutbound", draft.start)
    leg.handled()
    customer = guest(draft, "email", "outbound", addressTo=theirs)
    customer.segment("interact", end, end + 700, disconnectType="peer")
    customer.metric("nConnected", end)


def bot(draft: Draft) -> None:
    """Web messaging with a bot, which mostly suffices."""
    customer = _web(draft)
    draft.fields["knowledgeBaseIds"] = [draft.other(30)]
    end = draft.start + draft.some(20, 200)
    flow_party = draft.party("botflow", participantName="Helper bot")
    leg = flow_party.leg("message", peerId=customer.ident, provider=provider("message"))
    solved = draft.fortune() < 0.6
    leg.fields["flow"] = _bot_flow(draft, end, solved=solved)
    leg.segment("ivr", draft.start + 5, end, disconnectType="peer" if solved else "transfer")
    leg.metric("nFlow", draft.start + 5)
    leg.metric("nBotInteractions", end)
    leg.metric("tFlow", end, end - draft.start - 5)
    leg.metric("nFlowOutcome", end)
    leg.metric("tFlowOutcome", end, end - draft.start - 900)
    draft.fields["selfServed"] = solved
    if not solved:
        leg.metric("tFlowOut", end, end - draft.start - 5)
        leg.fields["flowOutType"] = "acd"
        queue = queue_of(draft)
        asked, found = end, wait(draft, customer, end, queue)
        _, agent = answer(draft, customer, found, queue)
        end = work(draft, agent, queue)
        replies(draft, agent, asked, end)
    leave(draft, customer, end)


def messenger(draft: Draft) -> None:
    """WhatsApp, SMS, Apple: an asynchronous message, often idle, sometimes still open."""
    source = draft.rng.choice(("WhatsApp", "SMS", "AppleMessagesForBusiness", "FacebookMessenger"))
    customer = guest(
        draft,
        "message",
        messageType=source.lower(),
        engagementSource=source,
        addressFrom=value_mark(PHONE),
        addressTo=texts.hotline(draft.rng),
        deliveryStatus=draft.rng.choice(("DeliverySuccess", "Read", "Failed")),
        extendedDeliveryStatus="GatewayAccepted",
        deliveryPushed=True,
        deliveryStatusChangeDate=draft.moment(draft.start + 2_000),
        mediaCount=draft.rng.randint(0, 3),
    )
    if draft.chance(0.3):
        # In analytics the key and the value of an attribute are cut to 1,024 characters.
        long = {"Transcript": ("on and on 😀, " * 80)[:1_024]}
        draft.parties[0].attributes = {**texts.attributes(draft.rng, 2), **long}
    queue = queue_of(draft)
    found = wait(draft, customer, draft.start + 6, queue)
    _, leg = answer(draft, customer, found, queue)
    if draft.chance(0.25):
        parked = found + draft.some(60, 900)
        leg.segment("interact", found + 9_000, parked, queueId=queue)
        leg.segment("parked", parked, None, queueId=queue)
        replies(draft, leg, draft.start, parked)
        leave(draft, customer, None)
        draft.fields["inactivityTimeout"] = draft.moment(found + 72 * 60 * _MINUTE_MS)
        return
    end = work(draft, leg, queue)
    replies(draft, leg, draft.start, end)
    parked = leg.ends[-1] or end
    leg.segment("parked", parked, parked + 30 * _MINUTE_MS, queueId=queue)
    leg.metric("tPark", parked + 30 * _MINUTE_MS, 30 * _MINUTE_MS)
    leg.metric("tParkComplete", parked + 30 * _MINUTE_MS, 30 * _MINUTE_MS)
    leave(draft, customer, parked + 30 * _MINUTE_MS, "inactivity")


def social(draft: Draft) -> None:
    """A public post that is answered."""
    draft.fields["originatingSocialMediaPublic"] = True
    customer = guest(draft, "message", messageType="open", engagementSource="X")
    draft.parties[0].fields["flaggedReason"] = "general"
    queue = queue_of(draft)
    _, leg = answer(draft, customer, wait(draft, customer, draft.start + 9, queue), queue)
    end = work(draft, leg, queue, how="spam")
    replies(draft, leg, draft.start, end)
    leave(draft, customer, end, "spam")


def internal_message(draft: Draft) -> None:
    """Two colleagues write to each other."""
    draft.fields |= {"conversationInitiator": "user", "customerParticipation": False}
    end = draft.start + draft.some(5, 600)
    for _ in range(2):
        user = draft.party("user", userId=draft.agent(DIGITAL))
        leg = user.leg("internalmessage", "outbound", provider="PureCloud Internal")
        leg.segment("interact", draft.start, end, disconnectType="client")
        leg.metric("oMessageCount", end, 3)


def notification(draft: Draft) -> None:
    """A message that a system sends and nobody answers."""
    draft.fields |= {"originatingDirection": "outbound", "conversationInitiator": "api"}
    sender = draft.party("api").leg("message", "outbound", provider=provider("message"))
    sender.segment("contacting", draft.start, draft.start + 90)
    sender.metric("nOutbound", draft.start)
    customer = guest(draft, "message", "outbound", messageType="sms", deliveryStatus="Published")
    leave(draft, customer, draft.start + 1_200, "system")


def _web(draft: Draft) -> Leg:
    journey: dict[str, Any] = {
        "journeyActionId": draft.ident(),
        "journeyActionMapId": draft.other(31),
        "journeyActionMapVersion": 3,
        "journeyCustomerId": draft.other(32 + draft.rng.randrange(4)),
        "journeyCustomerIdType": "cookie",
        "journeyCustomerSessionId": draft.ident(),
        "journeyCustomerSessionIdType": "web",
    }
    return guest(
        draft,
        "message",
        messageType="webmessaging",
        engagementSource="WebChat",
        **(journey if draft.chance(0.5) else {}),
    )


def _bot_flow(draft: Draft, end: int, *, solved: bool) -> dict[str, Any]:
    first, second = draft.moment(draft.start + 900), draft.moment(end)
    outcomes = [
        {
            "flowOutcome": "Balance told" if solved else "Handed over",
            "flowOutcomeEndTimestamp": second,
            "flowOutcomeId": draft.other(36),
            "flowOutcomeStartTimestamp": first,
            "flowOutcomeValue": "SUCCESS" if solved else "FAILURE",
        }
    ]
    if draft.chance(0.3):
        outcomes.append(
            {**outcomes[0], "flowOutcomeId": draft.other(37), "flowOutcome": "Greeted"}
        )
    return {
        "endingLanguage": "en-us",
        "entryReason": "start",
        "entryType": "flow",
        "exitReason": "DISCONNECT" if solved else "TRANSFER",
        "flowId": draft.other(38),
        "flowName": "Helper bot",
        "flowType": "DIGITALBOT",
        "flowVersion": "4.0",
        "startingLanguage": "en-us",
        "outcomes": outcomes,
    }
