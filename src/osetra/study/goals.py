"""Goals: whether a search has what it was to go on for: a value, or nothing left that beats the noise."""

from __future__ import annotations

from dataclasses import dataclass, field

from osetra.core.facts import Noted
from osetra.core.goal import NOISE, Goal
from osetra.core.history import History
from osetra.core.problem import Problem

AGAIN = 1.1
"""The model is asked again once there are so many times the trials."""


@dataclass(slots=True)
class GoalWatch:
    """Looks at the trials that are new since the last look."""

    until: str | float
    problem: Problem
    reached: Noted | None = None
    _version: int = -1
    _missed: set[int] = field(default_factory=set)
    """Finished trials that do not reach it."""
    _asked: int = 0
    """How many trials had finished when the model was asked last."""

    def look(self, history: History) -> Noted | None:
        """Return the note that the goal is reached, from the first look on that finds so; None before."""
        if self.reached is not None or history.version == self._version:
            return self.reached
        self._version = history.version
        self.reached = self._noise(history) if self.until == NOISE else self._value(history)
        return self.reached

    def _value(self, history: History) -> Noted | None:
        objective = self.problem.objective
        goal = Goal.of(self.until, objective)
        found = None if goal is None else goal.met_by(history, objective, self._missed)
        self._missed = {trial.number for trial in history.finished}
        return None if found is None or goal is None else goal.reached(*found)

    def _noise(self, history: History) -> Noted | None:
        from osetra.effects.remaining import remaining  # with SciPy, which most programs do not need

        n = len(history.finished)
        if n < AGAIN * self._asked or n == self._asked:
            return None
        self._asked, left = n, remaining(self.problem, history)
        if left is None or not left.is_over:
            return None
        text = (
            f"nothing is left to gain: a model of {left.trials} trials expects the best of the whole space "
            "to be better by less than half of what another seed changes; the search is over"
        )
        return Noted("goal", f"{NOISE} {left.trials}", text, {"share": left.share, "until": NOISE})
