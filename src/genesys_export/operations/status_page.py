"""The status as one page that needs nothing else: no script, no font, no request.

Its Content-Security-Policy allows its own style sheet, by its hash, and nothing more; everything
that is shown goes through `markup`, which escapes. Pure: what is known in, HTML out.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from importlib.resources import files

from .. import __version__
from ..progress.words import size
from .day_status import DayStatus, OrgStatus, State
from .markup import EMPTY, Markup, element, verbatim
from .status_calendar import calendar
from .status_charts import completeness, freshness, volume
from .status_day import anchor, by_month, pill
from .status_words import (
    Weight,
    by_state,
    instant,
    many,
    needs_attention,
    remarks,
    summary,
)

# A tab of a browser asks the server for an icon unless the page brings one.
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
    style = files(__package__).joinpath("status_page.css").read_text("utf-8")
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
    links = (
        element("li", element("a", status.org, href=f"#org-{place}"))
        for place, status in enumerate(orgs)
    )
    nav = element("nav", element("ul", *links), aria_label="Organisations")
    header = element(
        "header",
        element("h1", "Export status"),
        element("p", f"As of {instant(asked)}", class_="soft"),
        nav if len(orgs) > 1 else None,
    )
    made = f"Made by genesys-export {__version__} from manifests and claims at the destination."
    return element(
        "body",
        element("a", "Skip to the days", href="#days-0", class_="skip"),
        header,
        element("main", *(_org(status, place) for place, status in enumerate(orgs))),
        element("footer", element("p", made)),
    )


def _org(status: OrgStatus, place: int) -> Markup:
    title = status.org or status.dataset.replace("_", " ").capitalize()
    about = f"{status.dataset}, days of {status.zone.key}, in {status.url}"
    return element(
        "section",
        element("h2", title, id=f"org-{place}"),
        element("p", about, class_="where"),
        element("p", summary(status)),
        *(_parts(status, place) if status.days else ()),
    )


def _parts(status: OrgStatus, place: int) -> Iterator[Markup]:
    yield _tiles(status.days)
    yield _attention(status.days, place)
    yield calendar(status.days, place)
    yield volume(status.days)
    yield element("div", completeness(status.days), freshness(status.days), class_="two")
    yield element(
        "section",
        element("h3", "Days: files, attempts, problems"),
        *by_month(status.days, place),
        class_="card",
        id=f"days-{place}",
    )


def _tiles(days: Sequence[DayStatus]) -> Markup:
    states = by_state(days)
    ill = sum(map(needs_attention, days))
    published = [day for day in days if day.manifest]
    newest = str(published[-1].day) if published else "none"
    told = (
        ("Newest day", newest, ""),
        ("Final", f"{states[State.FINAL]:,}", ""),
        ("Provisional", f"{states[State.PROVISIONAL]:,}", ""),
        ("Need attention", f"{ill:,}", "alarm" if ill else ""),
        ("Conversations", f"{sum(day.conversations for day in days):,}", ""),
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


def _attention(days: Sequence[DayStatus], place: int) -> Markup:
    """List what somebody should look after, the newest first."""
    ill = [day for day in reversed(days) if needs_attention(day)]
    if not ill:
        return EMPTY
    return element(
        "section",
        element("h3", f"Needs attention: {many(len(ill), 'day')}"),
        element("ul", *(_case(day, place) for day in ill), class_="attention"),
        class_="card",
    )


def _case(day: DayStatus, place: int) -> Markup:
    texts = [each.text for each in remarks(day) if each.weight is Weight.ATTENTION]
    return element(
        "li",
        element(
            "div",
            element("a", str(day.day), href=f"#{anchor(day, place)}"),
            verbatim(" "),
            pill(day.state),
        ),
        element("div", *(element("p", text) for text in texts)),
    )
