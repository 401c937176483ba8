"""From a history to functions that may have given it: what importance, effects and ablation are made of.

A trial that was stopped, or that waits at a checkpoint, enters with the value that its curve is
expected to have at the end of a full training, as the searchers see it, and with the deviation that
trainings which went on showed there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from osetra.core.edits import readable
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.results import results
from osetra.core.space import Space
from osetra.core.trial import Trial
from osetra.numerics import effects
from osetra.numerics.effects import Effects, Trained
from osetra.numerics.kernels import Array, Ints, Mask
from osetra.numerics.memory import Memory
from osetra.numerics.shares import FEWEST, explains
from osetra.numerics.warp import LARGEST
from osetra.schedulers.table import completed, table_of
from osetra.searchers.threads import one_thread

_LEARNT = Memory[Effects | None](8)


@dataclass(frozen=True, slots=True)
class EffectModel:
    """Functions that may have given a history, or why there are none."""

    space: Space
    sign: float
    """+1 when minimising, -1 when maximising."""
    trials: int
    """How many have a value."""
    exists: Ints
    """How many of them have each column (d,)."""
    effects: Effects | None
    doubt: str
    """Why nothing can be said yet; empty when something can."""
    digest: bytes = b""
    """Of all that the functions follow from."""


def model_of(problem: Problem, history: History) -> EffectModel:
    """Return what the trials so far say of the hyperparameters, all of them together."""
    data = trained(problem, history)
    good = ~data.failed
    n, exists = int(good.sum()), np.sum(~np.isnan(data.x[good]), axis=0)
    space, sign = problem.space, problem.objective.sign
    doubt = _too_little(problem, data.y[good])
    if doubt:
        return EffectModel(space, sign, n, exists, None, doubt)
    levels, categorical = kinds(space)
    key = b"".join(
        (*(part.tobytes() for part in (data.x, data.y, data.variance)), repr(space).encode(), b"%d" % n)
    )

    def learn() -> Effects | None:
        with one_thread():
            return effects.learn(data, levels, categorical, space.snap, history.seed)

    found = _LEARNT.recall(key, learn)
    return EffectModel(space, sign, n, exists, found, _unexplained(found), key)


def kinds(space: Space) -> tuple[Ints, Mask]:
    """Return the number of values (d,) of each column, 0 where continuous, and which are categories (d,)."""
    return (
        np.array([min(column.levels, 2**62) for column in space.columns], dtype=np.int64),
        np.array([column.categorical for column in space.columns], dtype=bool),
    )


def trained(problem: Problem, history: History) -> Trained:
    """Return what every first run has come to, or is expected to come to."""
    past, sign = results(problem, history), problem.objective.sign
    trials, y = list(past.trials), past.y
    paused = readable(problem.space, history, history.paused)
    waiting = [t for t in paused if t.repeats is None and not t.steered]
    trials += waiting
    x = np.concatenate((past.x, problem.space.encode([t.config for t in waiting])))
    own = [np.nan if t.value is None else sign * t.value for t in waiting]
    y = np.concatenate((y, np.array(own, dtype=np.float64)))
    y, variance = np.clip(y, -LARGEST, LARGEST), np.zeros(len(y))
    unfinished = [row for row, trial in enumerate(trials) if trial.state in ("stopped", "paused")]
    if unfinished and history.steps:
        _complete(problem, history, trials, unfinished, y, variance)
    known = np.isfinite(y) | np.array([t.state in ("failed", "diverged") for t in trials], dtype=bool)
    return Trained(x[known], y[known], ~np.isfinite(y[known]), variance[known])


def _complete(
    problem: Problem, history: History, trials: list[Trial], rows: list[int], y: Array, variance: Array
) -> None:
    """Put in place what unfinished curves are expected to come to (n,), and how sure that is (n,)."""
    table = table_of(problem.objective, history)
    values, deviations = completed(table, int(history.steps or 0))
    widest = float(np.nanstd(np.where(np.isfinite(y), y, np.nan))) if np.isfinite(y).any() else 0.0
    for row in rows:
        place = table.row(trials[row].number)
        if place is not None and np.isfinite(values[place]):
            y[row] = np.clip(values[place], -LARGEST, LARGEST)
            variance[row] = min(float(deviations[place]), widest) ** 2


def _too_little(problem: Problem, y: Array) -> str:
    if not problem.space.columns:
        return "nothing is searched"
    if len(y) < FEWEST:
        had = "1 trial has" if len(y) == 1 else f"{len(y) or 'no'} trials have"
        return f"{had} a value, and {FEWEST} are needed before anything can be said"
    if np.ptp(y) <= 1e-12 * np.max(np.abs(y)):
        return f"all {len(y)} trials have the same value: no hyperparameter has shown an effect"
    return ""


def _unexplained(found: Effects | None) -> str:
    if found is None:
        return "all trials have the same value: no hyperparameter has shown an effect"
    if not explains(found):
        return "the trials so far look like noise: no hyperparameter explains their differences"
    return ""
