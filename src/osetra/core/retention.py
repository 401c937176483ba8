"""Retention: which checkpoints somebody may still go on from, and which files nobody needs any more."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from osetra.core.history import History
from osetra.core.lineage import best_of, checkpoints, here
from osetra.core.trial import ENDED, Trial

LATEST = 2
"""How many of the latest checkpoints of an unfinished trial are kept beside its best one."""


def needed(history: History, sign: float) -> set[str]:
    """Return the files that somebody may still go on from.

    Of an unfinished trial the latest two and the best one on its lineage, and those that waiting
    branches and roll-backs name; of ended trials the best one of the best three.
    """
    keep: set[str] = set()
    for number in history.unfinished:
        keep |= _wanted(history, history.trials[number], sign)
    for trial in _top(tuple(chain.from_iterable(history.trials.derived(_top, sign))), sign):
        keep |= {best.file for best in best_of(trial.checkpoints, sign)}
    return keep


def spare(present: set[str], history: History, sign: float) -> set[str]:
    """Return the files among some that are in the log and that nobody needs any more."""
    unused = present - needed(history, sign) if present else set()
    if not unused:
        return set()
    # Only now: a long study has had many more checkpoints than there are files.
    files = (point.file for trial in history.trials.chosen(_keeping) for point in trial.checkpoints)
    return {file for file in files if file in unused}


def _keeping(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.checkpoints]


def _top(trials: Sequence[Trial], sign: float) -> list[Trial]:
    """Return the best three ended trials that have checkpoints."""
    ended = [t for t in trials if t.state in ENDED and t.checkpoints and t.value is not None]
    return sorted(ended, key=lambda t: sign * (t.value or 0.0))[:3]


def _wanted(history: History, trial: Trial, sign: float) -> set[str]:
    way = checkpoints(history.trials, here(trial))
    keep = {point.file for point in (*way[:LATEST], *best_of(way, sign))}
    for order in trial.orders:
        if order.pending and "step" in order.args:
            other = history.trials[order.args.get("trial", trial.number)]
            way = checkpoints(history.trials, here(other))
            keep |= {p.file for p in way if p.step <= order.args["step"]}
    return keep
