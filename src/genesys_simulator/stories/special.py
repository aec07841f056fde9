"""What is neither a plain inbound call nor writing: callbacks, campaigns, shared screens, others.

Knows the fields that only these conversations fill; scenes shared with others are in `parts`.
"""

from __future__ import annotations

from ..customers import PHONE
from ..roster import VOICE
from ..templates import value_mark
from .digital import guest, leave
from .draft import Draft
from .parts import caller, hang_up, measured, menu, queue_of
from .service import answer, missed, wait, work, wrap_up

_MINUTE_MS = 60_000


def callback(draft: Draft) -> None:
    """The caller asks to be called back, and is."""
    customer = caller(draft)
    queue = queue_of(draft)
    asked = menu(draft, customer, draft.start + 40, queue)
    flow = draft.parties[1].legs[0].fields["flow"]
    flow |= {"issuedCallback": True, "transferType": "ACD_CALLBACK"}
    hang_up(draft, customer, asked + 900)
    due = asked + draft.some(300, 3_000)
    fields = {
        "callbackNumbers": [value_mark(PHONE)],
        "callbackScheduledTime": draft.moment(due),
        "callbackUserName": customer.fields["remoteNameDisplayable"],
        "provider": "PureCloud Callback",
        "skipEnabled": True,
        "timeoutSeconds": 30,
        "agentOwned": draft.chance(0.5),
    }
    theirs = draft.parties[0].leg("callback", "outbound", **fields)
    theirs.segment("scheduled", asked + 900, due)
    theirs.metric("nCallbackScheduled", asked + 900)
    waiting = draft.party("acd").leg("callback", "outbound", peerId=theirs.ident, **fields)
    waiting.segment("interact", due - 900, due, disconnectType="transfer", queueId=queue)
    waiting.metric("nOffered", due - 900)
    waiting.metric("tAcd", due, 900)
    party, leg = answer(draft, theirs, due, queue)
    leg.fields |= fields
    leg.segment("callback", leg.ends[-1] or due, (leg.ends[-1] or due) + 4_000, queueId=queue)
    call = party.leg("voice", "outbound", provider="Edge", peerId=theirs.ident)
    dialed = (leg.ends[-1] or due) + draft.some(4, 20)
    call.segment("dialing", leg.ends[-1] or due, dialed)
    end = dialed + draft.some(20, 300)
    call.segment("interact", dialed, end, disconnectType="peer", queueId=queue)
    wrap_up(draft, call, queue, end)
    call.handled()
    call.metric("tCallbackConnect", dialed, dialed - due)
    theirs.segment("interact", due, end, disconnectType="client", queueId=queue)
    theirs.metric("nConnected", due)
    theirs.metric("tConnected", end, end - due)
    draft.fields["associatedConversationId"] = draft.ident()


def campaign(draft: Draft) -> None:
    """The dialer calls: often nobody, sometimes a machine, sometimes a customer for an agent."""
    draft.fields |= {"originatingDirection": "outbound", "conversationInitiator": "dialer"}
    ids = {
        "outboundCampaignId": draft.other(40),
        "outboundContactId": draft.ident(),
        "outboundContactListId": draft.other(41),
        "scriptId": draft.other(42),
    }
    dialer = draft.party(draft.rng.choice(("dialer", "campaign", "outbound")))
    dialing = dialer.leg("voice", "outbound", provider="PureCloud Dialer", **ids)
    rung = draft.start + draft.some(4, 30)
    dialing.segment("dialing", draft.start, rung)
    dialing.metric("nOutboundAttempted", draft.start)
    dialing.metric("tDialing", rung, rung - draft.start)
    customer = caller(draft, "outbound", **ids)
    outcome = draft.rng.choice(("busy", "no answer", "machine", "person", "person"))
    customer.fields |= {
        "dispositionAnalyzer": "speech",
        "dispositionName": f"disposition.classification.callable.{outcome.replace(' ', '')}",
    }
    if outcome != "person":
        codes = {"sipResponseCodes": [183, 486], "q850ResponseCodes": [17]}
        customer.segment("dialing", draft.start, rung, disconnectType="uncallable", **codes)
        customer.metric("tConnected", rung, rung - draft.start)
        customer.fields["errorCodeDescription"] = outcome
        return
    customer.fields["detectedSpeechStart"] = draft.moment(rung + 200)
    customer.fields["detectedSpeechEnd"] = draft.moment(rung + 1_900)
    customer.metric("nOutboundConnected", rung)
    queue = queue_of(draft)
    found = wait(draft, customer, rung, queue)
    _, leg = answer(draft, customer, found, queue)
    leg.fields |= ids
    hang_up(draft, customer, work(draft, leg, queue))


def preview(draft: Draft) -> None:
    """An agent is shown a contact and skips it."""
    draft.fields |= {"originatingDirection": "outbound", "conversationInitiator": "campaign"}
    agent = draft.party("agent", userId=draft.agent(VOICE))
    leg = agent.leg(
        "callback", "outbound", outboundCampaignId=draft.other(43), provider="PureCloud Dialer"
    )
    end = draft.start + draft.some(3, 50)
    queue = queue_of(draft)
    leg.segment("alert", draft.start, draft.start + 900, queueId=queue)
    code = "ININ-OUTBOUND-PREVIEW-SKIPPED"  # a system's code, not an id
    leg.segment("wrapup", draft.start + 900, end, queueId=queue, wrapUpCode=code, wrapUpNote="")
    leg.metric("tAlert", draft.start + 900, 900)
    leg.handled()


