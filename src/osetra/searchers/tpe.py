"""Tree-structured Parzen estimator: try what resembles the best tenth and not the rest.

Cheap, and at home in every space; the densities are in `osetra.numerics.parzen`. Running and failed
trials count as bad, which keeps parallel workers apart and steers away from failures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from osetra.core.finite import identity
from osetra.core.history import History
from osetra.core.ports import Suggestion
from osetra.core.problem import Problem
from osetra.core.results import results
from osetra.core.scales import Array
from osetra.errors import StudyError
from osetra.numerics import parzen
from osetra.numerics.design import sobol
from osetra.searchers.fresh import repeatable, seed_of, untried


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
        seen = results(problem, history)
        x, y = seen.x, np.where(seen.valid, seen.y, np.inf)
        bad = seen.pending
        order = sorted(range(len(space.columns)), key=lambda j: space.columns[j].name)
        found: list[Suggestion] = []
        for number in range(len(x) + len(bad), len(x) + len(bad) + max(count, 0)):
            if identity(space.default) not in known and number == 0:
                point, why = space.encode([space.default])[0], "the defaults, tried first"
            elif number < self.initial or not seen.valid.any():
                point = np.empty(len(order))
                point[order] = sobol(max(number - 1, 0), 1, len(order), seed_of(history))[0]
                why = "quasi-random, before there is enough to compare"
            else:
                point, why = self._likeliest(problem, x, y, bad, order, rng), "resembles the best trials"
            config = untried(space, known, point, rng)
            if config is None:
                break
            known.add(identity(config))
            bad = np.concatenate((bad, space.encode([config])))
            found.append(Suggestion(config, why))
        return found

    def _likeliest(
        self, problem: Problem, x: Array, y: Array, bad: Array, order: list[int], rng: np.random.Generator
    ) -> Array:
        """Return the draw from the good density (d,) where it exceeds the bad one most."""
        columns = [problem.space.columns[j] for j in order]
        levels = np.array([column.levels for column in columns], dtype=np.int64)
        categorical = np.array([column.categorical for column in columns], dtype=bool)
        good, others = parzen.split(y, self.share)
        high = parzen.parzen(x[good][:, order], levels, categorical)
        low = parzen.parzen(np.concatenate((x[others], bad))[:, order], levels, categorical)
        drawn = np.empty((self.candidates, len(order)))
        drawn[:, order] = parzen.sample(high, self.candidates, rng)
        drawn = problem.space.snap(drawn)
        gain = parzen.log_density(high, drawn[:, order]) - parzen.log_density(low, drawn[:, order])
        return np.asarray(drawn[int(np.argmax(gain))])
