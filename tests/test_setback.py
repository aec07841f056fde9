"""A request that is set back: lent once, whoever is inside, and only where somebody lends."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Thread

from genesys_export.about import carried
from genesys_export.setback import lending, setback


def test_a_setback_within_another_lends_nothing_more():
    told: list[str] = []

    @contextmanager
    def lend():
        told.append("lent")
        yield
        told.append("back")

    with setback():
        assert not told
    with lending(lend):
        with setback(), setback():
            assert told == ["lent"]
        assert told == ["lent", "back"]
        with lending(lend), setback():
            assert told == ["lent", "back", "lent"]

        def repeats():
            with setback():
                assert told[-1] == "lent"

        other = Thread(target=carried(repeats))
        other.start()
        other.join()
    assert told == ["lent", "back"] * 3
    with setback():
        assert len(told) == 6
