"""R12: how wide the range of good learning rates is, once it is known that the learning rate matters.

Source: Wortsman et al. 2023, "Small-scale proxies for large-scale Transformer training instabilities".
"""

from __future__ import annotations

import math

import numpy as np

from osetra.advice.training.observation import RATES
from osetra.advice.wording import percent, short
from osetra.core.clean import name_text
from osetra.core.finding import Finding
from osetra.core.history import History
from osetra.core.params import Float
from osetra.core.problem import Problem

RULE = "good_rates"
GOOD = 0.1
"""Of the whole effect: what lies closer to its best is good."""


def find(problem: Problem, history: History) -> list[Finding]:
    """Return the good range of the learning rate."""
    column = next((c for c in problem.space.columns if c.name in RATES), None)
    if column is None or not isinstance(column.param, Float) or column.param.scale != "log":
        return []
    from osetra.effects.importance import importance  # with SciPy, which most programs do not need

    found = importance(problem, history)
    if found.doubt or not found.shares[column.name].matters:
        return []
    effect = found.effects[column.name]
    mean = problem.objective.sign * np.array(effect.mean)
    good = np.flatnonzero(mean <= np.min(mean) + GOOD * np.ptp(mean))
    low, high = (float(effect.values[i]) for i in (good[0], good[-1]))
    whole = math.log10(column.param.high / column.param.low)
    cells = math.log10(high / low) + whole / len(mean)
    text = (
        f"{name_text(column.name)} is good from {short(low)} to {short(high)}, {cells:.1f} of {whole:.1f} "
        f"decades: there its average effect is within {percent(GOOD)} of its best"
    )
    return [Finding(rule=RULE, level="info", text=text)]
