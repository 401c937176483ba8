"""R34: the seed is searched. It says nothing about the next training, and the search would tune luck.

Source: Godbole et al., Deep Learning Tuning Playbook; the default space of Hugging Face's trainer has one.
"""

from __future__ import annotations

import numpy as np

from osetra.core.finding import Finding, edit_of
from osetra.core.history import History
from osetra.core.params import Fixed, Value
from osetra.core.problem import Problem

RULE = "seed_searched"
_SEEDS = ("seed", "random_seed", "random_state")


def find(problem: Problem, history: History) -> list[Finding]:
    """Return the seeds among the searched hyperparameters."""
    columns = [c for c in problem.space.columns if c.key.split(".")[-1].lower() in _SEEDS]
    return [_finding(column.key, column.param.from_unit(np.zeros(1))[0]) for column in columns]


def _finding(name: str, value: Value) -> Finding:
    text = f"{name} is searched like a hyperparameter: the best value is the luckiest, and will not be again"
    action = f"fix it: {name}={value}; fresh seeds come with --confirm, or study.confirm(train) in Python"
    move = edit_of(f"fix {name}", {name: Fixed(value)})
    return Finding(rule=RULE, level="warning", text=text, action=action, move=move)
