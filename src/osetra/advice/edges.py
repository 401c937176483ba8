"""The best trials sit at an edge of a range: the optimum may lie beyond it.

R1: at least 3 of the 5 best in the outer tenth on one side, which luck gives in 0.9 % of cases. One
best trial near an edge says nothing: with 4 hyperparameters that happens in every third study. R2:
where the trials at that edge mostly fail, the edge is one of stability, not of the space.

Source: Godbole et al., Deep Learning Tuning Playbook.
"""

from __future__ import annotations

import math

import numpy as np

from osetra.advice.wording import declaration, short, with_range
from osetra.core.finding import Finding
from osetra.core.history import History
from osetra.core.params import Float, Int
from osetra.core.problem import Problem
from osetra.core.results import Results, results
from osetra.core.scales import Array
from osetra.core.space import Column

RULE = "edges"
TOP = 5
FEWEST = 10
"""Fewer finished trials do not make a best five."""
OUTER = 0.1
CHANCE = 0.01


def find(problem: Problem, history: History) -> list[Finding]:
    """Return the ranges that should grow."""
    past = results(problem, history)
    if np.sum(past.valid) < FEWEST:
        return []
    found = []
    for j in problem.space.declared:
        column = problem.space.columns[j]
        for at_top in (False, True):
            if not _is_natural_limit(column, at_top):
                found += _judge(column, past, j, at_top)
    return found


def _judge(column: Column, past: Results, j: int, at_top: bool) -> list[Finding]:
    param = column.param
    if not isinstance(param, (Float, Int)):
        return []
    zone = max(OUTER, 1 / column.levels if column.levels else 0.0)
    best = past.x[list(past.order), j]
    best = best[~np.isnan(best)][:TOP]
    there = int(np.sum(_in_zone(best, zone, at_top)))
    if len(best) < TOP or there < 3 or _tail(there, zone) > CHANCE:
        return []
    edge, side = (param.high, "upper") if at_top else (param.low, "lower")
    evidence = (
        f"{there} of the {TOP} best trials have {column.name} at the {side} end of its range ({short(edge)})"
    )
    at_edge = _in_zone(past.x[:, j], zone, at_top)
    failed, n = int(np.sum(at_edge & ~past.valid)), int(np.sum(at_edge))
    if failed >= 2 and failed >= n / 2:
        text = f"{evidence}, but {failed} of the {n} trials there failed: training is unstable there"
        action = "add warm-up, gradient clipping or normalisation before widening the range"
        return [Finding(rule=RULE, level="advice", text=text, action=action)]
    text = f"{evidence}: better values may lie beyond it"
    return [
        Finding(rule=RULE, level="advice", text=text, action=declaration(column.key, _wider(param, at_top)))
    ]


def _in_zone(x: Array, zone: float, at_top: bool) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    inside = x >= 1 - zone if at_top else x <= zone
    return np.asarray(inside, dtype=np.bool_)


def _tail(hits: int, share: float) -> float:
    """Return the chance of at least `hits` of the five best in a zone of that share, by luck."""
    return sum(math.comb(TOP, k) * share**k * (1 - share) ** (TOP - k) for k in range(hits, TOP + 1))


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
