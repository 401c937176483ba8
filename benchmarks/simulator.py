"""Simulator: asynchronous workers in simulated time, driven by the code that would drive real ones.

One step of any training costs one unit of time, or the seconds that it took where those were banked;
`workers` trainings run at once, and the budget is a number of steps, or of seconds, over all of them. A training that goes on from where it was left costs its new steps
only, for everybody. One that reports NaN or infinity has diverged: it is over, for everybody.

The incumbent is what a person would deploy: the best of the fully trained configurations by the value at
the last step; while there is none, the best of those that were trained longest. What counts is the regret of
its value at the last step. A lucky value on the way, which the end of its own curve takes back, is none.
"""

from __future__ import annotations

import heapq
import math
import time
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from osetra.core.params import Config
from problems.benchmark import Array
from problems.curves import Curved, Train, Trainings

MARKS = tuple(range(5, 101, 5))
"""Percent of the budget at which regret is kept."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker is to do: train `key` up to a step, from where it was left or from the beginning."""

    key: int
    config: Config
    until: int


@dataclass(slots=True)
class Clock:
    """The time of a simulation."""

    budget: float
    """How much may be spent over all workers."""
    now: float = 0.0
    spent: float = 0.0


class Driver(Protocol):
    """Whatever says what workers do."""

    def next(self) -> Work | None:
        """Return what an idle worker does; None lets it wait until something was reported."""
        ...

    def report(self, work: Work, step: int, value: float) -> bool:
        """Take a value; return whether the training goes on. The last word after a divergence is no."""
        ...


@dataclass(frozen=True, slots=True)
class Trace:
    """What came of a run."""

    regret: list[float]
    """Of the incumbent, at each of MARKS."""
    started: int
    """Configurations begun."""
    finished: int
    """Configurations trained to the last step."""
    cpu: float
    """CPU seconds of driver and simulator."""


@dataclass(slots=True)
class _Score:
    problem: Curved
    step: int = 0
    """The furthest step that any configuration has reached."""
    seen: float = math.inf
    """Best value there."""
    final: float = math.nan
    """Value at the last step of the configuration that it belongs to."""

    def take(self, curve: Array, step: int) -> None:
        """Count a value; the rest of the curve is for the referee's eyes only."""
        value = float(curve[step - 1])
        if math.isfinite(value) and (step > self.step or (step == self.step and value < self.seen)):
            self.step, self.seen, self.final = step, value, float(curve[-1])

    @property
    def regret(self) -> float:
        """Regret of the incumbent."""
        return self.problem.regret(self.final)


@dataclass(slots=True)
class _Site:
    """The trainings, as far as they got."""

    train: Train
    curves: dict[int, Array] = field(default_factory=dict)
    reached: dict[int, int] = field(default_factory=dict)

    def begin(self, work: Work) -> int:
        """Return the step that a training stands at."""
        if work.key not in self.curves:
            self.curves[work.key], self.reached[work.key] = self.train(work.config), 0
        return self.reached[work.key]

    def advance(self, work: Work) -> tuple[Array, int]:
        """Train one step; return the whole curve and the step that was reached."""
        self.reached[work.key] += 1
        return self.curves[work.key], self.reached[work.key]


def simulate(problem: Curved, trainings: Trainings, driver: Driver, workers: int, clock: Clock) -> Trace:
    """Run a driver until the clock's budget is spent and return its trace."""
    site, score = _Site(trainings.train), _Score(problem)
    running: list[tuple[float, int, Work]] = []
    # Once for all, since the call itself takes milliseconds in some sandboxes.
    begin = time.process_time()
    order, kept = 0, list[float]()
    while clock.spent < clock.budget:
        while len(running) < workers and (work := _wanted(site, driver)) is not None:
            heapq.heappush(running, (clock.now + trainings.pace(work.config), order := order + 1, work))
        if not running:
            break
        clock.now, _, work = heapq.heappop(running)
        if site.begin(work) >= work.until:  # DEHB may have two workers on one configuration
            driver.report(work, work.until, float(site.curves[work.key][work.until - 1]))
            continue
        curve, step = site.advance(work)
        clock.spent += trainings.pace(work.config)
        score.take(curve, step)
        while len(kept) < len(MARKS) and 100 * clock.spent >= MARKS[len(kept)] * clock.budget:
            kept.append(score.regret)
        value = float(curve[step - 1])
        goes_on = driver.report(work, step, value)
        if goes_on and step < work.until and math.isfinite(value):
            heapq.heappush(running, (clock.now + trainings.pace(work.config), order := order + 1, work))
    kept += [score.regret] * (len(MARKS) - len(kept))
    regret = np.round(np.array(kept), 6).tolist()
    finished = sum(reached == problem.steps for reached in site.reached.values())
    return Trace(regret, len(site.curves), finished, round(time.process_time() - begin, 3))


def _wanted(site: _Site, driver: Driver) -> Work | None:
    """Return the next work with something left to train; what was trained is reported at no cost."""
    while (work := driver.next()) is not None and site.begin(work) >= work.until:
        driver.report(work, work.until, float(site.curves[work.key][work.until - 1]))
    return work
