"""The study: what it asks, and its line in a list of studies."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from statistics import fmean
from typing import get_args

from osetra.core.facts import Verb
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.stores.address import Address
from osetra.views.panels.parameters import parameters
from osetra.views.panels.remembered import OF_STUDY, remembered_of_study, remembered_texts
from osetra.views.plain import plain_data, plain_number

Document = dict[str, object]
VERBS: tuple[Verb, ...] = get_args(Verb)


def study_id(address: Address) -> str:
    """Return what a study is called in addresses of a page: the same for ever, and never a path."""
    file = address.file
    where = address.bare if file is None else f"{file.absolute()}#{address.study}"
    return blake2b(where.encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()


def study_panel(
    problem: Problem, history: History, *, id: str, name: str, verbs: Sequence[str] = VERBS
) -> Document:
    """Return what a study asks; `verbs` are the orders that may be given from where it is seen."""
    objective, opened = problem.objective, history.opened
    return {
        "version": history.version,
        "id": id,
        "name": name,
        "metric": objective.metric,
        "direction": objective.direction,
        "pick": objective.pick,
        "objectives": [{"metric": one.metric, "direction": one.direction} for one in problem.objectives],
        "seed": history.seed,
        "searcher": None if opened is None else opened.searcher,
        "scheduler": None if opened is None else opened.scheduler,
        "target": history.target or None,
        "task": {} if opened is None else plain_data(opened.task),
        "opened": history.opened_at or None,
        "steps": history.steps,
        "metrics": list(history.curves.metrics),
        "attrs": remembered_texts(remembered_of_study(history.noted(OF_STUDY))),
        "params": parameters(problem.space),
        "verbs": list(verbs),
    }


def study_entry(problem: Problem, history: History, *, id: str, name: str) -> Document:
    """Return a study's line in a list."""
    best, objective = history.best(problem.objective), problem.objective
    again = [] if best is None else [t.value for t in history.repeats(best.number) if t.value is not None]
    return {
        "id": id,
        "name": name,
        "metric": objective.metric,
        "direction": objective.direction,
        "trials": len(history.trials),
        "ended": sum(trial.repeats is None for trial in history.ended),
        "target": history.target or None,
        "running": len(history.running),
        "best": None if best is None else plain_number(fmean(again) if again else best.value),
        "updated": last_sign(history),
        "state": state_of(history),
    }


def unreadable_entry(*, id: str, name: str, problem: str) -> Document:
    """Return the line of a study that cannot be read, with the reason as a sentence."""
    return {
        "id": id,
        "name": name,
        "metric": None,
        "direction": None,
        "trials": 0,
        "ended": 0,
        "target": None,
        "running": 0,
        "best": None,
        "updated": None,
        "state": "unreadable",
        "problem": problem,
    }


def state_of(history: History) -> str:
    """Return what a study is doing: empty, running, waiting for a program that goes on, or finished."""
    if history.running:
        return "running"
    if not history.trials:
        return "empty"
    enough = history.target and sum(t.repeats is None for t in history.ended) >= history.target
    return "finished" if enough or not (history.queued or history.paused or history.target) else "waiting"


def last_sign(history: History) -> float | None:
    """Return when the log last grew by something that a trial did, or a note; None before it was opened."""
    times = list(history.trials.derived(_latest))
    times += [entry.time for entry in history.notes[-1:]]
    return max([*times, history.opened_at]) or None


def _latest(trials: Sequence[Trial]) -> float:
    """Return the latest time that a block of trials knows of."""
    times = [0.0]
    for trial in trials:
        times.append(trial.suggested)
        for attempt in trial.attempts[-1:]:
            times.append(attempt.ended or attempt.started)
        for order in trial.orders[-1:]:
            times.append(order.obeyed_at or order.seen_at or order.asked_at)
    return max(times)
