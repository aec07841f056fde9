"""Lists read to their end, whatever way their answers lead."""

import json

import pytest

from fakes import FakeClock, listed
from genesys_export.datasets import NAMES, dataset_named
from genesys_export.errors import GenesysUnavailable, NotPermitted, RequestRefused, SignInRefused
from genesys_simulator import Fault, Options, Revoked, ServerError, World, serve

WORLD = World.generated(seed=3, per_day=10)
QUEUES = "/api/v2/routing/queues"


def at_rest(**options):
    """Return options of a Genesys whose clock agrees with the one that the lists are read by."""
    return Options(now=FakeClock().now, **options)


def entities(first, last):
    return [{"id": f"q-{number}", "name": f"Queue {number}"} for number in range(first, last + 1)]


def ids(reader, table="dim_queues"):
    return [one["id"] for page in reader.pages(listed(table)) for one in page]


def numbers(first, last):
    return [f"q-{number}" for number in range(first, last + 1)]


def test_every_table_has_its_list_or_stands_in_another_ones():
    dataset = dataset_named(NAMES)
    for table in dataset.tables:
        assert table.source or dataset.table(table.of).source
        assert (table.source is not None and "{id}" in table.source.path) == bool(
            table.source and table.of
        )


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ("dim_queues", "queues"),
        ("dim_users", "users"),
        ("dim_wrap_up_codes", "wrap_up_codes"),
        ("dim_divisions", "divisions"),
        ("dim_flows", "flows"),
    ],
)
def test_every_list_of_an_organisation_is_read_whole(lists, table, kind):
    with serve(WORLD, at_rest()) as genesys:
        found = ids(lists(genesys), table)
        org = WORLD.at(genesys.requests[0].at).org
    assert found == [one["id"] for one in getattr(org, kind)]


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize("table", ["dim_skills", "dim_skill_groups", "dim_teams", "dim_groups"])
def test_lists_are_read_whole_however_small_their_pages_are(lists, table, size):
    with serve(WORLD, at_rest(max_list_size=size)) as genesys:
        found = ids(lists(genesys), table)
        kind = table.removeprefix("dim_")
        assert found == [*WORLD.at(genesys.requests[0].at).org.named[kind]]


def test_users_of_every_state_are_asked_for(lists):
    with serve(WORLD, at_rest()) as genesys:
        found = [
            one["state"] for page in lists(genesys).pages(listed("dim_users")) for one in page
        ]
        assert {request.query["state"] for request in genesys.asked("users")} == {"any"}
    assert set(found) == {"active", "inactive", "deleted"}


def test_a_page_smaller_than_asked_for_is_trusted(answering):
    def clamped(query):
        number = int(query["pageNumber"])
        return {
            "entities": entities(2 * number - 1, min(2 * number, 5)),
            "pageSize": 2,
            "pageNumber": number,
            "pageCount": 3,
        }

    server, reader = answering(clamped)
    assert ids(reader) == numbers(1, 5)
    assert [body["pageSize"] for body in server.bodies] == ["500", "2", "2"]


def test_the_next_page_is_where_the_answer_says_and_never_on_another_host(answering):
    def linked(query):
        at = int(query.get("after", 0))
        rest = {"nextUri": f"https://elsewhere.example{QUEUES}?after={at + 2}"} if at < 4 else {}
        return {"entities": entities(at + 1, at + 2), "pageCount": 1, **rest}

    server, reader = answering(linked)
    assert ids(reader) == numbers(1, 6)
    assert server.paths == [
        f"{QUEUES}?pageSize=500&pageNumber=1",
        *(f"{QUEUES}?after={at}" for at in (2, 4)),
    ]


def test_a_cursor_of_the_answer_goes_back_where_there_is_no_link(answering):
    def cursors(query):
        at = int(query.get("after", 0))
        rest = {"cursors": {"after": str(at + 2)}} if at < 4 else {"cursors": {"before": "1"}}
        return {"entities": entities(at + 1, at + 2), **rest}

    server, reader = answering(cursors)
    assert ids(reader, "dim_teams") == numbers(1, 6)
    assert [body.get("after") for body in server.bodies] == [None, "2", "4"]
    assert {body["pageSize"] for body in server.bodies} == {"100"}
    assert {body["expand"] for body in server.bodies} == {"entities.division"}


