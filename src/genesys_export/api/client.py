"""One request to Genesys, made until it is answered: token, budget, retries, in one visible loop.

Safe from several threads: they share the token and the budget. Every wait goes through the clock;
every decision is made by the pure modules beside this one. Knows no endpoint but the sign-in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from .. import time_limit
from ..errors import ExportError, GenesysUnavailable
from ..events import Noticed, Observe, Requested, Retrying, SignedIn, Waiting, ignore, wait
from ..plural import plural
from ..setback import set_back
from . import auth
from .auth import Credentials, Token, Tokens
from .clock import Clock
from .limits import WINDOW_S, RequestBudget
from .pool import OneToken, TokenPool, one_budget
from .refusals import code_of, refusal
from .regions import Hosts
from .retry import GiveUp, RetryPolicy, may_pass, told_wait
from .setting_names import USUAL, SettingNames
from .skew import check_clock
from .splitting import Garbled
from .transport import Answer, Failure, TooLarge, Transport

Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request: the path as a template, so that it can be named without its values."""

    method: str
    path: str  # /api/v2/…/jobs/{jobId}/results
    values: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    deadline_s: float | None = None  # where less patience than the client's own is due

    def url(self, base: str) -> str:
        """Return the full address."""
        path = self.path.format_map({k: quote(v, safe="") for k, v in self.values.items()})
        return f"{base}{path}" + (f"?{urlencode(self.query)}" if self.query else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Passing:
    """Why a request is retried."""

    problem: str
    told_s: float | None = None  # how long the server wants to be left alone
    rate_limited: bool = False
    cause: Exception | None = None


@dataclass(frozen=True, slots=True)
class _Start:
    """A start within the budget: with which token, and when."""

    lane: int
    token: Token
    at: float  # monotonic seconds


_LONGEST_PAUSE_S = 3_600.0  # whatever a server says: a backfill goes on after it
_LONGEST_PROMISE_S = 86_400.0  # whatever a server says: `retry_at` is a day away at most
# Until any answer came a wrong host or network is likelier than an outage.
_FIRST_ANSWER_S = 60.0
_SIGN_IN = Call(method="POST", path="/oauth/token")


class Client:
    """The client through which every request to Genesys Cloud goes."""

    def __init__(  # noqa: PLR0913 - the parts of one client, all by keyword
        self,
        hosts: Hosts,
        credentials: Credentials,
        *,
        transport: Transport,
        clock: Clock,
        budget: RequestBudget | TokenPool,
        retry: RetryPolicy,
        rng: Random,
        observe: Observe = ignore,
        names: SettingNames = USUAL,
    ) -> None:
        """Ask nothing yet; `names` are for the advice of errors."""
        self._hosts, self._credentials = hosts, credentials
        self._transport, self._clock, self._retry = transport, clock, retry
        self._lanes = budget if isinstance(budget, TokenPool) else OneToken(budget)
        self._rng, self._observe, self._names = rng, observe, names
        self._answered = False  # whether Genesys ever did
        lanes = range(self._lanes.count)
        self._tokens = tuple(Tokens(self._sign_in, clock.monotonic) for _ in lanes)

    def close(self) -> None:
        """Close the kept connections; another request opens new ones."""
        self._transport.close()

    def sign_in(self) -> None:
        """Fetch a token unless a valid one exists; raises SignInRefused, GenesysUnavailable."""
        self._tokens[0].current()

    def check_clock(self) -> None:
        """Raise WrongSettings if this machine's clock is far from Genesys's; needs no sign-in.

        Where Genesys does not answer nothing is known, and nothing is raised.
        """
        asked = self._clock.now()
        try:
            answer = self._transport.exchange("GET", self._hosts.api, {}, None)
        except Failure:
            return
        if answer.status < 500:
            check_clock(answer.headers, asked, self._clock.now())

    def request(self, call: Call, parse: Callable[[bytes], Parsed]) -> Parsed:
        """Return the answer's body as parsed by `parse`.

        `parse` raises Garbled for a body that is no answer. Raises GenesysUnavailable after the
        deadline, NotPermitted for a 403, RequestRefused for another answer that no repetition can
        fix, SignInRefused, and what interrupts the clock.
        """
        return self._until_answered(call, lambda: self._once(call, parse))

    def _until_answered(self, call: Call, once: Callable[[], Parsed | _Passing]) -> Parsed:
        began, attempt = self._clock.monotonic(), 0
        while True:
            outcome = once()
            if not isinstance(outcome, _Passing):
                return outcome
            attempt += 1
            set_back()
            self._pause(call, outcome, attempt, self._clock.monotonic() - began)

    def _in(self, wait_s: float | None) -> datetime | None:
        """Return when a server that asked to wait so long answers again, if it did."""
        if not wait_s:
            return None
        return self._clock.now() + timedelta(seconds=min(wait_s, _LONGEST_PROMISE_S))

    def _patience_s(self, call: Call) -> float:
        own_s = self._retry.deadline_s
        return own_s if call.deadline_s is None else min(own_s, call.deadline_s)

    def _pause(self, call: Call, outcome: _Passing, attempt: int, elapsed_s: float) -> None:
        """Wait until the request may be repeated; raises GenesysUnavailable if it may not."""
        policy = replace(self._retry, deadline_s=self._patience_s(call))
        if not self._answered and isinstance(outcome.cause, Failure):
            policy = replace(policy, deadline_s=min(policy.deadline_s, _FIRST_ANSWER_S))
        decision = policy.decide(
            attempt=attempt, elapsed_s=elapsed_s, told_s=outcome.told_s, rng=self._rng
        )
        if isinstance(decision, GiveUp):
            problem = _given_up(call, outcome, attempt, elapsed_s)
            problem.retry_at = self._in(outcome.told_s)
            raise problem from outcome.cause
        wait_s = decision.after_s
        if outcome.rate_limited and self._lanes.count > 1 and call is not _SIGN_IN:
            wait_s = min(wait_s, self._lanes.paused_for())  # another token may be free
        self._observe(
            Retrying(
                method=call.method,
                path=call.path,
                attempt=attempt,
                wait_s=wait_s,
                problem=outcome.problem,
            )
        )
        reason = "rate limit" if outcome.rate_limited else "retry"
        told = Waiting(reason=reason, wait_s=wait_s, detail=outcome.problem)
        wait(self._observe, self._clock, told)

    def _once(self, call: Call, parse: Callable[[bytes], Parsed]) -> Parsed | _Passing:
        start, answer = self._send(call)
        if isinstance(answer, Answer) and answer.status == 401:
            # Tokens die early too: 15 idle minutes will do where HIPAA rules are on.
            self._tokens[start.lane].reject(start.token)
            _, answer = self._send(call, start.lane)
        return self._made_of(
            answer, parse, lambda bad: refusal(call.method, call.path, bad, self._names)
        )

    def _made_of(
        self,
        answer: Answer | _Passing,
        parse: Callable[[bytes], Parsed],
        refuse: Callable[[Answer], ExportError],
    ) -> Parsed | _Passing:
        """Return the parsed body, or why to try again; raises what the refusal means."""
        if isinstance(answer, _Passing):
            return answer
        if 200 <= answer.status < 300:
            try:
                return parse(answer.body)
            except Garbled as problem:
                return _Passing(problem=str(problem), cause=problem)
        if may_pass(answer.status):
            return _Passing(
                problem=f"HTTP {answer.status} {code_of(answer)}".strip(),
                told_s=told_wait(answer.headers, answer.body, self._clock.now()),
                rate_limited=answer.status == 429,
            )
        raise refuse(answer)

    def _send(self, call: Call, lane: int | None = None) -> tuple[_Start, Answer | _Passing]:
        """Send within the budget; a 429 pauses all threads that use the token."""
        start = self._spend(call, lane)
        headers = {"Authorization": f"Bearer {start.token.value}"}
        body = None if call.body is None else msgspec.json.encode(call.body)
        if body is not None:
            headers["Content-Type"] = "application/json"
        answer = self._exchange(call, call.url(self._hosts.api), headers, body)
        if isinstance(answer, Answer) and answer.status == 429:
            told_s = told_wait(answer.headers, answer.body, self._clock.now())
            wait_s = self._retry.first_s if told_s is None else min(told_s, _LONGEST_PAUSE_S)
            ago_s = self._clock.monotonic() - start.at
            if self._lanes.refused(start.lane, wait_s, ago_s):
                self._observe(Noticed(message=one_budget(self._names.section)))
        return start, answer

    def _spend(self, call: Call, only: int | None) -> _Start:
        """Wait for a start within the budget, and return it; raises GenesysUnavailable.

        The token is there before the start is taken: a sign-in would delay it.
        """
        patience_s = max(self._patience_s(call), WINDOW_S)  # our own budget surely comes back
        while True:
            time_limit.check(self._clock)
            lane = self._lanes.soonest() if only is None else only
            token = self._tokens[lane].current()
            wait_s = self._lanes.reserve(lane)
            if wait_s <= 0:
                return _Start(lane, token, self._clock.monotonic())
            if only is None and lane != self._lanes.soonest():
                continue  # another thread took what was free
            if wait_s > patience_s:
                raise GenesysUnavailable(
                    f"{call.method} {call.path} would have to wait {wait_s:.0f} s for the rate "
                    f"limit"
                    " (rate limit)",
                    retry_at=self._in(wait_s),
                )
            reason = "rate limit" if self._lanes.paused_for() > 0 else "budget"
            wait(self._observe, self._clock, Waiting(reason=reason, wait_s=wait_s))

    def _exchange(
        self, call: Call, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer | _Passing:
        began, asked = self._clock.monotonic(), self._clock.now()
        try:
            answer = self._transport.exchange(
                call.method, url, headers, body, within_s=call.deadline_s
            )
        except TooLarge as failure:
            raise GenesysUnavailable(
                f"{call.method} {call.path}: {failure}",
                advice=f"Lower page_size in [{self._names.section}].",
            ) from failure
        except Failure as failure:
            host = urlsplit(url).netloc.rpartition("@")[2]
            return _Passing(problem=f"{host}: {failure}", cause=failure)
        self._answered = True
        self._observe(
            Requested(
                method=call.method,
                path=call.path,
                status=answer.status,
                received_bytes=answer.received_bytes,
                elapsed_s=self._clock.monotonic() - began,
            )
        )
        if answer.status < 500:  # what is above may come from a proxy, with a clock of its own
            check_clock(answer.headers, asked, self._clock.now())
        return answer

    def _sign_in(self) -> Token:
        """Fetch a token; the login host has no part in the API's budget."""
        url = self._hosts.token_url
        host = urlsplit(url).netloc
        headers = {
            "Authorization": self._credentials.header(),
            "Content-Type": auth.BODY_TYPE,
        }

        def once() -> Token | _Passing:
            asked_at = self._clock.monotonic()
            answer = self._exchange(_SIGN_IN, url, headers, auth.BODY)
            return self._made_of(
                answer,
                lambda body: auth.token_from(body, asked_at),
                lambda bad: auth.refused(bad.status, bad.body, host, self._names),
            )

        token = self._until_answered(_SIGN_IN, once)
        self._observe(SignedIn(login_host=host, expires_in_s=token.expires_in_s))
        return token


def _given_up(
    call: Call, outcome: _Passing, attempts: int, elapsed_s: float
) -> GenesysUnavailable:
    told = f", and asks to wait {outcome.told_s:.0f} s" if outcome.told_s else ""
    return GenesysUnavailable(
        f"Genesys did not answer {call.method} {call.path} within {elapsed_s:.0f} s and "
        f"{plural(attempts, 'attempt')}: {outcome.problem}{told}"
    )
