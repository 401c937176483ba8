"""Grid search: every combination of a few values exactly once.

The order is not the sweep of the last axis that nested loops give: cells are visited where a Sobol'
sequence falls, so that a grid stopped half-way has looked everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from osetra.core.arguments import is_whole
from osetra.core.construction import settings_checked
from osetra.core.decisions import Suggestion
from osetra.core.facts import Noted
from osetra.core.finite import Numbering
from osetra.core.grid import grid_space
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.errors import StudyError
from osetra.numerics.design import sobol
from osetra.searchers.fresh import fresh_numbered, suggested


@settings_checked
@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """All options, and `points` values of every range, evenly spaced on its scale with both ends.

    A range of whole numbers that has no more values than that keeps them all. What people tried
    before counts; conditions are respected, so no combination is counted for a parameter that it
    does not have. `osetra.core.grid.grid_size` tells the number of combinations beforehand.
    """

    points: int = 5

    name = "grid"
    lookahead = 8

    def __post_init__(self) -> None:
        if not is_whole(self.points, least=1):
            raise StudyError(f"Grid(points={self.points!r}): a whole number of at least 1 is needed")

    def suggest(
        self, problem: Problem, history: History, count: int, rng: np.random.Generator
    ) -> Sequence[Suggestion]:
        """Return up to `count` suggestions; fewer mean that every combination was tried."""
        space, known = grid_space(problem.space, self.points), suggested(history)
        numbering = Numbering(space)
        places = range(len(known), len(known) + max(count, 0))
        found: list[Suggestion] = []
        for point in sobol(places.start, len(places), len(space.columns), 0):
            start = numbering.index(space.decode(point[None, :])[0])
            config = fresh_numbered(numbering, known, start)
            if config is None:
                break
            found.append(Suggestion(config, f"one of the {numbering.size} combinations of the grid"))
        return [replace(s, notes=_size_note(numbering.size)) if i == 0 else s for i, s in enumerate(found)]


def _size_note(combinations: int) -> tuple[Noted, ...]:
    text = f"the grid has {combinations} combinations"
    # As text, because JSON readers stop at 64 bits and a grid does not.
    return (Noted("grid", str(combinations), text, {"combinations": str(combinations)}),)
