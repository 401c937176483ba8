"""R27: the training loss rises over the training, in the best trials even: the pipeline does something else.

Source: Godbole et al., Deep Learning Tuning Playbook.
"""

from __future__ import annotations

import numpy as np

from osetra.advice.best_curves import best_curves, shared
from osetra.core.finding import Finding
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.scales import Array

RULE = "rising_loss"
SHORTEST = 8
SURE = 3.0
"""Deviations by which the last quarter lies above the first."""


def find(problem: Problem, history: History) -> list[Finding]:
    """Return that the training loss rises in most of the best trials."""
    curves = best_curves(problem, history, "train_loss", SHORTEST)
    rising = shared(curves, _rises)
    if not rising:
        return []
    text = (
        f"the training loss rises over the training in {len(rising)} of the {len(curves)} best trials, such "
        f"as trial {rising[0]}: that is no matter of hyperparameters"
    )
    action = "look at the order of the data, the sign of the loss and what changes between epochs"
    return [Finding(rule=RULE, level="warning", text=text, action=action)]


def _rises(curve: Array) -> bool:
    quarter = max(2, len(curve) // 4)
    first, last = curve[:quarter], curve[-quarter:]
    error = np.sqrt((np.var(first, ddof=1) + np.var(last, ddof=1)) / quarter)
    return bool(np.mean(last) - np.mean(first) > SURE * error and np.min(last) > np.max(first))
