"""The model expects less gain from the whole space than another seed changes: stop, and confirm.

Source: expected gain against cost after Frazier, A Tutorial on Bayesian Optimization (2018), section 4;
here against the noise, which is what a person can see. `osetra.effects.remaining`.
"""

from __future__ import annotations

from osetra.advice.wording import percent
from osetra.core.finding import Finding
from osetra.core.history import History
from osetra.core.problem import Problem

RULE = "remaining"


def find(problem: Problem, history: History) -> list[Finding]:
    """Return that more trials of this space will not pay, where the model says so."""
    from osetra.effects.remaining import remaining  # with SciPy, which most programs do not need

    left = remaining(problem, history)
    if left is None or not left.is_over:
        return []
    text = (
        f"a model of {left.trials} trials expects the best of the whole space to beat the best so far by "
        f"{percent(left.share)} of what another seed changes: more trials would find luck"
    )
    action = "stop here and confirm the best with fresh seeds; to gain more, search other hyperparameters"
    return [Finding(rule=RULE, level="info", text=text, action=action)]
