"""What all sections of the settings have in common.

Errors of pydantic never repeat the input: a secret could stand there.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, NoReturn, SupportsIndex

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator, SecretStr

from ..errors import unpicklable
from . import values

Text = Annotated[str, BeforeValidator(values.text)]
Names = Annotated[tuple[str, ...], BeforeValidator(values.names)]
Whole = Annotated[int, BeforeValidator(values.number)]
Slices = Annotated[int | str, PlainValidator(values.slices)]
Span = Annotated[timedelta, BeforeValidator(values.span)]


class Hidden(SecretStr):
    """A secret: never shown, and never pickled with the settings that hold it."""

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        """Raise WrongUse: another process reads the settings itself."""
        del protocol
        raise unpicklable("settings with a secret")


class Section(BaseModel):
    """Some settings: frozen, with no other keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True
    )
