"""One request to Genesys, made until it is answered: token, budget, retries, in one visible loop.

Safe from several threads: they share the token and the budget. Every wait goes through the clock;
every decision is made by the pure modules beside this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from threading import Lock
from typing import TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from ..errors import GenesysUnavailable
from ..events import Observe, Requested, Retrying, SignedIn, Waiting, ignore
from .auth import Credentials, Token, Tokens, refused, token_from
from .clock import Clock
from .limits import Budget
from .refusals import refusal
from .regions import Hosts
from .retry import GiveUp, RetryPolicy, may_pass, told_wait
from .transport import Answer, Failure, Transport

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request: the path as a template, so that it can be named without its values."""

    method: str
    path: str  # /api/v2/…/jobs/{jobId}/results
    values: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None

    def url(self, base: str) -> str:
        """Return the full address."""
        path = self.path.format_map({k: quote(v, safe="") for k, v in self.values.items()})
        return f"{base}{path}" + (f"?{urlencode(self.query)}" if self.query else "")


class Garbled(Exception):
    """The body of a 2xx is not what it should be; the request is made again."""


Parsed = TypeVar("Parsed")


class Client:
    """The one door to Genesys Cloud."""

    def __init__(  # noqa: PLR0913 - the parts of one client, all by keyword
        self,
        hosts: Hosts,
        credentials: Credentials,
        *,
        transport: Transport,
        clock: Clock,
        budget: Budget,
        retry: RetryPolicy,
        rng: Random,
        observe: Observe = ignore,
    ) -> None:
        """Ask nothing yet."""
        self._hosts, self._credentials = hosts, credentials
        self._transport, self._clock, self._retry = transport, clock, retry
        self._budget, self._budget_lock = budget, Lock()
        self._rng, self._observe = rng, observe
        self._tokens = Tokens(self._sign_in, clock.monotonic)

    def request(self, call: Call, parse: Callable[[bytes], Parsed]) -> Parsed:
        """Return what `parse` makes of the answer's body.

        `parse` raises Garbled for a body that is no answer. Raises GenesysUnavailable after the
        policy's deadline, NotPermitted for a 403, RequestRefused for another 4xx, SignInRefused.
        """
        token = self._tokens.current()
        renewed = False

        def once() -> Answer:
            self._spend()
            headers = {"Authorization": f"Bearer {token.value}"}
            body = None if call.body is None else msgspec.json.encode(call.body)
            if body is not None:
                headers["Content-Type"] = "application/json"
            return self._transport.exchange(call.method, call.url(self._hosts.api), headers, body)

        began = self._clock.monotonic()
        attempt = 0
        while True:
            problem, told = "", None
            started = self._clock.monotonic()
            try:
                answer = self._observed(call.method, call.path, once)
                if answer.status == 401 and not renewed:
                    self._tokens.reject(token)
                    token, renewed = self._tokens.current(), True
                    continue
                if 200 <= answer.status < 300:
                    return parse(answer.body)
                if not may_pass(answer.status):
                    raise refusal(call.method, call.path, answer)
                problem, told = self._passing(answer, started)
            except (Failure, Garbled) as failure:
                problem = str(failure)
            attempt += 1
            self._pause(call.method, call.path, attempt, began, (problem, told))

    def _passing(self, answer: Answer, started: float) -> tuple[str, float | None]:
        told = told_wait(answer.headers, answer.body, self._clock.now())
        if answer.status == 429:
            with self._budget_lock:
                self._budget.refused(self._clock.monotonic(), told or 0.0, started)
        return f"HTTP {answer.status}", told

    def _pause(
        self, method: str, path: str, attempt: int, began: float, why: tuple[str, float | None]
    ) -> None:
        problem, told = why
        decision = self._retry.decide(
            attempt=attempt,
            elapsed_s=self._clock.monotonic() - began,
            told_s=told,
            rng=self._rng,
        )
        if isinstance(decision, GiveUp):
            raise GenesysUnavailable(
                f"Genesys did not answer {method} {path}: {problem}, {attempt} times in"
                f" {self._retry.deadline_s:.0f} s"
            )
        self._observe(
            Retrying(
                method=method,
                path=path,
                attempt=attempt,
                wait_s=decision.after_s,
                problem=problem,
            )
        )
        if problem == "HTTP 429":
            self._observe(Waiting(reason="rate limit", wait_s=decision.after_s))
        self._clock.sleep(decision.after_s)

    def _spend(self) -> None:
        """Wait for a start within the budget."""
        while True:
            with self._budget_lock:
                wait_s = self._budget.reserve(self._clock.monotonic())
            if wait_s <= 0:
                return
            self._observe(Waiting(reason="budget", wait_s=wait_s))
            self._clock.sleep(wait_s)

    def _observed(self, method: str, path: str, once: Callable[[], Answer]) -> Answer:
        began = self._clock.monotonic()
        status = size = 0
        try:
            answer = once()
            status, size = answer.status, len(answer.body)
        finally:
            self._observe(
                Requested(
                    method=method,
                    path=path,
                    status=status,
                    received_bytes=size,
                    elapsed_s=self._clock.monotonic() - began,
                )
            )
        return answer

    def _sign_in(self) -> Token:
        """Fetch a token; the login host has no part in the API's budget."""
        url = self._hosts.token_url
        headers = {"Authorization": self._credentials.header(), "Content-Type": _FORM}
        began, attempt = self._clock.monotonic(), 0
        while True:
            told = None
            try:
                answer = self._observed(
                    "POST",
                    "/oauth/token",
                    lambda: self._transport.exchange(
                        "POST", url, headers, b"grant_type=client_credentials"
                    ),
                )
                if answer.status == 200:
                    token = token_from(answer.body, self._clock.monotonic())
                    host = urlsplit(url).netloc
                    left = int(token.renew_at - self._clock.monotonic())
                    self._observe(SignedIn(login_host=host, expires_in_s=left))
                    return token
                if not may_pass(answer.status):
                    raise refused(answer.status, answer.body, urlsplit(url).netloc)
                problem = f"HTTP {answer.status}"
                told = told_wait(answer.headers, answer.body, self._clock.now())
            except Failure as failure:
                problem = str(failure)
            except msgspec.MsgspecError:
                problem = "no token in the answer"
            attempt += 1
            self._pause("POST", "/oauth/token", attempt, began, (problem, told))
