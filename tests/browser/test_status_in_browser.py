"""The status page in a real browser, as a phone and a desk show it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from browser_site import serving

from genesys_export.operations.status.page import as_page
from genesys_export.operations.status.reading import read
from made_days import ELSEWHERE, NOW, PLACE, Shelf, lay, manifest

pytestmark = pytest.mark.browser

PHONE, DESK = 375, 1280

OPEN_ALL = "for (const each of document.querySelectorAll('details')) each.open = true;"
# Whatever sticks out of the screen: elements, unless somebody above them scrolls or cuts.
STICKING_OUT = """
const wide = document.documentElement.clientWidth;
return [...document.querySelectorAll('body *')].filter(each =>
  !each.closest('svg svg, .skip') && each.getBoundingClientRect().right > wide + 1
).map(each => each.outerHTML.slice(0, 120));
"""
# The contrast of every piece of text with what lies behind it, by the rule of WCAG 2.
FAINT = """
const pen = document.createElement('canvas').getContext('2d');
function rgba(color) {
  pen.clearRect(0, 0, 1, 1); pen.fillStyle = color; pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data];
}
function light([r, g, b]) {
  const [x, y, z] = [r, g, b].map(v => v / 255).map(
    v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
}
function behind(element) {
  for (let at = element; at; at = at.parentElement) {
    const found = rgba(getComputedStyle(at).backgroundColor);
    if (found[3] === 255) return found;
  }
  return rgba(getComputedStyle(document.body).backgroundColor);
}
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const faint = new Set();
let seen = 0;
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !element.getClientRects().length) continue;
  const style = getComputedStyle(element);
  const ink = light(rgba(element.closest('svg') ? style.fill : style.color));
  const paper = light(behind(element));
  const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  seen += 1;
  if (contrast < 4.5) faint.add(`${contrast.toFixed(2)} ${element.outerHTML.slice(0, 100)}`);
}
return [seen, [...faint]];
"""


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("which", ["page", "page_of_three"])
def test_nothing_sticks_out_of_the_screen_when_everything_is_open(chromium, request, which, width):
    chromium.screen(width)
    with serving(request.getfixturevalue(which)) as site:
        chromium.open(site.address)
        chromium.run(OPEN_ALL)
        assert chromium.run(STICKING_OUT) == []
        assert chromium.run("return [document.documentElement.scrollWidth, innerWidth]") == [
            width,
            width,
        ]


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out_from_what_is_behind_it(chromium, site, dark):
    chromium.screen(DESK, dark=dark)
    chromium.open(site.address)
    chromium.run(OPEN_ALL)
    seen, faint = chromium.run(FAINT)
    assert seen > 1000
    assert faint == []


def test_dark_and_light_are_two_looks(chromium, site):
    looks = []
    for dark in (False, True):
        chromium.screen(DESK, dark=dark)
        chromium.open(site.address)
        looks.append(chromium.run("return getComputedStyle(document.body).backgroundColor"))
    assert looks == ["rgb(246, 247, 245)", "rgb(18, 22, 20)"]


def test_no_request_leaves_the_page_and_nothing_is_complained_about(chromium, site):
    chromium.open("about:blank")
    chromium.requests()
    chromium.log("browser")
    chromium.screen(DESK)
    chromium.open(site.address)
    chromium.run(OPEN_ALL)
    assert [each for each in chromium.requests() if not each.startswith("data:")] == [site.address]
    assert chromium.run("return performance.getEntriesByType('resource').length") == 0
    assert chromium.log("browser") == []
    assert site.asked == ["/status.html"]


def test_the_page_would_not_let_a_request_out_or_a_script_in(chromium, site):
    chromium.open(site.address)
    chromium.log("browser")
    chromium.run(
        """
        const image = new Image(); image.src = '/stolen.png'; document.body.append(image);
        const script = document.createElement('script');
        script.textContent = 'window.ran = true'; document.body.append(script);
        """
    )
    assert chromium.run("return window.ran") is None
    assert len(chromium.log("browser")) == 2
    assert site.asked == ["/status.html"]


def test_the_style_sheet_is_the_one_that_the_policy_allows(chromium, site):
    chromium.screen(DESK)
    chromium.open(site.address)
    tiles = "return getComputedStyle(document.querySelector('.tiles')).display"
    assert chromium.run(tiles) == "grid"


def test_a_day_of_the_calendar_opens_its_details_however_old_it_is(chromium, site):
    chromium.screen(PHONE)
    chromium.open(site.address)
    shown = "return document.querySelector('#day-0-2026-08-13').checkVisibility()"
    assert chromium.run(shown) is False
    chromium.run("document.querySelector('a[href=\"#day-0-2026-08-13\"]').click()")
    assert chromium.run(shown) is True


def test_it_can_be_used_with_the_keyboard_alone(chromium, site):
    chromium.screen(DESK)
    chromium.open(site.address)
    chromium.run("document.querySelector('.one > summary').focus()")
    inside = "return document.activeElement.parentElement.open"
    assert chromium.run(inside) is False
    chromium.type("\ue007")  # Enter
    assert chromium.run(inside) is True
    ring = "return getComputedStyle(document.activeElement).outlineStyle"
    assert chromium.run(ring) == "solid"


def test_the_first_key_skips_to_the_days(chromium, site):
    chromium.screen(DESK)
    chromium.open(site.address)
    chromium.type("\ue004")  # Tab
    assert chromium.run("return document.activeElement.textContent") == "Skip to the days"


def test_days_are_large_enough_for_a_thumb(chromium, site):
    chromium.screen(PHONE)
    chromium.open(site.address)
    sizes = chromium.run(
        "return [...document.querySelectorAll('a.day')].map(each => each.getBoundingClientRect())"
        ".flatMap(each => [each.width, each.height])"
    )
    assert min(sizes) >= 24


# Dates below a chart, or words of its scale, that touch each other or are cut off at an edge.
TOUCHING = """
const bad = [];
for (const svg of document.querySelectorAll('.chart svg')) {
  const frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll('text')].map(
    each => [each.textContent, each.getBoundingClientRect()]).filter(([, box]) => box.width);
  texts.forEach(([words, box], place) => {
    if (box.left < frame.left - 1 || box.right > frame.right + 1) bad.push(`${words} is cut off`);
    for (const [other, next] of texts.slice(place + 1))
      if (box.right + 4 > next.left && next.right + 4 > box.left
          && box.bottom > next.top && next.bottom > box.top) bad.push(`${words} on ${other}`);
  });
}
return [document.querySelectorAll('.chart text.axis').length, bad];
"""


@pytest.mark.parametrize("width", [320, 375, 768, 900, 1100, 1280, 1440])
@pytest.mark.parametrize("count", [1, 8, 30, 45, 46, 105, 400, 1096])
def test_no_date_touches_another_one_whatever_the_screen(chromium, width, count):
    last = NOW.date() - timedelta(1)
    made = (manifest(f"{last - timedelta(age)}", conversations=age) for age in range(count))
    page = as_page([read(lay(Shelf(), *made), PLACE, NOW)], asked=NOW)
    chromium.screen(width)
    with serving(page) as site:
        chromium.open(site.address)
        seen, touching = chromium.run(TOUCHING)
    assert seen >= 3
    assert touching == []


@pytest.mark.parametrize("width", [320, PHONE, 700, 900, 1100, DESK, 1440])
def test_every_figure_fits_its_tile(chromium, site, width):
    chromium.screen(width)
    chromium.open(site.address)
    wide = chromium.run(
        "return [...document.querySelectorAll('.tiles dd')]"
        ".filter(each => each.scrollWidth > each.clientWidth).map(each => each.textContent)"
    )
    assert wide == []


def test_a_long_command_wraps_and_can_be_selected_whole(chromium):
    given = f" --to s3://{'long-bucket-name-' * 4}/{'a-prefix/' * 8}"
    place = replace(PLACE, given=given, policy=ELSEWHERE)
    shelf = lay(Shelf(), manifest("2026-11-10"), manifest("2026-11-24"))
    chromium.screen(375)
    with serving(as_page([read(shelf, place, NOW)], asked=NOW)) as site:
        chromium.open(site.address)
        assert chromium.run(STICKING_OUT) == []
        [told] = chromium.run(
            "return [...document.querySelectorAll('.attention code')].map(e => e.textContent)"
        )
    assert told == (f"genesys-export backfill --start 2026-11-11 --end 2026-11-23{place.given}")
