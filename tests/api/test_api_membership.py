"""Which organisation a client belongs to: asked once, and no error where that is not told."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from genesys_export.api import ClientMembership
from genesys_export.errors import SignInRefused
from genesys_export.model import fingerprint_of
from genesys_simulator.faults import Fault, HtmlPage, MissingPermission, Refusal, Revoked

ID = "00000000-0000-4000-8000-0000000000a1"


def membership(line):
    return ClientMembership(line.client, "a client's id")


def test_the_organisation_is_asked_for_once_by_many_threads(dial):
    line = dial()
    member = membership(line)
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: member.ask(), range(8)))
    assert {one.id for one in told} == {ID}
    assert told[0].clients == (fingerprint_of("a client's id"),)
    assert line.asked("organization") == 1


def test_what_is_known_without_asking_is_the_client(dial):
    line = dial()
    assert membership(line).known().id is None
    assert line.genesys.requests == []


@pytest.mark.parametrize(
    "kind",
    [MissingPermission("directory:organization:view"), Refusal(404, "not.found", "Not here.")],
)
def test_a_client_that_may_not_ask_is_known_by_itself(dial, kind):
    line = dial(Fault("organization", kind=kind, times=99))
    member = membership(line)
    assert member.ask().id is None
    assert member.ask().clients == (fingerprint_of("a client's id"),)
    assert line.asked("organization") == 1


def test_an_answer_of_another_shape_tells_nothing(dial):
    line = dial(Fault("organization", kind=HtmlPage()))
    assert membership(line).ask().id is None


def test_credentials_that_are_refused_are_an_error(dial):
    line = dial(Fault("organization", kind=Revoked()))
    with pytest.raises(SignInRefused):
        membership(line).ask()
