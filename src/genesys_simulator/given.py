"""Conversations given from outside, served as they are, byte for byte.

Knows how to find records in files and how to read the little of a record that a job needs: its
start and its end. A record whose start can't be read is never left out: whoever reads must cope.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from .org import Org, seen_in
from .positions import Chain
from .templates import dumped, without_attributes
from .times import Span, read


@dataclass(frozen=True)
class Given:
    """Records in order of their start; those without a readable one at the end."""

    records: tuple[bytes, ...]

    @cached_property
    def org(self) -> Org:
        """What the records speak of."""
        return seen_in(parsed(record) for record in self.records)

    @cached_property
    def _lives(self) -> tuple[tuple[int | None, int | None], ...]:
        return tuple(life(record) for record in self.records)

    def positions(self, begun: Span, active_ms: int) -> Chain:
        """Return those begun in the span that are still active at, or begin after, an instant."""
        found = [
            number
            for number, (start, end) in enumerate(self._lives)
            if start is None
            or (begun.start_ms <= start < begun.end_ms and (end is None or end >= active_ms))
        ]
        return Chain([found])

    def render(self, positions: Sequence[int], *, attributes: bool) -> list[bytes]:
        """Return the records at these positions."""
        found = [self.records[position] for position in positions]
        if attributes:
            return found
        return [dumped(without_attributes(parsed(record))) for record in found]

    def kind(self, position: int) -> None:
        """Return None: each record must be looked at individually."""
        del position

    def shifts(self) -> None:
        """Return None: who works when shows in the sessions only."""


def given(records: Iterable[bytes | dict[str, Any]]) -> Given:
    """Take records; bytes stay as they are."""
    written = [one if isinstance(one, bytes) else dumped(one) for one in records]

    def order(record: bytes) -> tuple[bool, int]:
        start = life(record)[0]
        return start is None, start or 0

    return Given(tuple(sorted(written, key=order)))


def read_files(paths: Iterable[Path]) -> Given:
    """Read records from files: one record, a list, an answer of the API, or JSON lines.

    Raises OSError for a file that can't be read, ValueError for one that holds something else.
    """
    return given(record for path in paths for record in _in_file(path))


def parsed(record: bytes) -> dict[str, Any]:
    """Parse a record; anything that is not an object counts as an empty one."""
    try:
        value = json.loads(record)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def life(record: bytes) -> tuple[int | None, int | None]:
    """Return when a record begins and ends, in ms; None if that can't be read."""
    value = parsed(record)
    return read(value.get("conversationStart")), read(value.get("conversationEnd"))


def _in_file(path: Path) -> list[bytes]:
    content = path.read_bytes()
    try:
        return _in_text(content)
    except msgspec.DecodeError as error:
        lines = [line for line in content.splitlines() if line.strip()]
        try:
            return [bytes(msgspec.json.decode(line, type=msgspec.Raw)) for line in lines]
        except msgspec.DecodeError:
            raise ValueError(f"{path} holds no conversations: {error}") from error


def _in_text(content: bytes) -> list[bytes]:
    """Return the records of one JSON text, byte for byte."""
    text = content.strip()
    if text.startswith(b"["):
        return [bytes(one) for one in msgspec.json.decode(text, type=list[msgspec.Raw])]
    record = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    if "conversations" in record and "conversationId" not in record:
        return _in_text(bytes(record["conversations"]))
    return [text]
