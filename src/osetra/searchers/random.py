"""Random search: independent uniform points of the unit cube.

Source: Bergstra & Bengio 2012, "Random search for hyper-parameter optimization", JMLR 13.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from osetra.core.finite import identity
from osetra.core.history import History
from osetra.core.ports import Suggestion
from osetra.core.problem import Problem
from osetra.searchers.fresh import by_names, repeatable, untried


@dataclass(frozen=True, slots=True, kw_only=True)
class Random:
    """Uniform on the scale of every hyperparameter; never the same configuration twice.

    The defaults are tried first: they cost one trial and are what everything has to beat.
    """

    defaults_first: bool = True

    name = "random"
    lookahead = 8

    def suggest(
        self, problem: Problem, history: History, count: int, rng: np.random.Generator
    ) -> Sequence[Suggestion]:
        """Return up to `count` suggestions; fewer mean that the space is exhausted."""
        space, known = problem.space, repeatable(problem.space, history)
        found: list[Suggestion] = []
        if count > 0 and self.defaults_first and identity(space.default) not in known:
            found.append(Suggestion(space.default, "the defaults, tried first"))
            known.add(identity(space.default))
        for point in by_names(space, rng.random((max(count, 0), len(space.columns))))[len(found) :]:
            config = untried(space, known, point, rng)
            if config is None:
                break
            known.add(identity(config))
            found.append(Suggestion(config, "drawn at random from the whole space"))
        return found
