"""Is the search still improving, has it stopped, or has it hardly begun?

R3: n random trials hit the best tenth of a space with chance 1 - 0.9^n, so that 29 make it 95 %.

Source: Godbole et al., Deep Learning Tuning Playbook, figure 3; Bergstra & Bengio 2012.
"""

from __future__ import annotations

import math

import numpy as np

from osetra.advice.seeds import seed_noise
from osetra.advice.wording import percent, short
from osetra.core.clean import name_text
from osetra.core.finding import Finding, Move
from osetra.core.finite import size
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.scales import Array

RULE = "plateau"
ENOUGH = math.ceil(math.log(0.05) / math.log(0.9))
"""29 trials: one lies in the best tenth of the space with chance 95 %."""
RANDOM = ("random", "sobol")
"""Searchers whose trials lie anywhere, whatever came out before."""
GAIN = 0.1
"""A gain counts when it is this share of the way from the middle trial to the best."""
NOTHING = 0.01
CHANCE = 0.05
"""Of later values being as low without any progress."""
LUCK = 2.0
"""A gain counts when it is also this many times the seed noise, where fresh seeds have measured it."""


def find(problem: Problem, history: History) -> list[Finding]:
    """Return whether more trials are likely to pay."""
    # First results only: a mean over fresh seeds beside single results would look like a step back.
    tried = [trial for trial in history.finished if trial.repeats is None]
    sign = problem.objective.sign
    y: Array = sign * np.array([trial.value for trial in tried], dtype=np.float64)
    n = len(y)
    found = _few(problem, history)
    if n < 12:
        return found
    late, half = math.ceil(0.75 * n), n // 2
    reach = float(np.median(y) - np.min(y))
    if reach <= 0:
        return found
    gain = float(np.min(y[:late]) - np.min(y))
    if gain > LUCK * seed_noise(history) and gain >= GAIN * reach and _better(y[late:], y[:late]):
        was, now = sign * float(np.min(y[:late])), sign * float(np.min(y))
        text = (
            f"still improving: the last {n - late} trials took the best single "
            f"{name_text(problem.objective.metric)} from {short(was)} to {short(now)}"
        )
        action, move = "more trials are likely to pay", _more(history, math.ceil(1.5 * history.target))
        return [*found, Finding(rule=RULE, level="advice", text=text, action=action, move=move)]
    if n >= 20 and np.min(y[:half]) - np.min(y) <= NOTHING * reach:
        since = tried[int(np.argmin(y[:half]))].number
        text = f"no gain worth its cost since trial {since}: the last {n - half} of {n} trials found none"
        action = "stop here and confirm the best with fresh seeds, or search other hyperparameters"
        return [*found, Finding(rule=RULE, level="info", text=text, action=action)]
    return found


def _better(new: Array, old: Array) -> bool:
    """Whether later values are lower as a whole: in noise the best is among the last quarter in 1 of 4."""
    from scipy.stats import mannwhitneyu  # which most programs do not need

    return bool(mannwhitneyu(new, old, alternative="less").pvalue < CHANCE)


def _more(history: History, trials: int) -> Move | None:
    """Return the move to a larger total; None where the study has none, or one that is as large."""
    if not 0 < history.target < trials:
        return None
    return Move(text=f"make it {trials} trials", verb="target", args={"trials": trials})


def _few(problem: Problem, history: History) -> list[Finding]:
    """Return the chance to have hit the best tenth: only where all trials were drawn at random, and ended."""
    ended = [trial for trial in history.ended if trial.repeats is None]
    n, total, d = len(ended), size(problem.space), len(problem.space.columns)
    drawn = all(trial.state == "finished" and trial.by in RANDOM for trial in ended)
    if not n or not drawn or n >= ENOUGH or (total is not None and n >= total):
        return []
    many = f"{n} random trial{'s' if n > 1 else ''} of {d} hyperparameter{'s' if d > 1 else ''}"
    chance = f"the chance that one of them lies in the best tenth is {percent(1 - 0.9**n)}"
    action = f"{ENOUGH} trials make it 95 %" + (", or fix some hyperparameters" if d > 1 else "")
    move = _more(history, ENOUGH)
    return [Finding(rule=RULE, level="info", text=f"{many}: {chance}", action=action, move=move)]
