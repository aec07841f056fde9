"""The race: every contender on the same pages and the same server, in turns.

Each is first run on a day a tenth as large, which warms it up and judges its result; then come
rounds in which all run once, in an order that turns. Every result is judged, and a wrong one ends
the race: how fast something wrong is says nothing.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from .bucket import Bucket, bucket
from .contenders import CONTENDERS, Contender, Course, Lane
from .expected import Expected, boiled_down, counted
from .genesys import Genesys, genesys
from .processes import Cost

_WARM_SHARE, _WARM_LEAST = 10, 100


def race(home: Path, *, conversations: int, rounds: int, only: Sequence[str]) -> dict[str, Any]:
    """Run it; returns the samples, and why who was not there. Raises Failed."""
    asked = [one for one in CONTENDERS if not only or one.name in only]
    absent = {one.name: _why_not(one) for one in asked if one.needs and not one.needs.exists()}
    there = [one for one in asked if one.name not in absent]
    warm = max(_WARM_LEAST, conversations // _WARM_SHARE)
    (home / "fields.json").write_text(json.dumps(boiled_down()))
    expected = counted(conversations)
    samples = []
    with bucket(home / "s3") as server, genesys(warm) as small, genesys(conversations) as large:
        first = _course(home, server, small, counted(warm), there)
        for one in there:
            _told("warm-up", one, _once(one, first))
        course = _course(home, server, large, expected, there)
        for number in range(rounds):
            turn = number * len(there) // rounds
            for one in there[turn:] + there[:turn]:
                cost = _once(one, course)
                _told(f"round {number + 1}", one, cost)
                samples.append({"contender": one.name, "round": number + 1, **asdict(cost)})
    return {
        "conversations": conversations,
        "json_bytes": expected.json_bytes,
        "rows": sum(expected.rows.values()),
        "rounds": rounds,
        "titles": {one.name: one.title for one in there},
        "gzip_bytes": dict(course.gzip_bytes),
        "absent": absent,
        "samples": samples,
    }


def _course(
    home: Path, server: Bucket, source: Genesys, expected: Expected, there: Sequence[Contender]
) -> Course:
    """Return the course, with what we write there where somebody is to write as much."""
    course = Course(genesys=source, bucket=server, scratch=home, expected=expected)
    wrote: dict[str, int] = {}
    for form in sorted({one.limit_of for one in there if one.limit_of}):
        [mine] = [one for one in CONTENDERS if one.name == form]
        with _lane(course, mine) as lane:
            mine.run(lane)
            wrote[form] = server.size(f"{lane.prefix}/")
    return replace(course, gzip_bytes=wrote)


def _once(contender: Contender, course: Course) -> Cost:
    with _lane(course, contender) as lane:
        return contender.run(lane).cost


@contextmanager
def _lane(course: Course, contender: Contender) -> Iterator[Lane]:
    lane = Lane(course=course, prefix=contender.name, folder=course.scratch / contender.name)
    try:
        yield lane
    finally:
        course.bucket.clear(f"{lane.prefix}/")
        shutil.rmtree(lane.folder, ignore_errors=True)


def _why_not(contender: Contender) -> str:
    return f"{contender.needs} is not there: make bench makes it"


def _told(when: str, contender: Contender, cost: Cost) -> None:
    sys.stderr.write(
        f"{when:8} {contender.name:18} {cost.cpu_s:8.2f} CPU s {cost.wall_s:8.2f} s"
        f" {cost.peak_mib:7.0f} MiB\n"
    )
