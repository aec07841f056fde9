"""The organisation behind a world: its divisions, users, queues, wrap-up codes and the rest.

Knows what the reference lists of the API hold and how their entities look. Everything is drawn
from the seed alone, so that ids in conversations and ids in lists are the same ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import shake_128
from random import Random
from typing import Any, overload
from uuid import UUID

from .templates import Json

_FIRST = (
    "Ana", "Ben", "Chloé", "Dmitri", "Elif", "Farid", "Grace", "Hiroshi", "Inés", "Jörg", "Kofi",
    "Lena", "Marek", "Nora", "Owen", "Priya", "Quinn", "Rosa", "Sven", "Tomás", "Uma", "Viktor",
)  # fmt: skip
_LAST = (
    "Adler", "Barros", "Castillo", "Dupont", "Eriksen", "Fischer", "Goto", "Hansen", "Jansen",
    "Kowalski", "Løken", "Müller", "Novák", "O'Brien", "Petrov", "Rossi", "Suzuki", "Zhang",
)  # fmt: skip
_QUEUES = (
    "Billing", "Claims", "Collections", "Complaints", "Members | English", "Members | Español",
    "New business", "Orders", "Payments", "Pharmacy", "Providers", "Refunds", "Retention",
    "Returns", "Roadside", "Sales", "Shipping", "Support 1", "Support 2", "Switchboard", "Tech",
    "Travel", "VIP, gold", 'VIP "platinum"', "Mail", "Mail | Español", "Letters", "Web form",
)  # fmt: skip
# From the one that agents choose most to the one they hardly ever choose.
_WRAP_UPS = (
    "Information", "First contact resolution", "Order placed", "Other", "Paid", "Booked",
    "Appointment made", "Transferred", "Complaint", "Call back", "Cancelled", "Refunded",
    "Address changed", "Promise to pay", "Sold", "Escalated", "Not interested", "No answer",
    "Authenticated", "Voicemail left", "Hung up", "Wrong number", "Duplicate", "Spam",
)  # fmt: skip
_FLOW_TYPES = ("INBOUNDCALL", "INQUEUECALL", "BOT", "INBOUNDEMAIL", "WORKFLOW")
_MADE = "2024-05-06T07:08:09.000Z"
_FEWEST_USERS = 120
# Of so many users these have left or are on leave; the others work.
_PERIOD, _INACTIVE, _DELETED = 17 * 23, 17, 23
_WORKING = tuple(n for n in range(_PERIOD) if n % _INACTIVE != 16 and n % _DELETED != 22)
_QUEUES_PER_100_AGENTS = 17  # the quiet ones included, which no conversation goes through
LEADS = 12  # the first working users lead and judge; they take no contacts
# Which of the other ids the stories use for what; some more so that lists have several entries.
_NAMED: Mapping[str, tuple[int, ...]] = {
    "skills": tuple(range(9)),
    "languages": (53, 10, 11),
    "skill_groups": (48, 12, 13),
    "groups": (44, 49, 50, 51),
    "teams": (54, 14),
    "locations": (15, 16),
    "outcomes": (36, 37),
    "milestones": (39, 47),
    "campaigns": (40, 43, 17),
    "contact_lists": (41, 18),
    "business_units": (19,),
    "management_units": (22, 23),
    "evaluation_forms": (57,),
    "survey_forms": (59,),
}
# Under which names given conversations speak of them.
_SPOKEN: Mapping[str, tuple[str, ...]] = {
    "skills": ("requestedRoutingSkillIds", "activeSkillIds", "removedSkillIds"),
    "languages": ("requestedLanguageId",),
    "groups": ("groupId", "agentGroupId"),
    "teams": ("teamId",),
    "outcomes": ("flowOutcomeId",),
    "campaigns": ("outboundCampaignId",),
    "contact_lists": ("outboundContactListId",),
    "evaluation_forms": ("formId",),
    "survey_forms": ("surveyFormId",),
}


@dataclass(frozen=True, slots=True)
class Org:
    """Entities as their lists answer them, and plain ids of things that have no list here."""

    divisions: tuple[Json, ...]
    users: Sequence[Json]  # of every state
    queues: tuple[Json, ...]
    wrap_up_codes: tuple[Json, ...]
    flows: tuple[Json, ...]
    others: tuple[str, ...]  # ids of skills, flows, edges, campaigns, teams …
    leads: tuple[str, ...] = ()  # user ids of those who lead and judge
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # ids by what they are of


@dataclass(frozen=True, slots=True)
class Staff(Sequence[Json]):
    """The users of a made-up organisation; each is written only when asked for."""

    seed: int
    size: int
    divisions: tuple[Json, ...]

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, number: int) -> Json: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Json]: ...
    def __getitem__(self, number: int | slice) -> Json | Sequence[Json]:
        if isinstance(number, slice):
            return [self[one] for one in range(self.size)[number]]
        number = range(self.size)[number]
        user = _user(user_id(self.seed, number), number, self.divisions)
        boss = user_id(self.seed, working(number % LEADS))
        return user | {"manager": {"id": boss, "selfUri": f"/api/v2/users/{boss}"}}


def user_id(seed: int, number: int) -> str:
    """Return the id of a made-up organisation's user."""
    digest = shake_128(f"user {seed} {number}".encode()).digest(16)
    return str(UUID(bytes=digest, version=4))


