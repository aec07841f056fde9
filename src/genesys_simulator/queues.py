"""Which queues a conversation goes through: six kinds of work and the mail, with four queues each.

Knows how templates name a queue without settling which: by its kind. Every copy of a template
takes one queue of each kind, some much oftener than others, so that queues share no pattern.
"""

from __future__ import annotations

import json
from functools import lru_cache
from random import Random

from . import customers
from .org import founded
from .templates import value_mark

KINDS = 6
MAIL = 6  # what waits for hours has queues of its own
ROWS = 256  # choices of one queue of each kind
_EACH = 4
_OFTEN = (8, 5, 4, 3)


def queue_mark(kind: int) -> str:
    """Return the mark for the id of a queue of that kind."""
    return value_mark(customers.FIELDS + 2 * kind)


def kind_of(queue: str) -> int:
    """Return the kind of work of the queue behind a mark."""
    return next(kind for kind in range(MAIL + 1) if queue_mark(kind) == queue)


def name_mark(queue: str) -> str:
    """Return the mark for the name of the queue behind a mark."""
    return value_mark(customers.FIELDS + 2 * kind_of(queue) + 1)


@lru_cache(maxsize=8)
def chosen(seed: int) -> tuple[tuple[bytes, ...], ...]:
    """Return rows of a queue of each kind: id and name, as they appear in JSON text."""
    written = [
        (one["id"].encode(), json.dumps(one["name"], ensure_ascii=False)[1:-1].encode())
        for one in founded(seed).queues
    ]
    rng = Random(f"queues {seed}")
    rows = []
    for _ in range(ROWS):
        picked = [_EACH * kind + rng.choices(range(_EACH), _OFTEN)[0] for kind in range(MAIL + 1)]
        rows.append(tuple(text for number in picked for text in written[number]))
    return tuple(rows)
