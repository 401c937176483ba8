"""Untried configurations: what keeps every searcher from asking the same question twice.

A searcher proposes a point; if its configuration was tried before, other points are drawn, and a
finite space is walked through in the end, so that it is exhausted exactly when all was tried.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from osetra.core.finite import Identity, Numbering, identity, size
from osetra.core.history import History
from osetra.core.params import Config, Float, conditions_of
from osetra.core.scales import Array
from osetra.core.space import Space
from osetra.core.trial import Trial

ATTEMPTS = 64
"""Draws before a finite space is walked through; half of them where the searcher was looking."""

Placed = Callable[[Array], Array]


def tried(history: History) -> set[Identity]:
    """Return the configurations that were suggested so far, whatever became of them."""
    return set().union(*history.trials.derived(_identities))


def repeatable(space: Space, history: History) -> set[Identity]:
    """Return those configurations suggested so far that a draw from the space may hit again.

    Where every configuration has a continuous value, that is none but the defaults, which are no
    draw; remembering thousands of others would only cost time.
    """
    if not any(isinstance(param, Float) and not conditions_of(param) for _, param in space):
        return tried(history)
    default = space.default
    return {identity(default)} if any(history.trials.derived(_has, default)) else set()


def _identities(trials: Sequence[Trial]) -> frozenset[Identity]:
    return frozenset(identity(trial.config) for trial in trials)


def _has(trials: Sequence[Trial], config: Config) -> bool:
    return any(trial.config == config for trial in trials)


def seed_of(history: History) -> int:
    """Return the study's seed."""
    return 0 if history.opened is None else history.opened.seed


def by_names(space: Space, points: Array) -> Array:
    """Hand coordinates (n, d) to the columns in alphabetical order.

    What a searcher suggests then does not depend on the order in which the space was declared.
    """
    order = sorted(range(len(space.columns)), key=lambda j: space.columns[j].name)
    arranged = np.empty_like(points)
    arranged[:, order] = points
    return arranged


def untried(
    space: Space, known: set[Identity], point: Array, rng: np.random.Generator, placed: Placed | None = None
) -> Config | None:
    """Return the configuration of a point (d,), or another one when it was tried before.

    `placed` moves uniform draws (1, d) to where the searcher is looking. None means that a finite
    space is exhausted; in a space without end a repeat is returned when 64 draws found nothing new.
    """
    config = space.decode(point[None, :])[0]
    for attempt in range(ATTEMPTS):
        if identity(config) not in known:
            return config
        draw = by_names(space, rng.random((1, len(point))))
        config = space.decode(placed(draw) if placed and attempt < ATTEMPTS // 2 else draw)[0]
    total = size(space)
    if total is None:
        return config
    return remaining(Numbering(space), known, int(rng.integers(min(total, 2**62))))


def remaining(numbering: Numbering, known: set[Identity], start: int) -> Config | None:
    """Return the first untried configuration from a number on, around the end of the numbering.

    The stride is the golden section of the numbering, which spreads what is found.
    """
    stride = _coprime_near(int(numbering.size * 0.6180339887498949), numbering.size)
    for i in range(min(numbering.size, len(known) + 1)):
        config = numbering.config((start + i * stride) % numbering.size)
        if identity(config) not in known:
            return config
    return None


def _coprime_near(stride: int, modulus: int) -> int:
    stride = max(1, stride)
    while math.gcd(stride, modulus) != 1:
        stride += 1
    return stride
