"""Importance: the share of each hyperparameter with its interval, and what its values do."""

from __future__ import annotations

import math

from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.effects.ablation import Ablation
from osetra.effects.importance import Effect, Importance, importance
from osetra.views.plain import plain_data

Document = dict[str, object]


def importance_panel(problem: Problem, history: History, within: float | None = None) -> Document:
    """Return the share of each searched column with its 95 % interval, the weightiest first."""
    return {"version": history.version, **importance_document(importance(problem, history, within))}


def importance_document(found: Importance) -> Document:
    """Return importance as plain data; a `share` is None where there is no model."""
    return {
        "within": found.within,
        "metric": found.metric,
        "trials": found.trials,
        "explained": _or_none(found.explained),
        "leading": found.leading,
        "rows": [
            {
                "name": name,
                "share": _or_none(share.share),
                "low": _or_none(share.low),
                "high": _or_none(share.high),
                "main": _or_none(share.main),
                "first": _or_none(share.first),
                "trials": share.trials,
                "reliable": share.reliable,
                "matters": share.matters,
            }
            for name, share in found.shares.items()
        ],
        "effects": {name: _effect(effect) for name, effect in found.effects.items()},
        "doubt": found.doubt,
        "note": found.note,
    }


def ablation_document(found: Ablation) -> Document:
    """Return the way from the defaults to the best trial as plain data."""
    return {
        "trial": found.trial,
        "start": _or_none(found.start, 6),
        "steps": [
            {
                "name": step.name,
                "before": plain_data(step.before),
                "after": plain_data(step.after),
                "metric": _or_none(step.metric, 6),
                "gain": _or_none(step.gain, 6),
                "low": _or_none(step.low, 6),
                "high": _or_none(step.high, 6),
                "inside_noise": step.inside_noise,
            }
            for step in found.steps
        ],
        "recommended": plain_data(found.recommended),
        "taken_back": list(found.taken_back),
        "note": found.note,
        "doubt": found.doubt,
    }


def _effect(effect: Effect) -> Document:
    return {
        "values": plain_data(effect.values),
        "mean": [_or_none(value, 6) for value in effect.mean],
        "low": [_or_none(value, 6) for value in effect.low],
        "high": [_or_none(value, 6) for value in effect.high],
    }


def _or_none(value: float, digits: int = 4) -> float | None:
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None
