"""Search: trials until a limit is reached, then the best few again with fresh seeds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from osetra.core.limits import Limits
from osetra.study.confirming import allowed
from osetra.study.display import Display, usual_display
from osetra.tuning.deadline import WARM_UP, Deadline, affordable, networks_of, reserve, seconds_per_training
from osetra.tuning.followers import Followers
from osetra.tuning.request import DEFAULT_TRIALS

if TYPE_CHECKING:
    from osetra.core.history import History
    from osetra.core.ports import Executor
    from osetra.study.study import Study
    from osetra.training.run import Run

Watch = Callable[["History"], None]
SEEDS = 3
"""Fresh seeds per configuration that is confirmed."""
AT_LEAST = 10.0
"""Seconds that a search gets however late it is: a result a little late is better than none."""
CONFIRMED = 3
"""How many of the best configurations are run again with fresh seeds, at most, unless told otherwise."""


def search(  # noqa: PLR0913 - the parts of one search, most of them with a default
    study: Study,
    train: Callable[[Run], object],
    limits: Limits,
    *,
    title: str = "",
    steps: int | None = None,
    keep_going: bool = False,
    progress: bool | Display = True,
    watch: Watch | None = None,
    slots: tuple[int, str] | None = None,
    deadline: Deadline | None = None,
    proportion: bool = False,
    followers: Followers | None = None,
) -> None:
    """Search within the limits, and run the best `limits.confirm` again with fresh seeds.

    Args:
        study: whose trials are trained.
        train: what trains one.
        limits: when it is over; its workers are how many train at once, unless slots say so.
        title: what the display is headed with.
        steps: the budget of one training.
        keep_going: whether to go on when the first trials all fail alike.
        progress: whether to show it, or what shows it.
        watch: who is told of the history.
        slots: how many train at once, and the GPUs that they share out, as `Processes` takes both.
        deadline: when all has to be over; the search ends when the rest is needed for the end.
        proportion: whether fresh seeds cost no more than is in proportion to the search, and end when they
            tell enough.
        followers: who else is told of it.

    Raises:
        TrainingFailed: the first trials all fail alike, and nobody wants to keep going.
        KeyboardInterrupt: stopped by Ctrl-C, once everything has been handed back.
    """
    from osetra.executors import Processes

    executor = Processes(*(slots or (limits.workers, ())))
    display = usual_display(title) if progress is True and title else progress
    deadline, most, objective = deadline or Deadline(), limits.confirm or 0, study.problem.objective
    told = followers or Followers()
    only_time = deadline.hurries and limits.trials is limits.trainings is limits.until is None
    least, runs = AT_LEAST, math.inf

    def kept(history: History) -> float:
        wanted = min(runs, _runs(study, most, proportion=proportion))
        return reserve(history, objective, deadline, most, limits.workers, wanted)

    while True:
        left, before = max(deadline.for_trainings, least), study.history.curves.cursor
        study.run(
            train,
            steps=steps,
            executor=executor,
            keep_going=keep_going,
            progress=display,
            watch=watch,
            reserve=kept if deadline.hurries else 0.0,
            **(replace(limits, minutes=left / 60) if deadline.hurries else limits).of_search,
            **told.of_search,
        )
        _confirm(study, train, limits, executor, display, watch, deadline, told, proportion=proportion)
        if not only_time or study.history.curves.cursor == before:
            return
        # Fresh seeds often tell enough before all their time is used: then the search goes on in it, and
        # keeps time for one more, should it find a better setting.
        least, runs = 0.0, 1.0
        training = seconds_per_training(study.history, objective)
        if deadline.for_trainings < kept(study.history) + WARM_UP + training:
            return


def _runs(study: Study, most: int, *, proportion: bool) -> float:
    """Return how many fresh seeds are still to be trained at most."""
    history = study.history
    if proportion:
        made = sum(
            trial.repeats is not None and trial.state == "finished" for trial in history.trials.values()
        )
        return allowed(study.problem, history) - made
    best = history.ranked(study.problem.objective)[:most]
    return sum(max(0, SEEDS - len(history.repeats(trial.number))) for trial in best) if best else math.inf


def _confirm(
    study: Study,
    train: Callable[[Run], object],
    limits: Limits,
    executor: Executor,
    display: bool | Display,
    watch: Watch | None,
    deadline: Deadline,
    told: Followers,
    *,
    proportion: bool,
) -> None:
    """Run the best again with fresh seeds, as many as there is time for, or as the search was worth."""
    history, objective = study.history, study.problem.objective
    top, seeds, seconds = min(limits.confirm or 0, len(history.ranked(objective))), SEEDS, math.inf
    most = allowed(study.problem, history)
    if deadline.hurries:
        training, seconds, many = seconds_per_training(history, objective), deadline.for_trainings, top
        runs, networks = _runs(study, top, proportion=proportion), networks_of(history, objective)
        finish = affordable(
            training, seconds, top, limits.workers, refit=deadline.refit, runs=runs, networks=networks
        )
        top, seeds = finish.top, finish.seeds
        if proportion:
            most, top = most - int(runs) + top * seeds, many if top else 0
    if top and seconds > 0:
        study.confirm(
            train,
            top=top,
            seeds=None if proportion else seeds,
            most=max(1, most) if proportion else None,
            minutes=seconds / 60 if math.isfinite(seconds) else None,
            executor=executor,
            report_timeout=limits.report_timeout,
            progress=display,
            watch=watch,
            **told.of_fresh_seeds,
        )


def with_end(limits: Limits) -> Limits:
    """Return limits that end a search: the usual number of trials where none was given."""
    return limits if limits.ends else replace(limits, trials=DEFAULT_TRIALS)


def with_confirmation(limits: Limits) -> Limits:
    """Return limits that say how many are confirmed: few of few trials, where nobody said."""
    if limits.confirm is not None:
        return limits
    fitting = CONFIRMED if limits.trials is None else max(1, min(CONFIRMED, limits.trials // 4))
    return replace(limits, confirm=fitting)
