"""Worth: what the reports of a training make it worth, by the rule of its objective."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from osetra.core.facts import Source
from osetra.core.history import History
from osetra.core.lineage import lineage
from osetra.core.problem import Objective

CLOSE = 1e-9
"""Relative difference that the order of a sum may make."""


def worth(curves: Iterable[Sequence[float]], objective: Objective) -> float:
    """Return what curves are worth, one of each fold: the best or the last value, then the mean."""
    return float(np.mean([_picked(curve, objective) for curve in curves]))


def agrees(history: History, trial: int, attempt: int, value: float, objective: Objective) -> bool:
    """Whether the reports of an attempt, and of those that it goes on from, make it worth a value.

    What a training knows of the attempts before its own is what it had reported when the checkpoint was
    made that it goes on from, with or without the report of that very step; nothing, where it never asked
    for its state.
    """
    chain = lineage(history.trials, Source(trial, attempt, 2**31, 2**31))
    reports = [_reports(history, part, objective.metric) for part in chain]
    return any(
        _equal(worth(curves, objective), value)
        for rule in (operator.le, operator.lt, _nothing)
        if (curves := _merged(chain, reports, rule))
    )


Reports = dict[int, list[tuple[int, float]]]
"""The steps and values of an attempt, fold by fold."""
Rule = Callable[[int, int], bool]
"""Whether a report counts, by its step and that of the checkpoint in the same fold."""


def _nothing(_: int, __: int) -> bool:
    return False


def _reports(history: History, part: Source, metric: str) -> Reports:
    found: Reports = {}
    for point in history.curves.points(part.trial):
        if point.attempt == part.attempt and point.metric == metric:
            found.setdefault(point.instance, []).append((point.step, point.value))
    return found


def _merged(chain: Sequence[Source], reports: Sequence[Reports], rule: Rule) -> list[list[float]]:
    """Return the curves that count by a rule, one of each fold."""
    curves: Reports = {}
    for part, own in zip(chain, reports, strict=True):
        for fold, rows in own.items():
            before = [(step, value) for step, value in curves.get(fold, []) if step < rows[0][0]]
            curves[fold] = before + rows  # whose function does not go on begins anew
        if part is not chain[-1]:
            curves = _until(curves, part, rule)
    return [[value for _, value in curve] for curve in curves.values() if curve]


def _until(curves: Reports, end: Source, rule: Rule) -> Reports:
    """Return what of some curves counts when a training goes on from a checkpoint."""
    at = [(step, value) for step, value in curves.get(end.instance, []) if rule(step, end.step)]
    return {**{fold: curve for fold, curve in curves.items() if fold < end.instance}, end.instance: at}


def _equal(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=CLOSE, abs_tol=1e-12) or (math.isnan(one) and math.isnan(other))


def _picked(curve: Sequence[float], objective: Objective) -> float:
    if objective.pick == "last" or not math.isfinite(curve[-1]):
        return curve[-1]
    finite = [value for value in curve if math.isfinite(value)]
    return min(finite, key=lambda value: objective.sign * value)
