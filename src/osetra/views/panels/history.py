"""The history: what every ended trial was worth, and the best so far, by trials, time and cost."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.trial import ENDED, Trial
from osetra.views.plain import plain_number

Document = dict[str, object]


def history_panel(problem: Problem, history: History) -> Document:
    """Return the ended trials in the order in which they ended.

    The best so far follows finished first runs that nobody steered by hand, as the incumbent does before
    fresh seeds. The cost is that of all trials ended so far, in full trainings.
    """
    ended = sorted(chain.from_iterable(history.trials.derived(_ended)), key=lambda row: row[:2])
    owners = history.curves.all(problem.objective.metric)[0][0]
    reports = np.bincount(owners, minlength=max(history.trials, default=0) + 1)
    steps, cost, best, breaking = history.steps, 0.0, None, history.unfit
    values, bests, costs = [], [], []
    for _, number, value, _, counts, _ in ended:
        cost += float(reports[number]) / steps if steps else 1.0
        if counts and number not in breaking and value is not None and problem.objective.better(value, best):
            best = value
        values.append(plain_number(value))
        bests.append(best)
        costs.append(round(cost, 4))
    return {
        "version": history.version,
        "by": "ended",
        "metric": problem.objective.metric,
        "sign": int(problem.objective.sign),
        "opened": history.opened_at or None,
        "trials": [row[1] for row in ended],
        "state": [row[5] for row in ended],
        "value": values,
        "best": bests,
        "time": [row[0] for row in ended],
        "cost": costs,
        "repeats": [row[3] for row in ended],
    }


def _ended(trials: Sequence[Trial]) -> list[tuple[float, int, float | None, int | None, bool, str]]:
    """Return when a block's trials ended, number, value, what they repeat, if they may be best, state."""
    return [
        (
            _end(trial),
            trial.number,
            trial.value,
            trial.repeats,
            trial.state == "finished" and trial.repeats is None and not trial.by_hand,
            str(trial.state),
        )
        for trial in trials
        if trial.state in ENDED
    ]


def _end(trial: Trial) -> float:
    """Return when a trial ended: its last attempt did, or an order ended it while it waited."""
    ends = [a.ended for a in trial.attempts[-1:] if a.ended is not None]
    ends += [o.obeyed_at for o in trial.orders if o.verb == "stop" and o.obeyed_at is not None]
    return max(ends, default=trial.suggested)
