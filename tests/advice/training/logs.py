"""The log of one training, for the tests of advice on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import osetra as ose
from osetra.advice.autopilot import next_advice
from osetra.advice.training import TrainingAdvice, training_advice
from osetra.core.curves import Point
from osetra.core.facts import (
    Checkpointed,
    Claimed,
    Entry,
    Fact,
    Noted,
    Obeyed,
    Ordered,
    Suggested,
    Verb,
    Worker,
    ended,
)
from osetra.core.history import History
from osetra.core.problem import Objective, Problem

SPACE = ose.Space(lr=ose.Float(1e-4, 1, scale="log", default=0.1), dropout=ose.Float(0, 0.9, default=0.1))
PROBLEM = Problem(SPACE, Objective(metric="val_loss"))
WORKER = Worker(host="here", boot="b", pid=1, started=0.0)
STEPS = 40


class Log:
    """The log of one running training."""

    def __init__(
        self, val: Sequence[float], train: Sequence[float] = (), *, keep: Sequence[int] = ()
    ) -> None:
        self.facts: list[Fact] = [
            Noted("steps", str(STEPS), "", {"steps": STEPS}),
            Suggested(1, {"lr": 0.1, "dropout": 0.1}, 7),
            Claimed(1, 1, WORKER),
        ]
        self.facts += [Checkpointed(1, 1, 0, s, f"{s}.npz", 1, "x", val[s - 1]) for s in keep]
        self.points = [Point(1, 1, 0, s, "val_loss", v) for s, v in enumerate(val, 1)]
        self.points += [Point(1, 1, 0, s, "train_loss", v) for s, v in enumerate(train, 1)]
        self.orders = 0

    def ordered(self, verb: Verb, step: int | None, by: str = "person", /, **args: Any) -> Log:
        self.orders += 1
        self.facts.append(Ordered(1, self.orders, verb, args, "x", by))  # type: ignore[arg-type]
        if step is not None:
            self.facts.append(Obeyed(1, self.orders, 1, step, "done", "", args))
        return self

    def ends(self, outcome: str, value: float = math.nan) -> Log:
        self.facts.append(ended(1, 1, outcome, value))  # type: ignore[arg-type]
        return self

    @property
    def history(self) -> History:
        entries = [Entry(i, float(i), fact) for i, fact in enumerate(self.facts, 1)]
        return History().extend(entries, self.points, len(self.points))

    @property
    def advice(self) -> TrainingAdvice | None:
        return training_advice(PROBLEM, self.history, self.history.trials[1])

    @property
    def next(self) -> TrainingAdvice | None:
        return next_advice(PROBLEM, self.history, self.history.trials[1])


def falling(n: int, floor: float = 0.1, rate: float = 0.15) -> list[float]:
    return [floor + 2.0 * math.exp(-rate * i) for i in range(n)]


FLAT = [*falling(20, rate=0.5), *[0.1] * 12]
OVER = ([*falling(12), *[0.4 + 0.05 * i for i in range(10)]], falling(22, floor=0.0))