def working(number: int) -> int:
    """Return which user is the working one of that number."""
    periods, rest = divmod(number, len(_WORKING))
    return periods * _PERIOD + _WORKING[rest]


def founded(seed: int, *, agents: int = 0) -> Org:
    """Draw an organisation from the seed, with at least so many agents."""
    rng = Random(f"org {seed}")
    divisions = tuple(
        _division(new_id(rng), name, home=name == "Home")
        for name in ("Home", "North", "South", "Übersee")
    )
    users = max(_FEWEST_USERS, working(LEADS + agents))
    queues = tuple(_queue(new_id(rng), name, rng.choice(divisions)) for name in _QUEUES)
    wrap_ups = tuple(_wrap_up(new_id(rng), name, divisions[0]) for name in _WRAP_UPS)
    others = tuple(new_id(rng) for _ in range(64))
    return Org(
        divisions=divisions,
        users=Staff(seed, users, divisions),
        queues=(*queues, *_quiet(seed, agents, divisions)),
        wrap_up_codes=wrap_ups,
        flows=tuple(_flow(one, number, divisions[0]) for number, one in enumerate(others, 1)),
        others=others,
        leads=tuple(user_id(seed, working(number)) for number in range(LEADS)),
        named={kind: tuple(others[one] for one in numbers) for kind, numbers in _NAMED.items()},
    )


