"""Choice: the executor of a call, from what its caller said."""

from __future__ import annotations

from osetra.core.arguments import expected
from osetra.core.limits import Limits
from osetra.core.ports import Executor
from osetra.executors.inline import Inline
from osetra.executors.processes import Processes


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
