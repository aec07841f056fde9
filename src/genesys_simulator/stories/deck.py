"""Which stories a generated world tells, and how often.

Knows the shares only. A pool holds each story in its share exactly, and in each story lucky and
unlucky customers in equal measure, so that every world is mixed the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from random import Random

from ..org import founded
from ..templates import Template
from . import digital, extras, special, voice
from .draft import Draft

POOL = 512  # a power of two: `generated` shuffles it by odd multiplication
_MINUTE_MS = 60_000

Story = Callable[[Draft], None]

# Shares of the pool, in copies; the rest of the pool is ordinary calls.
SHARES: Mapping[Story, int] = {
    voice.direct: 36,
    voice.abandoned: 16,
    voice.self_served: 30,
    voice.unanswered_once: 12,
    voice.transferred: 14,
    voice.consulted: 6,
    voice.conference: 5,
    voice.overheard: 2,
    voice.voicemail: 7,
    digital.chat: 24,
    digital.email_in: 30,
    digital.email_out: 12,
    digital.bot: 28,
    digital.messenger: 24,
    digital.social: 3,
    digital.internal_message: 8,
    digital.notification: 6,
    special.callback: 10,
    special.campaign: 26,
    special.preview: 10,
    special.dialed: 26,
    special.colleagues: 8,
    special.machines: 3,
    special.shared_screen: 3,
    special.video: 3,
    special.failing: 3,
    special.still_talking: 3,
}

# How many of the pool have something on top, whatever their story is.
ON_TOP: Mapping[Story, int] = {
    extras.routed: 14,
    extras.assisted: 14,
    extras.noted: 40,
    extras.judged: 16,
    extras.surveyed: 20,
    extras.resolved: 12,
}


@lru_cache(maxsize=8)
def pool(seed: int) -> tuple[Template, ...]:
    """Return the templates of a seed, in order of the second at which they begin."""
    org = founded(seed)
    rng = Random(f"pool {seed}")
    ordinary = POOL - sum(SHARES.values())
    cards = [
        card for told in {**SHARES, voice.answered: ordinary}.items() for card in _dealt(*told)
    ]
    rng.shuffle(cards)
    drafts = []
    for number, (story, luck) in enumerate(cards):
        start = (_MINUTE_MS * number + rng.randrange(_MINUTE_MS)) // POOL
        draft = Draft(Random(f"story {seed} {number}"), org, start, luck)
        story(draft)
        drafts.append(draft)
    for extra, copies in ON_TOP.items():
        for draft in rng.sample(drafts, copies):
            extra(draft)
    return tuple(draft.template() for draft in drafts)


@lru_cache(maxsize=8)
def most_seats(seed: int) -> int:
    """Return how many agents a conversation has at most."""
    return max(len(template.seats) for template in pool(seed))


def _dealt(story: Story, copies: int) -> list[tuple[Story, float]]:
    """Return a story's copies, each with its luck: evenly from bad to good."""
    return [(story, (number + 0.5) / copies) for number in range(copies)]
