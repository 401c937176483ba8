"""Autopilot: which advice on a training is followed without a person.

It waits some steps between two orders, goes back only a few times, and then lets the training be
stopped, or begun anew once with a lower learning rate. Orders that it gave are read from the log, so
another program's autopilot counts too.
"""

from __future__ import annotations

import math
from dataclasses import replace

from osetra.advice.training import TrainingAdvice, training_advice
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.trial import ENDED, Trial

REST = 0.1
"""Share of a training's steps between two of its orders, at least three steps."""
MOST_BACK = 3
"""How often it goes back in one training, branches off it included."""


def next_advice(problem: Problem, history: History, trial: Trial) -> TrainingAdvice | None:
    """Return the advice to follow now, or None."""
    found = training_advice(problem, history, trial)
    if found is None or found.verb is None:
        return None
    mine = [order for order in trial.orders if order.by == "autopilot"]
    if found.verb in ("rollback", "branch"):
        back = sum(
            order.verb in ("rollback", "branch") and order.by == "autopilot"
            for other in history.trials.values()
            for order in other.orders
        )
        if back < MOST_BACK:
            return None if any(order.verb == "branch" for order in mine) else found
        if trial.state in ENDED:
            first = not any(o.verb == "branch" for t in history.trials.values() for o in t.orders)
            return found if first and found.args.get("step") == 0 else None
        action = f"stop: going back {MOST_BACK} times did not help"
        return replace(found, verb="stop", args={}, action=action)
    rest = max(3, math.ceil(REST * (history.steps or found.step)))
    return found if all(found.step - order.step >= rest for order in mine) else None
