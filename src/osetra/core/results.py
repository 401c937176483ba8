"""Results: what a history has taught, as arrays; the step from records to maths.

One row per configuration: repeats with fresh seeds are averaged into the trial they repeat, and a
configuration that was tried twice stays two rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from osetra.core.edits import holds
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.scales import Array
from osetra.core.space import Mask
from osetra.core.trial import ENDED, Trial


@dataclass(frozen=True, slots=True)
class Results:
    """Ended and pending trials of a problem in the unit cube."""

    trials: tuple[Trial, ...]
    """The ended first runs, by number."""
    x: Array
    """Their configurations (n, d); NaN where a column is inactive."""
    y: Array
    """Their values (n,), minimised; the mean over fresh seeds where there are any; NaN without one."""
    pending: Array
    """Configurations (m, d) of the trials that are queued or running."""
    count: Array
    """How many runs each value is the mean of (n,)."""

    @property
    def valid(self) -> Mask:
        """Which rows have a finite value (n,); the others failed or diverged."""
        return np.isfinite(self.y)

    @property
    def order(self) -> tuple[int, ...]:
        """Rows from best to worst, those without a finite value left out."""
        rows = np.flatnonzero(self.valid)
        return tuple(rows[np.argsort(self.y[rows], kind="stable")].tolist())


@dataclass(frozen=True, slots=True)
class Readings:
    """What curves say at several steps: more than their last values, for searchers that can use it."""

    x: Array
    """Configurations (n, d) in the unit cube, a row for every step at which a trial was read."""
    depth: Array
    """How far into a full training each reading was taken (n,): 0 at its first step, 1 at its end."""
    y: Array
    """Values (n,), minimised; NaN where the trial failed."""
    pending: Array
    """Configurations (m, d) that are queued or on their way to their next reading."""
    pending_depth: Array
    """Where they will be read (m,)."""


def results(problem: Problem, history: History) -> Results:
    """Return what the history says about the problem."""
    blocks = list(history.trials.derived(_block, problem, bool(history.edits)))
    ended = tuple(chain.from_iterable(block.trials for block in blocks))
    y = np.concatenate([np.empty(0), *(block.y for block in blocks)])
    again, count = history.repeated, np.ones(len(y))
    if again:
        rows = np.flatnonzero(np.isin([trial.number for trial in ended], list(again)))
        y[rows] = [problem.objective.sign * _worth(ended[row], again[ended[row].number]) for row in rows]
        count[rows] += [len(again[ended[row].number]) for row in rows]
    none = np.empty((0, len(problem.space.columns)))
    x = np.concatenate([none, *(block.x for block in blocks)])
    return Results(ended, x, y, np.concatenate([none, *(block.pending for block in blocks)]), count)


def _block(trials: Sequence[Trial], problem: Problem, edited: bool) -> Results:
    """Return the results of a block of trials; fresh seeds and what an edit put outside are left out."""
    # What a person changed halfway is no statement about the configuration it began with.
    first = [trial for trial in trials if trial.repeats is None and not trial.steered]
    if edited:
        first = [trial for trial in first if holds(problem.space, trial.config)]
    ended = tuple(t for t in first if t.state in ENDED and not (t.state == "stopped" and t.value is None))
    waiting = [t.config for t in first if t.state not in ENDED]
    worth = [problem.objective.sign * _worth(trial, ()) for trial in ended]
    encode = problem.space.encode
    return Results(
        ended,
        encode([t.config for t in ended]),
        np.array(worth, np.float64),
        encode(waiting),
        np.ones(len(ended)),
    )


def _worth(trial: Trial, again: Sequence[Trial]) -> float:
    """Return the mean over all runs of a configuration; NaN when its first run failed.

    A stopped trial counts with its value so far: it says at least that better ones are elsewhere.
    """
    if trial.state not in ("finished", "stopped") or trial.value is None or not math.isfinite(trial.value):
        return math.nan
    values = [trial.value, *(t.value for t in again if t.value is not None)]
    return sum(values) / len(values)
