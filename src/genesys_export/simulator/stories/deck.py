"""Which stories a generated world tells, and how often.

Knows the shares only. A pool holds each story in its share exactly, so that every world, however
small, is mixed the same way; a story of the smallest share occurs once in a pool.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from random import Random

from ..org import Org, founded
from ..templates import Template
from . import digital, extras, special, voice
from .draft import Draft

POOL = 512  # a power of two: `generated` shuffles it by odd multiplication
_MINUTE_MS = 60_000

Story = Callable[[Draft], None]

# Shares of the pool, in copies; the rest of the pool is ordinary calls.
SHARES: Mapping[Story, int] = {
    voice.direct: 36,
    voice.abandoned: 34,
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
def pool(seed: int) -> tuple[Org, tuple[Template, ...]]:
    """Return the organisation and its templates, in order of the second at which they begin."""
    org = founded(seed)
    rng = Random(f"pool {seed}")
    stories = [story for story, copies in SHARES.items() for _ in range(copies)]
    stories += [voice.answered] * (POOL - len(stories))
    rng.shuffle(stories)
    drafts = []
    for number, story in enumerate(stories):
        start = (_MINUTE_MS * number + rng.randrange(_MINUTE_MS)) // POOL
        draft = Draft(Random(f"story {seed} {number}"), org, start)
        story(draft)
        drafts.append(draft)
    for extra, copies in ON_TOP.items():
        for draft in rng.sample(drafts, copies):
            extra(draft)
    return org, tuple(draft.template() for draft in drafts)
