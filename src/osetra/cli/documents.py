"""Documents: studies and trials as plain data for `--json`."""

from __future__ import annotations

from collections import Counter

from osetra.cli.places import Place
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.trial import Trial


def study_document(place: Place, problem: Problem, history: History) -> dict[str, object]:
    """Return what a study asks and how far it is."""
    objective = problem.objective
    best = history.best(objective)
    return {
        "study": place.name,
        "file": str(place.file),
        "metric": objective.metric,
        "direction": objective.direction,
        "space": problem.space.spec,
        "target": history.target or None,
        "done": sum(trial.repeats is None for trial in history.ended),
        "trials": dict(Counter(trial.state for trial in history.trials.values())),
        "best": None if best is None else trial_document(history, best),
    }


def trial_document(history: History, trial: Trial, *, curves: bool = False) -> dict[str, object]:
    """Return one trial; with its curves as lists of [fold, step, value] by metric when asked for."""
    document: dict[str, object] = {
        "trial": trial.number,
        "state": trial.state,
        "value": trial.value,
        "config": trial.config,
        "seed": trial.seed,
        "origin": trial.origin,
        "by": trial.by,
        "why": trial.why,
        "repeats": trial.repeats,
        "fresh_seeds": [again.value for again in history.repeats(trial.number)],
        "reason": trial.reason,
        "seconds": trial.seconds,
        "attempts": [
            {"started": a.started, "ended": a.ended, "outcome": a.outcome, "reason": a.reason}
            for a in trial.attempts
        ],
    }
    if curves:
        by_metric: dict[str, list[list[float]]] = {}
        for point in history.curves.points(trial.number):
            if point.attempt == len(trial.attempts):
                by_metric.setdefault(point.metric, []).append([point.instance, point.step, point.value])
        document["curves"] = by_metric
    return document
