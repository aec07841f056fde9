"""One token for all threads, and what the login host's refusals mean."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from genesys_export.about import carried
from genesys_export.api import Credentials
from genesys_export.api.auth import Token, Tokens, refused, token_from
from genesys_export.api.splitting import Garbled
from genesys_export.errors import GenesysUnavailable, RequestRefused, SignInRefused
from genesys_export.setback import telling


class Login:
    """A login host that counts, and can be held up or break."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.asked = 0
        self.time = 0.0
        self.held_s = 0.0

    def fetch(self):
        self.asked += 1
        Event().wait(self.held_s)
        if self.errors:
            raise self.errors.pop(0)
        return Token(f"token {self.asked}", 86_400, self.time + 86_340)

    def tokens(self):
        return Tokens(self.fetch, lambda: self.time)


def in_threads(work, count=8):
    """Run the work in threads that begin together; return results or errors."""
    begin = Barrier(count)

    def run(_):
        begin.wait(10)
        try:
            return work()
        except SignInRefused as error:
            return error.message
        except GenesysUnavailable as error:
            return error.message

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_a_token_is_fetched_once_however_many_threads_ask():
    login = Login()
    tokens = login.tokens()
    assert {token.value for token in in_threads(tokens.current)} == {"token 1"}
    assert login.asked == 1


def test_a_dead_token_is_renewed_once_for_all_threads():
    login = Login()
    tokens = login.tokens()
    old = tokens.current()

    def after_a_401():
        tokens.reject(old)
        return tokens.current()

    assert {token.value for token in in_threads(after_a_401)} == {"token 2"}
    assert login.asked == 2


def test_a_token_is_kept_until_shortly_before_it_expires():
    login = Login()
    tokens = login.tokens()
    tokens.current()
    login.time = 86_339.9
    assert tokens.current().value == "token 1"
    login.time = 86_340
    assert tokens.current().value == "token 2"


@pytest.mark.parametrize(("expires_in", "renew_at"), [(86_399, 86_349), (300, 250), (60, 40)])
def test_a_token_is_renewed_before_it_expires_counted_from_when_it_was_asked_for(
    expires_in, renew_at
):
    body = b'{"access_token":"x","token_type":"bearer","expires_in":%d}' % expires_in
    assert token_from(body, asked_at=10.0) == Token("x", expires_in, renew_at)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{}",
        b'{"access_token":1,"expires_in":2}',
        b'{"access_token":"","expires_in":2}',
        b'{"access_token":"a\\nX-Admin: yes","expires_in":2}',
        b'{"access_token":"\xc3\xa4","expires_in":2}',
        b'{"access_token":"a","expires_in":-1}',
        b'{"access_token":"a","expires_in":1e400}',
        b'{"access_token":"a","expires_in":%s}' % (b"9" * 400),
        b'{"access_token":"a","expires_in":2,"x":' + b"[" * 100_000,
    ],
)
def test_an_answer_without_a_token_is_garbled(body):
    with pytest.raises(Garbled):
        token_from(body, 0.0)


def test_a_refusal_of_nothing_but_brackets_is_a_refusal():
    assert isinstance(refused(400, b'{"x":' + b"[" * 100_000, "login"), SignInRefused)


def test_refused_credentials_are_not_tried_by_every_thread():
    login = Login(SignInRefused("no", advice="look"))
    tokens = login.tokens()
    assert in_threads(tokens.current) == ["no"] * 8
    assert login.asked == 1
    with pytest.raises(SignInRefused) as again:
        tokens.current()
    assert again.value.advice == "look"


def test_threads_that_wait_for_a_token_share_the_error_and_a_later_one_tries_again():
    login = Login(GenesysUnavailable("down"))
    login.held_s = 0.2  # the others come meanwhile, on any machine that isn't asleep
    tokens = login.tokens()
    outcomes = in_threads(tokens.current)
    assert "down" in outcomes
    assert login.asked == 1 + len({str(one) for one in outcomes} - {"down"})
    assert tokens.current().value.startswith("token")


def test_a_thread_that_waits_long_for_anothers_token_is_set_back():
    began, told = Event(), Event()

    def fetched() -> Token:
        began.set()
        assert told.wait(60)
        return Token("token", 3600, 3600.0)

    tokens = Tokens(fetched, lambda: 0.0)
    with ThreadPoolExecutor(2) as threads, telling(told.set):
        fetches = threads.submit(tokens.current)
        assert began.wait(60)
        waits = threads.submit(carried(tokens.current))
        assert fetches.result() is waits.result()


@pytest.mark.parametrize(
    ("status", "body", "advised"),
    [
        (400, b'{"error":"invalid_client","description":"client not found"}', "GENESYS_CLIENT_ID"),
        (
            401,
            b'{"error":"invalid_client","error_description":"authentication failed"}',
            "GENESYS_CLIENT_SECRET",
        ),
        (
            400,
            b'{"error":"unauthorized_client"}',
            "GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET",
        ),
        (401, b"<html>", "GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET"),
    ],
)
def test_a_refusal_names_the_variable_to_look_at(status, body, advised):
    error = refused(status, body, "login.example")
    assert isinstance(error, SignInRefused)
    assert error.status == 77
    assert f"Check {advised}, and GENESYS_CLOUD_REGION or" in error.advice
    assert "login.example" in error.message


def test_a_host_that_knows_no_sign_in_is_a_wrong_host():
    error = refused(404, b'{"message":"HTTP 404 Not Found","code":"not found"}', "api.example")
    assert isinstance(error, RequestRefused)
    assert "GENESYS_CLOUD_LOGIN_URL" in error.advice


def test_neither_the_secret_nor_a_token_is_in_a_repr():
    shown = f"{Credentials('id', 'hunter2')!r} {Token('t0ken', 1, 2.0)!r}"
    assert "id" in shown
    assert "hunter2" not in shown
    assert "t0ken" not in shown
