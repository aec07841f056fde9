"""The status as a terminal shows it, as JSON, and as markup that can't be broken out of."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from eventful import HOSTILE, eventful, furnish
from genesys_export.last_run import LastRun
from genesys_export.life import Policy
from genesys_export.operations.status.as_json import as_json
from genesys_export.operations.status.as_text import show
from genesys_export.operations.status.attention import cases
from genesys_export.operations.status.day import names
from genesys_export.operations.status.page import as_page
from genesys_export.operations.status.reading import read
from genesys_export.operations.status.remarks import summary
from made_days import ELSEWHERE, NAMES, NOW, PLACE, Shelf, claim, lay, manifest, status_of

YESTERDAY = "2026-11-24"


def text(*statuses, days=14) -> str:
    stream = StringIO()
    show(statuses, stream, days=days)
    return stream.getvalue()


def last_run(status: int, **more) -> LastRun:
    failed: dict[str, Any] = (
        {"day": YESTERDAY, "advice": "Ask for it."} if "message" in more else {}
    )
    return LastRun(
        command="run", began=NOW, ended=NOW, status=status, tool_version="0.1.0", **failed, **more
    )


def lively():
    return read(eventful(), PLACE, NOW)


def test_a_month_stands_as_weeks_from_monday_with_a_letter_a_day():
    shown = text(status_of(manifest("2026-11-20"), manifest("2026-11-22", "provisional")))
    assert "November 2026" in shown
    assert "Mo   Tu   We   Th   Fr   Sa   Su" in shown
    assert "16   17   18   19   20F  21M! 22P\n23M! 24M! 25   26   27   28   29" in shown


def test_it_is_plain_text_where_no_terminal_is():
    shown = text(lively())
    assert "\x1b" not in shown
    below = shown.partition("conversation_details\n\n")[2].rpartition("\n\n")[0]
    below = below.partition("Needs attention")[0]  # commands are never broken
    assert max(map(len, below.splitlines())) <= 100


@pytest.mark.parametrize("days", [1, 14])
def test_no_line_ends_with_blanks(days):
    for status in (lively(), status_of(manifest("2026-11-22"))):
        lines = text(status, days=days).splitlines()
        assert [line for line in lines if line != line.rstrip()] == []


def test_the_legend_explains_what_occurs_and_nothing_else():
    shown = text(status_of(manifest(YESTERDAY)))
    assert " F  final" in shown
    assert "provisional" not in shown
    everything = text(lively())
    for words in ("I  partial (incomplete)", "R  being replaced", "D  damaged", "X  failed"):
        assert words in everything


def test_the_table_has_as_many_days_as_asked_for_the_newest_first():
    rows = [line for line in text(lively(), days=3).splitlines() if line.startswith("2026-11-2")]
    assert [row[:13] for row in rows] == ["2026-11-24 Tu", "2026-11-23 Mo", "2026-11-22 Su"]
    assert rows[2].split() == [
        *("2026-11-22", "Su", "P", "provisional", "6,264", "5.1", "MB"),
        *("6", "h", "14", "min", "due"),
    ]


def test_all_missing_days_are_one_line_with_one_command():
    shelf = lay(Shelf(), *map(manifest, ("2026-11-18", "2026-11-21", "2026-11-24")))
    place = replace(PLACE, given=" --to ./lake", policy=ELSEWHERE)
    shown = text(read(shelf, place, NOW))
    assert (
        "  2026-11-19 to 2026-11-20, 2026-11-22 to 2026-11-23\n"
        "    4 days: nothing is published; backfill skips final days in between\n"
        "    genesys-export backfill --start 2026-11-19 --end 2026-11-23 --to ./lake\n"
    ) in shown
    assert shown.count("genesys-export ") == 1


def test_a_command_is_never_broken_however_long_it_is():
    place = replace(PLACE, given=f" --to ./{'long/' * 30}lake", policy=ELSEWHERE)
    shelf = lay(Shelf(), manifest("2026-11-19"), manifest(YESTERDAY))
    shown = text(read(shelf, place, NOW))
    assert f"    genesys-export backfill --start 2026-11-20 --end 2026-11-23{place.given}" in shown


def test_a_single_missing_day_and_one_that_failed_stand_on_their_own():
    shown = text(lively())
    assert (
        "  2026-10-03\n    nothing is published\n    genesys-export run --date 2026-10-03\n"
    ) in shown
    assert "  2026-10-04\n    the last attempt ended with status 75" in shown


def test_a_day_fetched_before_its_end_has_no_negative_age():
    shelf = lay(Shelf(), manifest(YESTERDAY, "partial", late=timedelta(hours=-3)))
    status = read(shelf, PLACE, NOW)
    assert "before its end" in text(status)
    page = page_of(status)
    assert "fetched before its end" in page.text
    assert "3 h 00 min before its end" in page.text
    assert "\N{MINUS SIGN}" not in page.text
    assert not re.search(r"(?<![\w-])-\d", page.text.replace(page.style, ""))


def test_how_the_last_run_ended_is_shown_everywhere():
    status = replace(status_of(manifest(YESTERDAY)), last_run=last_run(77, message="no entry"))
    told = "2026-11-25 09:30 UTC, run ended with status 77"
    why = "2026-11-24: no entry. Ask for it."
    assert f"\nLast run: {told}\n" in text(status)
    assert f"Needs attention\n  Last run\n    {told}\n    {why}\n" in text(status)
    page = page_of(status)
    assert f"Last run: {told}" in page.text
    assert why in page.text
    assert "Needs attention: the last run" in page.text
    [org] = json.loads(as_json([status], asked=NOW))["organisations"]
    assert (org["last_run"]["status"], org["last_run"]["message"]) == (77, "no entry")
    assert summary(status).endswith("; the last run failed.")


def test_a_good_last_run_needs_nobody():
    run = last_run(0, published=1, skipped=2)
    status = replace(status_of(manifest(YESTERDAY)), last_run=run)
    assert "Last run: 2026-11-25 09:30 UTC, run ended with status 0 " in text(status)
    assert "(days: 1 published, 2 skipped)" in text(status)
    assert cases(status) == ()


@pytest.mark.parametrize("status", [75, 130, 143])
def test_a_last_run_that_was_too_early_or_stopped_needs_nobody(status):
    told = replace(status_of(manifest(YESTERDAY)), last_run=last_run(status, message="too early"))
    assert cases(told) == ()


def test_the_same_days_need_attention_wherever_it_is_shown():
    status = replace(lively(), last_run=last_run(69, message="no answer"))
    [org] = json.loads(as_json([status], asked=NOW))["organisations"]
    by_list = {day for case in org["needs_attention"] for day in case["days"]}
    by_day = {
        day["day"]
        for day in org["days"]
        if any(remark["weight"] == "attention" for remark in day["remarks"])
    }
    assert by_list == by_day
    assert org["attention"] == len(by_day)
    page = page_of(status)
    rings = [each for each in page.of("a") if "ill" in each.get("class", "").split()]
    assert {each["href"][-10:] for each in rings} == by_day
    assert f"Needs attention: {len(by_day)} days and the last run" in page.text
    shown = text(status).partition("Needs attention\n")[2].partition("\n\n")[0]
    titles = re.findall(r"^  (\S.*)", shown, re.MULTILINE)
    assert titles == [case["title"] for case in org["needs_attention"]]


def test_days_that_lost_files_are_one_case_with_one_command():
    shelf = lay(Shelf(), *(manifest(f"2026-11-{day}") for day in range(10, 25)))
    for day in (11, 12, 20):
        shelf.lose(f"segments/2026-11-{day}.csv.gz")
    [case] = cases(read(shelf, replace(PLACE, policy=ELSEWHERE), NOW))
    assert case.title == "2026-11-11 to 2026-11-12, 2026-11-20"
    [told] = case.texts
    assert told.startswith("3 days: files are missing or have another size (on 2026-11-11: ")
    assert told.endswith(
        "segments/2026-11-11.csv.gz is missing); backfill skips final days in between"
    )
    assert case.commands == ("genesys-export backfill --start 2026-11-11 --end 2026-11-20",)


def test_days_that_the_next_run_exports_need_no_backfill():
    shelf = lay(Shelf(), manifest("2026-11-17"), manifest("2026-11-20"))
    place = replace(PLACE, given=" --to ./lake", policy=Policy(catch_up_days=3))
    by_run, by_backfill = cases(read(shelf, place, NOW))
    assert by_run.title == "2026-11-21 to 2026-11-24"
    assert by_run.texts == ("4 days: nothing is published; the next run exports them",)
    assert by_run.commands == ("genesys-export run --to ./lake",)
    assert by_backfill.texts == ("2 days: nothing is published",)
    assert by_backfill.commands == (
        "genesys-export backfill --start 2026-11-18 --end 2026-11-19 --to ./lake",
    )


def test_many_gaps_are_counted_after_the_first_few():
    days = [manifest(f"2026-11-{day:02}") for day in range(1, 25, 2)]
    shelf = lay(Shelf(), *days, manifest(YESTERDAY))
    [case] = cases(read(shelf, replace(PLACE, policy=ELSEWHERE), NOW))
    assert case.title == ("2026-11-02, 2026-11-04, 2026-11-06, 2026-11-08, and 7 more ranges")


def test_what_others_wrote_cannot_write_to_the_terminal():
    assert r"onerror=alert(1)>\x1b[31m" in text(lively())


def test_a_year_of_calendars_is_the_most_that_is_drawn():
    shown = text(status_of(manifest("2025-01-15"), manifest(YESTERDAY)), days=1)
    assert "November 2025" not in shown
    assert "December 2025" in shown
    assert "679 days, 2025-01-15 to 2026-11-24" in shown.replace("\n", " ")


def two_datasets():
    """Return the conversations of some days, and the snapshots of two of them."""
    shelf = lay(Shelf(), *(manifest(f"2026-11-{day}") for day in range(18, 25)))
    taken = [replace(manifest(f"2026-11-{day}", conversations=240), tables={}) for day in (20, 24)]
    for made in taken:
        shelf.lay(NAMES.home.manifest(made.day), made.encode())
    return [read(shelf, place, NOW) for place in (PLACE, NAMES)]


def test_each_dataset_has_its_own_section_and_its_own_word_for_records():
    shown = text(*two_datasets())
    conversations, _, rest = shown.partition("dimensions, days in UTC")
    assert "Conversations" in conversations
    assert "Entries" in rest
    assert "onversations" not in rest
    assert "A  absent (no snapshot was taken)" in rest
    assert "Needs attention" not in shown
    assert shown.rstrip().endswith("2 final, 3 absent; 480 entries, 0 bytes.")


def test_json_counts_the_records_of_each_dataset_under_one_key_and_under_their_name():
    first, second = json.loads(as_json(two_datasets(), asked=NOW))["organisations"]
    assert (first["dataset"], first["records"], first["conversations"]) == (
        "conversation_details",
        8400,
        8400,
    )
    assert (second["dataset"], second["records"], second["entries"]) == ("dimensions", 480, 480)
    assert "conversations" not in second
    assert [day["records"] for day in second["days"]] == [240, None, None, None, 240]


def test_a_page_of_two_datasets_has_a_section_for_each():
    page = page_of(*two_datasets())
    titles = ["Conversation details", "Dimensions"]
    assert page.text.count("Entries per day") == 1
    assert "absent: no snapshot was taken while the day could be read" in page.text
    assert page.text.count("as a percentage of Genesys's own count") == 0
    assert page.text.count("No day has a count by Genesys") == 1  # a snapshot is not counted
    for place, title in enumerate(titles):
        assert page.text.count(title) == 2  # among the links, and as a headline
        assert {"href": f"#org-{place}"} in page.of("a")


def test_datasets_of_organisations_are_told_apart_by_both():
    empty: Any = Shelf()
    several = [
        read(empty, replace(place, org=org), NOW)
        for org in ("apac", "emea")
        for place in (PLACE, NAMES)
    ]
    assert names(several)[:2] == ("apac: conversation_details", "apac: dimensions")
    assert names(several[::2]) == ("apac", "emea")
    assert names(several[:1]) == ("apac",)


def test_each_organisation_is_shown_by_its_name():
    shelf = furnish(furnish(Shelf(), "emea"), "apac", 0.3)
    shown = text(*(read(shelf, replace(PLACE, org=org), NOW) for org in ("apac", "emea", "no")))
    assert shown.index("Organisation apac") < shown.index("Organisation emea")
    assert shown.endswith("s3://lake/analytics/no/_genesys_export/conversation_details.\n")


def test_a_day_that_the_next_run_exports_is_due():
    status = status_of(manifest(YESTERDAY, "provisional"))
    [row] = [line for line in text(status).splitlines() if line.startswith(f"{YESTERDAY} ")]
    assert row.split()[-1] == "due"


def test_json_holds_everything_of_a_day():
    body = json.loads(as_json([status_of(manifest(YESTERDAY, "provisional"))], asked=NOW))
    assert body["asked"] == "2026-11-25T09:30:00Z"
    [org] = body["organisations"]
    assert (org["org"], org["timezone"], org["attention"]) == ("", "UTC", 0)
    assert org["states"]["provisional"] == 1
    [day] = org["days"]
    assert (day["day"], day["state"], day["conversations"]) == (YESTERDAY, "provisional", 1200)
    assert day["fetched_late_s"] == 6 * 3600 + 300
    assert day["tables"]["conversations"][0]["key"] == "conversations/2026-11-24.csv.gz"
    assert day["attempts"] == ["a2026112401", "a2026112402"]
    assert day["recipe_fingerprint"] == org["recipe_fingerprint"]


def test_json_has_the_same_keys_for_a_day_of_any_state():
    body = json.loads(as_json([lively()], asked=NOW))
    days = body["organisations"][0]["days"]
    assert len({day["state"] for day in days}) == 7
    assert len({tuple(day) for day in days}) == 1


def test_json_of_a_missing_day_says_null_and_not_zero():
    body = json.loads(as_json([status_of(claim(YESTERDAY))], asked=NOW))
    [day] = body["organisations"][0]["days"]
    for key in ("conversations", "bytes", "fetched", "fetched_late_s", "manifest", "counts"):
        assert day[key] is None


def test_every_key_of_the_json_is_documented():
    body = json.loads(as_json([lively()], asked=NOW))
    page = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"
    told = page.read_text("utf-8").partition("### status as JSON")[2].partition("\n## ")[0]
    [org] = body["organisations"]
    days = org["days"]
    inner = [day[key] for day in days for key in ("failure", "held", "source_count") if day[key]]
    keys = {key for each in (body, org, *days, *inner) for key in each}
    assert {key for key in keys if not re.search(rf"\b{key}\b", told)} == set()


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the text outside of the style sheet."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.style = ""
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.found and self.found[-1][0] == "style":
            self.style = self.style or data
        self.text += data

    def of(self, name):
        return [attributes for tag, attributes in self.found if tag == name]


def page_of(*statuses) -> Elements:
    return Elements(as_page(statuses, asked=NOW).decode())


def test_the_page_holds_nothing_that_could_run_or_fetch():
    page = page_of(lively())
    names = {tag for tag, _ in page.found}
    assert not names & {"script", "img", "iframe", "object", "embed", "form", "base"}
    for tag, attributes in page.found:
        assert not any(name.startswith("on") or name in {"src", "style"} for name in attributes)
        if "href" in attributes:
            assert (attributes["href"] or "").startswith("data:" if tag == "link" else "#")
    assert "url(" not in page.style
    assert "@import" not in page.style


def test_the_page_allows_its_own_style_sheet_and_nothing_else():
    page = page_of(lively())
    [policy] = [each["content"] for each in page.of("meta") if "http-equiv" in each]
    digest = b64encode(sha256(page.style.encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_what_others_wrote_is_text_on_the_page():
    page = page_of(lively())
    assert HOSTILE.replace("\x1b", "\ufffd") in page.text
    assert "sessions.<b>" in page.text


def test_every_day_of_the_calendar_leads_to_its_details():
    page = page_of(lively())
    ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    days = [each for each in page.of("a") if each.get("class", "").startswith("day ")]
    assert len(days) == 105
    assert {each["href"].removeprefix("#") for each in page.of("a")} <= set(ids)


def test_every_table_of_the_page_names_its_columns():
    page = page_of(lively())
    heads = page.of("th")
    assert heads
    assert all(each["scope"] in {"col", "row"} for each in heads)


def test_every_chart_says_in_words_what_it_shows():
    labels = [each["aria-label"] for each in page_of(lively()).of("svg") if "role" in each]
    assert len(labels) == 3
    assert "Most: 26,879 on 2026-11-11" in labels[0]
    assert "Largest difference: 94.34 % on 2026-11-05. 1 day differs" in labels[1]


def test_every_file_of_a_day_is_on_the_page():
    page = page_of(status_of(manifest(YESTERDAY)))
    for key in ("conversations/2026-11-24.csv.gz", "segments/2026-11-24.csv.gz"):
        assert key in page.text
    assert "a2026112401: published before" in page.text


def test_a_page_of_nothing_says_so():
    page = page_of(status_of())
    assert "Nothing is published below" in page.text
    assert page.of("svg") == []


def test_a_page_of_nothing_but_failures_has_no_numbers_to_draw():
    page = page_of(status_of(claim(YESTERDAY)))
    assert "No day has a count by Genesys" in page.text
    assert page.of("rect") == []


def test_two_organisations_do_not_share_an_anchor():
    shelf = furnish(furnish(Shelf(), "emea"), "apac", 0.3)
    page = page_of(*(read(shelf, replace(PLACE, org=org), NOW) for org in ("apac", "emea")))
    ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {"#org-0", "#org-1"} <= {each["href"] for each in page.of("a")}
