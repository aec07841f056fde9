"""Who can do what: the skills, languages, groups, teams and queues of each user.

Knows the organisation's ids and a user's place among its users; everything follows from these, so
that every list tells the same. All who work are members of every busy queue: any of them may take
a contact of it; a quiet queue has some of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from .org import Org, is_busy
from .templates import Json

_ACTIVE = "active"
_SHARE = 50  # one of so many users is a member of a quiet queue


def workers(org: Org) -> Iterator[tuple[int, Json]]:
    """Yield those who work, each with the place among all users."""
    return ((n, user) for n, user in enumerate(org.users) if user["state"] == _ACTIVE)


def members(org: Org, queue: str) -> list[Json]:
    """Return the members of a queue."""
    place = next(place for place, one in enumerate(org.queues) if one["id"] == queue)
    return [
        {
            "id": user["id"],
            "name": user["name"],
            "ringNumber": 1 + number % 3,
            "joined": number % 5 != 0,
            "memberBy": "group" if number % 7 == 0 else "user",
            "selfUri": f"/api/v2/users/{user['id']}",
        }
        for number, user in workers(org)
        if is_busy(place) or (number + place) % _SHARE == 0
    ]


def team_members(org: Org, team: str) -> list[Json]:
    """Return the members of a team: all who work are in the first one, those who lead in all."""
    is_first = team == org.named["teams"][0]
    return [
        {"id": user["id"], "name": user["name"], "selfUri": user["selfUri"]}
        for _, user in workers(org)
        if is_first or user["id"] in org.leads
    ]


def skills(org: Org, number: int) -> list[Json]:
    """Return what a user can do, and how well."""
    known = org.named.get("skills", ())
    return [
        _mastered(kind="skills", ident=ident, place=place, level=1 + (number * 3 + place) % 5)
        for place, ident in enumerate(known)
        if (number + place) % 3
    ]


def languages(org: Org, number: int) -> list[Json]:
    """Return what a user speaks."""
    known = org.named.get("languages", ())
    return [
        _mastered(kind="languages", ident=ident, place=place, level=5 - place)
        for place, ident in enumerate(known)
        if place == 0 or number % (place + 2) == 0
    ]


def groups(org: Org, number: int) -> list[Json]:
    """Return the groups that a user is in."""
    known = enumerate(org.named.get("groups", ()))
    found = (ident for place, ident in known if _is_in_group(number, place))
    return [{"id": ident, "selfUri": f"/api/v2/groups/{ident}"} for ident in found]


def group_members(org: Org, group: str) -> list[Json]:
    """Return the users that are in a group."""
    place = org.named["groups"].index(group)
    return [user for number, user in enumerate(org.users) if _is_in_group(number, place)]


def _is_in_group(number: int, place: int) -> bool:
    return (number + place) % 4 == 0


def _mastered(*, kind: str, ident: str, place: int, level: int) -> Json:
    uri = f"/api/v2/routing/{kind}/{ident}"
    name = f"{kind.title()[:-1]} {place + 1}"
    return {
        "id": ident,
        "name": name,
        "proficiency": float(level),
        "state": _ACTIVE,
        f"{kind[:-1]}Uri": uri,
        "selfUri": uri,
    }
