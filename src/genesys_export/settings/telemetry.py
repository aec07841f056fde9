"""The section [telemetry]: what monitoring systems get."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from . import values
from .section import Section


def _collected(given: str) -> str:
    if not given.endswith(".prom"):
        raise ValueError("node_exporter reads files whose names end in .prom only")
    return given


class Telemetry(Section):
    """What monitoring systems get; nothing by default."""

    otlp: bool = False
    prometheus_file: (
        Annotated[str, BeforeValidator(values.text), AfterValidator(_collected)] | None
    ) = None
