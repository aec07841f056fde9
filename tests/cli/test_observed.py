"""A run and everything around it, as commands call it."""

from __future__ import annotations

import pytest

from genesys_export.api import SystemClock
from genesys_export.cli.backfill import BackfillRequest
from genesys_export.cli.observed import observed
from genesys_export.errors import GenesysUnavailable
from genesys_export.export import Choice
from genesys_export.export.choice import Kind
from genesys_export.settings import load


def test_an_error_that_ends_a_run_closes_the_exporter_too(tmp_path):
    settings = load(flags={"to": str(tmp_path / "lake"), "quiet": True}, environ={})
    used = []

    def elsewhere(work, choice, options):
        del choice, options
        used.append((work, work.store))
        raise GenesysUnavailable("nobody is there")

    with pytest.raises(GenesysUnavailable):
        observed(
            settings,
            SystemClock(),
            BackfillRequest(start="2025-11-01", end="2025-11-01"),
            Choice(Kind.RANGE, ()),
            command="backfill",
            elsewhere=elsewhere,
        )
    ((work, store),) = used
    assert work.store is not store
