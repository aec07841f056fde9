"""Which clusters are accepted: an address, its encryption, the versions of everybody in it."""

from __future__ import annotations

import pytest

from genesys_export.errors import WrongSettings, WrongUse
from genesys_export.integrations.dask import versions
from genesys_export.integrations.dask.connecting import check_address


@pytest.mark.parametrize(
    ("address", "workers"),
    [
        ("local", 0),
        ("local:4", 4),
        ("tcp://127.0.0.1:8786", None),
        ("tcp://[::1]:8786", None),
        ("tcp://localhost:8786", None),
        ("tls://scheduler.example:8786", None),
    ],
)
def test_workers_here_loopback_and_tls_are_accepted(address, workers):
    assert check_address(address, allow_plain_text=False) == workers


@pytest.mark.parametrize("address", ["tcp://10.0.0.7:8786", "ws://scheduler.example:8786"])
def test_plain_text_beyond_loopback_is_refused_unless_it_is_allowed(address):
    with pytest.raises(WrongUse, match="not encrypted") as problem:
        check_address(address, allow_plain_text=False)
    assert "allow_plain_text" in problem.value.advice
    assert check_address(address, allow_plain_text=True) is None


@pytest.mark.parametrize(
    "address",
    ["", "local:0", "local:many", "scheduler:8786", "http://a:1", "tcp://a", "tcp://a:99999999"],
)
def test_what_is_no_address_is_refused_with_the_forms_that_are(address):
    with pytest.raises(WrongUse, match="--cluster") as problem:
        check_address(address, allow_plain_text=True)
    assert "local" in problem.value.advice


def told(version: str | None, python: str = "3.11.7.final.0") -> dict:
    return {"host": {"python": python}, "packages": {"genesys_export": version}}


def test_equal_versions_are_accepted_whatever_the_patch_of_python():
    versions.check(
        {
            "client": told("0.3.0"),
            "scheduler": told("0.3.0"),
            "workers": {"tcp://127.0.0.1:1": told("0.3.0", "3.11.9.final.0")},
        }
    )


@pytest.mark.parametrize(
    ("scheduler", "worker", "sentence"),
    [
        (told("0.2.0"), told("0.3.0"), "the scheduler has genesys-export 0.2.0, this command"),
        (told(None), told("0.3.0"), "the scheduler has no genesys-export, this command"),
        (told("0.3.0"), told("0.4.0"), "the worker tcp://127.0.0.1:1 has genesys-export 0.4.0"),
        (
            told("0.3.0"),
            told("0.3.0", "3.12.1.final.0"),
            "the worker tcp://127.0.0.1:1 has Python 3.12, this command has Python 3.11",
        ),
    ],
)
def test_another_version_is_refused_with_a_sentence(scheduler, worker, sentence):
    everybody = {
        "client": told("0.3.0"),
        "scheduler": scheduler,
        "workers": {"tcp://127.0.0.1:1": worker},
    }
    with pytest.raises(WrongSettings) as problem:
        versions.check(everybody)
    assert sentence in problem.value.message
