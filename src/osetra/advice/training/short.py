"""R18 too short: the training still improves at its end → train longer."""

from __future__ import annotations

import numpy as np

from osetra.advice.training.observation import Observation, TrainingAdvice


def find(training: Observation) -> TrainingAdvice | None:
    """Return that a training ended too early; no order can help it any more."""
    val = training.val
    if training.step < training.steps or len(val) < 8 or not np.all(np.isfinite(val)):
        return None
    late = -(-3 * len(val) // 4)
    gained = float(np.min(val[:late]) - np.min(val))
    if np.argmin(val) < late or gained <= 0.02 * float(val[0] - np.min(val)):
        return None
    share = gained / float(val[0] - np.min(val))
    text = (
        f"it was still improving: {100 * share:.0f} % of all progress came in the last quarter; train longer"
    )
    return training.advise("short", text)
