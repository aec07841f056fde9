"""Inbound telephone calls: answered, abandoned, transferred, consulted, conferenced, overheard.

Knows the order of scenes of each story; the scenes themselves are in `parts`.
"""

from __future__ import annotations

from ..queues import name_mark
from ..roster import LEADS
from . import texts
from .draft import Draft, Leg
from .parts import caller, hang_up, measured, menu, queue_of
from .service import answer, missed, wait, work


def answered(draft: Draft) -> None:
    """Menu, queue, agent, wrap-up: the ordinary call."""
    customer = caller(draft)
    queue = queue_of(draft)
    queued = menu(draft, customer, draft.start + 40, queue)
    found = wait(draft, customer, queued, queue)
    _, leg = answer(draft, customer, found, queue)
    end = work(draft, leg, queue, holds=draft.rng.choice((0, 0, 0, 1, 2)))
    hang_up(draft, customer, end)
    _dress(draft)


def direct(draft: Draft) -> None:
    """Straight into a queue, without a menu."""
    customer = caller(draft)
    queue = queue_of(draft)
    found = wait(draft, customer, draft.start + 50, queue)
    _, leg = answer(draft, customer, found, queue)
    hang_up(draft, customer, work(draft, leg, queue))
    _dress(draft)


def abandoned(draft: Draft) -> None:
    """The customer hangs up while waiting."""
    customer = caller(draft)
    queue = queue_of(draft)
    queued = menu(draft, customer, draft.start + 40, queue)
    hang_up(draft, customer, wait(draft, customer, queued, queue, gives_up=True))
    _dress(draft)


def self_served(draft: Draft) -> None:
    """The menu does it all."""
    customer = caller(draft)
    end = menu(draft, customer, draft.start + 40)
    hang_up(draft, customer, end)
    draft.fields["selfServed"] = True
    flow = draft.parties[1].legs[0].fields["flow"]
    flow["recognitionFailureReason"] = "NO_MATCH"
    flow["issuedCallback"] = False


def unanswered_once(draft: Draft) -> None:
    """One agent doesn't answer, the next one does."""
    customer = caller(draft)
    queue = queue_of(draft)
    found = wait(draft, customer, draft.start + 30, queue)
    again = missed(draft, customer, found, queue)
    _, leg = answer(draft, customer, again, queue)
    hang_up(draft, customer, work(draft, leg, queue))


def transferred(draft: Draft) -> None:
    """The first agent hands the call to another queue without a word."""
    customer = caller(draft)
    first = second = queue_of(draft)
    while second == first:
        second = queue_of(draft)
    queued = menu(draft, customer, draft.start + 40, first)
    found = wait(draft, customer, queued, first)
    _, leg = answer(draft, customer, found, first)
    handed = work(draft, leg, first, how="transfer")
    leg.metric("nBlindTransferred", handed)
    leg.metric("nTransferred", handed)
    found = wait(draft, customer, handed, second)
    _, leg = answer(draft, customer, found, second)
    hang_up(draft, customer, work(draft, leg, second))


def consulted(draft: Draft) -> None:
    """The agent asks a colleague, then hands the call over."""
    customer = caller(draft)
    queue = queue_of(draft)
    found = wait(draft, customer, draft.start + 60, queue)
    party, leg = answer(draft, customer, found, queue)
    handed = work(draft, leg, queue, holds=1, how="consultTransfer")
    for name in ("nConsult", "nConsultTransferred", "nTransferred"):
        leg.metric(name, handed)
    other = draft.ident()
    draft.fields["consultationConversationIds"] = [other]
    asked = party.leg("voice", "outbound", provider="Edge", peerId=customer.ident)
    asked.segment("dialing", handed - 20_000, handed - 15_000, destinationConversationId=other)
    asked.segment("interact", handed - 15_000, handed, sourceConversationId=other)
    _, second = answer(draft, customer, handed, queue)
    second.fields["usedRouting"] = "Direct"
    hang_up(draft, customer, work(draft, second, queue))


def conference(draft: Draft) -> None:
    """Three parties on the line at once."""
    customer = caller(draft)
    queue = queue_of(draft)
    found = wait(draft, customer, draft.start + 60, queue)
    _, leg = answer(draft, customer, found, queue)
    joined = work(draft, leg, queue, how="conferenceTransfer")
    third = draft.party("external", participantName=texts.name(draft.rng)).leg(
        "voice", "outbound", provider="Edge", ani=customer.fields["dnis"], remote="Interpreter"
    )
    end = joined + draft.some(30, 300)
    third.segment("dialing", joined - 9_000, joined - 4_000, sipResponseCodes=[180, 200])
    there = {"destinationSessionId": leg.ident, "sourceSessionId": third.ident}
    third.segment("interact", joined - 4_000, end, conference=True, audioMuted=False, **there)
    third.metric("nConnected", joined - 4_000)
    third.metric("tConnected", end, end - joined + 4_000)
    draft.fields["conferenceStart"] = draft.moment(joined - 4_000)
    hang_up(draft, customer, end)


