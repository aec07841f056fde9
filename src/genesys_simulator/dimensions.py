"""Where a conversation, or a user, has the values of a filter's dimension.

Knows, for each level, the things a filter is held against and the dimensions they
have. A dimension that stands where its name says needs no entry; the tables hold the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from .templates import Json
from .times import read


class Level(Enum):
    """What a filter array is compared with; the value is its name in a request."""

    CONVERSATION = "conversationFilters"
    SEGMENT = "segmentFilters"
    EVALUATION = "evaluationFilters"
    SURVEY = "surveyFilters"
    RESOLUTION = "resolutionFilters"
    USER = "userFilters"
    PRESENCE = "presenceFilters"
    ROUTING = "routingStatusFilters"


OF_CONVERSATIONS = (
    Level.CONVERSATION,
    Level.SEGMENT,
    Level.EVALUATION,
    Level.SURVEY,
    Level.RESOLUTION,
)
OF_USERS = (Level.USER, Level.PRESENCE, Level.ROUTING)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NAMES: Mapping[Level, frozenset[str]] = {
    Level.CONVERSATION: _words(
        "accessAttribute conversationEnd conversationId conversationInitiator conversationStart "
        "customerParticipation divisionId externalTag mediaStatsMinConversationMos "
        "originatingDirection originatingSocialMediaPublic"
    ),
    Level.SEGMENT: _words(
        "addressFrom addressTo agentAssistantId agentOwned ani authenticated "
        "bargedParticipantId callbackNumber callbackScheduledTime canonicalExternalContactId "
        "cleared coachedParticipantId conference deliveryPushed deliveryStatus "
        "destinationAddress destinationConversationId detectedSpeechEnd detectedSpeechStart "
        "direction disconnectType dnis edgeId engagementSource errorCode exitReason "
        "extendedDeliveryStatus externalContactId externalOrganizationId flaggedReason flowId "
        "flowName flowOutType flowOutcome flowOutcomeId flowOutcomeValue flowVersion groupId "
        "journeyActionId journeyActionMapId journeyCustomerId journeyCustomerIdType "
        "journeyCustomerSessionId mediaCount mediaType messageType monitoredParticipantId "
        "outboundCampaignId outboundContactId outboundContactListId participantName "
        "protocolCallId provider purpose queueId recording remote remoteNameDisplayable "
        "requestedLanguageId requestedRouting requestedRoutingSkillId scoredAgentId "
        "screenMonitoredUserId screenRecording scriptId segmentEnd segmentType sessionDnis "
        "sipResponseCode skillExpressionId snippetRecording subject teamId "
        "transferTargetAddress transferTargetName transferType usedRouting userId wrapUpCode "
        "wrapUpNote"
    ),
    Level.EVALUATION: _words(
        "assigneeApplicable assigneeId calibrationId contextId deleted evaluationId "
        "evaluationStatus evaluatorId eventTime formId formName queueId released rescored "
        "systemSubmitted userId"
    ),
    Level.SURVEY: _words(
        "eventTime queueId surveyCompletedDate surveyFormContextId surveyFormId surveyId "
        "surveyPartialResponse surveyPromoterScore surveyStatus surveyType userId"
    ),
    Level.RESOLUTION: frozenset(),
    Level.USER: frozenset({"userId"}),
    Level.PRESENCE: frozenset({"organizationPresenceId", "systemPresence"}),
    Level.ROUTING: frozenset({"routingStatus"}),
}
# Dimensions whose values stand under another name.
_ELSEWHERE: Mapping[str, str] = {
    "accessAttribute": "accessAttributes",
    "callbackNumber": "callbackNumbers",
    "canonicalExternalContactId": "externalContactId",
    "destinationAddress": "destinationAddresses",
    "divisionId": "divisionIds",
    "requestedRouting": "requestedRoutings",
    "requestedRoutingSkillId": "requestedRoutingSkillIds",
    "sipResponseCode": "sipResponseCodes",
}
# Dimensions whose values differ between the copies of a generated conversation.
_VARYING = _words(
    "addressFrom addressTo ani bargedParticipantId calibrationId callbackNumber "
    "callbackScheduledTime canonicalExternalContactId coachedParticipantId contextId "
    "conversationEnd conversationId conversationStart destinationAddress "
    "destinationConversationId detectedSpeechEnd detectedSpeechStart dnis evaluationId eventTime "
    "externalContactId journeyActionId journeyCustomerSessionId monitoredParticipantId "
    "outboundContactId participantName protocolCallId queueId remote remoteNameDisplayable "
    "screenMonitoredUserId segmentEnd sessionDnis surveyCompletedDate surveyId "
    "transferTargetAddress transferTargetName userId"
)
_LISTS = {
    Level.EVALUATION: "evaluations",
    Level.SURVEY: "surveys",
    Level.RESOLUTION: "resolutions",
}


def known(level: Level, kind: str, name: str) -> bool:
    """Tell whether the API has it: metrics and properties by any name, dimensions of a list."""
    if kind == "property":
        return level is Level.SEGMENT
    return kind == "metric" or (kind == "dimension" and name in _NAMES[level])


def is_fixed(name: str) -> bool:
    """Tell whether the copies of a generated conversation share its values."""
    return name not in _VARYING


def things(level: Level, record: Json) -> Iterator[Json]:
    """Yield what a filter of the level is compared with."""
    if level is Level.CONVERSATION:
        yield record
    elif level is Level.SEGMENT:
        yield from _segments(record)
    else:
        yield from objects(record.get(_LISTS[level]))


def values(level: Level, kind: str, name: str, thing: Json) -> list[Any]:
    """Return the values of a dimension, metric or property in a thing; none is an empty list."""
    if kind == "metric":
        return _metrics(level, name, thing)
    if kind == "property":
        return [one.get("value") for one in thing["properties"] if one.get("property") == name]
    value = thing.get(_ELSEWHERE.get(name, name))
    found = value if isinstance(value, list) else [value]
    return [one for one in found if one is not None and one != ""]


def number(value: object) -> float | None:
    """Return a number or an instant as a number; None for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    instant = read(value)
    return None if instant is None else float(instant)


