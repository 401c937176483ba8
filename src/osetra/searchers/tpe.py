"""Tree-structured Parzen estimator: try what resembles the best tenth and not the rest.

Cheap, and at home in every space; the densities are in `osetra.numerics.parzen`. Running and failed
trials count as bad, which keeps parallel workers apart and steers away from failures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from osetra.core.construction import settings_checked
from osetra.core.decisions import Suggestion
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.scales import Array
from osetra.core.space import Space
from osetra.errors import StudyError
from osetra.numerics import parzen
from osetra.numerics.design import sobol
from osetra.searchers.beliefs import as_believed, believed
from osetra.searchers.fresh import DEFAULTS, fresh, fresh_default, repeatable
from osetra.searchers.standing import standing


@settings_checked
@dataclass(frozen=True, slots=True, kw_only=True)
class Tpe:
    """The defaults, quasi-random points up to trial `initial`, then the best of `candidates` draws.

    `share` is the part of the trials that counts as good.
    """

    initial: int = 10
    candidates: int = 24
    share: float = 0.1

    name = "tpe"
    lookahead = 1

    def __post_init__(self) -> None:
        if self.initial < 2 or self.candidates < 1:
            raise StudyError(
                f"Tpe(initial={self.initial}, candidates={self.candidates}): "
                "at least 2 trials to start from and 1 candidate are needed"
            )
        if not 0 < self.share < 1:
            raise StudyError(f"Tpe(share={self.share}): the good share lies between 0 and 1, such as 0.1")

    def suggest(
        self, problem: Problem, history: History, count: int, rng: np.random.Generator
    ) -> Sequence[Suggestion]:
        """Return up to `count` suggestions; fewer mean that the space is exhausted."""
        space, known = problem.space, repeatable(problem.space, history)
        past = standing(problem, history)
        x, y, bad = past.x, np.where(past.valid, past.y, np.inf), past.pending
        found: list[Suggestion] = []
        belief = believed(problem, history)
        for number in range(len(x) + len(bad), len(x) + len(bad) + max(count, 0)):
            config, why = fresh_default(space, known) if number == 0 else None, DEFAULTS
            if config is None:
                if number < self.initial or not past.valid.any():
                    point = sobol(max(number - 1, 0), 1, len(space.columns), history.seed)
                    point = as_believed(belief, number + 1, history.seed, point)[0]
                    why = "quasi-random, before there is enough to compare"
                else:
                    point, why = self._likeliest(space, x, y, bad, rng), "resembles the best trials"
                config = fresh(space, known, point[None], rng)
            if config is None:
                break
            bad = np.concatenate((bad, space.encode([config])))
            found.append(Suggestion(config, why))
        return found

    def _likeliest(self, space: Space, x: Array, y: Array, bad: Array, rng: np.random.Generator) -> Array:
        """Return the draw from the good density (d,) where it exceeds the bad one most."""
        levels = np.array([column.levels for column in space.columns], dtype=np.int64)
        categorical = np.array([column.categorical for column in space.columns], dtype=bool)
        good, others = parzen.split(y, self.share)
        high = parzen.parzen(x[good], levels, categorical)
        low = parzen.parzen(np.concatenate((x[others], bad)), levels, categorical)
        drawn = space.snap(parzen.sample(high, self.candidates, rng))
        gain = parzen.log_density(high, drawn) - parzen.log_density(low, drawn)
        return np.asarray(drawn[int(np.argmax(gain))])
