"""KerasTuner: a project's folder, with oracle.json and a folder for each trial, trial.json in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from osetra.compat.optuna.distributions import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
)
from osetra.core.problem import Direction, Objective
from osetra.errors import DataError
from osetra.importers.documents import document
from osetra.importers.writing import Imported, Taken, past

_RUNNING = ("RUNNING", "IDLE", "PENDING")


def read(
    folder: Path, metric: str | None = None, direction: Direction | None = None, params: Collection[str] = ()
) -> Taken:
    """Return the trials of a project.

    Raises:
        DataError: it is no folder of KerasTuner's, a file is damaged, or no trial has the metric.
    """
    files = sorted(folder.glob("trial_*/trial.json")) if folder.is_dir() else []
    if not files:
        raise DataError(f"{folder} holds no trials of KerasTuner: no trial_…/trial.json is in it")
    told = [(document(path, "a trial of KerasTuner"), path) for path in files]
    name, way = _objective(folder, told, metric)
    left = [f"{path.parent.name} has not ended" for one, path in told if one.get("status") in _RUNNING]
    ended = [(one, path) for one, path in told if one.get("status") not in _RUNNING]
    trials = [_trial(one, path, name, params) for one, path in ended]
    objective = Objective(metric=name, direction=direction or way, pick="last")
    return Taken(str(folder), trials, [objective], left)


def _objective(
    folder: Path, told: list[tuple[dict[str, Any], Path]], metric: str | None
) -> tuple[str, Direction]:
    """Return the metric that is the value, and which way it is better."""
    known = {n: m for one, _ in told for n, m in one.get("metrics", {}).get("metrics", {}).items()}
    if metric is None and len(known) == 1:
        (metric,) = known
    if metric is None or metric not in known:
        listed = ", ".join(known) or "none"
        raise DataError(f"{folder}: say which metric is the value: --metric NAME; observed were {listed}")
    way: Direction = "maximize" if known[metric].get("direction") == "max" else "minimize"
    return metric, way


def _trial(one: dict[str, Any], path: Path, metric: str, params: Collection[str]) -> Imported:
    try:
        space = one["hyperparameters"]["space"]
        given = one["hyperparameters"]["values"]
        kinds = {each["config"]["name"]: _kind(each) for each in space}
        observed = one.get("metrics", {}).get("metrics", {})
        curves = {
            name: [(int(o["step"]) + 1, sum(o["value"]) / len(o["value"])) for o in m["observations"]]
            for name, m in observed.items()
        }
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise DataError(f"{path} is damaged, or of another version of KerasTuner: {error!r}") from error
    values = {n: v for n, v in given.items() if n in kinds and (not params or n in params)}
    curves = {name: sorted(dict(points).items()) for name, points in curves.items() if points}
    worth = one.get("score")
    if worth is None and metric in curves:
        worth = curves[metric][-1][1]
    good = one.get("status") == "COMPLETED"
    why = "" if good else str(one.get("message") or f"KerasTuner says {one.get('status')}").splitlines()[0]
    return past(
        values,
        kinds,
        "finished" if good else "failed",
        value=float(worth) if good and worth is not None else None,
        curves=curves,
        reason=why,
        by="keras tuner",
        why=path.parent.name,
    )


def _kind(each: Mapping[str, Any]) -> Distribution:
    kind, config = each["class_name"], each["config"]
    log = config.get("sampling") in ("log", "reverse_log")
    step = config.get("step")
    match kind:
        case "Float":
            return FloatDistribution(config["min_value"], config["max_value"], log, None if log else step)
        case "Int":
            return IntDistribution(config["min_value"], config["max_value"], log, 1 if log else step or 1)
        case "Boolean":
            return CategoricalDistribution((False, True))
        case "Choice":
            return CategoricalDistribution(tuple(config["values"]))
        case "Fixed":
            return CategoricalDistribution((config["value"],))
    raise ValueError(f"no such kind of hyperparameter: {kind}")
