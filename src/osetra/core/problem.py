"""Problem: what is searched and what counts as better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from osetra.core.arguments import expected, option, text
from osetra.core.bounds import Bound
from osetra.core.construction import arguments_checked
from osetra.core.space import Space
from osetra.errors import StudyError

Direction = Literal["minimize", "maximize"]
Pick = Literal["best", "last"]
METRIC = "the objective is the name of a metric, such as 'val_loss'"


_AN_OBJECTIVE = "an Objective is needed, such as Objective(metric='val_loss')"


@arguments_checked(StudyError)
@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """The metric to optimise.

    `pick` says which point of a curve is a trial's value when the training function returns none:
    the best step, as early stopping with the best weights kept, or the last one.
    """

    metric: str
    direction: Direction = "minimize"
    pick: Pick = "best"

    def __post_init__(self) -> None:
        metric = text("metric", self.metric, METRIC)
        if not metric:
            raise expected("metric", metric, METRIC)
        option("direction", self.direction, get_args(Direction))
        option("pick", self.pick, get_args(Pick))

    @property
    def sign(self) -> float:
        """+1 when minimising, -1 when maximising: sign * value is always minimised."""
        return 1.0 if self.direction == "minimize" else -1.0

    def better(self, value: float, than: float | None) -> bool:
        """Whether a finite value beats another; any finite value beats None."""
        try:
            return math.isfinite(value) and (than is None or self.sign * value < self.sign * than)
        except Exception:  # of an object that is no number, or a number beyond all floats
            wanted = "two numbers are needed, neither beyond all floats"
            raise expected("value, than", (value, than), wanted) from None


@arguments_checked(StudyError)
@dataclass(frozen=True, slots=True)
class Problem:
    """A space and what counts as better in it: the question that a study asks.

    Beside the first objective, by which a trial has its value, there may be others, and bounds that a trial
    must keep to.
    """

    space: Space
    objective: Objective
    others: tuple[Objective, ...] = ()
    """What else is to be made better: no trial is best of all then, and the search is for a front."""
    bounds: tuple[Bound, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.space, Space):
            raise expected("space", self.space, "a Space is needed, such as Space(lr=Float(1e-4, 1))")
        if not isinstance(self.objective, Objective):
            raise expected("objective", self.objective, _AN_OBJECTIVE)
        if not isinstance(self.others, tuple) or not all(isinstance(o, Objective) for o in self.others):
            raise expected("others", self.others, f"a tuple is needed, and in it: {_AN_OBJECTIVE}")
        if not isinstance(self.bounds, tuple) or not all(isinstance(b, Bound) for b in self.bounds):
            raise expected("bounds", self.bounds, "a tuple of Bounds is needed")
        check_distinct([one.metric for one in self.objectives])

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """All that is to be made better, that by which a trial has its value first."""
        return (self.objective, *self.others)

    @property
    def plain(self) -> bool:
        """Whether a trial's value alone says how good it is: one objective, and no bounds."""
        return not self.others and not self.bounds

    @property
    def needs(self) -> tuple[str, ...]:
        """The metrics beside the first objective that a trial must have reported when it ends."""
        names = [*(one.metric for one in self.others), *(bound.metric for bound in self.bounds)]
        return tuple(name for name in dict.fromkeys(names) if name != self.objective.metric)


def check_distinct(metrics: Sequence[str]) -> None:
    """Make sure that no metric is an objective twice.

    Raises:
        StudyError: one is.
    """
    for metric in metrics:
        if metrics.count(metric) > 1:
            raise StudyError(
                f"{metric} is an objective twice; name each metric once, in minimize= or in maximize="
            )
