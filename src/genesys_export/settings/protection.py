"""The section [privacy]: what happens to personal data, as written in settings.

Checks single values; what they mean together (copies, keys, raw records) is for `privacy` to say.
The key is a secret like any other: no error and no repr holds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator

from ..datasets import PersonalData
from ..privacy import LEAST_KEY, Action, AttributeRule, Wishes
from . import values
from .section import Hidden, Section
from .written_json import parsed

_action = values.choice(*(action.value for action in Action))


def _treatment(given: object) -> Action:
    return Action(_action(given))


def _treatments(given: object) -> dict[str, Action]:
    """Read a table of actions; one error for all, since columns are not separate settings."""
    return {name.strip(): _treatment(action) for name, action in values.tags(given).items()}


def _table(given: object) -> object:
    """Read a table: a TOML table, or a JSON object as text."""
    if not isinstance(given, str):
        return given
    return parsed(given, "this is not a JSON object")


_Treatment = Annotated[Action, BeforeValidator(_treatment)]
# A key of Genesys's may begin or end with blanks, and is to be met by its very name.
_Keys = Annotated[tuple[str, ...], BeforeValidator(values.exact_words)]


class Attributes(Section):
    """What happens to participant attributes, by key."""

    allow: _Keys = ()
    drop: _Keys = ()
    default: _Treatment | None = None


class Privacy(Section):
    """What happens to personal data before it is written."""

    key: Annotated[Hidden, BeforeValidator(values.text)] | None = None
    none: _Treatment = Action.KEEP
    personal: _Treatment = Action.KEEP
    sensitive: _Treatment = Action.KEEP
    columns: Annotated[Mapping[str, Action], BeforeValidator(_treatments)] = Field(
        default_factory=dict
    )
    attributes: Annotated[Attributes, BeforeValidator(_table)] = Attributes()

    @field_validator("key")
    @classmethod
    def _hard_to_guess(cls, value: Hidden | None) -> Hidden | None:
        if value is not None and len(value.get_secret_value()) < LEAST_KEY:
            raise ValueError(f"this must have {LEAST_KEY} characters or more")
        return value

    @property
    def wishes(self) -> Wishes:
        """All of it as the type of the privacy package."""
        asked = self.attributes
        rule = AttributeRule(allow=asked.allow, drop=asked.drop, default=asked.default)
        return Wishes(
            classes={one: getattr(self, one.value) for one in PersonalData},
            columns=self.columns,
            attributes=rule,
            key=self.key.get_secret_value() if self.key else "",
        )
