"""Execution: a training function is called, and how it ended is said, whatever it raises or returns."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

from osetra.core.clean import described, error_text, kind_of
from osetra.core.ending import Ending
from osetra.errors import Diverged, Interrupted, OsetraError
from osetra.training.control import RunControl
from osetra.training.run import Run, control_of

_raised_at = vars(BaseException)["__traceback__"].__get__
_CALLERS = (__name__, "osetra.executors.surroundings")
"""Modules that call a training function, and tell nobody anything in its traceback."""
T = TypeVar("T")
TRIES = 20
"""How often the end of a training is worked out anew when something is raised meanwhile."""
GIVEN_BACK = 3
"""A trial that its training gives back so often in a row, without a new checkpoint, is failed."""


def execute(function: Callable[[Run], object], run: Run, late: list[BaseException] | None = None) -> Ending:
    """Call the training function and say how it ended; lets only KeyboardInterrupt through.

    What the training says afterwards, from a thread that lives on, counts no more.

    Args:
        function: the training function.
        run: what it gets.
        late: takes what is raised once it has returned, by signals of the program: that is no end of it.
    """
    control = control_of(run)
    late = [] if late is None else late
    try:
        try:
            returned = function(run)
        finally:
            _surely(control.close, late)
        return _surely(lambda: _worth(control, returned), late)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return _broken(control, error)


def _surely(action: Callable[[], T], late: list[BaseException]) -> T:
    """Do something that only we and signals of the program can disturb, until nothing does."""
    raised: list[BaseException] = []
    for _ in range(TRIES):
        try:
            done = action()
        except OsetraError:
            raise
        except BaseException as error:
            raised.append(error)
        else:
            late += raised[:1]
            return done
    raise raised[-1]  # each time: not by a signal, but by what the training has returned


def _worth(control: RunControl, returned: object) -> Ending:
    """Return the ending of a training that has returned."""
    if control.steering.ending is not None:
        return control.ending()
    metric = control.objective.metric
    value, basis = control.returned(returned)
    if not math.isfinite(value):
        return Ending("diverged", value, f"{metric} became {value}", basis=basis)
    return Ending("finished", value, basis=basis)


def _broken(control: RunControl, error: BaseException) -> Ending:
    """Return the ending of a training that has raised something, which may do anything when it is asked."""
    try:
        return _meaning(control, error, type(error))
    except BaseException:
        return Ending("failed", reason=f"{kind_of(error)}: nothing more can be said of it")


def _meaning(control: RunControl, error: BaseException, kind: type[BaseException]) -> Ending:
    """Say what an exception means; its class is asked for by nothing that it could answer itself."""
    text = described(error)
    if issubclass(kind, Interrupted):
        return _given_back(control, text) if control.steering.ending is None else control.ending()
    if issubclass(kind, Diverged):
        return Ending("diverged", math.nan, text)
    if issubclass(kind, SystemExit):
        return Ending("failed", reason=f"the training called sys.exit({_status(error)})")
    if issubclass(kind, MemoryError):
        reason = f"out of memory: {text}" if text else "out of memory"
        return Ending("failed", reason=reason, detail=_traceback(error))
    if issubclass(kind, OsetraError):
        # They say more than where in osetra it was raised.
        return Ending("failed", reason=text or kind_of(error), detail=_notes(error) or _traceback(error))
    return Ending("failed", reason=error_text(error), detail=_traceback(error))


def _status(error: BaseException) -> str:
    try:
        return "".join((repr(getattr(error, "code", None)),))
    except BaseException:
        return "…"


def _notes(error: BaseException) -> str:
    try:
        return "\n".join(map(str, getattr(error, "__notes__", ())))
    except BaseException:
        return ""


def _given_back(control: RunControl, text: str) -> Ending:
    """Return the ending of a training that gives its trial back, which nobody has asked for."""
    times = control.claim.given_back + 1
    why = f" ({text})" if text else ""
    if times < GIVEN_BACK or control.kept:
        return Ending("interrupted", reason=f"the training raised Interrupted{why}", basis="raised")
    return Ending(
        "failed",
        reason=f"the training raised Interrupted {times} times, and nobody had asked it to end{why}; a "
        "configuration that is to be skipped raises osetra.Diverged",
        basis="raised",
    )


def _traceback(error: BaseException) -> str:
    """Return where something was raised, as far as that can be said."""
    where: TracebackType | None = _raised_at(error)
    while where and where.tb_next and where.tb_frame.f_globals.get("__name__") in _CALLERS:
        where = where.tb_next
    try:
        return "".join(traceback.format_exception(type(error), error, where))
    except BaseException:
        return "".join(["Traceback (most recent call last):\n", *traceback.format_tb(where), kind_of(error)])
