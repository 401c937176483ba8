"""R25: at its end the objective jumps from report to report by about as much as lies between the best trials.

Source: Godbole et al., Deep Learning Tuning Playbook.
"""

from __future__ import annotations

import numpy as np

from osetra.advice.best_curves import best_curves, shared
from osetra.advice.wording import one_of, short
from osetra.core.clean import name_text
from osetra.core.finding import Finding
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.scales import Array

RULE = "jitter"
SHORTEST = 12
LARGE = 0.1
"""Share of the whole descent that a jump makes."""
NEAR = 0.5
"""Of what lies between the best trials: jumps themselves make their best reports differ."""
CALMING = ("ema", "ema_decay", "averaging", "schedule", "batch_size", "lr", "learning_rate")


def find(problem: Problem, history: History) -> list[Finding]:
    """Return how far the last reports of the best trials lie apart."""
    curves = best_curves(problem, history, problem.objective.metric, SHORTEST)
    numbers = shared(curves, lambda curve: _jump(curve) > LARGE * float(np.ptp(curve)))
    values = [history.trials[number].value or 0.0 for number, _ in curves]
    jump = float(np.median([_jump(curve) for _, curve in curves])) if curves else 0.0
    if not numbers or jump <= NEAR * float(np.ptp(values)):
        return []
    text = (
        f"{name_text(problem.objective.metric)} jumps by {short(jump)} from report to report at the end of "
        f"{len(numbers)} of the {len(curves)} best trials, which lie {short(float(np.ptp(values)))} apart"
    )
    action = "average the last reports, or validate on more rows" + one_of(
        problem.space, CALMING, ", or try "
    )
    return [Finding(rule=RULE, level="advice", text=text, action=action)]


def _jump(curve: Array) -> float:
    """Return the deviation of a report in the last third, its trend left out."""
    late = np.diff(curve[-max(5, len(curve) // 3) :])
    return float(np.std(late, ddof=1) / np.sqrt(2.0))
