"""A day read with a body of the user's own, from servers that speak several dialects."""

import json
from dataclasses import replace

import pytest
from reading import DAY, expected, ids

from dialects import TUTORIAL, tutorial
from genesys_export.api import OwnBody
from genesys_export.api.own_body import parse_body
from genesys_export.errors import GenesysUnavailable, RequestRefused, WrongSettings
from genesys_simulator import World
from genesys_simulator.times import Span, to_ms

QUERY = "/api/v2/analytics/conversations/details/query"
REAL = {"interval": "{start}/{end}", "order": "asc", "paging": {"pageSize": 100, "pageNumber": 1}}
PLAIN = {"from": "{start}", "to": "{end}"}


def named(*names):
    return [{"conversationId": name} for name in names]


def begun():
    """Return the day's conversations as the simulator's world holds them."""
    span = Span(to_ms(DAY.start), to_ms(DAY.end))
    holdings = World.generated(seed=1, per_day=240).holdings
    places = list(holdings.positions(span, span.start_ms))
    return [json.loads(one) for one in holdings.render(places, attributes=True)]


def test_a_day_is_read_from_a_server_that_speaks_the_tutorials_dialect(speak):
    line = speak(tutorial(begun()))
    fetch = line.own(TUTORIAL).fetch(DAY)
    assert line.genesys.bodies == []
    pages = list(fetch.pages())
    assert [len(page.records) for page in pages] == [100, 100, 40]
    assert set(ids(pages)) == expected()
    filled = {
        **TUTORIAL,
        "dateFrom": "2026-11-22T00:00:00.000Z",
        "dateTo": "2026-11-23T00:00:00.000Z",
    }
    assert line.genesys.bodies == [
        filled,
        {**filled, "nextPageToken": "page-100"},
        {**filled, "nextPageToken": "page-200"},
    ]
    fetch.release()
    assert fetch.job_ids == ()
    assert line.own(TUTORIAL).watermark() is None


def test_a_day_is_read_from_the_real_query_by_page_numbers(dial):
    line = dial(options={"query_double": 3})
    pages = list(line.own(REAL).fetch(DAY).pages())
    assert set(ids(pages)) == expected()
    numbers = [one.body["paging"]["pageNumber"] for one in line.genesys.asked("query")]
    assert numbers == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("paging", [{}, {"pageSize": 25}])
def test_a_page_counts_25_where_the_body_names_no_size(dial, paging):
    line = dial()
    assert set(ids(line.own({**REAL, "paging": paging}).fetch(DAY).pages())) == expected()
    assert line.asked("query") == 11


def test_without_paging_and_without_a_token_there_is_one_page(dial):
    line = dial()
    (page,) = line.own({"interval": "{start}/{end}"}).fetch(DAY).pages()
    assert len(page.records) == 25


@pytest.mark.parametrize("key", ["conversations", "entities"])
@pytest.mark.parametrize("name", ["cursor", "nextPageToken"])
@pytest.mark.parametrize(
    ("body", "at"),
    [
        (PLAIN, ()),
        ({**PLAIN, "cursor": None, "nextPageToken": None}, ()),
        ({**PLAIN, "page": {"size": 5, "cursor": "", "nextPageToken": ""}}, ("page",)),
        ({**PLAIN, "paging": {"cursor": "", "nextPageToken": ""}}, ("paging",)),
    ],
)
def test_a_token_goes_back_where_its_like_named_field_stood(speak, key, name, body, at):
    def answer(asked):
        for step in at:
            asked = asked[step]
        token = asked.get(name)
        if not token:
            return {key: named("a"), name: "more"}
        return {key: named("b"), name: None} if token == "more" else (400, {})

    line = speak(answer)
    assert ids(line.own(body).fetch(DAY).pages()) == ["a", "b"]
    assert len(line.genesys.bodies) == 2


def test_a_field_for_a_token_rules_out_page_numbers(speak):
    line = speak(lambda _: {"entities": named("a")})
    body = {**PLAIN, "cursor": None, "paging": {"pageNumber": 1}}
    assert ids(line.own(body).fetch(DAY).pages()) == ["a"]


def test_empty_pages_with_a_token_are_passed(speak):
    told = iter([{"cursor": "1"}, {"entities": [], "cursor": "2"}, {"entities": named("a")}])
    line = speak(lambda _: next(told))
    assert ids(line.own(PLAIN).fetch(DAY).pages()) == ["a"]


def test_placeholders_are_filled_anywhere_in_the_strings():
    body = {"a": ["x {start} {end}", {"b": "{end}"}], "c": 1, "{start}": None, "d": "{other}"}
    day = "2026-11-22T00:00:00.000Z 2026-11-23T00:00:00.000Z"
    assert OwnBody(body, QUERY).filled(DAY) == {
        "a": [f"x {day}", {"b": "2026-11-23T00:00:00.000Z"}],
        "c": 1,
        "{start}": None,
        "d": "{other}",
    }


