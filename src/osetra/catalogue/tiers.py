"""Tiers: which hyperparameters are worth searching with the trials there are.

Few trials spread over many hyperparameters find nothing. With fewer than 10 trials the learning
rate alone is searched, from 10 on the second tier too, from 40 the third, from 120 everything: some
three trials or more for each. The rest stays at its default. Source: Tuning Playbook (Adam: below 10
trials the learning rate only, then one more at a time); the steps at 40 and 120 are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from osetra.catalogue.bounds import check_given
from osetra.catalogue.entry import Catalogue
from osetra.catalogue.lookup import entry
from osetra.catalogue.orders import NG, Order, place_of
from osetra.core.space import Branches, Space
from osetra.errors import SpaceError

FROM_TRIALS: tuple[tuple[int, int], ...] = ((4, 120), (3, 40), (2, 10), (1, 1))
"""(tier, trials from which it is opened)."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The space to search, and in a sentence why this one."""

    space: Space
    searched: tuple[str, ...]
    fixed: tuple[str, ...]
    """Held at their defaults or given values."""
    sentence: str


def select_space(
    catalogue: Catalogue,
    trials: int,
    *,
    tune: Sequence[str] = (),
    everything: bool = False,
    given: Mapping[str, Branches] | None = None,
    minutes: float | None = None,
    order: Order = "tiers",
) -> Selection:
    """Return the space for a budget of trials.

    Args:
        catalogue: the known search space.
        trials: how many there will be, at least one; decides which tiers are searched.
        tune: search these instead of what the budget would open.
        everything: search all of them, whatever the budget.
        given: own values or ranges by name; a value is fixed, a range is searched.
        order: what comes first: "tiers", the catalogue's own, or "ng", after which Adam's β₁, β₂ and ε and
            all that he does not name are left alone.
        minutes: the limit when it is one of time; `trials` is then a guess, and the sentence says so.

    Raises:
        SpaceError: no trials, an unknown name, or a given value that no training can use.
    """
    if trials < 1:
        raise SpaceError(f"trials={trials}: give at least 1")
    given = dict(given or {})
    for name in tune:
        entry(catalogue, name)
    for name, branches in given.items():
        check_given(entry(catalogue, name), branches)
    both = [name for name in tune if name in given]
    if both:
        raise SpaceError(f"{both[0]}: both tuned and given a value; choose one")
    top = next(tier for tier, least in FROM_TRIALS if trials >= least)
    params: dict[str, Branches] = {}
    for known in catalogue.entries:
        tier = known.tier if order == "tiers" else place_of(known.name)
        opened = known.name in tune if tune else tier is not None and (everything or tier <= top)
        params[known.name] = given.get(known.name, list(known.params if opened else known.fixed))
    space = Space({name: params[name] for name in catalogue.names})
    searched = space.searched
    fixed = tuple(name for name in space.names if name not in searched)
    count = f"{trials} trial{'s' if trials > 1 else ''}"
    if minutes is not None:
        count = f"{minutes:g} minute{'' if minutes == 1 else 's'}, taken for {count}"
    if order == "ng":
        count += ", in Ng's order"
    last = len(NG) if order == "ng" else len(FROM_TRIALS)
    sentence = _sentence(searched, fixed, count, bool(tune), everything, top, last)
    return Selection(space, searched, fixed, sentence)


def _sentence(
    searched: Sequence[str],
    fixed: Sequence[str],
    count: str,
    tuned: bool,
    everything: bool,
    top: int,
    last: int,
) -> str:
    if not searched:
        return "Every hyperparameter is given; there is nothing to search."
    shown = _listed(searched)
    if tuned:
        return f"Searching {shown}, as asked; the other {len(fixed)} stay as they are."
    if everything:
        return f"Searching all {len(searched)} hyperparameters, as asked."
    if not fixed:
        return f"{count} are enough to search all {len(searched)} hyperparameters."
    more = next((least for tier, least in reversed(FROM_TRIALS) if top < tier <= last), None)
    later = f" (more from {more} trials on)" if more else ""
    return f"{count}: searching {shown}; the other {len(fixed)} stay at their defaults{later}."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
