"""R15 overfitting: the validation loss rises while the training loss falls → stop, the best is kept."""

from __future__ import annotations

import math

import numpy as np

from osetra.advice.training.observation import Observation, TrainingAdvice, smooth
from osetra.advice.wording import short


def find(training: Observation) -> TrainingAdvice | None:
    """Return the advice to stop a training that overfits."""
    val, train = training.val, training.train
    n = min(len(val), len(train))
    if n < 8 or not (np.all(np.isfinite(val)) and np.all(np.isfinite(train))):
        return None
    # Running means, because one lucky epoch is no descent and one bad one no rise.
    means, falling = smooth(val[:n]), smooth(train[:n])
    best, end = int(np.argmin(means)), float(means[-1])
    drop, lowest = float(means[0] - means[best]), float(means[best])
    rose = end - lowest >= max(0.1 * drop, 0.02 * abs(lowest)) and end >= float(means[-4])
    long_ago = n - 1 - best >= max(4, math.ceil(0.1 * training.steps))
    if not (rose and long_ago and float(falling[-1]) < float(falling[best])):
        return None
    at = training.step - (n - 1 - best)
    text = (
        f"overfitting: the validation loss rose from {short(abs(lowest))} at step {at} "
        f"to {short(abs(end))} while the training loss went on falling"
    )
    more = "dropout" if "dropout" in training.trial.config else "weight_decay"
    other = f"or branch with more {more}" if more in training.trial.config else ""
    return training.advise(
        "overfitting", text, verb="stop", action="stop, the best step is kept", other=other
    )
