"""What the aggregates endpoints know: dimensions to group by, and metrics.

As the SDK 269.0.0 has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Names:
    """What one endpoint knows."""

    dimensions: frozenset[str]
    metrics: frozenset[str]


_BOTH = _words(
    "activeRouting activeSkillId addressFrom addressTo agentAssistantId agentBullseyeRing "
    "agentOwned agentRank agentScore ani assignerId authenticated conversationId "
    "conversationInitiator convertedFrom convertedTo customerParticipation deliveryStatus "
    "destinationAddress direction disconnectType divisionId dnis edgeId eligibleAgentCount "
    "errorCode extendedDeliveryStatus externalContactId externalMediaCount "
    "externalOrganizationId externalTag firstQueue flaggedReason flowInType flowOutType "
    "groupId interactionType journeyActionId journeyActionMapId journeyActionMapVersion "
    "journeyCustomerId journeyCustomerIdType journeyCustomerSessionId "
    "journeyCustomerSessionIdType knowledgeBaseId mediaCount mediaType messageType "
    "originatingDirection outboundCampaignId outboundContactId outboundContactListId "
    "participantName peerId proposedAgentId provider purpose queueId remote removedSkillId "
    "requestedLanguageId requestedRouting requestedRoutingSkillId roomId routingPriority "
    "routingRing routingRule routingRuleType scoredAgentId selectedAgentId selectedAgentRank "
    "selfServed sessionDnis sessionId skillExpressionId stationId teamId usedRouting userId "
    "videoPresent waitingInteractionCount wrapUpCode"
)
_CONVERSATION = _words("originatingSocialMediaPublic")
_FLOW = _words(
    "endingLanguage entryReason entryType exitReason flowId flowMilestoneId flowName "
    "flowOutcome flowOutcomeId flowOutcomeValue flowSubType flowType flowVersion "
    "recognitionFailureReason startingLanguage transferTargetAddress transferTargetName "
    "transferType"
)
_CONVERSATION_METRICS = _words(
    "nBlindTransferred nBotInteractions nCallbackAttempts nCallbackOverSla nCallbackScheduled "
    "nCfcOffered nCobrowseSessions nConnected nConsult nConsultTransferred nConversations "
    "nError nOffered nOutbound nOutboundAbandoned nOutboundAttempted nOutboundConnected "
    "nOverSla nStateTransitionError nTakeover nTransferred oAudioMessageCount "
    "oCallbackServiceLevel oExternalAudioMessageCount oExternalMediaCount oMediaCount "
    "oMessageCount oMessageSegmentCount oMessageTurn oServiceLevel oServiceTarget "
    "oSkillExpressionApplications tAbandon tAcd tActiveCallback tActiveCallbackComplete tAcw "
    "tAgentResponseTime tAgentVideoConnected tAlert tAnswered tAverageAgentResponseTime "
    "tAverageCustomerResponseTime tBarging tCallbackAbandon tCallbackConnect "
    "tCallbackNotReached tCallbackVirtualWait tCfcAbandon tCfcAcd tCfcAnswered tCfcFlowOut "
    "tCoaching tCoachingComplete tConnected tContacting tDialing tFirstConnect tFirstDial "
    "tFirstEngagement tFirstResponse tFlowOut tHandle tHeld tHeldComplete tIvr tMonitoring "
    "tMonitoringComplete tNotResponding tPark tParkComplete tScreenMonitoring tShortAbandon "
    "tSnippetRecord tTalk tTalkComplete tTransmitting tUserResponseTime tVoicemail tWait"
)
_FLOW_METRICS = _words(
    "nFlow nFlowMilestone nFlowOutcome nFlowOutcomeFailed oFlowMilestone tFlow "
    "tFlowDisconnect tFlowExit tFlowOutcome"
)
_USER_METRICS = _words("tAgentRoutingStatus tOrganizationPresence tSystemPresence")

# By the segment of the path.
NAMES: Mapping[str, Names] = {
    "conversations": Names(_BOTH | _CONVERSATION, _CONVERSATION_METRICS),
    "flows": Names(_BOTH | _FLOW, _FLOW_METRICS),
    "users": Names(_words("userId"), _USER_METRICS),
}
