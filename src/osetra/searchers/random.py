"""Random search: independent uniform points of the unit cube.

Source: Bergstra & Bengio 2012, "Random search for hyper-parameter optimization", JMLR 13.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from osetra.core.construction import settings_checked
from osetra.core.decisions import Suggestion
from osetra.searchers.fresh import DEFAULTS, fresh, fresh_default, repeatable

if TYPE_CHECKING:
    import numpy as np

    from osetra.core.history import History
    from osetra.core.problem import Problem


@settings_checked
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
        from osetra.searchers.beliefs import drawn  # with its maths, which says nothing of random search

        space, known = problem.space, repeatable(problem.space, history)
        found: list[Suggestion] = []
        if count > 0 and self.defaults_first and (default := fresh_default(space, known)) is not None:
            found.append(Suggestion(default, DEFAULTS))
        points = rng.random((max(count, 0), len(space.columns)))
        for point in drawn(problem, history, points)[len(found) :]:
            config = fresh(space, known, point[None], rng)
            if config is None:
                break
            found.append(Suggestion(config, "drawn at random from the whole space"))
        return found
