"""Whose days a destination has: two organisations may not share a prefix.

The organisation is part of the recipe. A destination that knows none (0.1.0 wrote it) takes that
of the first run; one that knows only the OAuth client learns the id when Genesys tells it. Neither
makes a day due.
"""

from __future__ import annotations

from dataclasses import replace

from .. import guards
from ..ledger import Published
from ..manifest import Recipe
from ..model import Organization
from ..threads import interruptible
from .dependencies import Dependencies


def with_known(deps: Dependencies) -> Dependencies:
    """Return the dependencies with what is known of the organisation; asks nothing of Genesys."""
    if deps.membership is None or not deps.plan.keeps_state:
        return deps
    register = deps.register.read()
    recipe = _of(deps, deps.membership.known())
    return replace(deps, recipe=recipe.joined(register.value.recipe) if register else recipe)


def checked(
    deps: Dependencies, before: Published | None, *, rewrite: bool, ask: bool
) -> Dependencies:
    """Return the parts with the organisation in their recipe.

    Raises WrongSettings if what is published here is made by another recipe, or of another
    organisation, unless it is to be rewritten. Genesys is asked for the organisation's id where
    `ask` says so, or where the client is not one that the destination knows.
    """
    recipe = deps.recipe
    if deps.membership:
        membership = deps.membership
        found = interruptible(membership.ask, deps.clock) if ask else membership.known()
        recipe = _of(deps, found)
    old = _published(deps, before, recipe)
    if old is not None:
        if deps.membership and not ask and recipe.is_of_another(old):
            return checked(deps, before, rewrite=rewrite, ask=True)
        guards.check_recipe(old, recipe, rewrite=rewrite)
        recipe = recipe.joined(old)
    return replace(deps, recipe=recipe)


def check_unasked(deps: Dependencies, before: Published | None, *, rewrite: bool) -> None:
    """Refuse what `checked` would refuse, as far as that is known without asking Genesys.

    Whether the organisation is another one is left to `checked`. Raises WrongSettings.
    """
    recipe = _of(deps, deps.membership.known()) if deps.membership else deps.recipe
    old = _published(deps, before, recipe)
    if old is not None:
        ours = replace(old, organization=None)
        guards.check_recipe(ours, replace(recipe, organization=None), rewrite=rewrite)


def _of(deps: Dependencies, organization: Organization) -> Recipe:
    return replace(deps.recipe, organization=organization)


def _published(deps: Dependencies, before: Published | None, recipe: Recipe) -> Recipe | None:
    """Return the recipe of the destination's days; None if there is none yet."""
    register = deps.register.read()
    if register is None:
        return before.value.recipe if before else None
    there = register.value.recipe
    # Listing a destination takes long: only where there is something to refuse.
    return there if before or there.is_like(recipe) or _has_days(deps) else None


def _has_days(deps: Dependencies) -> bool:
    """Whether any day is published."""
    home = deps.plan.home
    return any(home.published([key]) for key in deps.store.list(f"{home}/"))
