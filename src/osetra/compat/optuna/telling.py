"""Telling: how a trial ends by what its objective returned, or by what its program says."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from osetra.compat.optuna.constraints import constrain
from osetra.compat.optuna.reading import metrics_of
from osetra.compat.optuna.records import FrozenTrial, TrialState
from osetra.compat.optuna.trial import OptunaTrial
from osetra.core.trial import ENDED

if TYPE_CHECKING:
    from osetra.compat.optuna.study import OptunaStudy


def tell(
    study: OptunaStudy,
    trial: OptunaTrial | int,
    values: Any,
    state: TrialState | None,
    skip_if_finished: bool,
) -> tuple[FrozenTrial, str]:
    """End a trial, and return its record and what was wrong with its values; empty when nothing was.

    Raises:
        TypeError: no trial and no number.
        ValueError: the trial does not run, or the values do not fit the state.
    """
    number = _number(study, trial)
    engine = study._engine
    known = study.osetra.history.trials[number]
    if number not in engine.runs:
        record = engine.reader().record(number)
        if known.state in ENDED and skip_if_finished:
            return record, ""
        raise ValueError(f"Cannot tell a {record.state.name} trial.")
    told = _listed(values)
    _check(state, told)
    wrong = "" if state in (TrialState.PRUNED, TrialState.FAIL) else _wrong(study, told)
    if wrong and state is TrialState.COMPLETE:
        raise ValueError(wrong)
    if state is TrialState.PRUNED:
        engine.prune(number)
    elif wrong or state is TrialState.FAIL:
        engine.fail(number, wrong or "the program says that it failed")
    else:
        values_told = dict(zip(metrics_of(study.osetra.problem), map(float, told or ()), strict=True))
        engine.complete(number, values_told | constrain(study, number))
    if wrong:
        warnings.warn(wrong, stacklevel=3)
    return engine.reader().record(number), wrong


def _number(study: OptunaStudy, trial: object) -> int:
    """Return the number of a trial in the log."""
    if isinstance(trial, OptunaTrial):
        return trial._in_log
    if not isinstance(trial, int) or isinstance(trial, bool):
        raise TypeError("Trial must be a trial object or trial number.")
    if trial + 1 not in study.osetra.history.trials:
        raise ValueError(f"Cannot tell for trial with number {trial} since it has not been created.")
    return trial + 1


def _listed(values: Any) -> list[Any] | None:
    if values is None:
        return None
    return list(values) if isinstance(values, Sequence) else [values]


def _check(state: TrialState | None, values: list[Any] | None) -> None:
    if state == TrialState.COMPLETE and values is None:
        raise ValueError("No values were told. Values are required when state is TrialState.COMPLETE.")
    if state in (TrialState.PRUNED, TrialState.FAIL) and values is not None:
        raise ValueError(
            "Values were told. Values cannot be specified when state is TrialState.PRUNED or TrialState.FAIL."
        )
    if state in (TrialState.RUNNING, TrialState.WAITING):
        raise ValueError(f"Cannot tell with state {state!r}.")


def _wrong(study: OptunaStudy, values: list[Any] | None) -> str:
    """Say why values are no result; empty where they are."""
    if values is None:
        return "The value None could not be cast to float."
    wrong = []
    for value in values:
        try:
            if math.isnan(float(value)):
                wrong.append(f"The value {value} is not acceptable")
        except (ValueError, TypeError):
            wrong.append(f"The value {value!r} could not be cast to float")
    count = len(study.directions)
    if not wrong and len(values) != count:
        wrong.append(
            f"The number of the values {len(values)} did not match the number of the objectives {count}"
        )
    return "; ".join(wrong)
