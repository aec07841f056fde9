"""What a thread is working on: the organisation, dataset, day and slice, for events to name.

Known by the thread and by those it starts through `carried`; nothing is passed from hand to hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import partial
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Made = TypeVar("Made")

_now: ContextVar[dict[str, str] | None] = ContextVar("about", default=None)


@contextmanager
def about(**names: str) -> Iterator[None]:
    """Work on this inside: `org`, `dataset`, `day`, `slice`, added to what is known already."""
    token = _now.set({**known(), **{name: value for name, value in names.items() if value}})
    try:
        yield
    finally:
        _now.reset(token)


def known() -> dict[str, str]:
    """Return what this thread works on: names, none of them empty; not to be changed."""
    return _now.get() or {}


def carried(work: Callable[Given, Made]) -> Callable[Given, Made]:
    """Return the work for another thread, to be called once: it knows what this one knows."""
    return partial(copy_context().run, work)
