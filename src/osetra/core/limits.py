"""Limits: when a search is over, and how much may run at once.

The one record from an option on the command line, a line of study.toml or an argument of `Study.run`
to the loop that obeys it. A new limit is a field here, what it means in the loop, and its option.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

from osetra.core.arguments import expected, is_above_zero, is_whole, plain
from osetra.core.goal import goal_text
from osetra.core.history import History
from osetra.core.ports import Budget
from osetra.core.problem import Problem

MOST_WORKERS = 4096
"""Trainings at once on one machine; each is a process of its own."""
_WHOLE = {
    "trials": (1, 2**53, "a whole number of at least 1 is needed"),
    "workers": (1, MOST_WORKERS, f"at least one worker is needed, and at most {MOST_WORKERS}"),
    "confirm": (0, 1000, "a whole number of at least 0 is needed, and at most 1000"),
}
"""The whole numbers among the limits: the least and the most, and what is said of others."""
PER_TRAINING = 2.3
"""Configurations that the default scheduler tries at the cost of one full training, over a search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a search may cost: whichever limit comes first ends it; None is no limit."""

    trials: int | None = None
    """Configurations in total, those of earlier calls included."""
    trainings: float | None = None
    """Cost of the whole study in full trainings; those cut short count by their share of steps."""
    minutes: float | None = None
    """Wall-clock time of this call."""
    workers: int = 1
    """Trainings at once."""
    report_timeout: float | None = None
    """Seconds without a report after which a training is stopped as hung."""
    until: str | float | None = None
    """The goal at which the search is over, such as val_loss<0.05: see `core.goal`."""
    confirm: int | None = None
    """How many of the best configurations are run again with fresh seeds; None is what fits."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = plain(getattr(self, field.name))
            object.__setattr__(self, field.name, value)
            if value is None and field.name != "workers":
                continue
            if field.name == "until":
                object.__setattr__(self, field.name, goal_text(value))
                continue
            if field.name in _WHOLE:
                least, most, need = _WHOLE[field.name]
                if not is_whole(value, least=least) or value > most:
                    raise expected(field.name, value, need)
            elif not is_above_zero(value) or math.inf > value > 2**1000:
                raise expected(field.name, value, f"the {field.name} must be above 0")

    @property
    def total(self) -> float:
        """The number of trials after which nothing new is begun; infinite without one."""
        return math.inf if self.trials is None else self.trials

    @property
    def ends(self) -> bool:
        """Whether anything ends the search by itself."""
        return any(each is not None for each in (self.trials, self.trainings, self.minutes, self.until))

    @property
    def of_search(self) -> dict[str, Any]:
        """The limits as arguments of `Study.run`, which gets its workers otherwise."""
        names = [field.name for field in fields(self) if field.name not in ("workers", "confirm")]
        return {name: getattr(self, name) for name in names}

    def budget(self, problem: Problem, history: History, seconds: float, left: float | None = None) -> Budget:
        """Return how much of the search is over, `seconds` after it began.

        `left` are the seconds that can still be searched in; by default all that is left of the minutes.
        """
        steps, begun = history.steps, history.begun
        spent = cost(problem, history)
        most = math.inf if self.trainings is None else self.trainings
        shares = [spent / most, (spent * PER_TRAINING if steps else begun) / self.total]
        if left is None:
            left = math.inf if self.minutes is None else 60 * self.minutes - seconds
        left = max(0.0, left)
        if math.isfinite(left):
            shares.append(seconds / max(seconds + left, 1e-9))
        open_ = begun < self.total and spent + _promised(problem, history) < most
        return Budget(steps=steps, progress=min(1.0, max(shares)), open=open_, seconds=left)


def cost(problem: Problem, history: History) -> float:
    """Return what a study has cost so far in full trainings; each trial is one while steps are unknown."""
    steps = history.steps
    return history.curves.count(problem.objective.metric) / steps if steps else float(history.begun)


def _promised(problem: Problem, history: History) -> float:
    """Return what queued and running trials will still cost, in full trainings."""
    steps, going = history.steps, [*history.queued, *history.running]
    if not steps:
        return 0.0
    metric = problem.objective.metric
    return sum(max(0, (t.until or steps) - history.step(t, metric)) for t in going) / steps
