"""The status as one self-contained page: no script, no font, no request.

Its Content-Security-Policy allows its own style sheet, by hash, and nothing else; everything shown
goes through `markup`, which escapes. Pure: the status in, HTML out.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from importlib.resources import files

from ... import __version__
from ...days import ranges
from ...plural import plural
from ...progress.words import size
from .attention import Case, cases
from .day import DayStatus, OrgStatus, State, names
from .markup import EMPTY, Markup, element, verbatim
from .page_calendar import calendar
from .page_charts import completeness, freshness, volume
from .page_day import anchor, by_month, command, pill
from .remarks import by_state, instant, needs_attention, run_failed, run_words, summary

# A browser asks the server for an icon unless the page brings one.
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='4' fill='%230b5d4b'/%3E"
    "%3Cpath d='M4 8.5l3 3 5-6' fill='none' stroke='%23fff' stroke-width='2'/%3E%3C/svg%3E"
)


def as_page(orgs: Sequence[OrgStatus], *, asked: datetime) -> bytes:
    """Return the page, in UTF-8."""
    page = element("html", _head(), _body(orgs, asked), lang="en")
    return f"<!doctype html>\n{page.text}\n".encode()


def _head() -> Markup:
    style = files(__package__).joinpath("page.css").read_text("utf-8")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", "genesys-export: status"),
        element("link", rel="icon", href=_ICON),
        element("style", verbatim(style)),
    )


def _body(orgs: Sequence[OrgStatus], asked: datetime) -> Markup:
    titles = [_title(*each) for each in zip(orgs, names(orgs), strict=True)]
    links = (
        element("li", element("a", name, href=f"#org-{place}"))
        for place, name in enumerate(titles)
    )
    nav = element("nav", element("ul", *links), aria_label="Organisations and datasets")
    header = element(
        "header",
        element("h1", "Export status"),
        element("p", f"As of {instant(asked)}", class_="soft"),
        nav if len(orgs) > 1 else None,
    )
    made = f"Made by genesys-export {__version__} from the manifests at the destination."
    return element(
        "body",
        element("a", "Skip to the days", href="#days-0", class_="skip"),
        header,
        element("main", *map(_org, orgs, titles, range(len(orgs)))),
        element("footer", element("p", made)),
    )


def _title(status: OrgStatus, name: str) -> str:
    """Return its name, readable; the dataset's where there is nothing to tell it from."""
    dataset = status.dataset.name.replace("_", " ").capitalize()
    return name.replace(status.dataset.name, dataset) or dataset


def _org(status: OrgStatus, title: str, place: int) -> Markup:
    about = f"{status.dataset.name}, days in {status.zone.key}, in {status.url}"
    return element(
        "section",
        element("h2", title, id=f"org-{place}"),
        element("p", about, class_="where"),
        element("p", summary(status)),
        element("p", f"Last run: {run_words(status.last_run)}") if status.last_run else None,
        _tiles(status) if status.days else None,
        _attention(status, place),
        *(_parts(status, place) if status.days else ()),
    )


def _parts(status: OrgStatus, place: int) -> Iterator[Markup]:
    yield calendar(status.days, place)
    yield volume(status.days, status.dataset.records)
    yield element("div", *_ages(status), class_="two")
    yield element(
        "section",
        element("h3", "Days: files, attempts, problems"),
        *by_month(status.days, place),
        class_="card",
        id=f"days-{place}",
    )


def _ages(status: OrgStatus) -> Iterator[Markup]:
    """Yield how complete the days are, where anybody counts them, and how late they are read."""
    if not status.dataset.is_snapshot:
        yield completeness(status.days, status.dataset.records)
    yield freshness(status.days, settles=not status.dataset.is_snapshot)


def _tiles(status: OrgStatus) -> Markup:
    days, run = status.days, status.last_run
    states = by_state(days)
    ill = sum(map(needs_attention, days))
    published = [day for day in days if day.manifest]
    newest = str(published[-1].day) if published else "none"
    ended = "unknown" if run is None else "OK" if run.status == 0 else f"status {run.status}"
    told = (
        ("Newest day", newest, ""),
        ("Last run", ended, "alarm" if run_failed(run) else ""),
        ("Final", f"{states[State.FINAL]:,}", ""),
        ("Provisional", f"{states[State.PROVISIONAL]:,}", ""),
        ("Need attention", f"{ill:,}", "alarm" if ill else ""),
        (status.dataset.records.capitalize(), f"{sum(day.exported for day in days):,}", ""),
        ("Size", size(sum(day.size_bytes for day in days)), ""),
    )
    return element(
        "dl",
        *(
            element("div", element("dt", name), element("dd", value), class_=kind or None)
            for name, value, kind in told
        ),
        class_="tiles",
    )


def _attention(status: OrgStatus, place: int) -> Markup:
    """List everything that needs attention, groups of days first, then the newest."""
    found = cases(status)
    if not found:
        return EMPTY
    known = {day.day: day for day in status.days}
    ill = sum(len(case.days) for case in found)
    what = [plural(ill, "day")] if ill else []
    what += ["the last run"] if run_failed(status.last_run) else []
    return element(
        "section",
        element("h3", f"Needs attention: {' and '.join(what)}"),
        element("ul", *(_case(case, known, place) for case in found), class_="attention"),
        class_="card",
    )


def _case(case: Case, known: Mapping[date, DayStatus], place: int) -> Markup:
    texts = (element("p", text) for text in case.texts)
    return element(
        "li",
        element("div", *_of(case, known, place)),
        element("div", *texts, *map(command, case.commands)),
    )


def _of(case: Case, known: Mapping[date, DayStatus], place: int) -> Iterator[Markup]:
    """Yield links to the days it is about, a run of days by its first, and their state."""
    if not case.days:
        yield element("span", case.title)
        return
    for first, last in ranges(case.days):
        told = str(first) if first == last else f"{first} to {last}"
        yield element("a", told, href=f"#{anchor(known[first], place)}")
        yield verbatim(" ")
    yield pill(known[case.days[0]].state)
