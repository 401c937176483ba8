"""Cost curves side by side: the best and the running ones, a band of the others, and the rungs."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Container

import numpy as np
from numpy.typing import NDArray

from osetra.core.clean import one_line
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.errors import StudyError, nearest
from osetra.views.panels.decimation import evenly, kept
from osetra.views.panels.reports import ReportedCurves, reports_of
from osetra.views.panels.rungs import rungs
from osetra.views.plain import plain_number, plain_numbers
from osetra.views.series import curve, partner

Document = dict[str, object]
Array = NDArray[np.float64]

TOP = 10
"""Of the trials that do not run, so many of the best are shown."""
POINTS = 400
"""Points of a curve."""
SAMPLE = 400
"""Curves that the band is made of; of more, evenly many by number."""
BAND_STEPS = 100
"""Steps at which the band is known."""
FEWEST = 3
"""Fewer curves have no band."""
CUT_SHORT = ("stopped", "paused", "diverged")
"""States of trials whose curves are worth a line although they did not come to their end."""


def curves_panel(
    problem: Problem,
    history: History,
    now: float,
    *,
    metric: str | None = None,
    trials: Collection[int] | None = None,
    points: int = POINTS,
) -> Document:
    """Return learning curves; without `trials`, of all that run and of the best ten.

    Raises:
        StudyError: no trial has reported the metric.
    """
    name = _known(problem, history, metric)
    own = name == problem.objective.metric
    chosen = shown(problem, history) if trials is None else _present(history, trials)
    beside = partner(name, history.curves.metrics)
    return {
        "version": history.version,
        "cursor": history.curves.size,
        "metric": name,
        "partner": beside,
        "curves": [_curve(history, trial, name, beside, points, now) for trial in chosen],
        "band": _band(history, {trial.number for trial in chosen}, name) if trials is None else None,
        "rungs": rungs_document(problem, history) if own else [],
        "sign": int(problem.objective.sign) if own or partner_of(name, problem) else 1,
    }


def tails_panel(
    history: History, size: int, metric: str, *, only: Container[int] | None = None, points: int = POINTS
) -> Document:
    """Return what was reported after the first `size` reports of a study: the news for open curves.

    New points replace those at the same step and later ones. Where trainings report several folds, a curve
    is a mean that changes everywhere: such curves are sent again, as `whole`.

    Args:
        history: of the study.
        size: how many reports are known.
        metric: what was reported.
        only: the numbers of the trials that are wanted; None is all of them.
        points: of each curve at most.
    """
    (numbers, values), curves = history.curves.since(size, metric), {}
    order = np.argsort(numbers[0], kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(numbers[0][order])) + 1) if len(order) else ():
        trial = history.trials.get(int(numbers[0, rows[0]]))
        if trial is None or (only is not None and trial.number not in only):
            continue
        if whole := bool(np.any(numbers[2, rows])):
            steps, new = curve(history, trial, metric)
        else:
            rows = rows[numbers[1, rows] == len(trial.attempts)]
            steps, new = numbers[3, rows], values[rows]
        if len(new):
            places = kept(new, points)
            curves[str(trial.number)] = _columns(steps[places], new[places]) | (
                {"whole": True} if whole else {}
            )
    return {"version": history.version, "cursor": history.curves.size, "metric": metric, "curves": curves}


def shown(problem: Problem, history: History, top: int = TOP) -> list[Trial]:
    """Return the trials that are worth a line: the best, and all that run.

    Where fewer have finished, those that were trained longest fill up the number, the better ones first.
    """
    objective = problem.objective
    best = history.best(objective)
    ahead = [] if best is None else [best]
    ahead += history.ranked(objective)[:top]
    found = {trial.number: trial for trial in ahead}
    if len(found) < top:
        rest = [t for t in history.trials.values() if t.number not in found and t.state in CUT_SHORT]
        longest = sorted(
            ((history.step(t, objective.metric), t) for t in rest), key=_by_length(objective.sign)
        )
        found |= {trial.number: trial for step, trial in longest[: top - len(found)] if step}
    leaders = list(found.values())[:top]
    numbers = {trial.number for trial in leaders}
    return [*leaders, *(trial for trial in history.running if trial.number not in numbers)]


def _by_length(sign: float) -> Callable[[tuple[int, Trial]], tuple[int, float]]:
    def key(row: tuple[int, Trial]) -> tuple[int, float]:
        value = row[1].value
        return -row[0], math.inf if value is None or math.isnan(value) else sign * value

    return key


def rungs_document(problem: Problem, history: History) -> list[Document]:
    """Return the rungs with the value at which each was cut last."""
    return [
        {
            "step": rung.step,
            "cut": None if rung.cut is None else plain_number(rung.cut.value),
            "n": rung.started if rung.cut is None else rung.cut.compared,
        }
        for rung in rungs(problem, history)
    ]


def end_document(trial: Trial, steps: NDArray[np.generic], values: Array) -> Document | None:
    """Return how a training ended and why; None while it runs or waits for its beginning."""
    if trial.state in ("queued", "running"):
        return None
    return {
        "kind": str(trial.state),
        "step": int(steps[-1]) if len(steps) else None,
        "value": plain_number(float(values[-1])) if len(values) else plain_number(trial.value),
        "text": one_line(trial.reason),
    }


def times_of(trial: Trial, steps: NDArray[np.generic], now: float) -> Array | None:
    """Return about when a trial reported its steps (n,), as Unix seconds; None for what nobody ran.

    The log has no times of reports: they are spread evenly over each attempt that made them.
    """
    if not trial.attempts or not len(steps):
        return None
    at = np.asarray(steps, dtype=np.float64)
    marks, times, before = [0.0], [trial.attempts[0].started], 0.0
    for attempt in trial.attempts:
        begun = float(attempt.source.step) if attempt.source is not None else 0.0
        last = attempt is trial.attempts[-1]
        following = [a.source.step for a in trial.attempts if a.source and a.source.attempt == attempt.number]
        until = float(at[-1]) if last else float(max(following, default=0))
        if until > max(begun, before):
            marks += [max(begun, before), until]
            times += [attempt.started, now if attempt.ended is None else attempt.ended]
            before = until
    return np.interp(at, np.array(marks), np.maximum.accumulate(np.array(times)))


def _known(problem: Problem, history: History, metric: str | None) -> str:
    if metric is None or metric == problem.objective.metric:
        return problem.objective.metric
    reported = history.curves.metrics
    if metric not in reported:
        listed = ", ".join(reported) or "none"
        raise StudyError(
            f"{metric[:80]!r}: no such metric was reported; reported: {listed}.{nearest(metric, reported)}"
        )
    return metric


def partner_of(name: str, problem: Problem) -> bool:
    """Whether a metric is the training metric that belongs to the objective."""
    return partner(problem.objective.metric, (name,)) == name


def _present(history: History, trials: Collection[int]) -> list[Trial]:
    return [history.trials[number] for number in dict.fromkeys(trials) if number in history.trials]


def _curve(
    history: History, trial: Trial, metric: str, beside: str | None, points: int, now: float
) -> Document:
    steps, values = curve(history, trial, metric)
    places = kept(values, points)
    times = times_of(trial, steps, now)
    document: Document = {"trial": trial.number, "state": str(trial.state)}
    document |= _columns(steps[places], values[places])
    document["partner"] = document["partner_steps"] = document["times"] = None
    if beside is not None:
        other_steps, other = curve(history, trial, beside)
        document["partner"], document["partner_steps"] = _aligned(steps, places, other_steps, other, points)
    if times is not None:
        document["times"] = [round(time, 3) for time in times[places].tolist()]
    return {**document, "end": end_document(trial, steps, values)}


def _aligned(
    steps: NDArray[np.generic], places: NDArray[np.int64], other_steps: Array, other: Array, points: int
) -> tuple[list[object] | None, list[object] | None]:
    """Return the partner's values at the points of a curve, or its own steps where it has other ones."""
    if not len(other):
        return None, None
    if np.array_equal(steps, other_steps):
        return plain_numbers(other[places]), None
    own = kept(other, points)
    return plain_numbers(other[own]), whole_numbers(other_steps[own])