def dialed(draft: Draft) -> None:
    """An agent dials a call manually."""
    draft.fields |= {"originatingDirection": "outbound", "conversationInitiator": "agent"}
    agent = draft.party(draft.rng.choice(("agent", "user", "manual")), userId=draft.agent(VOICE))
    leg = agent.leg("voice", "outbound", provider="Edge", dnis=f"tel:{value_mark(PHONE)}")
    rung = draft.start + draft.some(2, 5)
    reached = rung + draft.some(3, 30)
    leg.segment("contacting", draft.start, rung)
    leg.segment("dialing", rung, reached)
    end = reached + draft.some(10, 400)
    leg.segment("interact", reached, end, disconnectType="client")
    leg.handled()
    leg.metric("nOutbound", draft.start)
    customer = draft.party("customer").leg("voice", "outbound", provider="Edge")
    customer.segment("dialing", rung, reached)
    customer.segment("interact", reached, end, disconnectType="peer")
    customer.metric("nConnected", reached)
    customer.metric("tConnected", end, end - reached)


def colleagues(draft: Draft) -> None:
    """Two colleagues call each other: station to user, through a ring group."""
    draft.fields |= {"conversationInitiator": "station", "customerParticipation": False}
    end = draft.start + draft.some(5, 300)
    for purpose in ("station", "group", "user"):
        leg = draft.party(purpose).leg("voice", "outbound", provider="Edge")
        leg.segment(
            "interact", draft.start, end, disconnectType="endpoint", groupId=draft.other(44)
        )
        leg.metric("nConnected", draft.start)


def machines(draft: Draft) -> None:
    """A fax comes in and a workflow sees to it; a survey flow asks how it was."""
    end = draft.start + draft.some(9, 90)
    for purpose in ("inbound", "fax", "workflow", "voicesurveyflow"):
        leg = draft.party(purpose).leg("unknown" if purpose == "fax" else "voice", None)
        leg.fields["provider"] = "Edge"
        leg.segment("system", draft.start, end, disconnectType="system")
    leg.fields["flow"] = {
        "flowId": draft.other(45),
        "flowType": "VOICESURVEY",
        "entryType": "flow",
    }


def shared_screen(draft: Draft) -> None:
    """A chat that goes on with a shared browser and a shared screen."""
    customer = guest(draft, "chat")
    queue = queue_of(draft)
    found = wait(draft, customer, draft.start + 9, queue)
    party, leg = answer(draft, customer, found, queue)
    end = work(draft, leg, queue, seconds=300)
    browsing = {"cobrowseRoomId": draft.ident(), "provider": "PureCloud Cobrowse"}
    for who, role in ((draft.parties[0], "sharer"), (party, "viewer")):
        together = who.leg("cobrowse", None, cobrowseRole=role, **browsing)
        together.segment("sharing", end - 90_000, end - 60_000)
        together.metric("nCobrowseSessions", end - 90_000)
    screen = party.leg(
        "screenshare",
        None,
        screenShareAddressSelf=f"{draft.ident()}@share.example",
        screenShareRoomId=draft.ident(),
        sharingScreen=True,
        provider="PureCloud Share",
    )
    screen.segment("sharing", end - 60_000, end)
    leave(draft, customer, end)


def video(draft: Draft) -> None:
    """A video call from a web page."""
    customer = guest(
        draft,
        "video",
        videoAddressSelf=f"{draft.ident()}@video.example",
        videoRoomId=draft.ident(),
        mediaBridgeId=draft.other(46),
    )
    queue = queue_of(draft)
    found = wait(draft, customer, draft.start + 9, queue)
    _, leg = answer(draft, customer, found, queue)
    end = work(draft, leg, queue)
    leg.segment("interact", end, end + 4_000, videoMuted=True, audioMuted=True)
    measured(draft, leg, end)
    leave(draft, customer, end + 4_000)


def failing(draft: Draft) -> None:
    """An agent misses the call, the line breaks, the customer is gone."""
    customer = caller(draft)
    queue = queue_of(draft)
    found = wait(draft, customer, draft.start + 30, queue)
    end = missed(draft, customer, missed(draft, customer, found, queue), queue)
    code = "error.ininedgecontrol.session.inactive"
    customer.segment("interact", end, end + 900, disconnectType="transportFailure", errorCode=code)
    customer.metric("nError", end + 900)
    hang_up(draft, customer, end, how="error")


def still_talking(draft: Draft) -> None:
    """A call whose end nobody has recorded: open for good."""
    customer = caller(draft)
    queue = queue_of(draft)
    found = wait(draft, customer, draft.start + 30, queue)
    _, leg = answer(draft, customer, found, queue)
    leg.segment("interact", leg.ends[-1] or found, None, queueId=queue)
    customer.segment("interact", draft.start, None)
    customer.metric("nConnected", draft.start)
