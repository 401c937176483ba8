"""Confirming: the best few again with fresh seeds, as many as tell something, for a share of the search."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from osetra.core.decisions import Suggestion
from osetra.core.history import History
from osetra.core.limits import Limits, cost
from osetra.core.ports import Executor, Job
from osetra.core.problem import Problem
from osetra.core.trial import ENDED, Trial
from osetra.effects.front import front_of
from osetra.errors import NothingFinished
from osetra.study.display import Display, displayed
from osetra.study.hooks import Hooks
from osetra.study.loop import Watch, work
from osetra.study.planner import Planner

OF_FRONT = 3
"""Fresh seeds of each trial of a front at most, where nobody says how many."""


def allowed(problem: Problem, history: History) -> int:
    """Return how many fresh runs the search so far is worth."""
    from osetra.numerics.racing import allowance  # with SciPy, which most programs do not need

    repeats = len(_repeats(history))
    return allowance(max(0.0, cost(problem, history) - repeats) if history.steps else history.begun)


def confirm(
    planner: Planner,
    job: Job,
    crew: Executor,
    limits: Limits,
    progress: bool | Display,
    watch: Watch | None,
    *,
    top: int,
    seeds: int | None,
    most: int | None = None,
    hooks: Hooks | None = None,
) -> None:
    """Run the best `top` again: so many seeds each, or a round at a time until that tells enough.

    Args:
        planner: of the study.
        job: how its trials are trained; repeats only.
        crew: who trains.
        limits: minutes and workers.
        progress: whether to show it, or what shows it.
        watch: who is told of the history.
        top: how many settings at most.
        seeds: of each; None is as many as it takes.
        most: runs at most where seeds are not said, those of earlier calls included.
        hooks: the user's functions to call.
    """
    most = allowed(planner.problem, planner.history) if most is None else most
    again, begun, left = _rounds(planner, top, seeds, most), time.monotonic(), limits
    known = _repeats(planner.history)
    wanted = next(again, Counter())
    if not wanted and all(trial.state in ENDED for trial in known):
        return
    total = len(known) + sum(wanted.values()) if seeds else max(len(known), most)
    goal, hooks = replace(limits, trials=max(1, total)), hooks or Hooks()
    with (
        displayed(planner, "confirming", goal, progress, watch, repeats=True) as shown,
        hooks.followed(lambda: planner.history),
    ):
        while True:
            _queue(planner, wanted)
            work(planner, job, crew, limits=left, watch=shown, hooks=hooks)
            if any(trial.state not in ENDED for trial in _repeats(planner.history)):
                return  # the time is over, or a hook has said that it is enough
            if not (wanted := next(again, Counter())):
                return
            if limits.minutes is not None:
                minutes = limits.minutes - (time.monotonic() - begun) / 60
                if minutes <= 0:
                    return
                left = replace(limits, minutes=minutes)


def contenders(problem: Problem, history: History, top: int | None = None) -> list[Trial]:
    """Return what is worth running again, the best first.

    With several objectives the front is: its knee, its ends, and what lies farthest from its neighbours.
    """
    if not problem.others:
        return [t for t in history.ranked(problem.objective) if t.number not in history.unfit][:top]
    from osetra.numerics.pareto import crowding

    try:
        front = front_of(problem, history)
    except NothingFinished:
        return []
    knee, apart = front.knee.number, crowding(front.outcomes)
    order = sorted(range(len(front)), key=lambda place: (front[place].number != knee, -apart[place]))
    return [history.trials[front[place].number] for place in order][:top]


def _repeats(history: History) -> list[Trial]:
    return [trial for trial in history.trials.values() if trial.repeats is not None]


def _queue(planner: Planner, wanted: Counter[int]) -> None:
    for number, count in wanted.items():
        config = planner.history.trials[number].config
        suggestion = Suggestion(config, f"trial {number} again with a fresh seed")
        planner.suggest([suggestion] * count, "confirm", "confirm", number)


def _rounds(planner: Planner, top: int, seeds: int | None, most: int) -> Iterator[Counter[int]]:
    """Yield how often which trials are run again, a round at a time."""
    problem, objective = planner.problem, planner.problem.objective
    chosen = contenders(problem, planner.history, top)
    if seeds is None and problem.others:
        seeds = min(OF_FRONT, most // max(1, len(chosen)))
    if seeds is not None:
        made = Counter(t.repeats for t in planner.history.trials.values())
        yield Counter({t.number: seeds - made[t.number] for t in chosen if made[t.number] < seeds})
        return
    from osetra.numerics.racing import field, round_of

    while True:
        history = planner.history
        spent = len(_repeats(history))
        sound = [t for t in contenders(problem, history) if t.number not in history.lost]
        racing = sound[: field(most, top)]
        fresh = [[objective.sign * (a.value or 0.0) for a in history.repeats(t.number)] for t in racing]
        places = round_of(fresh, most - spent)
        if not places:
            return
        yield Counter(racing[place].number for place in places)
