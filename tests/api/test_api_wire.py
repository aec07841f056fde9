"""Answers read, split or refused as garbled."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesys_export.api.splitting import Garbled
from genesys_export.api.wire import (
    ErrorBody,
    Job,
    Status,
    read_error,
    read_watermark,
    reader,
    results,
)

read_results = results("conversations").read
WATERMARK = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)


def test_a_page_is_split_into_the_records_own_bytes():
    body = (
        b'{ "dataAvailabilityDate":"2026-11-23T04:30:00.000Z","conversations": [{"a": 1.0},'
        b' {"b":"\xc3\xa4 ]} \\" "} ] ,"cursor":"abc", "new": {}}'
    )
    found = read_results(body)
    assert found.page.records == [b'{"a": 1.0}', b'{"b":"\xc3\xa4 ]} \\" "}']
    assert found.page.watermark == WATERMARK
    assert found.page.received_bytes == len(body)
    assert found.told.get("cursor") == "abc"


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b" {} ",
        b'{"conversations":[]}',
        b'{"conversations":null,"cursor":null,"dataAvailabilityDate":null}',
        b'{"conversations":[],"cursor":""}',
    ],
)
def test_a_page_without_records_and_cursor_is_an_empty_last_one(body):
    found = read_results(body)
    assert (list(found.page.records), found.page.watermark) == ([], None)
    assert not found.told.get("cursor")


def test_a_page_without_conversations_can_have_a_cursor():
    assert read_results(b'{"cursor":"abc"}').told["cursor"] == "abc"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b"[]",
        b"null",
        b'"text"',
        b'{"conversations":[{"a":1}',
        b'{"conversations":[{"a":1}]} and more',
        b'{"conversations":{}}',
        b'{"conversations":[],"cursor":7}',
        b'{"conversations":["\\ud800"],"cursor":7}',
        b'{"conversations":[],"dataAvailabilityDate":"soon"}',
        b'{"message":"An error","code":"x"}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"conversations":[' + b"[" * 100_000,
        b'{"conversations":[],"new":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"conversations":[1,,"\\ud800"]}',
        b'{"conversations":["\\ud800"}]',
        b'{"conversations":["\\ud800"],"conversations":[1]}',
        b'{"conversations":"\\ud800"}',
        b'{"conversations":[],"cursor":"\\ud800"}',
    ],
)
def test_what_is_no_page_is_garbled(body):
    with pytest.raises(Garbled):
        read_results(body)


@settings(deadline=None)  # machines are slow at times
@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        )
    ),
    st.sampled_from([None, 2]),
)
def test_splitting_gives_back_every_record_lone_surrogates_or_not(records, indent):
    odd = {"conversationId": "\ud800"}  # JSON, but msgspec won't have it
    for some in (records, [*records, odd]):
        body = json.dumps({"cursor": "c", "conversations": some}, indent=indent).encode()
        found = read_results(body)
        assert [json.loads(bytes(record)) for record in found.page.records] == some
        assert found.told.get("cursor") == "c"


def test_bytes_that_are_no_text_stay_as_they_came_beside_a_lone_surrogate():
    body = b'{"conversations":[{"a":"\xff"},{"b":"\\ud800"}]}'
    assert read_results(body).page.records == [b'{"a":"\xff"}', b'{"b":"\\ud800"}']


@pytest.mark.parametrize("depth", [900, 1_100, 100_000])
def test_a_record_nested_beyond_any_parser_is_one_record_of_its_page(depth):
    deep = b'{"a":' * depth + b'"]}\\"[{"' + b"}" * depth
    body = b'{"cursor":"c", "conversations" : [ {"b":",]"} , %s,[1,2]],"other":[3]}' % deep
    found = read_results(body)
    assert found.page.records == [b'{"b":",]"}', deep, b"[1,2]"]
    assert found.told.get("cursor") == "c"


def test_a_text_of_some_megabytes_is_split_beside_a_lone_surrogate():
    long = b'"' + b'\\"x' * 1_000_000 + b'"'
    assert read_results(b'{"conversations":["\\ud800",%s]}' % long).page.records[1] == long


def test_a_number_of_any_length_is_split_beside_a_lone_surrogate():
    digits = b"9" * 5_000
    body = b'{"conversations":["\\ud800",{"a":%s}]}' % digits
    assert read_results(body).page.records == [b'"\\ud800"', b'{"a":%s}' % digits]


ODD_TEXTS = [b"a\x01b", b"a\nb", b"\\q", b"\\u12g4", b"\\ud800", b"\xff\xc3"]


@pytest.mark.parametrize("text", ODD_TEXTS)
@pytest.mark.parametrize("beside", [b"1", b'{"a":' * 2_000 + b"1" + b"}" * 2_000])
def test_a_record_that_is_no_json_is_one_record_of_its_page(text, beside):
    odd = b'{"a":"\\\\%b\\" ]},{[","b":[{}]}' % text
    body = b'{"cursor":"c","conversations":[{"a":1} , %b,\n%b, {}] }' % (odd, beside)
    found = read_results(body)
    assert found.page.records == [b'{"a":1}', odd, beside, b"{}"]
    assert found.told.get("cursor") == "c"


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_a_page_cut_in_its_middle_is_garbled_beside_a_record_that_is_no_json_too(text):
    body = b'{"conversations":[{"a":"%b"},{"b":[1,{}]},{"c":"d"}],"cursor":"c"}' % text
    for length in range(1, len(body)):
        with pytest.raises(Garbled):
            read_results(body[:length])


@pytest.mark.parametrize(
    "body",
    [
        b'{"conversations":[{"a":"\x01"}\x01,{}]}',
        b'{"conversations":[{"a":"\x01"},\x01{}]}',
        b'{"conversations":[{"a":"\x01"}\x01]}',
        b'{"conversations":[{"a":"\x01"}],"cursor":"\x01"}',
        b'{"conversations":[{"a":"\x01"}{}]}',
        b'{"conversations":[{"a":"\x01"},]}',
        b'{"conversations":[{"a":"\x01"},{"b":tru}]}',
        b'{"conversations":[{"a":"\x01"}],"conversations":[]}',
        b'{"conversations":[],"conversations":[{"a":"\x01"}]}',
        b'{"a":"\x01","conversations":[{}]}',
    ],
)
def test_what_is_broken_outside_of_a_records_texts_is_garbled(body):
    with pytest.raises(Garbled):
        read_results(body)


def test_the_records_are_those_of_the_page_and_not_of_a_list_that_looks_like_them():
    inner = b'{"x":{"conversations":["\\ud801"]},"conversations":["\\ud800"]}'
    assert read_results(inner).page.records == [b'"\\ud800"']


def test_the_watermark_is_read():
    assert read_watermark(b'{"dataAvailabilityDate":"2026-11-23T04:30:00.000Z"}') == WATERMARK


@pytest.mark.parametrize(
    "body", [b"{}", b'{"dataAvailabilityDate":null}', b'{"dataAvailabilityDate":"now"}', b"<p>"]
)
def test_an_availability_that_does_not_say_is_garbled(body):
    with pytest.raises(Garbled):
        read_watermark(body)


def test_jobs_and_their_states_are_read():
    assert reader(Job)(b'{"jobId":"x"}').job_id == "x"
    assert reader(Status)(b'{"state":"FAILED","errorMessage":"y"}').error_message == "y"
    with pytest.raises(Garbled, match="not of the shape Job"):
        reader(Job)(b'{"id":"x"}')


def test_a_job_that_failed_has_failed_whatever_it_says_of_it():
    assert reader(Status)(b'{"state":"FAILED","errorMessage":{"a":[1]}}').state == "FAILED"


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        (Job, b'{"jobId":""}'),
        (Job, b'{"jobId":"%s"}' % (b"x" * 201)),
        (Job, b'{"jobId":"\\ud800"}'),
        (Status, b'{"state":"%s"}' % (b"X" * 201)),
        (Status, b'{"state":7}'),
    ],
)
def test_ids_and_states_that_are_none_are_garbled(shape, body):
    with pytest.raises(Garbled):
        reader(shape)(body)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"message":1}'])
def test_an_error_without_words_is_an_empty_one(body):
    assert read_error(body) == ErrorBody()
