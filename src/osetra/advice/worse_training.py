"""R17: the trials that trained worse won: a low learning rate stands in for regularisation.

Two rank correlations have to be sure: a higher training loss goes with a better result, and so does a
lower learning rate.

Source: Godbole et al., Deep Learning Tuning Playbook.
"""

from __future__ import annotations

import numpy as np

from osetra.advice.curves import REGULARISERS
from osetra.advice.training.observation import rate_name
from osetra.advice.wording import one_of
from osetra.core.finding import Finding
from osetra.core.history import History
from osetra.core.problem import Problem

RULE = "worse_training"
FEWEST = 12
CHANCE = 0.01


def find(problem: Problem, history: History) -> list[Finding]:
    """Return that worse training goes with better results."""
    sign, rows = problem.objective.sign, []
    for trial in history.finished:
        train, rate = history.curve(trial, "train_loss")[1], rate_name(trial.config)
        if trial.repeats is None and rate and len(train) and np.isfinite(train[-1]):
            rows.append((sign * float(trial.value or 0.0), float(train[-1]), float(trial.config[rate])))  # type: ignore[arg-type]
    if len(rows) < FEWEST:
        return []
    from scipy.stats import spearmanr  # which most programs do not need

    y, train_loss, rates = np.array(rows).T
    if min(np.ptp(y), np.ptp(train_loss), np.ptp(rates)) == 0:
        return []
    worse, slow = spearmanr(train_loss, y), spearmanr(rates, y)
    if worse.statistic >= 0 or slow.statistic <= 0 or max(worse.pvalue, slow.pvalue) >= CHANCE:
        return []
    text = (
        f"of {len(rows)} trials those with a higher training loss and a lower learning rate are the better "
        f"ones (rank correlations {worse.statistic:.2f} and {slow.statistic:.2f}): little training stands in "
        "for regularisation"
    )
    action = (
        "regularise" + one_of(problem.space, REGULARISERS, " with ") + " and search higher learning rates"
    )
    return [Finding(rule=RULE, level="advice", text=text, action=action)]
