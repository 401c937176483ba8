"""The front: every finished trial by its objectives, and the volume that the front has grown to."""

from __future__ import annotations

from typing import Any

import numpy as np

from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.effects.front import eligible, front_of, nothing_fits
from osetra.errors import NothingFinished

Document = dict[str, Any]


def front_panel(problem: Problem, history: History) -> Document:
    """Return the finished trials that have a value of every objective, as they ended.

    `values` has a list for each trial, in the order of `metrics` and in the user's own directions. `state` is
    "front", "dominated" or "infeasible". Volumes are those after each trial of `ended`, which keep the
    limits.
    """
    some = eligible(problem, history)
    signs = np.array([one.sign for one in problem.objectives])
    try:
        front = front_of(problem, history)
    except NothingFinished:
        front = None
    on_it = set() if front is None else {member.number for member in front}
    kept = some.found.kept.tolist()
    return {
        "version": history.version,
        "metrics": [one.metric for one in problem.objectives],
        "signs": [int(one.sign) for one in problem.objectives],
        "limits": {bound.metric: bound.rule for bound in problem.bounds},
        "trials": [trial.number for trial in some.trials],
        "values": (signs * some.found.values).tolist(),
        "state": [
            "front" if trial.number in on_it else "dominated" if fits else "infeasible"
            for trial, fits in zip(some.trials, kept, strict=True)
        ],
        "seeds": [1 + len(history.repeats(trial.number)) for trial in some.trials],
        "front": [] if front is None else [member.number for member in front],
        "knee": None if front is None else front.knee.number,
        "reference": None if front is None else list(front.reference),
        "ended": [] if front is None else list(front.ended),
        "volumes": [] if front is None else list(front.volumes),
        "unmet": nothing_fits(problem, history) or None,
    }
