"""R26: the objective goes up and down with a period: the order of the data, not the network.

Differences from report to report are compared with those a period later, where the descent is over.

Source: Godbole et al., Deep Learning Tuning Playbook.
"""

from __future__ import annotations

import numpy as np

from osetra.advice.best_curves import FEWEST, best_curves
from osetra.core.clean import name_text
from osetra.core.finding import Finding
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.scales import Array

RULE = "sawtooth"
SHORTEST = 30
ALIKE = 0.5
"""Correlation of differences that lie a period apart."""


def find(problem: Problem, history: History) -> list[Finding]:
    """Return the period that most of the best trials share."""
    curves = best_curves(problem, history, problem.objective.metric, SHORTEST)
    periods = [period for _, curve in curves if (period := _period(curve))]
    common = max(set(periods), key=periods.count, default=0)
    count = periods.count(common)
    if not common or count < FEWEST or count <= len(curves) / 2:
        return []
    text = (
        f"{name_text(problem.objective.metric)} rises and falls with a period of {common} reports in {count} "
        f"of the {len(curves)} best trials"
    )
    action = "shuffle the training data anew in each epoch, and look whether the schedule has this period"
    return [Finding(rule=RULE, level="advice", text=text, action=action)]


def _period(curve: Array) -> int:
    """Return the number of reports after which differences come again; 0 without one."""
    late = np.diff(curve[len(curve) // 3 :])
    late = late - np.mean(late)
    whole = float(late @ late)
    if whole <= 0:
        return 0
    lags = np.arange(3, len(late) // 3 + 1)
    alike = np.array(
        [float(late[lag:] @ late[:-lag]) / whole * len(late) / (len(late) - lag) for lag in lags]
    )
    if not len(lags) or np.max(alike) < ALIKE:
        return 0
    # A drift is alike at all lags, a period at its own.
    return int(lags[np.argmax(alike)]) if np.min(alike) < 0 else 0
