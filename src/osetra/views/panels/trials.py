"""The trials table: a column for everything that is known of a trial, and a small curve on a common scale."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osetra.core.clean import one_line
from osetra.core.history import History
from osetra.core.problem import Objective, Problem
from osetra.core.trial import Trial
from osetra.views.axis import Axis, fit
from osetra.views.panels.remembered import remembered_columns
from osetra.views.panels.reports import ReportedCurves, are_few, reports_of
from osetra.views.plain import plain_data, plain_number, plain_numbers

Document = dict[str, object]
Array = NDArray[np.float64]
Ints = NDArray[np.int64]

SPARK = 24
"""Numbers of a small curve at most."""
MOST_IN_SCALE = 200_000
"""ReportedCurves that the common scale is chosen by; of more, evenly many of each part of the study."""


def trials_panel(
    problem: Problem,
    history: History,
    *,
    only: Collection[int] | None = None,
    scale: Mapping[str, object] | None = None,
) -> Document:
    """Return the trials column by column.

    Args:
        problem: what is searched.
        history: of the study.
        only: the numbers of the trials that are wanted, such as those of `changed`; None is all of them.
            Of some there are no ranks: one new value moves those of all.
        scale: that of the small curves, as an earlier document had it, so that old and new ones agree.
    """
    names = problem.space.names
    if only is None:
        blocks = list(history.trials.derived(_columns, names))
        trials = list(history.trials.values())
    else:
        trials = [history.trials[number] for number in sorted(only) if number in history.trials]
        blocks = [_columns(trials, names)]
    columns = (
        {name: [item for block in blocks for item in block[name]] for name in blocks[0]} if blocks else {}
    )
    config = {name: columns.pop(f"config.{name}", []) for name in names}
    document: Document = {"version": history.version, **(columns or {key: [] for key in _OWN})}
    if only is None:
        document["rank"] = _ranks(problem.objective, history, trials)
    document["cost"] = _costs(problem.objective, history, trials)
    document["attrs"] = remembered_columns(trials, history if only is None else None)
    return {**document, "config": config, **_reported(problem.objective, history, trials, scale)}


def changed(history: History, earlier: History) -> set[int]:
    """Return the numbers of the trials of which more is known than an earlier history of the study knew."""
    return with_new_facts(history, earlier) | set(history.curves.reported(earlier.curves.size).tolist())


def with_new_facts(history: History, earlier: History) -> set[int]:
    """Return the numbers of the trials that are new or of which there are new facts, not only reports."""
    return {trial.number for trial in history.trials.since(earlier.trials)}


_OWN = (
    *("numbers", "state", "value", "seconds", "started", "ended", "origin", "by", "repeats"),
    *("parent", "reason", "attempts"),
)


def _columns(trials: Sequence[Trial], names: Sequence[str]) -> dict[str, list[object]]:
    """Return what facts alone say of a block of trials."""
    first: list[object] = [trial.attempts[0].started if trial.attempts else None for trial in trials]
    own: tuple[list[object], ...] = (
        [trial.number for trial in trials],
        [str(trial.state) for trial in trials],
        [plain_number(trial.value) for trial in trials],
        [trial.seconds for trial in trials],
        first,
        [trial.attempts[-1].ended if trial.attempts else None for trial in trials],
        [trial.origin for trial in trials],
        [trial.by for trial in trials],
        [trial.repeats for trial in trials],
        [None if trial.parent is None else trial.parent.trial for trial in trials],
        [one_line(trial.reason) for trial in trials],
        [len(trial.attempts) for trial in trials],
    )
    columns: dict[str, list[object]] = dict(zip(_OWN, own, strict=True))
    for name in names:
        columns[f"config.{name}"] = [plain_data(trial.config.get(name)) for trial in trials]
    return columns


def _costs(objective: Objective, history: History, trials: Sequence[Trial]) -> list[float]:
    """Return what each trial has cost so far in full trainings, abandoned stretches included."""
    steps, metric = history.steps, objective.metric
    if not steps:
        return [float(bool(trial.attempts)) for trial in trials]
    if are_few(history, trials):
        return [round(history.curves.count(metric, trial.number) / steps, 4) for trial in trials]
    owners = history.curves.all(metric)[0][0]
    times = np.bincount(owners, minlength=max(history.trials, default=0) + 1)
    costs: list[float] = np.round(times[[trial.number for trial in trials]] / steps, 4).tolist()
    return costs


def _ranks(objective: Objective, history: History, trials: Sequence[Trial]) -> list[int | None]:
    """Return the place of each trial among all finished first runs, 1 for the best; None for the others."""
    blocks = list(history.trials.derived(_finished, objective.sign))
    numbers = np.concatenate([np.empty(0, dtype=np.int64), *(block[0] for block in blocks)])
    values = np.concatenate([np.empty(0), *(block[1] for block in blocks)])
    by_hand = np.concatenate([np.empty(0, dtype=bool), *(block[2] for block in blocks)])
    lost, kept = history.lost, history.repeated
    broken = np.zeros(len(numbers), dtype=np.int64)
    broken[np.isin(numbers, list(lost))] = 2
    broken[np.isin(numbers, [n for n in lost if n in kept])] = 1
    broken[by_hand] = 3
    order = np.lexsort((values, broken))
    places = np.zeros(max(history.trials, default=0) + 1, dtype=np.int64)
    places[numbers[order]] = np.arange(1, len(order) + 1)
    found = places[[trial.number for trial in trials]].tolist() if trials else []
    return [place or None for place in found]


def _finished(trials: Sequence[Trial], sign: float) -> tuple[Ints, Array, NDArray[np.bool_]]:
    """Return numbers, minimised values and who was steered by hand, of the finished first runs of a block."""
    done = [t for t in trials if t.repeats is None and t.state == "finished" and _finite(t.value)]
    return (
        np.array([t.number for t in done], dtype=np.int64),
        np.array([sign * (t.value or 0.0) for t in done], dtype=np.float64),
        np.array([t.by_hand for t in done], dtype=bool),
    )


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _reported(
    objective: Objective,
    history: History,
    trials: Sequence[Trial],
    scale: Mapping[str, object] | None,
) -> Document:
    """Return the last and best value of every metric, the steps trained and the small curves.

    The best value of a metric is the one at the step at which the objective was best.
    """
    own = reports_of(history, trials, objective.metric)
    trained, best = own.ends[0], own.best_steps(objective.sign)
    axis = _axis(own, objective) if scale is None else _axis_of(scale)
    metrics: dict[str, Document] = {}
    for metric in history.curves.metrics:
        found = own if metric == objective.metric else reports_of(history, trials, metric)
        steps, last = found.ends
        trained = np.maximum(trained, steps)
        begun = found.lengths > 0
        compared = begun & (own.lengths > 0) & found.begun_by(best)
        metrics[metric] = {"last": _where(begun, last), "best": _where(compared, found.at(best))}
    return {
        "steps": trained.tolist(),
        "metrics": metrics,
        "scale": {"low": axis.low, "high": axis.high, "log": axis.log},
        "spark": _sparks(own, axis),
    }


def _where(known: NDArray[np.bool_], values: Array) -> list[object]:
    """Return values (n,) with nothing where they are not known."""
    listed = plain_numbers(values)
    for row in np.flatnonzero(~known).tolist():
        listed[row] = None
    return listed


def _axis(found: ReportedCurves, objective: Objective) -> Axis:
    """Return the common scale of the small curves."""
    rows = np.flatnonzero(found.lengths)
    if len(found.values) > MOST_IN_SCALE:
        share = max(1, int(len(rows) * MOST_IN_SCALE / len(found.values)))
        rows = rows[np.linspace(0, len(rows) - 1, share).astype(np.int64)]
    curves = [found.curve(row)[1] for row in rows.tolist()]
    return fit(curves, sign=objective.sign, descents=True)


def _axis_of(scale: Mapping[str, object]) -> Axis:
    low, high = scale["low"], scale["high"]
    assert isinstance(low, float | int) and isinstance(high, float | int)
    return Axis(float(low), float(high), bool(scale["log"]))


def _sparks(found: ReportedCurves, axis: Axis) -> list[list[float | None] | None]:
    """Return at most SPARK numbers of each curve, 0 at the low end of the scale and 1 at the high end."""
    sparks: list[list[float | None] | None] = [None] * len(found.lengths)
    shown = np.minimum(found.lengths, SPARK)
    for count in np.unique(shown[shown > 0]).tolist():
        rows = np.flatnonzero(shown == count)
        share = np.linspace(0.0, 1.0, count) if count > 1 else np.zeros(1)
        at = found.start[:-1][rows, None] + np.rint(share * (found.lengths[rows, None] - 1)).astype(np.int64)
        places = np.round(np.clip(axis.place(found.values[at]), 0.0, 1.0), 3)
        drawn = places.tolist() if not np.isnan(places).any() else _without_nan(places)
        for row, spark in zip(rows.tolist(), drawn, strict=True):
            sparks[row] = spark
    return sparks


def _without_nan(places: NDArray[Any]) -> list[list[float | None]]:
    drawn = places.astype(object)
    drawn[np.isnan(places)] = None
    listed: list[list[float | None]] = drawn.tolist()
    return listed