def _quiet(seed: int, agents: int, divisions: tuple[Json, ...]) -> Iterator[Json]:
    """Yield the queues that a large organisation has as well."""
    rng = Random(f"quiet queues {seed}")
    for number in range(len(_QUEUES) + 1, agents * _QUEUES_PER_100_AGENTS // 100 + 1):
        yield _queue(new_id(rng), f"Branch {number}", rng.choice(divisions))


def is_busy(place: int) -> bool:
    """Whether conversations go through the queue at that place of the list."""
    return place < len(_QUEUES)


def seen_in(records: Iterable[Json]) -> Org:
    """Make up the organisation that given records speak of: every id in them gets an entity."""
    ids: dict[str, set[str]] = {"divisionIds": set(), "userId": set(), "queueId": set()}
    ids |= {"wrapUpCode": set(), "flowId": set()}
    ids |= {name: set() for names in _SPOKEN.values() for name in names}
    for record in records:
        _gather(record, ids)
    rng = Random("seen")
    divisions = tuple(
        _division(one, f"Division {number}", home=number == 1)
        for number, one in enumerate(sorted(ids["divisionIds"]) or [new_id(rng)], 1)
    )
    return Org(
        divisions=divisions,
        users=tuple(_user(one, n, divisions) for n, one in enumerate(sorted(ids["userId"]))),
        queues=tuple(
            _queue(one, f"Queue {n}", divisions[0]) for n, one in enumerate(sorted(ids["queueId"]))
        ),
        wrap_up_codes=tuple(
            _wrap_up(one, f"Code {n}", divisions[0])
            for n, one in enumerate(sorted(ids["wrapUpCode"]))
        ),
        flows=tuple(_flow(one, n, divisions[0]) for n, one in enumerate(sorted(ids["flowId"]), 1)),
        others=(),
        named={
            kind: tuple(sorted(one for name in names for one in ids[name]))
            for kind, names in _SPOKEN.items()
        },
    )


def new_id(rng: Random) -> str:
    """Draw a version-4 UUID."""
    return str(UUID(int=rng.getrandbits(128), version=4))


def _gather(value: object, ids: dict[str, set[str]]) -> None:
    if isinstance(value, list):
        for one in value:
            _gather(one, ids)
    if not isinstance(value, dict):
        return
    for key, one in value.items():
        if key in ids:
            texts = one if isinstance(one, list) else [one]
            ids[key] |= {text for text in texts if isinstance(text, str) and text}
        else:
            _gather(one, ids)


def _division(ident: str, name: str, *, home: bool) -> Json:
    return {
        "id": ident,
        "name": name,
        "description": f"{name} division",
        "homeDivision": home,
        "selfUri": f"/api/v2/authorization/divisions/{ident}",
    }


def _reference(division: Json) -> Json:
    return {key: division[key] for key in ("id", "name", "selfUri")}


def _user(ident: str, number: int, divisions: tuple[Json, ...]) -> Json:
    name = f"{_FIRST[number % len(_FIRST)]} {_LAST[sum(ident.encode()) % len(_LAST)]}"
    address = f"agent{number:03d}@example.com"
    left = "inactive" if number % _INACTIVE == 16 else "deleted"
    state = "active" if number % _PERIOD in _WORKING else left
    user: dict[str, Any] = {
        "id": ident,
        "name": name,
        "division": _reference(divisions[number % len(divisions)]),
        "chat": {"jabberId": f"{ident.replace('-', '')[:24]}@example"},
        "email": address,
        "primaryContactInfo": [{"address": address, "mediaType": "EMAIL", "type": "PRIMARY"}],
        "addresses": [],
        "state": state,
        "title": "Team lead" if number % 12 == 0 else "Agent",
        "username": address,
        "version": 1 + number % 40,
        "acdAutoAnswer": number % 3 == 0,
        "selfUri": f"/api/v2/users/{ident}",
    }
    if number % 2:
        user["department"] = "Service"
    return user


def _queue(ident: str, name: str, division: Json) -> Json:
    return {
        "id": ident,
        "name": name,
        "division": _reference(division),
        "description": f"{name} queue",
        "dateCreated": _MADE,
        "dateModified": _MADE,
        "scoringMethod": "TimestampAndPriority",
        "lastAgentRoutingMode": "Disabled",
        "skillEvaluationMethod": "BEST",
        "autoAnswerOnly": True,
        "enableManualAssignment": True,
        "suppressInQueueCallRecording": True,
        "acwSettings": {"wrapupPrompt": "MANDATORY_TIMEOUT", "timeoutMs": 60_000},
        "enableTranscription": False,
        "selfUri": f"/api/v2/routing/queues/{ident}",
    }


def _wrap_up(ident: str, name: str, division: Json) -> Json:
    return {
        "id": ident,
        "name": name,
        "division": _reference(division),
        "dateCreated": _MADE,
        "createdBy": ident,
        "selfUri": f"/api/v2/routing/wrapupcodes/{ident}",
    }


def _flow(ident: str, number: int, division: Json) -> Json:
    return {
        "id": ident,
        "name": f"Flow {number}",
        "division": _reference(division),
        "type": _FLOW_TYPES[number % len(_FLOW_TYPES)],
        "active": number % 7 != 0,
        "system": False,
        "deleted": False,
        "selfUri": f"/api/v2/flows/{ident}",
    }