def overheard(draft: Draft) -> None:
    """A supervisor monitors, coaches and barges in; another one watches the screen."""
    customer = caller(draft)
    queue = queue_of(draft)
    found = wait(draft, customer, draft.start + 60, queue)
    party, leg = answer(draft, customer, found, queue)
    end = work(draft, leg, queue, seconds=200)
    party.fields["screenRecording"] = True
    for number, (kind, field, metric) in enumerate(_LISTENERS):
        boss = draft.party("user", userId=draft.agent(LEADS))
        heard = boss.leg("voice", None, provider="Edge", **{field: party.ident})
        begun = end - 120_000 + 20_000 * number
        heard.segment(kind, begun, begun + 15_000)
        heard.metric(metric, begun + 15_000, 15_000)
        if metric != "tBarging":
            heard.metric(f"{metric}Complete", begun + 15_000, 15_000)
    watcher = draft.party("user", userId=draft.agent(LEADS))
    seen = watcher.leg(
        "screenmonitoring", None, screenMonitoredUserId=party.fields["userId"], provider="Screen"
    )
    seen.segment("screenmonitoring", end - 60_000, end - 20_000)
    seen.metric("tScreenMonitoring", end - 20_000, 40_000)
    hang_up(draft, customer, end)


_LISTENERS = (
    ("monitoring", "monitoredParticipantId", "tMonitoring"),
    ("coaching", "coachedParticipantId", "tCoaching"),
    ("barging", "bargedParticipantId", "tBarging"),
)


def voicemail(draft: Draft) -> None:
    """The caller leaves a message, which waits as a callback for weeks."""
    customer = caller(draft)
    queue = queue_of(draft)
    left = menu(draft, customer, draft.start + 40, queue)
    end = left + draft.some(10, 60)
    box = draft.party("voicemail", participantName=name_mark(queue)).leg(
        "voice", peerId=customer.ident, provider="Edge", sessionDnis="sip:vm@192.0.2.1"
    )
    box.segment("system", left, left + 40, queueId=queue)
    box.segment("interact", left + 40, end, disconnectType="peer", queueId=queue)
    box.metric("tVoicemail", end, end - left - 40)
    measured(draft, box, end)
    hang_up(draft, customer, end)
    waits(draft, customer, queue, end, days=draft.rng.choice((1, 3, 14, 40)))


def waits(draft: Draft, of: Leg, queue: str, start: int, *, days: int) -> None:
    """Leave a callback in the queue that nobody takes in time."""
    end = start + days * 86_400_000 + draft.some(1, 9)
    number = str(of.fields["ani"]).removeprefix("tel:")
    fields = {
        "callbackNumbers": [number],
        "callbackUserName": of.fields["remoteNameDisplayable"],
        "provider": "PureCloud Callback",
        "skipEnabled": True,
        "timeoutSeconds": 0,
    }
    theirs = draft.parties[0].leg("callback", "outbound", **fields)
    waiting = draft.party("acd").leg(
        "callback", "outbound", flowInType="voicemail", peerId=theirs.ident, **fields
    )
    for leg, how in ((theirs, "client"), (waiting, "peer")):
        leg.segment("uploading", start, start + 900, queueId=queue)
        leg.segment("interact", start + 900, end, disconnectType=how, queueId=queue)
    theirs.metric("nConnected", start + 900)
    theirs.metric("tConnected", end, end - start - 900)
    waiting.metric("nOffered", start + 900)
    waiting.metric("tAcd", end, end - start - 900)


def _dress(draft: Draft) -> None:
    """Give an ordinary call what only some calls have."""
    draft.fields["customerParticipation"] = True
    customer = draft.parties[0]
    customer.attributes = texts.attributes(draft.rng, draft.rng.choice((0, 3, 6, 10)))
    if draft.chance(0.2):
        draft.fields["externalTag"] = draft.rng.choice(("000123", "CRM-77", "ticket,9", "é"))
    if draft.chance(0.1):
        customer.fields["externalOrganizationId"] = draft.other(9)
