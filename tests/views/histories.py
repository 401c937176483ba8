"""Hand-made studies for the views: a learning rate that crawls, converges or blows up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from osetra.core.curves import Point
from osetra.core.facts import Claimed, Ended, Entry, Fact, Noted, Opened, Suggested, Worker, ended
from osetra.core.history import History
from osetra.core.params import Config, Float, Int
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space

SPACE = Space(lr=Float(1e-4, 1, scale="log"), units=Int(16, 256, scale="log"))
PROBLEM = Problem(SPACE, Objective(metric="val_loss"))
WORKER = Worker(host="here", boot="b", pid=1, started=0.0)


@dataclass
class Book:
    """Writes a log by hand; time goes on by one second per fact unless told otherwise."""

    problem: Problem = PROBLEM
    entries: list[Entry] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    trials: int = 0
    time: float = 1000.0

    def __post_init__(self) -> None:
        objective = self.problem.objective
        spec = self.problem.space.spec
        self.write(Opened(spec, objective.metric, objective.direction, objective.pick, 0))

    def write(self, fact: Fact, seconds: float = 1.0) -> None:
        self.time += seconds
        self.entries.append(Entry(len(self.entries) + 1, self.time, fact))

    def suggest(self, config: Mapping[str, object] | None = None, repeats: int | None = None) -> int:
        self.trials += 1
        complete: Config = self.problem.space.complete(dict(config or {}))  # type: ignore[arg-type]
        origin = "searcher" if repeats is None else "confirm"
        self.write(
            Suggested(self.trials, complete, 7, origin, "zoom", "inside round 2", repeats=repeats), 0.0
        )
        return self.trials

    def claim(self, trial: int, attempt: int = 1) -> int:
        self.write(Claimed(trial, attempt, WORKER), 0.0)
        return trial

    def report(
        self, trial: int, values: Sequence[float], metric: str = "val_loss", attempt: int = 1, fold: int = 0
    ) -> None:
        self.points += [Point(trial, attempt, fold, i, metric, v) for i, v in enumerate(values, 1)]

    def finish(self, trial: int, value: float | None = None, seconds: float = 12.0, attempt: int = 1) -> None:
        if value is None:
            value = min(p.value for p in self.points if p.trial == trial and p.metric == "val_loss")
        self.write(ended(trial, attempt, "finished", value), seconds)

    def end(self, fact: Ended, seconds: float = 2.0) -> None:
        self.write(fact, seconds)

    def note(self, topic: str, name: str, text: str, **data: object) -> None:
        self.write(Noted(topic, name, text, dict(data)), 0.0)

    def train(self, values: Sequence[float], config: Mapping[str, object] | None = None) -> int:
        trial = self.claim(self.suggest(config))
        self.report(trial, values)
        self.finish(trial)
        return trial

    @property
    def history(self) -> History:
        return History().extend(self.entries, self.points, len(self.points))


def descent(start: float, floor: float, rate: float, steps: int = 20) -> list[float]:
    return [floor + (start - floor) * math.exp(-rate * i) for i in range(steps)]


def busy() -> Book:
    """Four trials ended in four ways, one is running, one is queued, a zoom was noted."""
    book = Book()
    book.note("target", "8", "8 trials in total", trials=8)
    book.train(descent(2.3, 0.4, 0.1), {"lr": 0.003, "units": 32})
    book.train(descent(2.3, 0.05, 0.4), {"lr": 0.05, "units": 128})
    wild = book.claim(book.suggest({"lr": 0.9, "units": 64}))
    book.report(wild, [2.4, 9.0, 4e3, math.nan])
    book.end(ended(wild, 1, "diverged", math.nan, "val_loss became nan at step 4"))
    broken = book.claim(book.suggest({"lr": 0.01, "units": 16}))
    book.end(ended(broken, 1, "failed", None, "ValueError: bad batch", "Traceback …\nValueError: bad batch"))
    book.note("zoom", "1", "round 2 searches lr in 0.01 … 0.1: 2 of the best 3 trials lie there")
    running = book.claim(book.suggest({"lr": 0.02, "units": 100}))
    book.report(running, descent(2.2, 0.1, 0.3, 7))
    book.suggest({"lr": 0.03})
    return book
