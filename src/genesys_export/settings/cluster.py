"""The section [cluster]: how a range of days is spread over a Dask cluster (`--cluster`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .section import Section, Whole


class Cluster(Section):
    """How a range of days is spread over a Dask cluster."""

    workers_per_org: Annotated[Whole, Field(ge=1, le=100)] = 1
    allow_plain_text: bool = False
