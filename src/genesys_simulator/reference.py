"""The entities of the reference lists, made from the organisation when a list is asked for.

Knows how the entities of each list look; pages, permissions and paths are in `catalogue`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import matrix
from .org import Org
from .presences import PRESENCES
from .replies import bad_request, not_found
from .templates import Json

Query = Mapping[str, str]
Path = Mapping[str, str]
_MADE = "2024-05-06T07:08:09.000Z"
_DATED: Json = {"dateCreated": _MADE, "dateModified": _MADE}
_SMS = 3  # the campaign that sends messages
_STATES = ("active", "inactive", "deleted", "any")
# What `expand` takes, and what of it is made here; the others add nothing.
_EXPANDS = (
    "routingStatus presence integrationPresence conversationSummary outOfOffice geolocation "
    "station authorization lasttokenissued authorization.unusedRoles team workPlanBidRanks "
    "externalContactsSettings groups customAttributes profileSkills certifications locations "
    "skills languages languagePreference employerInfo biography dateLastLogin dateWelcomeSent"
)


def presence_definitions(org: Org, query: Query, path: Path) -> Sequence[Json]:
    """Return the presences that statuses name, in order of id."""
    del org, query, path
    made = [
        {
            "id": one.ident,
            "name": one.label,
            "type": "User" if one.is_own else "System",
            "languageLabels": {"en_US": one.label},
            "systemPresence": one.system.replace("_", " ").title(),
            "deactivated": False,
            "divisionId": "*",
        }
        for one in PRESENCES
    ]
    return sorted(made, key=lambda one: str(one["id"]))


def users(org: Org, query: Query, path: Path) -> Sequence[Json]:
    """Return the users of a state, with what is asked for beside."""
    del path
    state = query.get("state", "active")
    if state not in _STATES:
        raise bad_request(f"Value [{state}] is not valid for state.", "invalid.value")
    expand = [one for one in query.get("expand", "").split(",") if one]
    if unknown := [one for one in expand if one not in _EXPANDS.split()]:
        raise bad_request(f"Value [{unknown[0]}] is not valid for expand.", "invalid.value")
    made = {"skills": matrix.skills, "languages": matrix.languages, "groups": matrix.groups}
    wanted = {name: make for name, make in made.items() if name in expand}
    return [
        user | {name: make(org, number) for name, make in wanted.items()}
        for number, user in enumerate(org.users)
        if state in ("any", user["state"])
    ]


def queues(org: Org, query: Query, path: Path) -> Sequence[Json]:
    """Return the queues, with how many members they have."""
    del path
    count = sum(1 for _ in matrix.workers(org))
    counts = {"memberCount": count, "userMemberCount": count, "joinedMemberCount": count // 2}
    found = [{**one, **counts, "mediaSettings": _media(one["name"])} for one in org.queues]
    return by_name(found, query)


def queue_members(org: Org, query: Query, path: Path) -> Sequence[Json]:
    """Return the members of a queue."""
    del query
    if path["id"] not in {queue["id"] for queue in org.queues}:
        raise not_found(f"queue {path['id']}")
    return matrix.members(org, path["id"])


def team_members(org: Org, query: Query, path: Path) -> Sequence[Json]:
    """Return the members of a team."""
    del query
    if path["id"] not in org.named.get("teams", ()):
        raise not_found(f"team {path['id']}")
    return matrix.team_members(org, path["id"])


def group_members(org: Org, query: Query, path: Path) -> Sequence[Json]:
    """Return the members of a group."""
    del query
    if path["id"] not in org.named.get("groups", ()):
        raise not_found(f"group {path['id']}")
    return matrix.group_members(org, path["id"])


def by_name(found: Sequence[Json], query: Query) -> Sequence[Json]:
    """Return the entities whose name begins as asked for."""
    wanted = query.get("name", "").rstrip("*").lower()
    return [one for one in found if one["name"].lower().startswith(wanted)]


def _media(queue: str) -> Json:
    """Return what is promised by each medium; some queues promise more."""

    def setting(share: float, within_ms: int, alerting_s: int, **more: Any) -> Json:
        return {
            "enableAutoAnswer": False,
            "alertingTimeoutSeconds": alerting_s,
            "serviceLevel": {"percentage": share, "durationMs": within_ms},
            **more,
        }

    number = sum(queue.encode())
    share = 0.9 if number % 3 == 0 else 0.8
    return {
        "call": setting(share, 20_000 if number % 4 else 30_000, 8 + number % 5),
        "callback": setting(share, 3_600_000, 30, mode="AgentFirst", maxRetryCount=3),
        "chat": setting(share, 30_000, 30),
        "email": setting(0.8, 86_400_000, 300),
        "message": setting(share, 60_000, 30, enableInactivityTimeout=True),
    }


def made(org: Org, kind: str) -> list[Json]:
    """Return the entities of a kind that only has ids in the organisation."""
    named = [*enumerate(org.named.get(kind, ()), 1)]
    return [_common(kind, ident, number) | _own(org, kind, number) for number, ident in named]


def retention() -> Json:
    """Return how long conversations are kept."""
    return {"retentionDays": 730, "dateCreated": _MADE, "dateModified": _MADE}


def _common(kind: str, ident: str, number: int) -> Json:
    title = kind.replace("_", " ").capitalize().removesuffix("s")
    return {"id": ident, "name": f"{title} {number}", "selfUri": f"/api/v2/{kind}/{ident}"}


def _own(org: Org, kind: str, number: int) -> Json:
    """Return what entities of the kind have beside an id and a name."""
    division = {key: org.divisions[0][key] for key in ("id", "name", "selfUri")}
    return _DETAILS.get(kind, _described)(org, number) | (
        {} if kind in _UNDIVIDED else {"division": division}
    )


def _described(org: Org, number: int) -> Json:
    del org
    return {"description": f"Number {number}"}


def _mastery(org: Org, number: int) -> Json:
    del org
    return {"dateModified": _MADE, "state": "active", "version": str(number)}


def _gathering(org: Org, number: int) -> Json:
    count = len(org.leads) + number
    return {**_described(org, number), **_DATED, "memberCount": count}


def _group(org: Org, number: int) -> Json:
    del org
    return {
        "description": f"Number {number}",
        "dateModified": _MADE,
        "memberCount": 30,
        "state": "active",
        "version": 2,
        "type": "official",
        "visibility": "public",
        "rulesVisible": True,
        "rolesEnabled": number % 2 == 0,
        "includeOwners": True,
        "callsEnabled": False,
        "email": f"group{number}@example.com",
    }


def _location(org: Org, number: int) -> Json:
    del org
    return {
        "state": "active",
        "version": 1,
        "address": {
            "street1": f"{number} Example Street",
            "city": "Springfield",
            "zipcode": "00000",
            "country": "US",
            "countryName": "United States",
        },
        "addressVerified": True,
        "path": [],
    }


def _contact_list(org: Org, number: int) -> Json:
    del org
    columns = ["First name", "Phone", "Zip"]
    told = {"columnNames": columns, "size": 1_000 * number, "automaticTimeZoneMapping": False}
    return {**_DATED, "version": 3, **told}


def _campaign(org: Org, number: int) -> Json:
    del org
    return {"mediaType": "sms" if number == _SMS else "voice"}


def _business_unit(org: Org, number: int) -> Json:
    del org, number
    return {"authorized": True}


def _management_unit(org: Org, number: int) -> Json:
    unit = (org.named.get("business_units") or ("",))[0]
    return {
        "businessUnit": {
            "id": unit,
            "selfUri": f"/api/v2/workforcemanagement/businessunits/{unit}",
        },
        "startDayOfWeek": "Monday",
        "timeZone": "Europe/Berlin" if number == 1 else "America/New_York",
        "version": 4,
        "dateModified": _MADE,
        "modifiedBy": {"id": org.leads[0]} if org.leads else {},
    }


def _evaluation_form(org: Org, number: int) -> Json:
    del number
    return {**_form(org, 56), "weightMode": "SCALED", "dialect": "en-US"}


def _survey_form(org: Org, number: int) -> Json:
    del number
    return {**_form(org, 58), "disabled": False, "language": "en-US", "redacted": False}


def _form(org: Org, context: int) -> Json:
    """Return what both kinds of forms have; the stories know their context by its number."""
    ident = org.others[context] if org.others else ""
    return {"modifiedDate": _MADE, "published": True, "contextId": ident}


_DETAILS: Mapping[str, Callable[[Org, int], Json]] = {
    "skills": _mastery,
    "languages": _mastery,
    "skill_groups": _gathering,
    "groups": _group,
    "teams": _gathering,
    "locations": _location,
    "campaigns": _campaign,
    "contact_lists": _contact_list,
    "business_units": _business_unit,
    "management_units": _management_unit,
    "evaluation_forms": _evaluation_form,
    "survey_forms": _survey_form,
}
_UNDIVIDED = ("languages", "groups", "locations")
