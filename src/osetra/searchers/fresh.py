"""Fresh: what keeps every searcher from asking the same question twice.

A searcher proposes points; if their configurations were tried before, other points are drawn, and a
finite space is walked through in the end, so that it is exhausted exactly when all was tried.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from osetra.core.finite import Identity, Numbering, identity, size

if TYPE_CHECKING:
    import numpy as np

    from osetra.core.history import History
    from osetra.core.params import Config
    from osetra.core.scales import Array
    from osetra.core.space import Space
    from osetra.core.trial import Trial

ATTEMPTS = 64
"""Draws before a finite space is walked through; half of them where the searcher was looking."""
DEFAULTS = "the defaults, tried first"
"""Why the defaults are suggested."""


def suggested(history: History) -> set[Identity]:
    """Return the configurations that were suggested so far, whatever became of them."""
    return set().union(*history.trials.derived(_identities))


def repeatable(space: Space, history: History) -> set[Identity]:
    """Return those configurations suggested so far that a draw from the space may hit again.

    Where every configuration has a continuous value, that is none but the defaults, which are no
    draw; remembering thousands of others would only cost time.
    """
    if not any(param.levels == 0 and not param.when for _, param in space):
        return suggested(history)
    default = space.default
    return {identity(default)} if any(history.trials.derived(_has, default)) else set()


def fresh_default(space: Space, known: set[Identity]) -> Config | None:
    """Return the defaults and note them in `known`; None when they are known."""
    default = space.default
    return default if _note(default, known) else None


def fresh(
    space: Space,
    known: set[Identity],
    points: Array,
    rng: np.random.Generator,
    placed: Callable[[Array], Array] | None = None,
) -> Config | None:
    """Return the first unknown configuration of points (m, d), or of others, and note it in `known`.

    `placed` moves uniform draws (1, d) to where the searcher is looking. None means that a finite
    space is exhausted; in a space without end a repeat is returned when 64 draws found nothing new.
    """
    for config in space.decode(points):
        if _note(config, known):
            return config
    for attempt in range(ATTEMPTS):
        if _note(config, known):
            return config
        draw = rng.random((1, points.shape[1]))
        config = space.decode(placed(draw) if placed and attempt < ATTEMPTS // 2 else draw)[0]
    total = size(space)
    if total is None:
        _note(config, known)
        return config
    return fresh_numbered(Numbering(space), known, int(rng.integers(min(total, 2**62))))


def fresh_numbered(numbering: Numbering, known: set[Identity], start: int) -> Config | None:
    """Return the first unknown configuration from a number on, round the end, and note it in `known`.

    The stride is the golden section of the numbering, which spreads what is found. None means that
    all are known.
    """
    stride = _coprime_near(int(numbering.size * 0.6180339887498949), numbering.size)
    for i in range(min(numbering.size, len(known) + 1)):
        config = numbering.config((start + i * stride) % numbering.size)
        if _note(config, known):
            return config
    return None


def _note(config: Config, known: set[Identity]) -> bool:
    """Add a configuration to the known ones; False when it is one of them."""
    before = len(known)
    known.add(identity(config))
    return len(known) > before


def _identities(trials: Sequence[Trial]) -> frozenset[Identity]:
    return frozenset(identity(trial.config) for trial in trials)


def _has(trials: Sequence[Trial], config: Config) -> bool:
    return any(trial.config == config for trial in trials)


def _coprime_near(stride: int, modulus: int) -> int:
    stride = max(1, stride)
    while math.gcd(stride, modulus) != 1:
        stride += 1
    return stride
