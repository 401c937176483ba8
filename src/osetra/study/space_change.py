"""The change of a space or of limits: an edit is written to the log, with what trials had of new names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from osetra.core.arguments import given
from osetra.core.bounds import Bound
from osetra.core.edits import meaningless, news, problem_of
from osetra.core.facts import Edited, Fact
from osetra.core.history import History
from osetra.core.options import UNSET
from osetra.core.params import Fixed, Value
from osetra.core.problem import Problem
from osetra.core.space import Space
from osetra.core.values import as_value
from osetra.errors import SpaceError, StudyError


class Log(Protocol):
    """A study's log: what an edit is read from and written to."""

    @property
    def history(self) -> History:
        """Everything known so far."""
        ...

    @property
    def problem(self) -> Problem:
        """The question as it is now."""
        ...

    def append(self, facts: Sequence[Fact]) -> bool:
        """Append facts; False when somebody established one of them first."""
        ...


def change(log: Log, make: Callable[[Space], Space], was: Mapping[str, Any], actor: str, why: str) -> Space:
    """Write an edit of the space, again when somebody else was faster, and return the new space.

    Raises:
        SpaceError: the trials so far would mean nothing in it.
        StudyError: nothing would change.
    """
    while True:
        history = log.history
        old = log.problem.space
        new = make(old)
        if new == old:
            raise StudyError("nothing would change: the space is like that already")
        values = _values(old, new, was, begun=bool(history.trials))
        if wrong := meaningless(old, new):
            raise SpaceError("; ".join(wrong))
        if log.append([Edited(len(history.edits) + 1, new.spec, values, actor, why)]):
            return problem_of(log.history).space


def change_limits(log: Log, bounds: Sequence[Bound], actor: str, why: str) -> None:
    """Write an edit of the limits, again when somebody else was faster.

    Raises:
        StudyError: nothing would change.
    """
    while True:
        history = log.history
        if set(bounds) == set(log.problem.bounds):
            raise StudyError("nothing would change: the limits are these already")
        limits = {bound.metric: bound.rule for bound in bounds}
        space = log.problem.space.spec
        if log.append([Edited(len(history.edits) + 1, space, {}, actor, why, limits)]):
            return


def _values(old: Space, new: Space, was: Mapping[str, Any], *, begun: bool) -> dict[str, Value]:
    """Return what the trials so far had of the hyperparameters that are new."""
    found: dict[str, Value] = {}
    fresh = news(old, new)
    for name in was:
        if name not in fresh:
            raise SpaceError(f"was={given(name)}: it is not new, so its trials say themselves what it was")
    for name in fresh:
        params = new.branches(name)
        declared = [p.value if isinstance(p, Fixed) else p.default for p in params]
        value = as_value(was[name]) if name in was else declared[0] if len(declared) == 1 else None
        unsaid = name not in was and (len(declared) > 1 or value is None or value is UNSET)
        if unsaid and begun:
            raise SpaceError(
                f"{name}: it is new, and nothing says which value the trials so far had: declare a default, "
                f"such as {name}=Float(0, 0.5, default=0), or say was={{'{name}': 0}}, --was {name}=0"
            )
        if not unsaid:
            found[name] = value  # type: ignore[assignment]  # no default is unsaid
    return found
