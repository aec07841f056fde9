"""A day on the page: a line that opens to its facts, remarks, files and attempts.

Plain `details` elements, so it works without a script, by keyboard and in a text search.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

from ...manifest import File, Manifest
from ...plural import counted, plural
from ...progress.words import size
from .day import DayStatus, State
from .markup import EMPTY, Markup, element, verbatim
from .remarks import Weight, after, instant, lateness, needs_attention, percent, remarks, shorts

_HASH = 12  # characters of a sha256 that are shown


def anchor(day: DayStatus, place: int) -> str:
    """Return the id of a day's details; `place` is the organisation's."""
    return f"day-{place}-{day.day}"


def pill(state: State) -> Markup:
    """Return the state as a coloured word."""
    return element("span", state.value, class_=f"pill {state}")


def command(text: str) -> Markup:
    """Return a command to be copied."""
    return element("div", element("code", text), class_="command")


def by_month(days: Sequence[DayStatus], place: int) -> Iterator[Markup]:
    """Yield the months, the newest first and open, and in them the days."""
    newest_first = sorted(days, key=lambda day: day.day, reverse=True)
    months = groupby(newest_first, key=lambda day: day.day.replace(day=1))
    for number, (month, group) in enumerate(months):
        inside = list(group)
        ill = sum(map(needs_attention, inside))
        told = f"{month:%B %Y}: {plural(len(inside), 'day')}, "
        told += counted(sum(day.exported for day in inside), inside[0].dataset.records)
        told += f", {plural(ill, 'needs', 'need')} attention" if ill else ""
        yield element(
            "details",
            element("summary", told),
            *(_day(day, place) for day in inside),
            class_="group",
            open="" if number == 0 else None,
        )


def _day(day: DayStatus, place: int) -> Markup:
    made = day.manifest
    said = "said alarm" if needs_attention(day) else "said"
    return element(
        "details",
        element(
            "summary",
            element("span", f"{day.day:%a} {day.day}", class_="day-name"),
            element("span", pill(day.state), class_="state"),
            element("span", *(_figures(day) if made else ()), class_="figures"),
            element("span", ", ".join(shorts(day)), class_=said),
        ),
        element(
            "div",
            _facts(day),
            _remarks(day),
            _files(day),
            _attempts(day),
            class_="inside",
            id=anchor(day, place),
        ),
        class_="one",
    )


def _figures(day: DayStatus) -> Iterator[Markup]:
    for told in (counted(day.exported, day.dataset.records), size(day.size_bytes), _waited(day)):
        yield element("span", told, class_="n")
        yield verbatim(" ")


def _waited(day: DayStatus) -> str:
    late = day.fetched_late
    if late is None:
        return ""
    return f"fetched +{lateness(late)}" if late >= timedelta(0) else "fetched before its end"


def _facts(day: DayStatus) -> Markup:
    made = day.manifest
    if made is None:
        return EMPTY
    counts = day.counts
    of_records = (
        ("Received", f"{counts.received:,}, {counts.duplicates:,} of them duplicates"),
        ("Of other days", f"{counts.of_other_days:,}"),
        ("Data complete up to", instant(day.watermark) or "unknown with this engine"),
    )
    is_open = "" if day.dataset.is_snapshot else f", {counts.open:,} of them open"
    told = [
        (day.dataset.records.capitalize(), f"{counts.exported:,}{is_open}"),
        ("Rows", f"{day.rows:,} in {plural(len(day.tables), 'table')}"),
        ("Size", f"{size(day.size_bytes)} in {plural(len(day.files), 'file')}"),
        *(() if day.dataset.is_snapshot else of_records),
        ("Genesys counts", _theirs(day)),
        ("Fetched", f"{instant(day.fetched)} ({after(day.fetched_late)})"),
        ("Published", f"{instant(made.ended)} ({after(day.published_late)})"),
        ("Covers", f"{instant(day.interval.start)} to {instant(day.interval.end)}"),
        ("Recipe", _recipe(day, made)),
        ("Due", day.due or ""),
        ("Changes", made.changes.key if made.changes else ""),
        ("Manifest", day.manifest_url),
    ]
    return element(
        "dl",
        *(
            element("div", element("dt", name), element("dd", value))
            for name, value in told
            if value
        ),
        class_="facts",
    )


def _theirs(day: DayStatus) -> str:
    source = day.source
    if source is None:
        return ""
    if day.completeness is None:
        return f"{source.verdict}: {source.note}".rstrip(": ")
    return f"{source.query_hits:,}: {source.verdict}, {percent(day.completeness)}"


def _recipe(day: DayStatus, made: Manifest) -> str:
    than = "; ".join(day.differences) or "the newest"
    return f"{made.recipe.fingerprint}: {than}"


def _remarks(day: DayStatus) -> Markup:
    found = remarks(day)
    if not found:
        return EMPTY
    items = (
        element(
            "li",
            each.text,
            command(each.command) if each.command else None,
            class_="alarm" if each.weight is Weight.ATTENTION else None,
        )
        for each in found
    )
    listed = element("ul", *items, class_="remarks")
    return element("div", element("h4", "Problems and remarks"), listed)


def _files(day: DayStatus) -> Markup:
    if day.manifest is None:
        return EMPTY
    rows = [_file(file) for file in (*day.files, *day.manifest.reject_files)]
    heads = (
        element("th", "File", scope="col"),
        element("th", "Rows", scope="col", class_="n"),
        element("th", "Size", scope="col", class_="n"),
        element("th", "sha256", scope="col", class_="sum"),
    )
    return element(
        "div",
        element("h4", "Files"),
        element(
            "table",
            element("thead", element("tr", *heads)),
            element("tbody", *rows),
            class_="files",
            aria_label=f"Files of {day.day}",
        ),
    )


def _file(file: File) -> Markup:
    short = element("span", f"{file.sha256[:_HASH]}…", title=file.sha256, class_="key")
    return element(
        "tr",
        element("th", file.key, scope="row", class_="key"),
        element("td", f"{file.rows:,}", class_="n"),
        element("td", size(file.bytes), class_="n"),
        element("td", short, class_="sum"),
    )


def _attempts(day: DayStatus) -> Markup:
    told = [*_of_claim(day), *_of_manifest(day)]
    if not told:
        return EMPTY
    return element(
        "div",
        element("h4", "Attempts, the newest first"),
        element("ul", *(element("li", each) for each in told), class_="remarks"),
    )


def _of_claim(day: DayStatus) -> Iterator[str]:
    if day.held:
        held = day.held
        ends = "claim expired" if held.lapsed else "holds the day until"
        yield f"{held.attempt}: began {instant(held.began)}, {ends} {instant(held.until)}"
    if day.failure:
        yield f"failed {instant(day.failure.at)} with status {day.failure.status}"


def _of_manifest(day: DayStatus) -> Iterator[str]:
    made = day.manifest
    if made is None:
        return
    jobs = sum(len(each.job_ids) for each in made.slices)
    took = f"from {instant(made.began)} to {instant(made.ended)}"
    yield f"{made.attempt}: published, {took}, {plural(jobs, 'job')}, version {made.tool_version}"
    for attempt in reversed(made.attempts):
        if attempt != made.attempt:
            yield f"{attempt}: published before"
