"""Every field the API knows occurs in a generated world, so that no column goes untested."""

from __future__ import annotations

import json
from collections import defaultdict

from genesys_simulator import World
from genesys_simulator.times import DAY_MS, Span

# Every leaf of AnalyticsConversation, by the object it stands in; kept by hand.
LEAVES = {
    "": """
        accessAttributes[] associatedConversationId conferenceStart
        consultationConversationIds[] conversationEnd conversationId conversationInitiator
        conversationStart customerParticipation divisionIds[] externalTag inactivityTimeout
        knowledgeBaseIds[] mediaStatsMinConversationMos mediaStatsMinConversationRFactor
        originatingDirection originatingSocialMediaPublic selfServed
    """,
    "evaluations[]": """
        assigneeApplicable assigneeId calibrationId contextId deleted evaluationId
        evaluationStatus evaluatorId eventTime formId formName oTotalCriticalScore oTotalScore
        queueId released rescored systemSubmitted userId
    """,
    "participants[]": """
        attributes externalContactId externalOrganizationId flaggedReason participantId
        participantName purpose screenRecording teamId userId
    """,
    "participants[].sessions[]": """
        activeSkillIds[] acwSkipped addressFrom addressOther addressSelf addressTo
        agentAssistantId agentBullseyeRing agentOwned ani assignerId authenticated
        bargedParticipantId bcc[] callbackNumbers[] callbackScheduledTime callbackUserName cc[]
        cleared coachedParticipantId cobrowseRole cobrowseRoomId deliveryPushed deliveryStatus
        deliveryStatusChangeDate destinationAddresses[] detectedSpeechEnd detectedSpeechStart
        direction dispositionAnalyzer dispositionName dnis edgeId eligibleAgentCounts[]
        engagementSource errorCodeDescription extendedDeliveryStatus flowInType flowOutType
        journeyActionId journeyActionMapId journeyActionMapVersion journeyCustomerId
        journeyCustomerIdType journeyCustomerSessionId journeyCustomerSessionIdType
        mediaBridgeId mediaCount mediaType messageType monitoredParticipantId outboundCampaignId
        outboundContactId outboundContactListId peerId protocolCallId provider recording remote
        remoteNameDisplayable removedSkillIds[] requestedRoutings[] roomId routingRing
        routingRule routingRuleType screenMonitoredUserId screenShareAddressSelf
        screenShareRoomId scriptId selectedAgentId selectedAgentRank sessionDnis sessionId
        sharingScreen skillExpressionId skipEnabled snippetRecording timeoutSeconds usedRouting
        videoAddressSelf videoRoomId waitingInteractionCounts[]
    """,
    "participants[].sessions[].agentGroups[]": """
        agentGroupId agentGroupType
    """,
    "participants[].sessions[].flow": """
        endingLanguage entryReason entryType exitReason flowId flowName flowType flowVersion
        issuedCallback recognitionFailureReason startingLanguage transferTargetAddress
        transferTargetName transferType
    """,
    "participants[].sessions[].flow.outcomes[]": """
        flowOutcome flowOutcomeEndTimestamp flowOutcomeId flowOutcomeStartTimestamp
        flowOutcomeValue
    """,
    "participants[].sessions[].mediaEndpointStats[]": """
        codecs[] discardedPackets duplicatePackets eventTime invalidPackets maxLatencyMs minMos
        minRFactor overrunPackets receivedPackets underrunPackets
    """,
    "participants[].sessions[].metrics[]": """
        emitDate name value
    """,
    "participants[].sessions[].proposedAgents[]": """
        agentRank proposedAgentId
    """,
    "participants[].sessions[].segments[]": """
        audioMuted conference destinationConversationId destinationSessionId disconnectType
        errorCode groupId q850ResponseCodes[] queueId requestedLanguageId
        requestedRoutingSkillIds[] requestedRoutingUserIds[] segmentEnd segmentStart segmentType
        sipResponseCodes[] sourceConversationId sourceSessionId subject videoMuted wrapUpCode
        wrapUpNote wrapUpTags[]
    """,
    "participants[].sessions[].segments[].properties[]": """
        property propertyType value
    """,
    "participants[].sessions[].segments[].scoredAgents[]": """
        agentScore scoredAgentId
    """,
    "resolutions[]": """
        eventTime nNextContactAvoided queueId userId
    """,
    "surveys[]": """
        eventTime oSurveyTotalScore queueId surveyCompletedDate surveyFormContextId surveyFormId
        surveyFormName surveyId surveyPartialResponse surveyPromoterScore surveyStatus
        surveyType userId
    """,
}


def test_every_leaf_field_of_the_model_occurs():
    holdings = World.generated(seed=1, per_day=2_000).holdings
    rendered = holdings.render(list(holdings.positions(Span(0, DAY_MS), 0)), attributes=True)
    records = [json.loads(one) for one in rendered]
    found = defaultdict(set)

    def walk(value, path):
        for key, inner in value.items():
            if key == "attributes":
                found[path].add(key)
            elif isinstance(inner, dict):
                walk(inner, f"{path}.{key}" if path else key)
            elif isinstance(inner, list) and inner and isinstance(inner[0], dict):
                for one in inner:
                    walk(one, f"{path}.{key}[]" if path else f"{key}[]")
            else:
                found[path].add(key + "[]" * isinstance(inner, list))

    for record in records:
        walk(record, "")
    assert {path: set(names.split()) for path, names in LEAVES.items()} == dict(found)
    assert sum(len(names.split()) for names in LEAVES.values()) == 211
