"""Constraints: what a sampler's `constraints_func` says of each trial, as limits of the study.

Optuna calls the function for every trial that completes, and every number is to be 0 or less. Here number i
is the metric `constraint_i` of the trial, and the study has the limit `constraint_i <= 0` from its first
trial on: the searcher learns it, what breaks it is never the best, and views show it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from osetra.compat.optuna.records import FrozenTrial
from osetra.errors import StudyError

if TYPE_CHECKING:
    from osetra.compat.optuna.study import OptunaStudy

KEY = "constraints"
"""Under which a trial keeps them, among its system attributes."""
METRIC = "constraint_"


def constrain(study: OptunaStudy, number: int) -> dict[str, float]:
    """Return the constraints of a trial by metric, and hold the study to them; nothing without a function.

    Raises:
        ValueError: the function returned no sequence of numbers, or not as many as before.
    """
    function = study.sampler.constraints_func
    if function is None:
        return {}
    values = _numbers(function(study._engine.reader().record(number)))
    names = [f"{METRIC}{place}" for place in range(len(values))]
    known = [bound.metric for bound in study.osetra.problem.bounds if bound.metric.startswith(METRIC)]
    if not known:
        with suppress(StudyError):  # another program was faster
            study.osetra.limit(dict.fromkeys(names, "<= 0"), why="the constraints_func of a sampler")
    elif sorted(known) != sorted(names):
        raise ValueError(f"constraints_func: {len(values)} numbers, but {len(known)} of the trials before")
    study._engine.remember(number, "system", KEY, values)
    return dict(zip(names, values, strict=True))


def feasible(records: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Return the records that keep all of their constraints, those without any included."""
    return [record for record in records if all(value <= 0 for value in record.system_attrs.get(KEY, ()))]


def _numbers(told: Any) -> list[float]:
    """Return what a function of constraints returned as numbers."""
    wanted = "constraints_func has to return a sequence of numbers, each 0 or less where it is kept"
    if not isinstance(told, Sequence) or isinstance(told, str):
        raise ValueError(f"{wanted}; it returned {told!r}")
    try:
        values = [float(value) for value in told]
    except (TypeError, ValueError):
        raise ValueError(f"{wanted}; it returned {told!r}") from None
    if not values or any(map(math.isnan, values)):
        raise ValueError(f"{wanted}; it returned {told!r}")
    return values
