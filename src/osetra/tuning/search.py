"""Search: trials until a limit is reached, then the best few again with fresh seeds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from osetra.core.limits import Limits
from osetra.tuning.request import DEFAULT_TRIALS

if TYPE_CHECKING:
    from osetra.core.history import History
    from osetra.study.study import Study
    from osetra.training.run import Run

Watch = Callable[["History"], None]
SEEDS = 3
"""Fresh seeds per configuration that is confirmed."""
CONFIRMED = 3
"""How many of the best configurations are run again with fresh seeds, at most, unless told otherwise."""


def search(
    study: Study,
    train: Callable[[Run], object],
    limits: Limits,
    *,
    title: str = "",
    steps: int | None = None,
    progress: bool = True,
    watch: Watch | None = None,
) -> None:
    """Search within the limits, and run the best `limits.confirm` again with fresh seeds.

    Raises:
        KeyboardInterrupt: stopped by Ctrl-C, once everything has been handed back.
    """
    from osetra.executors import Processes

    executor = Processes(limits.workers)
    with _shown(study, title, "searching", limits, watch, progress) as look:
        study.run(train, steps=steps, executor=executor, watch=look, **limits.of_search)
    top = min(limits.confirm or 0, len(study.history.ranked(study.problem.objective)))
    if not top:
        return
    again = Limits(trials=top * SEEDS)
    with _shown(study, title, "confirming", again, watch, progress, repeats=True) as look:
        study.confirm(
            train,
            top=top,
            seeds=SEEDS,
            executor=executor,
            report_timeout=limits.report_timeout,
            watch=look,
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


@contextmanager
def _shown(
    study: Study,
    title: str,
    phase: str,
    limits: Limits,
    watch: Watch | None,
    progress: bool,
    *,
    repeats: bool = False,
) -> Iterator[Watch | None]:
    """Show a study at work on stderr."""
    if not progress:
        yield watch
        return
    from rich.console import Console

    from osetra.views.progress import Budget
    from osetra.views.terminal.display import Watcher

    budget = Budget(
        trials=limits.trials,
        seconds=None if limits.minutes is None else 60.0 * limits.minutes,
        trainings=limits.trainings,
        metric=study.problem.objective.metric,
        started=time.time(),
        repeats=repeats,
    )
    budget = replace(budget, already=budget.done(study.history))
    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    with Watcher(study.problem, console, title or study.name, phase, budget).start(study.history) as display:

        def look(history: History) -> None:
            display(history)
            if watch is not None:
                watch(history)

        yield look
