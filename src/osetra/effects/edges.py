"""Edges: how likely the best value of a hyperparameter lies at the end of its range.

Asked of functions that may have given the trials, along one column through the best of them. Trials that
a model chose, that are nearly the same, or that were stopped count as what they say, not as votes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from osetra.core.params import Float, Int
from osetra.core.scales import Array
from osetra.effects.model import EffectModel
from osetra.numerics.effects import Effects as Functions

CELLS = 20
INWARD = 0.2
"""How far from the edge the function must have been worse, as a share of the range."""


@dataclass(frozen=True, slots=True)
class Edge:
    """What functions do at one end of a range."""

    best_there: float
    """The probability that the best value lies in the zone at that end."""
    better_outward: float
    """The probability that the very end is better than what lies further in."""


def edge(model: EffectModel, functions: Functions, j: int, at_top: bool, zone: float) -> Edge:
    """Return what the functions do at an end of a column; a zone is a share of its range."""
    param = model.space.columns[j].param
    assert isinstance(param, Float | Int)
    steps = np.linspace(0.0, 1.0, CELLS + 1) if not 0 < param.levels <= CELLS else _levels(param.levels)
    points = np.tile(_leader(functions, j), (len(steps), 1))
    points[:, j] = steps
    values = functions.values(model.space.snap(points))[:, 1:]
    best = steps[np.argmin(values, axis=0)]
    there = best >= 1.0 - zone if at_top else best <= zone
    end = len(steps) - 1 if at_top else 0
    further = int(np.argmin(np.abs(steps - (1.0 - INWARD - zone / 2 if at_top else INWARD + zone / 2))))
    return Edge(float(np.mean(there)), float(np.mean(values[end] < values[further])))


def _leader(functions: Functions, j: int) -> Array:
    """Return the point (d,) with the best mean among those that have a column."""
    means = np.where(np.isnan(functions.points[:, j]), np.inf, functions.means)
    return np.asarray(functions.points[np.argmin(means)])


def _levels(count: int) -> Array:
    return np.asarray((np.arange(count) + 0.5) / count)
