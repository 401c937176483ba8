"""Problem: what is searched and what counts as better."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from osetra.core.arguments import expected, option, text
from osetra.core.construction import arguments_checked
from osetra.core.space import Space
from osetra.errors import StudyError

Direction = Literal["minimize", "maximize"]
Pick = Literal["best", "last"]
METRIC = "the objective is the name of a metric, such as 'val_loss'"


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
    """A space and an objective: the question that a study asks."""

    space: Space
    objective: Objective

    def __post_init__(self) -> None:
        if not isinstance(self.space, Space):
            raise expected("space", self.space, "a Space is needed, such as Space(lr=Float(1e-4, 1))")
        if not isinstance(self.objective, Objective):
            wanted = "an Objective is needed, such as Objective(metric='val_loss')"
            raise expected("objective", self.objective, wanted)
