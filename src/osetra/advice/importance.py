"""Which hyperparameters mattered: what separates the best quarter of the trials from the rest."""

from __future__ import annotations

import numpy as np

from osetra.advice.wording import percent
from osetra.core.finding import Finding
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.results import results
from osetra.numerics.importance import FEWEST, importance

RULE = "importance"
CHANCE = 0.05
"""How often one of all hyperparameters may be named that does not matter."""


def find(problem: Problem, history: History) -> list[Finding]:
    """Return the hyperparameters that mattered, most important first; nothing below 15 trials."""
    past = results(problem, history)
    n = int(np.sum(past.valid))
    declared = problem.space.declared
    columns = [problem.space.columns[j] for j in declared]
    if n < FEWEST or len(columns) < 2:
        return []
    # The seed of the permutations depends on the history only, so advice is repeatable.
    rng = np.random.default_rng((0, n))
    found = importance(past.x[past.valid][:, declared], past.y[past.valid], rng)
    judged = int(np.sum(~np.isnan(found.chance)))
    order = [int(j) for j in np.argsort(-np.nan_to_num(found.share), kind="stable")]
    mattered = [j for j in order if found.chance[j] * judged <= CHANCE]
    if not mattered:
        return []
    named = ", then ".join(f"{columns[j].name} ({percent(found.share[j])})" for j in mattered[:4])
    text = f"what separates the best quarter of {n} trials is mainly {named}"
    rest = [columns[j].name for j in order if j not in mattered and found.chance[j] > 0.2]
    action = (
        f"no effect of {', '.join(rest)} can be seen: fix them first when trials are short" if rest else ""
    )
    return [Finding(rule=RULE, level="info", text=text, action=action)]
