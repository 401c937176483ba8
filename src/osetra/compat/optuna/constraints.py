"""Constraints: what `trial.set_constraint` and a sampler's `constraints_func` say, as limits of the study.

Optuna calls the function for every trial that completes, and every number is to be 0 or less. Here number i
is the metric `constraint_i` of the trial, one that was set under a key the metric `constraint_KEY`, and the
study has the limit that it is at most 0 from then on: the searcher learns it, what breaks it is never the
best, and views show it. A constraint that a trial does not set is kept, as Optuna has it: it counts as 0. Of
trials that had ended before a constraint was first set osetra's own views cannot know whether they keep it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from osetra.compat.optuna.records import CONSTRAINTS, FrozenTrial
from osetra.errors import StudyError

if TYPE_CHECKING:
    from osetra.compat.optuna.study import OptunaStudy
    from osetra.study.study import Study

METRIC = "constraint_"


def constrain(study: OptunaStudy, number: int) -> dict[str, float]:
    """Return the constraints of a trial by metric, and hold the study to them; nothing where there are none.

    Raises:
        ValueError: the function returned no sequence of numbers, or not as many as before.
    """
    function, told = study.sampler.constraints_func, {}
    record = study._engine.reader().record(number)
    bounds = [bound.metric for bound in study.osetra.problem.bounds if bound.metric.startswith(METRIC)]
    if function is not None:
        values = _numbers(function(record))
        known = [name for name in bounds if name.removeprefix(METRIC).isdecimal()]
        if known and len(known) != len(values):
            raise ValueError(
                f"constraints_func: {len(values)} numbers, but {len(known)} of the trials before"
            )
        study._engine.remember(number, "system", CONSTRAINTS, values)
        told = {str(place): value for place, value in enumerate(values)}
    found = constrained(told | record.constraints)
    hold(study.osetra, found)
    return dict.fromkeys(bounds, 0.0) | found


def constrained(constraints: Mapping[str, float]) -> dict[str, float]:
    """Return constraints by metric instead of by key."""
    return {METRIC + key: value for key, value in constraints.items()}


def hold(study: Study, metrics: Iterable[str]) -> None:
    """Hold a study to constraints by metric: what it does not know yet becomes a limit of it."""
    known = {bound.metric: bound.rule for bound in study.problem.bounds}
    if new := [name for name in metrics if name not in known]:
        with suppress(StudyError):  # another program was faster
            study.limit(known | dict.fromkeys(new, "<= 0"), why="constraints of trials")


def feasible(records: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Return the records that keep all of their constraints, those without any included."""
    return [record for record in records if all(value <= 0 for value in record.constraints.values())]


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
