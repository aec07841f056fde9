"""What can go wrong, as a plan: which request to which endpoint meets what.

Knows the kinds and how requests are counted. A request is counted once, whether it is answered
well or not; so a repeated request is the next one. What each kind does is in `app` and `jobs`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RateLimited:
    """429, with `Retry-After` as given (seconds, an HTTP date) or without (None)."""

    retry_after: str | None = "1"


@dataclass(frozen=True, slots=True)
class ServerError:
    """An answer of 500, 502, 503 or 504; 502 in HTML, as a proxy gives it."""

    status: int = 503


@dataclass(frozen=True, slots=True)
class Refusal:
    """Any answer of the API's error shape."""

    status: int = 400
    code: str = "bad.request"
    message: str = "The request could not be understood by the server due to malformed syntax."


@dataclass(frozen=True, slots=True)
class MissingPermission:
    """403 that names the permission."""

    permission: str = "analytics:conversationDetail:view"


@dataclass(frozen=True, slots=True)
class HtmlPage:
    """A page for people where JSON was due."""

    status: int = 200


@dataclass(frozen=True, slots=True)
class CutBody:
    """The whole length announced, a part of it sent, the connection closed."""

    sent: float = 0.5


@dataclass(frozen=True, slots=True)
class GarbledBody:
    """All bytes there, but not what they should be: broken JSON, or a broken gzip stream."""

    gzip: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    """The request is carried out, and the connection reset instead of an answer."""


@dataclass(frozen=True, slots=True)
class Slow:
    """The answer is delayed by this much."""

    delay_s: float = 0.2


@dataclass(frozen=True, slots=True)
class DeadToken:
    """The token that came with the request is dead from now on; a new one will do."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """Every token is dead and the client gets no other one, for good."""


@dataclass(frozen=True, slots=True)
class JobEnds:
    """The job that this request submits ends badly.

    With `after_pages`, it is fulfilled at first, and ends so after that many pages of results.
    """

    state: str = "FAILED"  # or EXPIRED, CANCELLED
    message: str = "The query could not be completed."
    after_pages: int | None = None


@dataclass(frozen=True, slots=True)
class JobUnseen:
    """The job that this request submits answers 404 for its first seconds."""

    for_s: float = 1.0


@dataclass(frozen=True, slots=True)
class RepeatedRows:
    """The page begins with rows of the page before."""

    rows: int = 3


@dataclass(frozen=True, slots=True)
class ShortPage:
    """The page holds so many rows only; the others follow. 0: an empty page with a cursor."""

    rows: int = 1


@dataclass(frozen=True, slots=True)
class NoConversations:
    """The page has a cursor but no key `conversations`; all rows follow."""


@dataclass(frozen=True, slots=True)
class RepeatedCursor:
    """The page returns the cursor of its own request (the first page: one that leads to it)."""


@dataclass(frozen=True, slots=True)
class EndlessCursors:
    """From this page on, every page is empty and gives a new cursor."""


Kind = (
    RateLimited
    | ServerError
    | Refusal
    | MissingPermission
    | HtmlPage
    | CutBody
    | GarbledBody
    | Reset
    | Slow
    | DeadToken
    | Revoked
    | JobEnds
    | JobUnseen
    | RepeatedRows
    | ShortPage
    | NoConversations
    | RepeatedCursor
    | EndlessCursors
)

ENDPOINTS = (
    "token",
    "availability",
    "submit",
    "status",
    "results",
    "delete",
    "query",
    "aggregates",
    "organization",
    "users",
    "queues",
    "wrapupcodes",
    "divisions",
    "permitted",
    "flows",
    *("queue_members", "skills", "languages", "skillgroups", "groups"),
    *("group_members", "teams", "team_members"),
    *("locations", "presences", "outcomes", "milestones", "campaigns", "contactlists"),
    *("businessunits", "managementunits", "evaluationforms", "surveyforms", "dataretention"),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What the nth request (from 1) to an endpoint meets, and so many after it."""

    on: str  # one of ENDPOINTS, or "any"
    nth: int = 1
    kind: Kind = ServerError()
    times: int = 1

    def __post_init__(self) -> None:
        """Refuse a plan that can't come true."""
        if self.on != "any" and self.on not in ENDPOINTS:
            raise ValueError(f"no endpoint {self.on!r}: choose among {', '.join(ENDPOINTS)}, any")
        if self.nth < 1 or self.times < 1:
            raise ValueError("nth and times count from 1")

    def meets(self, number: int) -> bool:
        """Tell whether the request of that number meets this fault."""
        return self.nth <= number < self.nth + self.times


class Plan:
    """The faults still to come; counts requests."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Take the faults; of several for one request, the first one counts."""
        self._faults = faults
        self._seen: Counter[str] = Counter()

    def meet(self, endpoint: str) -> Kind | None:
        """Count a request and return what it meets."""
        self._seen[endpoint] += 1
        self._seen["any"] += 1
        for fault in self._faults:
            if fault.on in (endpoint, "any") and fault.meets(self._seen[fault.on]):
                return fault.kind
        return None
