"""Every reference list: its path, the permissions of which it needs one, and how it is paged.

A list of the API stands here once; what its entities look like is in `reference`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial

from . import reference
from .org import Org
from .reference import Path, Query
from .templates import Json
from .written import written_lists


class Style(Enum):
    """How a list is paged."""

    NUMBER = auto()  # pageNumber
    LINK = auto()  # pageNumber, without a total
    CURSOR = auto()  # after, told by nextUri
    WHOLE = auto()  # not at all
    OBJECT = auto()  # it is one entity, and no list


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One list of the API."""

    name: str  # of its endpoint
    path: str  # a pattern
    entities: Callable[[Org, Query, Path], Sequence[Json]]
    permissions: tuple[str, ...] = ()  # any of which will do
    style: Style = Style.NUMBER
    most: int = 100  # on a page


def listings() -> Iterator[Listing]:
    """Yield every list."""
    yield from _LISTINGS
    for each in written_lists():
        yield Listing(
            name=each.name,
            path=re.escape(each.path),
            permissions=(each.permission,) if each.permission else (),
            entities=partial(_written, each.entities),
        )


def _written(entities: Sequence[Json], org: Org, query: Query, path: Path) -> Sequence[Json]:
    del org, path
    return reference.by_name(entities, query)


def _of(kind: str) -> Callable[[Org, Query, Path], Sequence[Json]]:
    """Return what makes the entities of a kind."""

    def entities(org: Org, query: Query, path: Path) -> Sequence[Json]:
        del path
        return reference.by_name(reference.made(org, kind), query)

    return entities


def _list(
    name: str, path: str, *permissions: str, kind: str = "", style: Style = Style.NUMBER
) -> Listing:
    return Listing(
        name=name,
        path=f"/api/v2/{path}",
        permissions=permissions,
        entities=_of(kind or name),
        style=style,
    )


_LISTINGS = (
    Listing(
        name="users",
        path="/api/v2/users",
        permissions=("directory:user:view",),
        entities=reference.users,
        most=500,
    ),
    Listing(
        name="queues",
        path="/api/v2/routing/queues",
        permissions=("routing:queue:view",),
        entities=reference.queues,
        most=500,
    ),
    Listing(
        name="queue_members",
        path="/api/v2/routing/queues/(?P<id>[^/]+)/members",
        permissions=(
            "routing:queue:view",
            "routing:queue:edit",
            "routing:queue:readonly",
            "routing:queueMember:manage",
        ),
        entities=reference.queue_members,
        style=Style.LINK,
    ),
    Listing(
        name="wrapupcodes",
        path="/api/v2/routing/wrapupcodes",
        permissions=("routing:wrapupCode:view",),
        entities=lambda org, query, _: reference.by_name(org.wrap_up_codes, query),
        most=500,
    ),
    Listing(
        name="divisions",
        path="/api/v2/authorization/divisions",
        entities=lambda org, query, _: reference.by_name(org.divisions, query),
        most=200,
    ),
    Listing(
        name="flows",
        path="/api/v2/flows",
        permissions=("architect:flow:view",),
        entities=lambda org, query, _: reference.by_name(org.flows, query),
    ),
    Listing(
        name="group_members",
        path="/api/v2/groups/(?P<id>[^/]+)/members",
        entities=reference.group_members,
    ),
    Listing(
        name="team_members",
        path="/api/v2/teams/(?P<id>[^/]+)/members",
        permissions=("groups:team:view",),
        entities=reference.team_members,
        style=Style.CURSOR,
    ),
    Listing(
        name="dataretention",
        path="/api/v2/analytics/dataretention/settings",
        permissions=("analytics:dataRetention:view",),
        entities=lambda _org, _query, _path: [reference.retention()],
        style=Style.OBJECT,
    ),
    _list("skills", "routing/skills", "routing:skill:view"),
    _list("languages", "routing/languages"),
    _list(
        "skillgroups",
        "routing/skillgroups",
        "routing:skillGroup:view",
        kind="skill_groups",
        style=Style.CURSOR,
    ),
    _list("groups", "groups"),
    _list("teams", "teams", "groups:team:view", style=Style.CURSOR),
    _list("locations", "locations"),
    _list(
        "presences",
        "presence/definitions",
        "presence:presenceDefinition:view",
        style=Style.WHOLE,
    ),
    _list("outcomes", "flows/outcomes", "architect:flowOutcome:view"),
    _list("milestones", "flows/milestones", "architect:flowMilestone:view"),
    _list(
        "campaigns",
        "outbound/campaigns/all",
        "outbound:campaign:view",
        "outbound:messagingCampaign:view",
        "outbound:emailCampaign:view",
        "outbound:whatsAppCampaign:view",
    ),
    _list(
        "contactlists",
        "outbound/contactlists",
        "outbound:contactList:view",
        kind="contact_lists",
    ),
    _list(
        "businessunits",
        "workforcemanagement/businessunits",
        kind="business_units",
        style=Style.WHOLE,
    ),
    _list(
        "managementunits",
        "workforcemanagement/managementunits",
        kind="management_units",
        style=Style.WHOLE,
    ),
    _list(
        "evaluationforms",
        "quality/forms/evaluations",
        "quality:evaluationForm:view",
        kind="evaluation_forms",
    ),
    _list("surveyforms", "quality/forms/surveys", "quality:surveyForm:view", kind="survey_forms"),
)