def _segments(record: Json) -> Iterator[Json]:
    """Yield each segment together with all that is said of its session and participant."""
    for participant in objects(record.get("participants")):
        for session in objects(participant.get("sessions")):
            flow = session.get("flow") or {}
            outcomes = list(objects(flow.get("outcomes")))
            around = {
                **participant,
                **flow,
                **{key: [one.get(key) for one in outcomes] for key in _OUTCOME},
                **session,
            }
            for segment in objects(session.get("segments")) or [{}]:
                scored = [one.get("scoredAgentId") for one in objects(segment.get("scoredAgents"))]
                properties = {"properties": list(objects(segment.get("properties")))}
                yield {**around, **segment, **properties, "scoredAgentId": scored}


_OUTCOME = ("flowOutcome", "flowOutcomeId", "flowOutcomeValue")


def _metrics(level: Level, name: str, thing: Json) -> list[Any]:
    if level is Level.SEGMENT:
        return _duration(thing, "segment") if name == "tSegmentDuration" else []
    if level is not Level.CONVERSATION:
        return [] if thing.get(name) is None else [thing[name]]
    if name == "tConversationDuration":
        return _duration(thing, "conversation")
    if name == "nConversations":
        return [1]
    return [
        metric.get("value")
        for participant in objects(thing.get("participants"))
        for session in objects(participant.get("sessions"))
        for metric in objects(session.get("metrics"))
        if metric.get("name") == name
    ]


def _duration(thing: Json, what: str) -> list[Any]:
    start, end = read(thing.get(f"{what}Start")), read(thing.get(f"{what}End"))
    return [] if start is None or end is None else [end - start]


def objects(value: object) -> list[Json]:
    """Return the objects of a list; given records may hold anything."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
