"""Run: a trial seen from inside the training code.

    def train(run):
        model = build(run.config["units"])
        for epoch in run.steps(20):
            run.report(train_loss=..., val_loss=...)

The loop of `run.steps` simply ends early when the run has to stop, so nothing is thrown through
training code that uses it; in a hand-written loop `run.report` raises `Interrupted` instead.
"""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from osetra.core.curves import Point
from osetra.core.facts import Outcome
from osetra.core.params import Config
from osetra.core.problem import Objective
from osetra.errors import Diverged, Interrupted, OsetraError, StudyError


class Link(Protocol):
    """Where a run's reports go, and where a request to stop comes from."""

    def send(self, points: list[Point]) -> None:
        """Take points; must not block for long."""
        ...

    def stop_requested(self) -> bool:
        """Whether the run has to end at this report."""
        ...


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended."""

    outcome: Outcome
    value: float | None = None
    reason: str = ""
    detail: str = ""


@dataclass(slots=True)
class Run:
    """One attempt at one trial, in the hands of the training code."""

    trial: int
    attempt: int
    config: Config
    """The hyperparameters, active names only."""
    seed: int
    """For all randomness of this training; a repeat of the same configuration gets another one."""
    objective: Objective
    link: Link
    instance: int = 0
    """The current fold of a cross-validation."""
    interrupted: bool = False
    """Whether the run was told to stop; work after the loop should be kept short."""
    _step: int = 0
    _looping: bool = False
    _curves: dict[int, list[float]] = field(default_factory=dict)
    _metrics: set[str] = field(default_factory=set)

    def steps(self, count: int) -> Iterator[int]:
        """Yield 1, 2, … count, ending early when the run has to stop."""
        self._looping = True
        try:
            for step in range(1, count + 1):
                if self.interrupted:
                    return
                self._step = step
                yield step
        finally:
            self._looping = False
            self._step = 0

    def folds(self, count: int) -> Iterator[int]:
        """Yield the folds 0 … count-1; the trial's value is the mean over them."""
        for fold in range(count):
            if self.interrupted:
                return
            self.instance, self._step = fold, 0
            yield fold
        self.instance = 0

    def report(self, step: int | None = None, /, **metrics: object) -> None:
        """Report metrics of one step: any numbers, such as train_loss=0.3, val_loss=0.5.

        Inside `run.steps` the step is known; elsewhere it counts up, or is given first.

        Raises:
            StudyError: a metric is not a number, or none was given.
            Interrupted: outside `run.steps`, when the run has to stop.
        """
        if not metrics:
            raise StudyError("report() without metrics; write run.report(val_loss=0.3)")
        if step is None and not self._looping:
            self._step += 1
        step = self._step if step is None else int(step)
        values = {name: number(name, value) for name, value in metrics.items()}
        self._metrics.update(values)
        if self.objective.metric in values:
            self._curves.setdefault(self.instance, []).append(values[self.objective.metric])
        self.link.send(
            [Point(self.trial, self.attempt, self.instance, step, n, v) for n, v in values.items()]
        )
        if self.link.stop_requested():
            self.interrupted = True
            if not self._looping:
                raise Interrupted(f"trial {self.trial} has to stop; it goes back to the queue")

    def diverged(self, reason: str) -> None:
        """End the trial as diverged: the configuration does not train."""
        raise Diverged(reason)

    def value(self) -> float:
        """Return what the reports so far are worth: per fold the best or last value, then the mean.

        Raises:
            StudyError: the objective's metric was never reported.
        """
        if not self._curves:
            seen = f"; reported were {', '.join(sorted(self._metrics))}" if self._metrics else ""
            raise StudyError(
                f"no {self.objective.metric!r} was reported and nothing returned{seen}; "
                f"call run.report({self.objective.metric}=...) or return a number"
            )
        return float(np.mean([_picked(curve, self.objective) for curve in self._curves.values()]))


def execute(function: Callable[[Run], object], run: Run) -> Ending:
    """Call the training function and say how it ended; lets only KeyboardInterrupt through."""
    try:
        returned = function(run)
        if run.interrupted:
            return Ending("interrupted", reason="stopped on request")
        value = run.value() if returned is None else _returned(returned, run.objective.metric)
    except Interrupted as stop:
        return Ending("interrupted", reason=str(stop))
    except Diverged as cause:
        return Ending("diverged", math.nan, str(cause))
    except KeyboardInterrupt:
        raise
    except SystemExit as leaving:
        return Ending("failed", reason=f"the training called sys.exit({leaving.code!r})")
    except MemoryError as error:
        return Ending("failed", reason=f"out of memory: {error}", detail=traceback.format_exc())
    except OsetraError as error:
        return Ending("failed", reason=str(error), detail=traceback.format_exc())
    except BaseException as error:
        return Ending("failed", reason=f"{type(error).__name__}: {error}", detail=traceback.format_exc())
    if not math.isfinite(value):
        return Ending("diverged", value, f"{run.objective.metric} became {value}")
    return Ending("finished", value)


def _picked(curve: list[float], objective: Objective) -> float:
    if objective.pick == "last" or not math.isfinite(curve[-1]):
        return curve[-1]
    finite = [value for value in curve if math.isfinite(value)]
    return min(finite, key=lambda value: objective.sign * value)


def _returned(returned: object, metric: str) -> float:
    if isinstance(returned, Mapping):
        if metric not in returned:
            raise StudyError(f"the training returned {sorted(map(str, returned))}, without {metric!r}")
        returned = returned[metric]
    return number("returned value", returned)


def number(name: str, value: object) -> float:
    """Return a metric as a float; raises StudyError for anything that is not one number."""
    if isinstance(value, str):
        raise StudyError(f"{name}={value!r}: a metric is one number, such as {name}=0.3")
    try:
        return float(value)  # type: ignore[arg-type]  # numbers, NumPy and tensor scalars
    except (TypeError, ValueError):
        raise StudyError(f"{name}={value!r}: a metric is one number, such as {name}=0.3") from None
