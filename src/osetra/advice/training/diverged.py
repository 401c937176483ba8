"""R13 diverged: the loss is no number, or far above its best, or has never left where it began.

Back to the best checkpoint with 0.3 times the learning rate. What diverged again after that begins anew, and
so does a training that cannot change its learning rate.
"""

from __future__ import annotations

import math

import numpy as np

from osetra.advice.training.observation import FACTOR, Observation, TrainingAdvice
from osetra.advice.wording import short
from osetra.core.scales import Array
from osetra.core.trial import ENDED

ANEW = 0.1
"""FACTOR for a training that begins anew, because going back did not help."""
EXPLODED = 2.0
"""A loss this many times its best, twice in a row, has blown up; once is enough at its square."""


def find(training: Observation) -> TrainingAdvice | None:
    """Return the advice to go back, to begin anew, or to stop where neither is possible."""
    reason = _reason(training)
    if not reason:
        return None
    # Who went back and diverged again has no healthy weights to go back to.
    trial, best = training.trial, training.best_checkpoint
    spoiled = trial.parent is not None or trial.by == "autopilot"
    spoiled |= any(order.verb == "rollback" and not order.refused for order in trial.orders)
    factor = ANEW if spoiled and trial.state in ENDED else FACTOR
    lower = {} if training.rate is None else {training.rate: float(f"{factor * training.lr:.4g}")}
    lowered = "".join(f" and {name}={short(value)}" for name, value in lower.items())
    if trial.state in ENDED:
        if not lower:
            return None
        anew = spoiled or best is None or not training.live_rate
        args = {"step": 0 if anew else best, **lower}
        action = f"a branch {'from the beginning' if anew else f'from step {best}'}{lowered}"
        return training.advise("diverged", reason, verb="branch", args=args, action=action)
    if best is None:
        action = "stop; there is no checkpoint to go back to"
        return training.advise("diverged", reason, verb="stop", action=action)
    if lower and not training.live_rate:
        action = f"stop; {training.rate} cannot change while this training runs"
        return training.advise("diverged", reason, verb="stop", action=action)
    args, action = {"step": best, **lower}, f"back to step {best}{lowered}"
    return training.advise("diverged", reason, verb="rollback", args=args, action=action)


def _reason(training: Observation) -> str:
    """Return why a training counts as diverged; empty when it does not."""
    val, train = training.val, training.train
    for name, curve in (("loss", val), ("training loss", train)):
        if len(curve) and not math.isfinite(curve[-1]):
            return f"the {name} is no number any more"
    if training.trial.state == "diverged":
        return "the training diverged"
    # Negative values are no losses: there a factor means nothing.
    if len(val) > 1 and np.min(val) > 0:
        best = float(np.min(val[:-1]))
        together = len(train) < 2 or float(train[-1]) > EXPLODED * float(np.min(train[:-1]))
        again = val[-1] > EXPLODED**2 * best or (len(val) > 2 and val[-2] > EXPLODED * best)
        if val[-1] > EXPLODED * best and again and together and _beyond_start(val):
            return f"the loss blew up to {short(float(val[-1]))}; the best was {short(best)}"
    patience = max(5, math.ceil(0.1 * training.steps))
    if len(val) > patience and training.since >= patience and np.min(val[1:]) >= val[0] and val[0] > 0:
        return f"the loss never came below where it began, {short(float(val[0]))}, in {training.step} steps"
    return ""


def _beyond_start(val: Array) -> bool:
    """Whether the last value gave back most of the descent: a spike near the floor is none."""
    best = float(np.min(val[:-1]))
    return float(val[-1]) - best > 0.5 * (float(val[0]) - best)
