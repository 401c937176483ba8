"""Plateau: neither loss has moved for a while → 0.3 times the learning rate."""

from __future__ import annotations

import math

import numpy as np

from osetra.advice.training.observation import FACTOR, Observation, TrainingAdvice, smooth
from osetra.advice.wording import short
from osetra.core.scales import Array


def find(training: Observation) -> TrainingAdvice | None:
    """Return the advice to lower the learning rate of a training that makes no progress."""
    window = max(5, math.ceil(0.15 * training.steps))
    val, train = training.val, training.train
    if (
        training.rate is None
        or not training.live_rate
        or len(val) < 2 * window
        or training.since < window
        or training.step >= 0.95 * training.steps
    ):
        return None
    if not np.all(np.isfinite(val[-2 * window :])):
        return None
    means = smooth(val)
    gained = float(np.min(means[:-window]) - np.min(means[-window:]))
    descent = float(means[0] - np.min(means))
    if gained > 0.01 * descent or not _flat(train, window):
        return None
    text = f"no progress for {window} steps: {short(abs(float(means[-1])))}"
    action, other = f"{training.rate} × {FACTOR:g}", "or stop: it may have learned what it can"
    return training.advise(
        "plateau", text, verb="scale", args={training.rate: FACTOR}, action=action, other=other
    )


def _flat(train: Array, window: int) -> bool:
    """Whether the training loss fell by less than 2 % over the window, if it is known at all."""
    if len(train) < 2 * window:
        return True
    before, after = float(np.mean(train[-2 * window : -window])), float(np.mean(train[-window:]))
    return not after < before - 0.02 * abs(before)
