"""Deadline: when a whole command has to be over, and how much of its time the end of it needs.

The end is what follows the search: fresh seeds, the winner on all rows, the card. It costs trainings, and
what a training costs is measured on those that were run. Until one was, nothing is known, and the search
goes on.
"""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from osetra.core.problem import Objective

if TYPE_CHECKING:
    from osetra.core.history import History
    from osetra.core.trial import Trial

CLOSING, CLOSING_SHARE = 4.0, 1.2
"""Seconds that the card, the pictures and the report take at least, and in parts of what came before.

On a busy machine the prelude took 10 s to 21 s, and what followed the last training as much and a fifth more.
"""
WARM_UP = 4.0
"""Seconds until fresh workers train: Python, PyTorch, the data."""
MOST_OF_ALL = 0.6
"""Share of the time that the end may take at most: a search of nothing needs no confirmation."""
MARGIN = 1.25
_PLANS = ((3, 3), (3, 2), (2, 2), (3, 1), (2, 1), (1, 1))
"""How many of the best are run again, and with how many seeds, from the most careful plan on."""
MOST_NETWORKS = 3
"""Networks of the winner that are trained on all rows and answer together, at most."""
REFIT_COST = 1.4
"""What training on all rows costs, in trainings: a quarter more rows, and chance."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock; without one there is no hurry."""

    at: float = math.inf
    total: float = math.inf
    """Seconds from the beginning of the command to that moment."""
    refit: bool = True
    """Whether the end trains the winner once more on all rows."""
    prelude: float = 0.0
    """Seconds that the command took until its search began: on a slow machine the card takes longer, too."""

    @classmethod
    def of(cls, minutes: float | None, begun: float | None = None, *, refit: bool = True) -> Deadline:
        """Return the moment so many minutes after a command began, which is now unless said."""
        if minutes is None:
            return cls()
        start = time.monotonic() if begun is None else begun
        return cls(start + 60 * minutes, 60 * minutes, refit)

    @property
    def hurries(self) -> bool:
        """Whether there is one."""
        return math.isfinite(self.at)

    @property
    def left(self) -> float:
        """Seconds until then, 0 when it is over; infinite without one."""
        return max(0.0, self.at - time.monotonic())

    @property
    def closing(self) -> float:
        """Seconds that the card, the pictures and the report take beside trainings."""
        return min(max(CLOSING, CLOSING_SHARE * self.prelude), MOST_OF_ALL * self.total)

    @property
    def for_trainings(self) -> float:
        """Seconds that trainings may still take."""
        return max(0.0, self.left - self.closing)

    def searching(self) -> Deadline:
        """Return the deadline as a search knows it that begins now."""
        return replace(self, prelude=self.total - self.left) if self.hurries else self


def seconds_per_training(history: History, objective: Objective) -> float:
    """Return what a training like those of the best few takes; 0 while nothing is known.

    The first trial is passed over where others have finished: its worker had still to start.
    """
    finished = history.ranked(objective)
    finished = [trial for trial in finished if trial.number > 1] or finished
    begun = [trial for trial in history.trials.values() if trial.value is not None and trial.attempts]
    begun = [trial for trial in begun if trial.number > 1] or begun
    best = finished or sorted(begun, key=lambda trial: objective.sign * (trial.value or 0.0))
    took = [_seconds(trial, history, objective) for trial in best[:3]]
    return statistics.median(took) if took else 0.0


def _seconds(trial: Trial, history: History, objective: Objective) -> float:
    """Return what a trial would take from its first step to its last, as it was seen to go."""
    reported = sum(point.metric == objective.metric for point in history.curves.points(trial.number))
    spent = sum(attempt.ended - attempt.started for attempt in trial.attempts if attempt.ended is not None)
    if not reported or trial.state == "finished":
        return spent
    return spent / reported * max(reported, history.steps or 0)


def end_seconds(training: float, top: int, seeds: int, workers: int, *, refit: bool) -> float:
    """Return what the end of a tuning takes: fresh seeds, the winner's networks, without the card.

    The winner's networks are those that its trials left behind; on all rows they are trained once more.
    """
    again = WARM_UP + math.ceil(top * seeds / workers) * training if top else 0.0
    final = min(MOST_NETWORKS, seeds + 1) * training * REFIT_COST if refit and seeds else 0.0
    return MARGIN * (again + final)


def affordable(
    training: float, left: float, most: int, workers: int, *, refit: bool, runs: float = math.inf
) -> tuple[int, int]:
    """Return how many of the best can be run again with how many seeds in the time; (0, 0) is none.

    It takes no more than so many runs, but for the first.
    """
    for top, seeds in _PLANS:
        chosen = min(top, most)
        if chosen * seeds > max(runs, 1):
            continue
        if chosen and end_seconds(training, chosen, seeds, workers, refit=refit) <= left:
            return chosen, seeds
    # A second network that answers beside the first is worth its time also where none is left for all rows.
    return affordable(training, left, most, workers, refit=False, runs=runs) if refit else (0, 0)


def reserve(
    history: History,
    objective: Objective,
    deadline: Deadline,
    most: int,
    workers: int,
    runs: float = math.inf,
) -> float:
    """Return how many seconds before the deadline the search has to end; fresh seeds are `runs` at most."""
    training, closing = seconds_per_training(history, objective), deadline.closing
    if not training or history.best(objective) is None:
        return 0.0
    cap = MOST_OF_ALL * deadline.total - closing
    most = min(most, len(history.ranked(objective)))  # only what has finished can be run again
    top, seeds = affordable(training, cap, most, workers, refit=deadline.refit, runs=runs)
    return closing + min(cap, end_seconds(training, top, seeds, workers, refit=deadline.refit))
