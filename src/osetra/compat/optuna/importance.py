"""Importance, by Optuna's name; osetra's own call gives intervals and effects as well."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from osetra.compat.optuna.exceptions import refuse
from osetra.compat.optuna.names import key_of, name_of

if TYPE_CHECKING:
    from osetra.compat.optuna.study import OptunaStudy


def get_param_importances(
    study: OptunaStudy,
    *,
    evaluator: object = None,
    params: list[str] | None = None,
    target: object = None,
    normalize: bool = True,
) -> dict[str, float]:
    """Return the share of each parameter in what the value depends on, the largest first.

    Args:
        study: one with a few finished trials.
        evaluator: refused: there is one way, `osetra.Study.importance`.
        params: only these.
        target: refused: it is about the objective.
        normalize: whether the shares add up to 1.

    Raises:
        ValueError: fewer than two trials have finished.
    """
    if evaluator is not None or target is not None:
        raise refuse(
            "evaluator= and target= of importances", "leave them out, or see study.osetra.importance()"
        )
    if len(study._complete()) < 2:
        raise ValueError("Cannot evaluate parameter importances with fewer than two finished trials")
    found = study.osetra.importance().shares
    shares = {key: 0.0 if math.isnan(each.share) else each.share for key, each in found.items()}
    if params is not None:
        shares = {key: shares.get(key, 0.0) for key in map(key_of, params)}
    total = sum(shares.values())
    scale = 1 / total if normalize and total > 0 else 1.0
    ranked = sorted(shares.items(), key=lambda item: -item[1])
    return {name_of(key): share * scale for key, share in ranked}


def __getattr__(name: str) -> Any:
    if name.endswith("Evaluator"):
        raise refuse(f"importance.{name}", "call get_param_importances(study) without an evaluator")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
