"""The front door: HTTP in, the right endpoint, HTTP out.

Knows the paths and the permission each of them needs. What answers say is in `service`; what can
happen to them on the way is in `delivery`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from . import delivery, faults
from .catalogue import listings
from .faults import Kind, Plan
from .options import Options
from .org import new_id
from .replies import (
    HTML,
    Refused,
    Reply,
    SignInRefused,
    answered,
    missing,
    not_found,
    server_error,
    too_many,
)
from .requests import Received, seen_body
from .service import DETAILS, Call, Service
from .tokens import Tokens, expired
from .world import World

_JOBS = "/api/v2/analytics/conversations/details/jobs"
_PAGES = frozenset(("results", "query"))
Needed = str | tuple[str, ...] | None  # a permission, several of which one will do, or none
_AGGREGATES = "analytics:conversationAggregate:view"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a method on a path is for."""

    name: str
    method: str
    path: re.Pattern[str]
    permissions: tuple[str, ...]  # any of which will do
    answer: Callable[[Call], Reply]


class App:
    """The simulated API as an ASGI application."""

    def __init__(self, world: World, options: Options) -> None:
        """Serve that world."""
        self._options = options
        self._plan = Plan(options.faults)
        self._rng = Random("contexts")
        self._tokens = Tokens(options)
        self.service = Service(world, options)
        self._endpoints = _endpoints(self.service)
        self.received: list[Received] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise NotImplementedError("the simulator speaks HTTP only")
        request = Request(scope, receive)
        body = await request.body()
        endpoint, variables = self._find(request.method, request.url.path)
        name = endpoint.name if endpoint else "token" if _is_token(request) else "unknown"
        received = _received(name, request, body, self._options)
        self.received.append(received)
        call = Call(received, self._plan.meet(name), variables)
        context = new_id(self._rng)
        try:
            reply = self._reply(endpoint, call, request, body)
        except Refused as refused:
            reply = refused.reply(context)
        except SignInRefused as refused:
            reply = refused.reply()
        if name in _PAGES and self._options.page_latency_s:
            await self._options.sleep(self._options.page_latency_s)
        way = delivery.Way(self._options, call.fault, context)
        await delivery.deliver(reply, way, request, send)

    def _find(self, method: str, path: str) -> tuple[Endpoint | None, Mapping[str, str]]:
        for endpoint in self._endpoints:
            match = endpoint.path.fullmatch(path)
            if match and endpoint.method == method:
                return endpoint, match.groupdict()
        return None, {}

    def _reply(
        self, endpoint: Endpoint | None, call: Call, request: Request, body: bytes
    ) -> Reply:
        """Let the request meet its fault, the door-keeper and its endpoint, in that order."""
        authorization = request.headers.get("authorization", "")
        if isinstance(call.fault, faults.Revoked):
            self._tokens.revoke()
        if isinstance(call.fault, faults.DeadToken):
            self._tokens.kill(authorization)
            raise expired()
        instead = _instead(call.fault)
        if instead is not None:
            return instead
        if call.received.endpoint == "token":
            form, query = body.decode("utf-8", "replace"), request.url.query
            return answered(self._tokens.sign_in(authorization, form, query))
        if endpoint is None:
            raise not_found(request.url.path)
        self._tokens.check(authorization)
        if endpoint.permissions and self._options.missing_permissions.issuperset(
            endpoint.permissions
        ):
            raise missing(", ".join(endpoint.permissions))
        return endpoint.answer(call)


def _is_token(request: Request) -> bool:
    return request.method == "POST" and request.url.path == "/oauth/token"


def _instead(fault: Kind | None) -> Reply | None:
    """Return the answer given instead of executing the request, or raise the refusal."""
    match fault:
        case faults.RateLimited(retry_after=retry_after):
            raise too_many(retry_after)
        case faults.ServerError(status=502):
            return Reply(502, HTML, "text/html")
        case faults.ServerError(status=status):
            raise server_error(status)
        case faults.Refusal(status=status, code=code, message=message):
            raise Refused(status, code, message)
        case faults.MissingPermission(permission=permission):
            raise missing(permission)
        case faults.HtmlPage(status=status):
            return Reply(status, HTML, "text/html")
        case _:
            return None


def _endpoints(service: Service) -> tuple[Endpoint, ...]:
    job = f"{_JOBS}/(?P<job_id>[^/]+)"
    details = "/api/v2/analytics/conversations/details/query"
    aggregates = "/api/v2/analytics/conversations/aggregates/query"
    # The path of `availability` would do for a job's id as well: it comes first.
    rows: tuple[tuple[str, str, str, Needed, Callable[[Call], Reply]], ...] = (
        ("availability", "GET", f"{_JOBS}/availability", DETAILS, service.availability),
        ("submit", "POST", _JOBS, DETAILS, service.submit),
        ("status", "GET", job, DETAILS, service.status),
        ("results", "GET", f"{job}/results", DETAILS, service.results),
        ("delete", "DELETE", job, DETAILS, service.delete),
        ("query", "POST", details, DETAILS, service.query),
        ("aggregates", "POST", aggregates, _AGGREGATES, service.aggregates),
        ("organization", "GET", "/api/v2/organizations/me", None, service.organization),
        (
            "permitted",
            "GET",
            "/api/v2/authorization/divisionspermitted/paged/me",
            None,
            service.permitted,
        ),
        *(
            (one.name, "GET", one.path, one.permissions, service.listing(one))
            for one in listings()
        ),
    )
    return tuple(
        Endpoint(name, method, re.compile(path), _any(permission), answer)
        for name, method, path, permission, answer in rows
    )


def _any(needed: Needed) -> tuple[str, ...]:
    return needed if isinstance(needed, tuple) else (needed,) if needed else ()


def _received(name: str, request: Request, body: bytes, options: Options) -> Received:
    """Keep a request for tests to look at: of the authorization the scheme only."""
    headers = dict(request.headers)
    if "authorization" in headers:
        headers["authorization"] = headers["authorization"].partition(" ")[0]
    return Received(
        endpoint=name,
        method=request.method,
        path=request.url.path,
        query=dict(request.query_params),
        headers=headers,
        body=seen_body(body),
        at=options.now(),
    )
