"""A request that is set back: the code that waits for it is told, from any of its threads."""

from __future__ import annotations

from threading import Thread

from genesys_export.about import carried
from genesys_export.setback import set_back, telling


def test_a_setback_is_told_to_the_innermost_and_to_nobody_else():
    outer: list[str] = []
    inner: list[str] = []
    set_back()
    with telling(lambda: outer.append("told")):
        set_back()
        with telling(lambda: inner.append("told")):
            set_back()
        set_back()
    set_back()
    assert (len(outer), len(inner)) == (2, 1)


def test_a_thread_that_was_started_inside_tells_as_well():
    told: list[str] = []
    with telling(lambda: told.append("told")):
        for work in (carried(set_back), set_back):
            thread = Thread(target=work)
            thread.start()
            thread.join()
    assert told == ["told"]
