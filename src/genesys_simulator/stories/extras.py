"""What comes on top of a conversation: routing details, scores, evaluations, surveys.

Knows the fields that some conversations of any kind have. Each of these adds to a finished story.
"""

from __future__ import annotations

from ..queues import queue_mark
from ..templates import Json
from . import texts
from .draft import Draft, Leg

_HOUR_MS = 3_600_000
_RINGS = ("Bullseye", "Predictive", "Preferred", "Conditional")


def routed(draft: Draft) -> None:
    """Show how routing chose: rings, rules, proposed agents, groups."""
    for leg in _legs(draft, "acd", "agent"):
        way = draft.rng.choice(_RINGS)
        leg.fields |= {
            "agentBullseyeRing": draft.rng.randint(1, 6),
            "routingRing": draft.rng.randint(1, 6),
            "routingRule": f"rule {draft.rng.randint(1, 9)}",
            "routingRuleType": way,
            "requestedRoutings": [way, "Standard"],
            "usedRouting": way,
            "selectedAgentRank": 1,
            "skillExpressionId": draft.other(48),
            "assignerId": draft.org.leads[0],
            "agentGroups": [
                {"agentGroupId": draft.other(49 + number), "agentGroupType": kind}
                for number, kind in enumerate(("Group", "SkillGroup", "Team"))
            ],
            "proposedAgents": [
                {"agentRank": rank, "proposedAgentId": agent}
                for rank, agent in enumerate(draft.rng.sample(draft.org.leads, 3), 1)
            ],
        }


def assisted(draft: Draft) -> None:
    """Let an assistant listen, scripts run, snippets be recorded, and note what segments say."""
    agents = draft.org.leads
    for leg in _legs(draft, "agent"):
        leg.fields |= {
            "agentAssistantId": draft.other(52),
            "snippetRecording": True,
        }
        leg.metric("tSnippetRecord", leg.ends[0] or draft.start, 4_000)
        for fields in leg.told():
            fields |= {
                "requestedLanguageId": draft.other(53),
                "requestedRoutingUserIds": list(agents[:2]),
                "scoredAgents": [
                    {"agentScore": draft.rng.randint(0, 100), "scoredAgentId": agent}
                    for agent in agents[:2]
                ],
                "properties": [
                    {"property": "caseId", "propertyType": "string", "value": "000123"},
                    {"property": "amount", "propertyType": "real", "value": "12.50"},
                    {"property": "odd", "propertyType": "string", "value": texts.note(draft.rng)},
                ],
            }


def noted(draft: Draft) -> None:
    """Let the agent label the outcome and type something odd; limit who may see it."""
    for leg in _legs(draft, "agent"):
        for fields in leg.told():
            if fields["segmentType"] == "wrapup":
                fields |= {
                    "wrapUpTags": ["follow-up", "a,b"],
                    "wrapUpNote": draft.rng.choice(texts.ODD),
                }
    draft.fields["accessAttributes"] = ["vip", "europe"]
    draft.parties[0].attributes |= {
        "Odd": draft.rng.choice(texts.ODD),
        draft.rng.choice(texts.ODD) or "k": "",
    }


def judged(draft: Draft) -> None:
    """Let an evaluator rate the agent later."""
    queue, agent = _served(draft)
    finished = draft.chance(0.7)
    evaluation: Json = {
        "assigneeApplicable": True,
        "assigneeId": draft.org.leads[1],
        "contextId": draft.other(56),
        "deleted": False,
        "evaluationId": draft.ident(),
        "evaluationStatus": "Finished" if finished else "Pending",
        "evaluatorId": draft.org.leads[0],
        "eventTime": draft.moment(draft.start + 50 * _HOUR_MS),
        "formId": draft.other(57),
        "formName": 'Quality, "new"',
        "queueId": queue,
        "released": finished,
        "rescored": False,
        "systemSubmitted": False,
        "userId": agent,
    }
    if finished:
        evaluation |= {"oTotalCriticalScore": 100, "oTotalScore": draft.rng.randint(0, 100)}
    if draft.chance(0.3):
        evaluation["calibrationId"] = draft.ident()
    draft.fields["evaluations"] = [evaluation]


def surveyed(draft: Draft) -> None:
    """Ask the customer how it was; sometimes there is an answer."""
    queue, agent = _served(draft)
    answered = draft.chance(0.6)
    survey: Json = {
        "eventTime": draft.moment(draft.start + 30 * _HOUR_MS),
        "queueId": queue,
        "surveyFormContextId": draft.other(58),
        "surveyFormId": draft.other(59),
        "surveyFormName": "How was it?",
        "surveyId": draft.ident(),
        "surveyStatus": "Finished" if answered else "Sent",
        "surveyType": draft.rng.choice(("Web", "Voice")),
        "userId": agent,
    }
    if answered:
        survey |= {
            "surveyCompletedDate": draft.moment(draft.start + 29 * _HOUR_MS),
            "surveyPartialResponse": draft.chance(0.2),
            "surveyPromoterScore": draft.rng.randint(0, 10),
            "oSurveyTotalScore": draft.rng.randint(0, 100),
        }
    draft.fields["surveys"] = [survey]


def resolved(draft: Draft) -> None:
    """Tell whether the customer had to come back."""
    queue, agent = _served(draft)
    draft.fields["resolutions"] = [
        {
            "eventTime": draft.moment(draft.start + 72 * _HOUR_MS),
            "queueId": queue,
            "userId": agent,
            "nNextContactAvoided": draft.rng.randint(0, 1),
        }
    ]


def _served(draft: Draft) -> tuple[str, str]:
    """Return the queue and the agent of a conversation; of one without, those of others."""
    for party in draft.parties:
        for fields in (fields for leg in party.legs for fields in leg.told()):
            if party.fields["purpose"] == "agent" and "queueId" in fields:
                return fields["queueId"], party.fields["userId"]
    return queue_mark(0), draft.org.leads[0]


def _legs(draft: Draft, *purposes: str) -> list[Leg]:
    return [
        leg for party in draft.parties if party.fields["purpose"] in purposes for leg in party.legs
    ]
