"""R36: some trials were looked at more often than others, and the best of many looks is a luckier one.

Source: Godbole et al., Deep Learning Tuning Playbook; Karpathy 2019.
"""

from __future__ import annotations

import numpy as np

from osetra.core.clean import name_text
from osetra.core.finding import Finding
from osetra.core.history import History
from osetra.core.problem import Problem

RULE = "uneven"
TWICE = 2.0


def find(problem: Problem, history: History) -> list[Finding]:
    """Return that finished trials reported at different distances, where the best report counts."""
    if problem.objective.pick != "best":
        return []
    steps = [history.curve(t, problem.objective.metric)[0] for t in history.finished if t.repeats is None]
    gaps = [float(np.median(np.diff(each))) for each in steps if len(each) >= 4]
    if len(gaps) < 2 or max(gaps) < TWICE * min(gaps):
        return []
    text = (
        f"some trials report {name_text(problem.objective.metric)} every {min(gaps):.0f} steps and others "
        f"every {max(gaps):.0f}: the best of more reports looks better than it is"
    )
    return [Finding(rule=RULE, level="advice", text=text, action="report every so many steps in all trials")]
