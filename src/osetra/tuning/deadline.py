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

from osetra.core.pace import pace
from osetra.core.problem import Objective

if TYPE_CHECKING:
    from osetra.core.history import History
    from osetra.core.trial import Trial

CLOSING, CLOSING_SHARE = 3.0, 1.0
"""Seconds that the card, the pictures and the report take at least, and in parts of what came before.

On a busy machine the prelude took 10 s to 21 s, and what followed the last training as much and a fifth more.
"""
WARM_UP = 4.0
"""Seconds until fresh workers train: Python, PyTorch, the data."""
MOST_OF_ALL = 0.5
"""Share of the time that the end may take at most: a search of nothing needs no confirmation."""
MARGIN = 1.15
_PLANS = ((3, 3), (3, 2), (2, 2), (3, 1), (2, 1), (1, 1))
"""How many of the best are run again, and with how many seeds, from the most careful plan on."""
MOST_NETWORKS = 3
"""Networks of the winner that are planned to answer together, at most."""
SPARE_NETWORKS = 5
"""Networks of the winner at most where time is left over."""
REFIT_COST = 1.3
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
    def last_training(self) -> float:
        """When the last training has to be over, on the monotonic clock."""
        return self.at - self.closing

    @property
    def for_trainings(self) -> float:
        """Seconds that trainings may still take."""
        return max(0.0, self.left - self.closing)

    def searching(self) -> Deadline:
        """Return the deadline as a search knows it that begins now."""
        return replace(self, prelude=self.total - self.left) if self.hurries else self


def seconds_per_training(history: History, objective: Objective) -> float:
    """Return what a training like those of the best few takes, the best at least; 0 while nothing is known.

    The first trial is passed over where others have finished: its worker had still to start.
    """
    finished = history.ranked(objective)
    finished = [trial for trial in finished if trial.number > 1] or finished
    if not finished and (history.steps or 0) > 0:
        each = pace(history, objective.metric, history.trials.values())
        return each * (history.steps or 0) if math.isfinite(each) else 0.0
    took = [_seconds(trial) for trial in finished[:3]]
    return max(took[0], statistics.median(took)) if took else 0.0


def _seconds(trial: Trial) -> float:
    """Return what a finished training took; where its time was not kept, nothing."""
    return sum(attempt.ended - attempt.started for attempt in trial.attempts if attempt.ended is not None)


@dataclass(frozen=True, slots=True)
class Finish:
    """What follows a search: fresh seeds for the best few, and the winner's networks on all rows."""

    top: int = 0
    """How many of the best are run again."""
    seeds: int = 0
    """With how many fresh seeds each."""
    refit: bool = False
    networks: int = 0
    """How many seeds of the best were trained already."""

    def seconds(self, training: float, workers: int) -> float:
        """Return how long it takes where a training takes so long, without the card."""
        again = WARM_UP + math.ceil(self.top * self.seeds / workers) * training if self.top else 0.0
        known = max(self.networks, self.seeds + 1) if self.top else self.networks
        final = min(MOST_NETWORKS, known) * training * REFIT_COST if self.refit and known > 1 else 0.0
        return MARGIN * (again + final)


def affordable(
    training: float,
    left: float,
    most: int,
    workers: int,
    *,
    refit: bool,
    runs: float = math.inf,
    networks: int = 0,
) -> Finish:
    """Return what fits into the time: how many of the best with how many seeds, of `runs` in all at most."""
    for top, seeds in _PLANS:
        finish = Finish(min(top, most), seeds, refit, networks)
        if finish.top and finish.top * seeds <= runs and finish.seconds(training, workers) <= left:
            return finish
    # A second network that answers beside the first is worth its time also where none is left for all rows.
    if refit and runs >= 1:
        return affordable(training, left, most, workers, refit=False, runs=runs, networks=networks)
    alone = Finish(refit=refit, networks=networks)
    return alone if alone.seconds(training, workers) <= left else Finish(networks=networks)


def reserve(
    history: History,
    objective: Objective,
    deadline: Deadline,
    most: int,
    workers: int,
    runs: float = math.inf,
) -> float:
    """Return what trainings after the search take, in seconds; fresh seeds are `runs` at most."""
    training, networks = seconds_per_training(history, objective), networks_of(history, objective)
    if not training:
        return 0.0
    cap = max(0.0, MOST_OF_ALL * deadline.total - deadline.closing)
    finish = affordable(training, cap, most, workers, refit=deadline.refit, runs=runs, networks=networks)
    return finish.seconds(training, workers)


def networks_of(history: History, objective: Objective) -> int:
    """Return how many seeds the best so far was trained with."""
    best = history.best(objective) if history.finished else None
    return 0 if best is None else 1 + len(history.repeats(best.number))