@pytest.mark.parametrize("table", ["dim_queue_members", "dim_queues"])
@pytest.mark.parametrize(
    ("links", "count", "requests"),
    [
        *((False, 0, 1), (False, 1, 2), (False, 2, 2), (False, 3, 3), (False, 5, 4)),
        *((True, 0, 1), (True, 1, 2), (True, 2, 2), (True, 3, 2), (True, 5, 3)),
    ],
)
def test_a_list_that_tells_no_total_ends_with_an_empty_page_or_without_a_further_link(
    answering, links, count, requests, table
):
    def untold(query):
        number = int(query["pageNumber"])
        more = f"/members?pageNumber={number + 1}&pageSize=2"
        rest = {"nextUri": more} if links and 2 * number < count else {}
        found = entities(2 * number - 1, min(2 * number, count))
        return {"entities": found, "pageSize": 2, "pageNumber": number, **rest}

    server, reader = answering(untold)
    source = listed(table).of("q-1")
    assert [one["id"] for page in reader.pages(source) for one in page] == numbers(1, count)
    assert len(server.bodies) == requests
    assert {*server.paths} == {one for one in server.paths if f"{source.path}?" in one}


@pytest.mark.parametrize("table", ["dim_queue_members", "dim_queues"])
@pytest.mark.parametrize(
    "told",
    [
        {},
        {"total": 10},
        {"total": 10, "pageCount": 4},
        {"total": 10, "pageSize": 500},
        {"pageSize": 500},
    ],
)
def test_a_server_that_gives_smaller_pages_than_asked_for_is_read_to_the_end(
    answering, table, told
):
    def clamped(query):
        number = int(query["pageNumber"])
        return {"entities": entities(3 * number - 2, min(3 * number, 10)), **told}

    _, reader = answering(clamped)
    source = listed(table).of("q-1")
    assert [one["id"] for page in reader.pages(source) for one in page] == numbers(1, 10)


@pytest.mark.parametrize("told", [{}, {"total": 8}])
def test_a_page_in_the_middle_that_lacks_an_entry_ends_nothing(answering, told):
    pages = {"1": entities(1, 3), "2": entities(4, 5), "3": entities(7, 8)}
    _, reader = answering(
        lambda query: {"entities": pages.get(query["pageNumber"], []), "pageSize": 3, **told}
    )
    members = listed("dim_queue_members").of("q-1")
    assert [one["id"] for page in reader.pages(members) for one in page] == [
        *numbers(1, 5),
        *numbers(7, 8),
    ]


@pytest.mark.parametrize("told", [{}, {"total": 3}, {"total": 3, "pageCount": 1}, {"total": 0}])
def test_a_list_without_pages_is_asked_for_once_and_without_a_size(answering, told):
    server, reader = answering(lambda _: {"entities": entities(1, 3), **told})
    assert ids(reader, "dim_business_units") == numbers(1, 3)
    assert server.bodies == [{}]


@pytest.mark.parametrize(
    "table", ["dim_business_units", "dim_management_units", "dim_presence_definitions"]
)
@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"pageCount": 3, "total": 75}, "is cut: 25 of 75"),
        ({"total": 75}, "is cut: 25 of 75"),
        ({"pageCount": 3}, "is cut: page 1 of 3"),
    ],
)
def test_a_list_without_pages_that_tells_of_more_than_came_is_cut(answering, table, told, said):
    _, reader = answering(lambda _: {"entities": entities(1, 25), **told})
    with pytest.raises(GenesysUnavailable, match=said):
        ids(reader, table)


def test_an_answer_that_is_no_list_may_be_the_entity_itself(answering):
    server, reader = answering(lambda _: {"retentionDays": 3})
    assert [*reader.pages(listed("dim_data_retention"))] == [[{"retentionDays": 3}]]
    assert server.bodies == [{}]


@pytest.mark.parametrize("body", [b"[]", b"7", b"<html>"])
def test_an_entity_that_is_no_object_is_given_up(answering, body):
    _, reader = answering(lambda _: body)
    with pytest.raises(GenesysUnavailable, match=r"not an object|not JSON|not a page"):
        [*reader.pages(listed("dim_data_retention"))]


@pytest.mark.parametrize("table", ["dim_queues", "dim_data_retention"])
def test_an_answer_that_is_nested_too_deep_is_given_up(answering, table):
    deep = b'{"x":' * 400 + b"1" + b"}" * 400
    server, reader = answering(lambda _: b'{"entities":[{"id":"q-1","new":%b}]}' % deep)
    with pytest.raises(GenesysUnavailable, match="nested too deep"):
        ids(reader, table)
    assert len(server.bodies) > 1


def test_a_link_changes_nothing_of_what_is_asked_beside_the_page(answering):
    def meddling(query):
        if query["pageNumber"] == "1":
            uri = "/api/v2/users?pageNumber=2&pageSize=500&state=active&expand=none"
            return {"entities": entities(1, 1), "nextUri": uri}
        return {"entities": entities(2, 2), "pageCount": 2, "pageNumber": 2}

    server, reader = answering(meddling)
    source = listed("dim_users").asking([{"expand": "skills"}])
    assert [one["id"] for page in reader.pages(source) for one in page] == numbers(1, 2)
    assert [body["state"] for body in server.bodies] == ["any", "any"]
    assert [body["expand"] for body in server.bodies] == ["skills", "skills"]


