"""Short words for what the tests of privacy ask for."""

from __future__ import annotations

import pytest

from genesys_export.datasets import PersonalData, tables
from genesys_export.privacy import Action, AttributeRule, Rules, Wishes, resolve

KEY = "a key of the tests, long enough"


@pytest.fixture
def wish():
    """Return what makes wishes out of words: classes by name, columns in a table."""

    def make(columns=None, attributes=None, key=KEY, **classes) -> Wishes:
        rule = dict(attributes or {})
        if "default" in rule:
            rule["default"] = Action(rule["default"])
        return Wishes(
            classes={PersonalData(name): Action(action) for name, action in classes.items()},
            columns={name: Action(action) for name, action in (columns or {}).items()},
            attributes=AttributeRule(**rule),
            key=key,
        )

    return make


@pytest.fixture
def rules(wish):
    """Return what makes rules out of the same words."""

    def make(**words) -> Rules:
        return resolve(tables(), wish(**words))

    return make
