"""Choice: what workers are to do, and who starts them, from what a caller said."""

from __future__ import annotations

from collections.abc import Callable

from osetra.core.arguments import expected, given
from osetra.core.limits import Limits
from osetra.core.ports import Executor, Job
from osetra.core.problem import Problem
from osetra.errors import StudyError
from osetra.executors.function import unsuitable
from osetra.executors.inline import Inline
from osetra.executors.processes import Processes
from osetra.training.run import Run


def executor_for(limits: Limits, wanted: object) -> Executor:
    """Return the executor that a caller gave, else this process for one worker, and processes for more.

    Raises:
        StudyError: it is none.
    """
    if wanted is not None:
        if isinstance(wanted, type) or not (hasattr(wanted, "start") and hasattr(wanted, "slots")):
            raise expected("executor", wanted, "an executor is needed, such as Processes(2)")
        return wanted
    alone = limits.workers == 1 and limits.report_timeout is None
    return Inline() if alone else Processes(limits.workers)


def job_for(
    problem: Problem,
    train: Callable[[Run], object],
    report_timeout: float | None,
    *,
    repeats_only: bool = False,
) -> Job:
    """Return what workers are to do.

    Raises:
        StudyError: the training function cannot be called, or not with a run.
    """
    if not callable(train):
        raise StudyError(f"{given(train)} cannot be called; give a training function that takes a run")
    if wrong := unsuitable(train):
        raise StudyError(wrong)
    return Job(
        objective=problem.objective,
        needs=problem.needs,
        function=train,
        report_timeout=report_timeout,
        repeats_only=repeats_only,
    )
