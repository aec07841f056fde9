"""What all sections of the settings have in common.

Errors of pydantic never repeat the input: a secret could stand there.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator

from . import values

Whole = Annotated[int, BeforeValidator(values.number)]
Slices = Annotated[int | str, PlainValidator(values.slices)]
Span = Annotated[timedelta, BeforeValidator(values.span)]


class Section(BaseModel):
    """Some settings: frozen, with no other keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True
    )
