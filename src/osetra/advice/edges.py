"""A hyperparameter that matters is best at an edge of its range: better values may lie beyond it.

R1: the best trials at an edge say little where a model chose them: it goes where it was good, and pure
noise is good somewhere. So functions that may have given the trials are asked, once the trials are
explained at all and the hyperparameter surely matters. R2: where the trials at that edge mostly fail,
the edge is one of stability, not of the space.

Source: Godbole et al., Deep Learning Tuning Playbook; `osetra.effects.edges`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from osetra.advice.moves import edit_move
from osetra.advice.wording import CALMING, declaration, one_of, percent, short, with_range
from osetra.core.clean import name_text
from osetra.core.finding import Finding
from osetra.core.history import History
from osetra.core.params import Float, Int
from osetra.core.problem import Problem
from osetra.core.scales import Array
from osetra.core.space import Column, Mask

if TYPE_CHECKING:
    from osetra.effects.model import EffectModel

RULE = "edges"
OUTER = 0.1
"""Share of a range that counts as its edge."""
NEAR = 0.25
"""Share of a range in which the best lies when the edge behind it is one of stability."""
SURE = 0.9
"""How likely the best value has to lie at the edge."""
OUTWARD = 0.95
"""How likely the end itself has to be better than what lies further in."""


def find(problem: Problem, history: History) -> list[Finding]:
    """Return the ranges that should grow."""
    if not any(isinstance(column.param, Float | Int) for column in problem.space.columns):
        return []
    from osetra.effects.importance import importance  # with SciPy, which most programs do not need
    from osetra.effects.model import model_of

    model = model_of(problem, history)
    if model.effects is None or model.doubt:
        return []
    shares = importance(problem, history).shares
    tried = [t for t in history.searched if t.state in ("finished", "stopped", "failed", "diverged")]
    x = problem.space.encode([t.config for t in tried])  # once: there may be thousands
    bad = np.array([t.state in ("failed", "diverged") for t in tried], dtype=bool)
    found = []
    for j in problem.space.declared:
        column = problem.space.columns[j]
        for at_top in (False, True):
            if shares[column.name].matters and not _is_natural_limit(column, at_top):
                found += _judge(problem, model, j, at_top, x[:, j], bad)
    return found


def _judge(
    problem: Problem, model: EffectModel, j: int, at_top: bool, tried: Array, bad: Mask
) -> list[Finding]:
    from osetra.effects.edges import edge

    column = problem.space.columns[j]
    param, functions = column.param, model.effects
    if not isinstance(param, (Float, Int)) or functions is None:
        return []
    zone = max(OUTER, 1 / column.levels if column.levels else 0.0)
    name = name_text(column.name)
    end, side = (param.high, "upper") if at_top else (param.low, "lower")
    failed, n = _failures(tried, bad, zone, at_top)
    if n == 0:  # nobody has been there, such as just after the range was widened
        return []
    if failed >= 2 and failed >= n / 2:
        if edge(model, functions, j, at_top, max(NEAR, zone)).best_there < SURE:
            return []
        text = (
            f"{name} is best towards the {side} end of its range ({short(end)}), but {failed} of "
            f"the {n} trials there failed: training is unstable there"
        )
        action = "make it stable before widening the range" + one_of(problem.space, CALMING, ", with ")
        return [Finding(rule=RULE, level="advice", text=text, action=action)]
    seen = edge(model, functions, j, at_top, zone)
    if seen.best_there < SURE or seen.better_outward < OUTWARD:
        return []
    sure = percent(seen.best_there)
    text = (
        f"{name} is best at the {side} end of its range ({short(end)}; probability {sure} by a model "
        f"of {model.trials} trials): better values may lie beyond it"
    )
    wider = _wider(param, at_top)
    action, move = declaration(column.key, wider), edit_move(problem.space, column.key, wider, "widen")
    return [Finding(rule=RULE, level="advice", text=text, action=action, move=move)]


def _failures(tried: Array, bad: Mask, zone: float, at_top: bool) -> tuple[int, int]:
    """Return how many first runs at an edge failed, and how many there are; of coordinates (n,)."""
    there = tried >= 1 - zone if at_top else tried <= zone
    return int(np.sum(there & bad)), int(np.sum(there))


def _is_natural_limit(column: Column, at_top: bool) -> bool:
    """Whether the edge is the end of what makes sense: 0 and 1 of shares, 1 layer."""
    param = column.param
    if not isinstance(param, (Float, Int)):
        return True
    if isinstance(param, Int):
        return not at_top and param.low <= 1
    if param.scale == "linear":
        return param.high == 1 if at_top else param.low == 0
    return param.scale == "one_minus_log" and not at_top and param.low == 0


def _wider(param: Float | Int, at_top: bool) -> Float | Int:
    """Return the range ten times wider on a ratio scale, half as wide again on a linear one."""
    low, high = float(param.low), float(param.high)
    if isinstance(param, Int):
        if param.scale == "log":
            return with_range(param, low, 2 * high) if at_top else with_range(param, max(1, low // 2), high)
        by = param.step * math.ceil(0.5 * (high - low) / param.step)
        return with_range(param, low, high + by) if at_top else with_range(param, max(1, low - by), high)
    match param.scale:
        case "log":
            low, high = (low, 10 * high) if at_top else (low / 10, high)
        case "one_minus_log":
            low, high = (low, 1 - (1 - high) / 10) if at_top else (max(0.0, 1 - 2 * (1 - low)), high)
        case "logit":
            low, high = (low, 1 - (1 - high) / 10) if at_top else (low / 10, high)
        case _:
            more = 0.5 * (high - low)
            top = min(1.0, high + more) if high <= 1 <= high + more and low >= 0 else high + more
            low, high = (low, top) if at_top else (max(0.0, low - more) if low >= 0 else low - more, high)
    return with_range(param, low, high)
