"""A query body of the user's own, as a setting: what it implies, and what is wrong with it."""

import json
from typing import Any

import pytest

from genesys_export.errors import WrongSettings
from genesys_export.settings import Need, load

WHO = {
    "GENESYS_CLIENT_ID": "id",
    "GENESYS_CLIENT_SECRET": "hush",
    "GENESYS_CLOUD_REGION": "eu-west-2",
}
BODY = {"interval": "{start}/{end}"}


@pytest.fixture
def read(tmp_path):
    def read(body=BODY, **flags):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        (tmp_path / "body.json").write_bytes(text)
        given: Any = {"query_body": "body.json", **flags}
        return load(flags=given, environ=WHO, cwd=tmp_path, needs={Need.SOURCE})

    return read


@pytest.fixture
def complaint(read):
    def complaint(body=BODY, **flags):
        with pytest.raises(WrongSettings) as refused:
            read(body, **flags)
        assert refused.value.status == 78
        assert "hush" not in refused.value.message
        return refused.value.message

    return complaint


def test_a_query_body_implies_the_query_engine(read):
    assert read().export.engine == "query"
    assert read(engine="jobs").export.engine == "query"


def test_without_one_jobs_are_the_default(tmp_path):
    export = load(flags={}, environ=WHO, cwd=tmp_path, needs={Need.SOURCE}).export
    assert (export.engine, export.query_body) == ("jobs", None)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "body.json is not JSON (line 1, column 2"),
        (b"\xff{}", "can't be sent as JSON in UTF-8"),
        (b'{"a":"\\ud800{start}{end}"}', "can't be sent as JSON in UTF-8"),
        (b"[" * 100_000, "can't be sent as JSON in UTF-8"),
        (b'{"a":NaN,"b":"{start}{end}"}', "body.json is not JSON (NaN, Infinity"),
        (b'{"a":Infinity,"b":"{start}{end}"}', "body.json is not JSON (NaN, Infinity"),
        (b'{"a":[-Infinity],"b":"{start}{end}"}', "body.json is not JSON (NaN, Infinity"),
        (b'{"a":1e400,"b":"{start}{end}"}', "or a number that is too large)"),
        (b'{"a":%s,"b":"{start}{end}"}' % (b"9" * 5_000), "or a number that is too large)"),
        (["{start}", "{end}"], "is not a JSON object"),
        ({"interval": "{start}"}, "has no {end}"),
        ({"interval": "hush-hush/{end}"}, "has no {start}"),
        ({"{start}": "{end}"}, "has no {start}"),
        (BODY | {"paging": {"pageNumber": 0}}, "paging.pageNumber"),
        (BODY | {"paging": {"pageSize": "many"}}, "paging.pageSize"),
    ],
    ids=lambda one: str(one)[:20],
)
def test_a_body_that_will_not_do_is_told_with_its_names(complaint, body, told):
    message = complaint(body)
    assert told in message
    assert "--query-body, GENESYS_EXPORT_EXPORT__QUERY_BODY" in message


def test_a_file_that_is_not_there_is_told(complaint):
    assert "gone.json can't be read" in complaint(query_body="gone.json")


def test_filters_and_a_body_of_ones_own_exclude_each_other(complaint):
    assert "filters.direction: a query body is sent as it is" in complaint(direction=["inbound"])


def test_filters_that_are_empty_are_none(read, tmp_path):
    (tmp_path / "genesys-export.toml").write_text('[filters]\nqueue = []\nraw = ""\n', "utf-8")
    assert read().export.query_body == "body.json"


def test_all_that_is_wrong_is_told_at_once(complaint):
    message = complaint(b"{", direction=["up"], slices=0)
    assert message.startswith("4 settings are missing or wrong")


def test_a_byte_order_mark_does_no_harm(read):
    assert read(b"\xef\xbb\xbf" + json.dumps(BODY).encode()).export.query_body == "body.json"


@pytest.mark.parametrize("path", ["api", "/api?x=1", "/a{b}", "//other.example", "/a/../b#"])
def test_the_path_is_one_on_the_api_host(tmp_path, path):
    text = f'[export]\nquery_path = "{path}"\n'
    (tmp_path / "genesys-export.toml").write_text(text, "utf-8")
    with pytest.raises(WrongSettings, match="query_path"):
        load(flags={}, environ=WHO, cwd=tmp_path)