def test_the_path_can_be_another_one(speak):
    line = speak(lambda _: {"entities": named("a")})
    source = line.own(PLAIN)
    own = parse_body(json.dumps(PLAIN).encode(), name="b", path="/api/v2/other")
    found = replace(source, own=own)
    assert ids(found.fetch(DAY).pages()) == ["a"]
    assert line.genesys.paths == ["/api/v2/other"]
    assert own.canonical(QUERY) == 'POST /api/v2/other {"from":"{start}","to":"{end}"}'


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400"])
def test_a_number_that_would_be_sent_as_null_is_refused(number):
    body = f'{{"from":"{{start}}","to":"{{end}}","x":[{number}]}}'.encode()
    with pytest.raises(WrongSettings, match="b is not JSON") as refused:
        parse_body(body, name="b")
    assert refused.value.status == 78


def test_numbers_that_can_be_sent_are_sent_as_they_are():
    body = b'{"from":"{start}","to":"{end}","x":[-0.5,1e300,18446744073709551616]}'
    assert parse_body(body, name="b").whole["x"] == [-0.5, 1e300, 2**64]


def test_bodies_that_ask_the_same_have_one_text():
    spread = b'{ "to": "{end}",\n "from": "{start}" }'
    assert (
        parse_body(spread, name="b", path=QUERY).canonical(QUERY)
        == '{"from":"{start}","to":"{end}"}'
    )


def test_a_repeated_token_is_an_error(speak):
    pages = iter(range(99))
    line = speak(lambda _: {"entities": named(next(pages)), "nextPageToken": "same"})
    with pytest.raises(GenesysUnavailable, match="the same token was returned twice"):
        list(line.own(PLAIN).fetch(DAY).pages())
    assert len(line.genesys.bodies) == 2


def test_new_tokens_for_the_same_page_are_an_error(speak):
    tokens = iter(range(1, 99))
    line = speak(lambda _: {"entities": named("a"), "nextPageToken": next(tokens)})
    with pytest.raises(GenesysUnavailable, match="the same page was returned twice"):
        list(line.own(PLAIN).fetch(DAY).pages())


def test_a_server_that_ignores_page_numbers_is_an_error(speak):
    line = speak(lambda _: {"conversations": named("a")})
    with pytest.raises(GenesysUnavailable, match="the same page was returned twice"):
        list(line.own(REAL).fetch(DAY).pages())


def test_new_tokens_for_empty_pages_without_end_are_an_error(speak):
    tokens = iter(range(1, 9_999))
    line = speak(lambda _: {"entities": [], "nextPageToken": f"{next(tokens)}"})
    with pytest.raises(GenesysUnavailable, match="1,000 pages in a row had nothing new"):
        list(line.own(PLAIN).fetch(DAY).pages())


def test_an_answer_without_records_is_a_wrong_body(speak):
    line = speak(lambda _: {"results": []})
    with pytest.raises(WrongSettings, match="neither `conversations` nor `entities`"):
        list(line.own(PLAIN).fetch(DAY).pages())


@pytest.mark.parametrize("empty", [{}, {"totalHits": 0}, {"entities": None}, {"entities": []}])
def test_a_day_without_conversations_is_one_empty_page(speak, empty):
    (page,) = speak(lambda _: empty).own(PLAIN).fetch(DAY).pages()
    assert page.records == []


def test_a_body_that_is_refused_is_a_wrong_setting(speak):
    line = speak(tutorial([]))
    with pytest.raises(WrongSettings, match="That is no request of the tutorial"):
        list(line.own(PLAIN).fetch(DAY).pages())


def test_a_refusal_of_a_later_page_is_not_blamed_on_the_body(speak):
    told = iter([{"entities": named("a"), "cursor": "1"}, (400, {"message": "No."})])
    line = speak(lambda _: next(told))
    with pytest.raises(RequestRefused, match="HTTP 400: No"):
        list(line.own(PLAIN).fetch(DAY).pages())


def test_another_refusal_of_the_first_page_stays_what_it_is(speak):
    line = speak(lambda _: (409, {"message": "Not now."}))
    with pytest.raises(RequestRefused, match="Not now"):
        list(line.own(PLAIN).fetch(DAY).pages())


@pytest.mark.parametrize("key", ["conversations", "entities"])
def test_lone_surrogates_are_no_reason_to_refuse_a_page(speak, key):
    record = b'{"conversationId":"a","x":"\\ud800"}'
    first = b'{"nextPageToken":"2","%s":[%s]}' % (key.encode(), record)
    told = iter([first, {"entities": named("b")}])
    pages = list(speak(lambda _: next(told)).own(PLAIN).fetch(DAY).pages())
    assert pages[0].records == [record]
    assert ids(pages[1:]) == ["b"]
