"""A custom query body, sent unchanged except for the day's interval.

Apart from the main road: knows nothing of halving, filters or jobs. Of the body it knows the two
placeholders; records stand under the dataset's key or `entities`, and the next page comes by a
token sent back, or by its number. Nothing of the body is ever repeated in an error.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ..datasets import QueryEndpoint
from ..days import Interval, iso_ms
from ..errors import GenesysUnavailable, RequestRefused, WrongSettings
from ..model import Page
from ..odd_input import is_too_deep
from .client import Call, Client
from .clock import Clock, trial_minute
from .paging import Guard, Json, by_hits, by_token, following, likeness, paging
from .query import NoJob
from .wire import Answer, Answers

_MOST_EMPTY = 1_000  # so many empty pages in a row are taken for pages without end
_LONGEST = 255  # of a file's name


@dataclass(frozen=True, slots=True)
class OwnBody:
    """A body with `{start}` and `{end}` in it, and the path it is sent to."""

    whole: Mapping[str, Any]
    path: str = ""

    def filled(self, interval: Interval) -> Json:
        """Return the body for an interval: both placeholders are RFC 3339 instants in UTC."""
        instants = {"{start}": iso_ms(interval.start), "{end}": iso_ms(interval.end)}
        return {key: _replaced(value, instants) for key, value in self.whole.items()}

    def canonical(self, usual: str) -> str:
        """Return one text for bodies that ask the same of the same path; for the recipe.

        The `usual` path is not named.
        """
        text = json.dumps(self.whole, sort_keys=True, separators=(",", ":"))
        return text if self.path == usual else f"POST {self.path} {text}"


def read_body(file: Path, *, path: str = "") -> OwnBody:
    """Read a body's file; raises WrongSettings."""
    try:
        text = file.read_bytes()
    except OSError as problem:
        raise _wrong(file.name, f"can't be read ({problem.strerror})") from problem
    except ValueError as problem:  # a NUL
        raise _wrong("the path", "is not a file's name") from problem
    return parse_body(text, name=file.name, path=path)


def parse_body(text: bytes, *, name: str, path: str = "") -> OwnBody:
    """Read a body; raises WrongSettings, which never quotes its content."""
    try:
        found = json.loads(text.decode("utf-8-sig"), parse_float=_finite, parse_constant=_finite)
        msgspec.json.encode(found)  # what can be read may still be unfit to be sent
    except json.JSONDecodeError as problem:
        where = f"line {problem.lineno}, column {problem.colno}"
        raise _wrong(name, f"is not JSON ({where}: {problem.msg})") from None
    except (UnicodeError, RecursionError, msgspec.MsgspecError) as problem:
        raise _wrong(name, "can't be sent as JSON in UTF-8") from problem
    except ValueError:  # also of a whole number of more digits than Python reads
        raise _wrong(name, "is not JSON (NaN, Infinity, or a number that is too large)") from None
    if not isinstance(found, dict):
        raise _wrong(name, "is not a JSON object")
    if is_too_deep(found):
        raise _wrong(name, "is nested too deep")
    texts = list(_texts(found))
    for placeholder in ("{start}", "{end}"):
        if not any(placeholder in one for one in texts):
            raise _wrong(name, f"has no {placeholder}: it would not say which day to query")
    for key in ("pageNumber", "pageSize"):
        if not _is_count((paging(found) or {}).get(key, 1)):
            raise _wrong(name, f"has a paging.{key} that is not a whole number from 1")
    return OwnBody(found, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSource:
    """Records as a custom query body finds them: a model.Source."""

    endpoint: QueryEndpoint
    client: Client
    clock: Clock
    own: OwnBody
    asks = "ask"
    is_bounded = False

    @property
    def needs(self) -> str:
        """The request: which permission a path needs is not known."""
        return f"POST {self.own.path}"

    def watermark(self) -> None:
        """Return None: such an answer does not say up to when it is complete."""

    def fetch(self, interval: Interval, job_id: str | None = None) -> OwnFetch:
        """Prepare asking for `interval`; asks nothing yet."""
        del job_id  # a query has none
        return OwnFetch(self, interval)

    def describe(self, interval: Interval) -> tuple[Mapping[str, Any], ...]:
        """Return the first body that will be sent."""
        return (self.own.filled(interval),)

    def try_out(self) -> str:
        """Ask for a page."""
        next(self.fetch(trial_minute(self.clock)).pages(), None)
        return "a query was answered"


class OwnFetch(NoJob):
    """One interval on its way: a model.Fetch; used by one thread at a time."""

    def __init__(self, source: OwnSource, interval: Interval) -> None:
        """Ask nothing yet."""
        self._source, self._interval = source, interval
        self._answers = answers(source.endpoint.records_key)

    def pages(self) -> Iterator[Page]:
        """Yield every page.

        Raises WrongSettings if the body is not accepted or its answers hold no records,
        GenesysUnavailable where the pages have no end, and what the client raises.
        """
        body: Json | None = self._source.own.filled(self._interval)
        guard, is_first = Guard(most_vain=_MOST_EMPTY), True
        while body is not None:
            self._source.clock.sleep(0)  # where nothing else waits, an interrupt comes in here
            found = self._ask(body, first=is_first)
            records, is_first = found.page.records, False
            is_new = bool(records) and guard.is_new(likeness(records))
            body = following((by_token, by_hits), body, found.told, len(records))
            why = guard.why_endless(body, is_new=is_new) if body else ""
            if why or (records and not is_new):
                raise self._endless(why or "the same page was returned twice")
            yield found.page

    def _endless(self, why: str) -> GenesysUnavailable:
        return GenesysUnavailable(
            f"the answers to the query body for {self._interval} have no end: {why}",
            advice="Check how the body in export.query_body asks for pages.",
        )

    def _ask(self, body: Json, *, first: bool) -> Answer:
        call = Call(method="POST", path=self._source.own.path, body=body)
        try:
            answer = self._source.client.request(call, self._answers.split)
        except RequestRefused as refused:
            if first and refused.http_status in (400, 404, 413):
                raise WrongSettings(
                    f"the query body was not accepted: {refused.message}",
                    advice="Check export.query_body and export.query_path; if the answer is too "
                    "large, use more slices.",
                ) from refused
            raise
        if answer is None:
            raise WrongSettings(
                f"the answer to the query body has neither `{self._source.endpoint.records_key}` "
                "nor `entities`",
                advice="Check export.query_body and export.query_path.",
            )
        return answer


def answers(key: str) -> Answers:
    """Return what reads answers of any dialect; a token may be any JSON."""
    return Answers((key, "entities"), totalHits=object, cursor=object, nextPageToken=object)


def _replaced(value: Any, instants: Mapping[str, str]) -> Any:
    match value:
        case str():
            for placeholder, instant in instants.items():
                value = value.replace(placeholder, instant)
            return value
        case list():
            return [_replaced(one, instants) for one in value]
        case dict():
            return {key: _replaced(one, instants) for key, one in value.items()}
        case _:
            return value


def _finite(written: str) -> float:
    """Read a number; raises ValueError for what would be sent as null."""
    number = float(written)
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _wrong(name: str, problem: str) -> WrongSettings:
    return WrongSettings(
        f"export.query_body: {name[:_LONGEST]} {problem}",
        advice="A query body is the JSON of a conversation details query, with an interval of"
        ' "{start}/{end}" and a paging.',
    )