def test_what_is_asked_beside_the_page_stays_when_a_link_forgets_it(answering):
    def forgetful(query):
        if query["pageNumber"] == "1":
            uri = "/api/v2/users?pageNumber=2&pageSize=500"
            return {"entities": entities(1, 1), "nextUri": uri}
        return {"entities": entities(2, 2), "pageCount": 2, "pageNumber": 2}

    server, reader = answering(forgetful)
    assert ids(reader, "dim_users") == numbers(1, 2)
    assert [body["state"] for body in server.bodies] == ["any", "any"]


@pytest.mark.parametrize("told", [{"total": 5}, {}])
def test_without_a_number_of_pages_a_short_page_is_not_the_last(answering, told):
    pages = {"1": entities(1, 2), "2": entities(3, 3), "3": entities(4, 5)}

    def short(query):
        found = pages.get(query["pageNumber"], [])
        return {"entities": found, "pageSize": 2, **told}

    _, reader = answering(short)
    assert ids(reader) == numbers(1, 5)


def test_an_entity_that_moved_over_the_edge_of_a_page_comes_once(answering):
    pages = {"1": entities(1, 3), "2": [*entities(3, 5), {"name": "no id"}]}
    _, reader = answering(
        lambda query: {"entities": pages[query["pageNumber"]], "pageSize": 3, "pageCount": 2}
    )
    assert [one.get("id") for page in reader.pages(listed("dim_queues")) for one in page] == [
        *numbers(1, 5),
        None,  # whoever reads the list decides what becomes of it
    ]


def test_a_server_that_gives_the_first_page_again_and_again_is_no_whole_list(answering):
    _, reader = answering(lambda _: {"entities": entities(1, 3), "total": 6})
    with pytest.raises(GenesysUnavailable, match="nothing new"):
        ids(reader)


def test_pages_without_end_of_entries_without_an_id_end(answering):
    _, reader = answering(lambda _: {"entities": [{"name": "no id"}]})
    with pytest.raises(GenesysUnavailable, match="100 pages in a row had nothing new"):
        [*reader.pages(listed("dim_queues"))]


def test_pages_that_lead_in_a_circle_end(answering):
    _, reader = answering(
        lambda _: {"entities": entities(1, 1), "nextUri": f"{QUEUES}?pageNumber=1&pageSize=500"}
    )
    with pytest.raises(GenesysUnavailable, match="the same next page was returned twice"):
        ids(reader)


def test_half_a_character_does_not_stop_a_list(answering):
    _, reader = answering(lambda _: b'{"entities":[{"id":"q-1","name":"\\ud800x"}],"pageCount":1}')
    (page,) = reader.pages(listed("dim_queues"))
    assert page == [{"id": "q-1", "name": "?x"}]


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"entities":[1]}', b"<html>", b'{"entities":{}}']
)
def test_an_answer_that_is_no_list_is_asked_for_again_and_then_given_up(answering, body):
    server, reader = answering(lambda _: body)
    with pytest.raises(GenesysUnavailable, match="not a page of a list"):
        ids(reader)
    assert len(server.bodies) > 1


def test_a_server_error_is_asked_for_again(lists):
    faults = [Fault(on="flows", kind=ServerError(503))]
    with serve(WORLD, at_rest(faults=faults)) as genesys:
        assert len(ids(lists(genesys), "dim_flows")) == 64


def test_a_missing_permission_is_named(lists):
    missing = frozenset({"architect:flow:view"})
    options = at_rest(missing_permissions=missing)
    with serve(WORLD, options) as one, pytest.raises(NotPermitted) as refused:
        ids(lists(one), "dim_flows")
    assert refused.value.permissions == ("architect:flow:view",)


def test_a_refusal_that_names_no_permission_gets_the_documented_one(answering):
    _, reader = answering(lambda _: (403, {"message": "No.", "code": "forbidden"}))
    with pytest.raises(NotPermitted) as refused:
        ids(reader)
    assert refused.value.permissions == ("routing:queue:view",)


def test_credentials_that_are_refused_are_no_missing_permission(lists):
    faults = [Fault(on="queues", kind=Revoked())]
    with serve(WORLD, at_rest(faults=faults)) as genesys, pytest.raises(SignInRefused):
        ids(lists(genesys))


def test_another_refusal_is_what_it_is(answering):
    _, reader = answering(lambda _: (404, json.dumps({"message": "No."}).encode()))
    with pytest.raises(RequestRefused):
        ids(reader)
