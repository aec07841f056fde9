"""The analyst's questions: what the queries answer is what the simulator's records say."""

from __future__ import annotations

import re
from contextlib import chdir

import docs_truth
import pytest
from docs_pages import Page
from docs_reader import DAY, PER_DAY, silent

from genesys_simulator import World

PAGE = Page("docs/how-to/answer-questions.md")
QUESTIONS = {
    "Service level by queue and half hour": docs_truth.service_level,
    "Average handle time by agent": docs_truth.handle_time,
    "Abandoned calls, with and without short abandons": docs_truth.abandoned,
    "Transfers from queue to queue": docs_truth.transfers,
    "Repeat callers": docs_truth.repeat_callers,
    "Bot containment": docs_truth.containment,
    "Hold": docs_truth.hold,
    "Wrap-up codes": docs_truth.wrap_ups,
    "Calls at the same time": docs_truth.at_once,
    "First response to messages": docs_truth.first_response,
}


@pytest.fixture(scope="module")
def told():
    return docs_truth.truth(World.generated(per_day=PER_DAY), DAY)


@pytest.fixture(scope="module")
def database(demo_export):
    with silent() as connection, chdir(demo_export.parent):
        connection.execute(PAGE.blocks[1].text)
        yield connection


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_query_answers_what_the_records_say(question, told, database):
    (query,) = re.findall(r"```sql\n(.+?)```", PAGE.section(question), re.DOTALL)
    found = database.sql(re.sub(r"LIMIT \d+", "", query)).fetchall()
    expected = QUESTIONS[question](told)
    assert found
    assert sorted(map(_keys, found)) == sorted(map(_keys, expected))
    # The queries round to one digit.
    for here, there in zip(sorted(found, key=_keys), sorted(expected, key=_keys), strict=True):
        assert here == pytest.approx(there, abs=0.0501), here


def _keys(row):
    """Return the texts and counts of a row, in a form that can be sorted."""
    return tuple(str(value) for value in row if isinstance(value, str | int))


def test_the_page_has_ten_questions_and_each_is_checked():
    titles = re.findall(r"^## (.+)$", PAGE.text, re.MULTILINE)
    assert titles[1:] == list(QUESTIONS)
    assert len(QUESTIONS) == 10