def _columns(steps: NDArray[np.generic], values: Array) -> Document:
    return {"steps": whole_numbers(steps), "values": plain_numbers(values)}


def whole_numbers(steps: NDArray[np.generic]) -> list[object]:
    """Return steps as whole numbers."""
    listed: list[object] = np.asarray(steps, dtype=np.int64).tolist()
    return listed


def _band(history: History, drawn: Collection[int], metric: str) -> Document | None:
    """Return within which values nine of ten of the curves that are not drawn lie, step by step."""
    rest = [trial for trial in history.trials.values() if trial.number not in drawn and trial.attempts]
    if len(rest) < FEWEST:
        return None
    sample = [rest[place] for place in evenly(len(rest), SAMPLE).tolist()]
    found = reports_of(history, sample, metric)
    if np.sum(found.lengths > 0) < FEWEST:
        return None
    steps, low, high = quantile_band(found)
    return {
        "steps": whole_numbers(steps),
        "low": plain_numbers(low),
        "high": plain_numbers(high),
        "n": len(rest),
    }


def quantile_band(found: ReportedCurves) -> tuple[NDArray[np.int64], Array, Array]:
    """Return steps (m,) and the tenth and ninetieth hundredth (m,) of the curves that got there."""
    last = found.ends[0]
    across = np.unique(found.steps)
    grid = across[evenly(len(across), BAND_STEPS)]
    at = np.array([np.where(last >= step, found.at(np.full(len(last), step)), np.nan) for step in grid])
    at[~np.isfinite(at)] = np.nan
    enough = np.sum(~np.isnan(at), axis=1) >= FEWEST
    if not enough.any():
        return grid[:0], np.empty(0), np.empty(0)
    low, high = np.nanquantile(at[enough], [0.1, 0.9], axis=1)
    return grid[enough], low, high
