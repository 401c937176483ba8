"""Goal: the value of a metric at which a search is over, such as val_loss<0.05."""

from __future__ import annotations

import math
import operator
import re
import sys
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass

from osetra.core.arguments import expected, is_number, plain
from osetra.core.facts import Noted
from osetra.core.history import History
from osetra.core.problem import Objective
from osetra.core.trial import Trial

NOISE = "noise"
"""Until there is less to gain than another seed changes; what that is takes a model to say."""
WANTED = (
    'write until="val_loss<0.05"; <, <=, > and >= are known, and a number alone is of the objective; '
    'until="noise" ends where nothing is left to gain'
)
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FORM = re.compile(r"\s*(?P<metric>[^<>=]*?)\s*(?P<sign><=|>=|<|>|)\s*(?P<bound>[^<>=\s]+)\s*")


def goal_text(until: object) -> str:
    """Return what was given as a goal in its usual spelling: val_loss<0.05, or 0.05 for the objective.

    Raises:
        StudyError: it is none.
    """
    found = plain(until)
    if isinstance(found, str) and found.strip() == NOISE:
        return NOISE
    if is_number(found) and abs(found) <= sys.float_info.max:
        return f"{float(found):.17g}" if f"{float(found):g}" != f"{found}" else f"{found}"
    match = _FORM.fullmatch(found) if isinstance(found, str) else None
    bound = _number(match["bound"]) if match else math.nan
    if match is None or not math.isfinite(bound) or bool(match["metric"]) is not bool(match["sign"]):
        raise expected("until", until, WANTED)
    return f"{match['metric']}{match['sign']}{match['bound']}"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


@dataclass(frozen=True, slots=True)
class Goal:
    """A metric, how it compares, and with what."""

    metric: str
    sign: str
    bound: float

    @classmethod
    def of(cls, until: object, objective: Objective) -> Goal | None:
        """Return the goal that a study of an objective is given; None for none, or where it is no value.

        Raises:
            StudyError: it makes no sense, or the objective would meet it by being bad.
        """
        if until is None or goal_text(until) == NOISE:
            return None
        match = _FORM.fullmatch(goal_text(until))
        assert match is not None  # its usual spelling
        usual = "<=" if objective.sign > 0 else ">="
        goal = cls(match["metric"] or objective.metric, match["sign"] or usual, float(match["bound"]))
        if goal.metric == objective.metric and goal.sign[0] != usual[0]:
            raise expected(
                "until",
                until,
                f"{objective.metric} is to be {objective.direction}d: write "
                f'until="{objective.metric}{usual[0]}{match["bound"]}"',
            )
        return goal

    def __str__(self) -> str:
        return f"{self.metric}{self.sign}{self.bound:g}"

    def is_met(self, value: float | None) -> bool:
        """Whether a value meets it."""
        return value is not None and _COMPARE[self.sign](value, self.bound)

    def met_by(
        self, history: History, objective: Objective, known: Container[int] = ()
    ) -> tuple[Trial, float] | None:
        """Return the first finished trial of the search that meets it, with its value; None while none does.

        A trial is worth what it is worth as a whole; of other metrics its last report counts. Those that
        are `known` are passed over.
        """
        for trial in history.finished:
            if trial.repeats is None and trial.number not in known:
                value = self._value(history, trial, objective)
                if value is not None and self.is_met(value):
                    return trial, value
        return None

    def _value(self, history: History, trial: Trial, objective: Objective) -> float | None:
        if self.metric == objective.metric:
            return trial.value
        _, values = history.curve(trial, self.metric)
        return float(values[-1]) if len(values) else None

    def reached(self, trial: Trial, value: float) -> Noted:
        """Return the note that a trial has reached it; it is the same for whoever finds so."""
        text = f"{self} is reached: trial {trial.number} has {self.metric} {value:.6g}; the search is over"
        return Noted("goal", f"{trial.number} {self}", text, {"trial": trial.number, "until": str(self)})
