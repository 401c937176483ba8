"""Ray Tune: a folder of results, with a folder for each trial.

params.json    its settings; groups within become names with a dot
result.json    a line of JSON for each report
error.txt      there when it broke
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from osetra.core.problem import Direction, Objective
from osetra.errors import DataError, nearest
from osetra.importers.documents import document
from osetra.importers.writing import Imported, Taken, kinds_of, past

_OWN = {"training_iteration", "timestamp", "time_this_iter_s", "time_total_s", "pid", "time_since_restore"}
_OWN |= {"iterations_since_restore", "warmup_time", "timesteps_total", "episodes_total"}
"""Numbers that Ray adds to every report."""


def read(
    folder: Path, metric: str | None, direction: Direction = "minimize", params: Collection[str] = ()
) -> Taken:
    """Return the trials of a folder of results.

    Raises:
        DataError: there are none, a file is damaged, or no trial reported the metric.
    """
    places = sorted(path.parent for path in folder.glob("**/params.json")) if folder.is_dir() else []
    if not places:
        raise DataError(f"{folder} holds no results of Ray Tune: no folder in it has a params.json")
    told = [
        (_flat(document(place / "params.json", "the settings of a trial")), _reports(place), place)
        for place in places
    ]
    metrics = dict.fromkeys(n for _, said, _ in told for line in said for n in _numbers(line))
    if metric is None or metric not in metrics:
        known = ", ".join(metrics) or "none"
        near = "" if metric is None else nearest(metric, metrics)
        raise DataError(
            f"{folder}: say which metric is the value: --metric NAME; reported were {known}.{near}"
        )
    rows = [{n: v for n, v in given.items() if not params or n in params} for given, _, _ in told]
    kinds = kinds_of(rows)
    order = sorted(range(len(told)), key=lambda i: _began(told[i][1]) or math.inf)
    trials = [_trial(rows[i], kinds, told[i][1], told[i][2], metric) for i in order]
    return Taken(str(folder), trials, [Objective(metric=metric, direction=direction, pick="last")])


def _trial(
    params: Mapping[str, Any], kinds: Any, said: list[dict[str, Any]], place: Path, metric: str
) -> Imported:
    curves: dict[str, list[tuple[int, float]]] = {}
    for number, line in enumerate(said, start=1):
        for name, told in _numbers(line).items():
            curves.setdefault(name, []).append((int(line.get("training_iteration", number)), told))
    value = curves[metric][-1][1] if metric in curves else None
    broken = (place / "error.txt").exists()
    began = _began(said)
    return past(
        params,
        kinds,
        "failed" if broken else "finished",
        value=None if broken else value,
        curves={name: _growing(points) for name, points in curves.items()},
        started=began,
        ended=said[-1].get("timestamp") if said else None,
        reason="it broke: see error.txt in its folder" if broken else "",
        by="ray tune",
        why=place.name,
    )


def _growing(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return the last report of each step, in order: a trial that was restored says some steps again."""
    return sorted(dict(points).items())


def _numbers(line: Mapping[str, Any]) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in line.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool) and name not in _OWN
    }


def _began(said: list[dict[str, Any]]) -> float | None:
    if not said or "timestamp" not in said[0]:
        return None
    return float(said[0]["timestamp"]) - float(said[0].get("time_this_iter_s", 0.0))


def _flat(tree: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{name}.")
        elif value is None or isinstance(value, (bool, int, float, str)):
            found[before + name] = value
        else:
            found[before + name] = json.dumps(value)
    return found


def _reports(place: Path) -> list[dict[str, Any]]:
    path = place / "result.json"
    if not path.exists():
        return []
    try:
        return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is damaged: {error}") from error
