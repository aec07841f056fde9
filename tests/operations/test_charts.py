"""Round numbers for scales, marks where they belong, markup that escapes."""

from __future__ import annotations

import re
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from genesys_export.operations.status.charts import HEIGHT, Mark, Scale, bars, dots, steps
from genesys_export.operations.status.markup import element


def marks(*values, first=date(2026, 11, 2)):
    return [
        Mark(day=first + timedelta(n), value=value, title=f"{n}", class_="final")
        for n, value in enumerate(values)
    ]


def scale(highest):
    return Scale(lines=steps(highest), words=lambda value: f"{value:g}")


def numbers(markup, name):
    return [float(found) for found in re.findall(rf' {name}="([\d.]+)%?"', markup.text)]


def test_steps_are_numbers_people_count_in():
    assert steps(26_879) == (0, 10_000, 20_000, 30_000)
    assert steps(3) == (0, 1, 2, 3)
    assert steps(28.25) == (0, 10, 20, 30)
    assert steps(100.0, lowest=94.34) == (94, 96, 98, 100)


@given(
    st.floats(0, 1e6, allow_nan=False),
    st.floats(0.001, 1e6, allow_nan=False),
)
def test_steps_hold_what_they_are_made_for_and_are_few(lowest, span):
    found = steps(lowest + span, lowest=lowest)
    slack = 1e-6 * (lowest + span)
    assert found[0] <= lowest + slack
    assert found[-1] >= lowest + span - slack
    assert 2 <= len(found) <= 7
    assert list(found) == sorted(set(found))


def test_a_bar_is_as_high_as_its_value():
    drawn = bars(marks(10.0, 5.0), scale(10), label="two")
    whole, half = (float(each) for each in re.findall(r'height="([\d.]+)" rx', drawn.text))
    assert whole == 2 * half


def test_a_day_without_a_value_is_a_tick():
    drawn = bars(marks(None), scale(10), label="none")
    assert 'height="3"' in drawn.text


def test_bars_fill_the_width_and_do_not_leave_it():
    xs = numbers(bars(marks(*[1.0] * 400), scale(1), label="many"), "x")
    assert min(xs) >= 0
    assert max(xs) < 100


def test_a_dot_stands_only_where_there_is_a_value():
    drawn = dots(marks(1.0, None, 3.0), scale(3), label="dots")
    assert drawn.text.count("<circle") == 2
    assert all(0 <= y <= HEIGHT for y in numbers(drawn, "cy"))


def test_dates_are_mondays_in_short_charts_and_months_in_long_ones():
    short = bars(marks(*[1.0] * 28), scale(1), label="short").text
    assert re.findall(r">(\d+ \w{3})<", short) == ["2 Nov", "9 Nov", "16 Nov", "23 Nov"]
    long = bars(marks(*[1.0] * 100), scale(1), label="long").text
    assert re.findall(r'class="axis">([A-Z]\w{2}|\d{4})<', long) == ["Dec", "2027", "Feb"]


def test_text_and_attributes_are_escaped_whatever_they_hold():
    made = element("p", '<b> & "', title="\"><script>'", data_x=1.5, hidden=None)
    assert made.text == (
        '<p title="&quot;&gt;&lt;script&gt;&#x27;" data-x="1.5">&lt;b&gt; &amp; &quot;</p>'
    )


def test_what_no_page_may_hold_is_shown_as_unreadable():
    assert element("p", "a\x00\ud800").text == "<p>a\ufffd?</p>"
