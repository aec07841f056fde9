"""A browser for the whole stage, and the pages it looks at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from browser_driver import Browser, browser
from browser_site import Site, serving

from eventful import eventful, furnish
from genesys_export.operations.status.page import as_page
from genesys_export.operations.status.reading import read
from made_days import NAMES, NOW, PLACE, Shelf, manifest


@pytest.fixture(scope="session")
def chromium(tmp_path_factory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="session")
def page() -> bytes:
    """Four months in which everything happened."""
    return as_page([read(eventful(), PLACE, NOW)], asked=NOW)


@pytest.fixture(scope="session")
def page_of_three() -> bytes:
    """Two organisations, one with a second dataset, and one that exported nothing yet."""
    shelf = furnish(furnish(Shelf(), "emea"), "apac", 0.3)
    names = replace(NAMES, org="emea")
    for day in ("2026-10-20", "2026-11-24"):
        shelf.lay(names.home.manifest(day), replace(manifest(day), tables={}).encode())
    places = [*(replace(PLACE, org=org) for org in ("apac", "emea", "a-new-one")), names]
    return as_page([read(shelf, place, NOW) for place in places], asked=NOW)


@pytest.fixture
def site(page) -> Iterator[Site]:
    with serving(page) as started:
        yield started
