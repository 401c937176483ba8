"""Run: a trial seen from inside the training code.

    def train(run):
        model = build(run.config["units"])
        state = run.restore()                 # None unless the training goes on from a checkpoint
        if state is not None:
            model.load(state["model"])
        for epoch in run.steps(20):
            lr = run.live("lr")               # the value in force: people may change it meanwhile
            run.report(train_loss=..., val_loss=...)
            run.checkpoint(lambda: {"model": model.arrays()})

All but `config` and `report` may be left out: the training then cannot be paused without losing its
work. The loop of `run.steps` simply ends early when the run has to stop, so nothing is thrown through
training code that uses it; in a hand-written loop `run.report` raises `Interrupted` instead.
"""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from osetra.core.curves import Point
from osetra.core.facts import Noted, Obeyed, Outcome
from osetra.core.params import Config, Value
from osetra.core.problem import Objective
from osetra.errors import Diverged, Interrupted, OsetraError, StudyError
from osetra.training.checkpoints import CheckpointWriter
from osetra.training.link import Link
from osetra.training.steering import Leaving, Steering

__all__ = ["CheckpointWriter", "Ending", "Link", "Run", "execute", "number"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended."""

    outcome: Outcome
    value: float | None = None
    reason: str = ""
    detail: str = ""
    obeyed: Obeyed | None = None
    """What came of the order that ended it."""


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
    keeper: CheckpointWriter = field(default_factory=CheckpointWriter)
    """Where checkpoints are kept, and the one to go on from."""
    live_at_start: Mapping[str, Value] = field(default_factory=dict)
    until: int | None = None
    """The step at which it pauses when a checkpoint can be kept there."""
    instance: int = 0
    """The current fold of a cross-validation."""
    _steering: Steering = field(init=False)
    _step: int = 0
    _count: int = 0
    _reported: int = -(2**62)
    """The last step reported in this fold."""
    _looping: bool = False
    _restored: tuple[int, int] = (0, 0)
    """Fold and step after which a restored training goes on."""
    _curves: dict[int, list[float]] = field(default_factory=dict)
    _metrics: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._steering = Steering(
            self.trial, self.attempt, self.config, self.link, self.until, dict(self.live_at_start)
        )

    @property
    def interrupted(self) -> bool:
        """Whether the run was told to end; work after the loop should be kept short."""
        return self._steering.leaving is not None

    def restore(self) -> Any:
        """Return what was given to `checkpoint` before, for a training that goes on; None at a start.

        After it, `run.steps` goes on behind that checkpoint's step, and `run.folds` in its fold; in the
        later folds there is nothing to restore. A training that never calls it begins anew each time.

        Raises:
            CheckpointError: the file was damaged since the attempt began.
        """
        kept = self.keeper.restore()
        if kept is None or self.instance > kept.instance:
            return None
        self._restored = (kept.instance, kept.step)
        self._curves = {int(fold): list(values) for fold, values in kept.tree["curves"].items()}
        self._metrics = set(kept.tree["metrics"])
        return kept.tree["state"]

    def checkpoint(self, state: object) -> bool:
        """Keep the state after this step, if a checkpoint is due; return whether it was kept.

        Call it at the end of every step. Cheap when none is due: give a function that returns the
        state, and it is only called when needed.

        Args:
            state: numbers, text, bytes, NumPy arrays, lists and dicts, or a function returning such.

        Raises:
            CheckpointError: something in it cannot be kept.
            Interrupted: outside `run.steps`, when the run has to pause.
        """
        steering = self._steering
        last = self._looping and self._step == self._count  # nobody goes on from the end
        wanted = steering.wants_checkpoint(self._step) and not last
        if not self.keeper.due(self._step, wanted=wanted):
            return False
        tree = {
            "curves": {str(fold): values for fold, values in self._curves.items()},
            "metrics": sorted(self._metrics),
            "state": state() if callable(state) else state,
        }
        curve = self._curves.get(self.instance, [])
        value = curve[-1] if curve and math.isfinite(curve[-1]) else None
        place = (self.trial, self.attempt, self.instance, self._step)
        fact = self.keeper.keep(place, tree, value, self.objective.sign)
        if fact is not None:
            self.link.record(fact)
            steering.saved = self._step
        if not self._looping:
            self._end_of_step()
            self._leave_now()
        return fact is not None

    def live(self, name: str) -> Value:
        """Return a hyperparameter's value in force: what was ordered last, or the configuration's.

        For "lr" it is the rate that a schedule multiplies, so that no schedule undoes an order.

        Raises:
            StudyError: no such hyperparameter.
        """
        return self._steering.live(name)

    def accepts(self, *names: str) -> None:
        """Say which hyperparameters this training can change while it runs; `live` says so too."""
        self._steering.settable.update(names)

    def steps(self, count: int) -> Iterator[int]:
        """Yield 1, 2, … count, from behind a restored checkpoint on, ending early when it has to stop."""
        self._looping, self._count = True, count
        instance, done = self._restored
        first = done + 1 if instance == self.instance else 1
        self.announce(count)
        self._steering.follow(first - 1, begun=False)
        try:
            for step in range(first, count + 1):
                if self.interrupted:
                    return
                self._step = step
                yield step
                if step < count:
                    self._end_of_step()
        finally:
            self._looping = False
            self._step = 0

    def announce(self, steps: int) -> None:
        """Say how many steps a full training has; `run.steps` does so itself."""
        self.link.record(Noted("steps", str(steps), f"a full training has {steps} steps", {"steps": steps}))

    def folds(self, count: int) -> Iterator[int]:
        """Yield the folds 0 … count-1; the trial's value is the mean over them."""
        kept = self.keeper.restore()
        first = 0 if kept is None else kept.instance
        if kept is not None:
            # The begun fold starts anew in a training that never asks for its state.
            known = kept.tree["curves"].items()
            self._curves |= {int(fold): list(values) for fold, values in known if int(fold) < first}
        for fold in range(first, count):
            if self.interrupted:
                return
            self.instance, self._step, self._reported = fold, 0, -(2**62)
            yield fold
        self.instance = 0

    def report(self, step: int | None = None, /, **metrics: object) -> None:
        """Report metrics of one step: any numbers, such as train_loss=0.3, val_loss=0.5.

        Inside `run.steps` the step is known; elsewhere it counts up, or is given first. Orders that
        came meanwhile are applied when it returns.

        Raises:
            StudyError: a metric is not a number, none was given, or the step goes backwards.
            Interrupted: outside `run.steps`, when the run has to end.
        """
        if not metrics:
            raise StudyError("report() without metrics; write run.report(val_loss=0.3)")
        if not self._looping and self._steering.pausing is not None:
            self._end_of_step()  # a whole step passed without a call of checkpoint
            self._leave_now()
        if step is None and not self._looping:
            self._step = max(self._step, self._restored[1]) + 1
        step = self._step if step is None else int(step)
        if step < self._reported:
            raise StudyError(f"report({step}, …) after step {self._reported}: steps do not go backwards")
        self._step = self._reported = step
        values = {name: number(name, value) for name, value in metrics.items()}
        self._metrics.update(values)
        if self.objective.metric in values:
            self._curves.setdefault(self.instance, []).append(values[self.objective.metric])
            self.keeper.notice(self.objective.sign * values[self.objective.metric])
        self.link.send(
            [Point(self.trial, self.attempt, self.instance, step, n, v) for n, v in values.items()]
        )
        self._listen(begun=True)
        if not self._looping:
            self._leave_now()

    def heed(self, *, keeps: bool) -> bool:
        """Take in orders between two reports; return whether the training should be ended now.

        For a training that happens elsewhere, in a program of its own, and reports its steps by
        number: from the first call on nothing raises Interrupted. When True came, end the program,
        give its state to `checkpoint` and call `rest`.

        Args:
            keeps: whether the program would leave a state, so that it can pause where it should.
        """
        if not self._looping:
            self._looping = True
            self._step = self._steering.saved = self._restored[1]
        self._listen(begun=self._step > self._restored[1])
        return self._steering.has_to_end(self._step, keeps=keeps)

    def hand_back(self, reason: str) -> None:
        """Give the trial back to the queue, as when the study asks for it."""
        self._steering.leave(Leaving("interrupted", reason))

    def rest(self) -> bool:
        """Pause where a pause is wanted, after `heed`; return whether the training is over for now."""
        self._end_of_step()
        return self.interrupted

    @property
    def step(self) -> int:
        """The last step that was reported, or the one that the training goes on from."""
        return self._step

    @property
    def in_force(self) -> Config:
        """Every hyperparameter's value in force, without saying that it can change meanwhile."""
        return {**self.config, **self._steering.values}

    def diverged(self, reason: str) -> None:
        """End the trial as diverged: the configuration does not train."""
        raise Diverged(reason)

    def value(self) -> float:
        """Return what the reports so far are worth: per fold the best or last value, then the mean.

        Raises:
            StudyError: the objective's metric was never reported.
        """
        if not self._curves:
            raise StudyError(self.silence)
        return float(np.mean([_picked(curve, self.objective) for curve in self._curves.values()]))

    @property
    def silence(self) -> str:
        """What is wrong with a training that never reports the objective."""
        seen = f"; reported were {', '.join(sorted(self._metrics))}" if self._metrics else ""
        return (
            f"no {self.objective.metric!r} was reported and nothing returned{seen}; "
            f"call run.report({self.objective.metric}=...) or return a number"
        )

    def so_far(self) -> float | None:
        """Return `value`, or None before the first report of the objective."""
        return self.value() if self._curves else None

    @property
    def leaving(self) -> Leaving | None:
        """Why the run has to end before its time; None while it may go on."""
        return self._steering.leaving

    def _listen(self, *, begun: bool) -> None:
        self._steering.follow(self._step, begun=begun)
        if self.link.stop_requested():
            self._steering.leave(Leaving("interrupted", "stopped on request"))

    def _end_of_step(self) -> None:
        self._steering.end_of_step(self._step, full=self.keeper.refused)

    def _leave_now(self) -> None:
        if self._steering.leaving is not None:
            raise Interrupted(f"trial {self.trial} has to end now: {self._steering.leaving.reason}")


def execute(function: Callable[[Run], object], run: Run) -> Ending:
    """Call the training function and say how it ended; lets only KeyboardInterrupt through."""
    try:
        returned = function(run)
        if run.leaving is not None:
            return left(run, run.leaving)
        value = run.value() if returned is None else _returned(returned, run.objective.metric)
    except Interrupted as stop:
        return left(run, run.leaving or Leaving("interrupted", str(stop)))
    except Diverged as cause:
        return Ending("diverged", math.nan, str(cause))
    except KeyboardInterrupt:
        raise
    except SystemExit as leaving:
        return Ending("failed", reason=f"the training called sys.exit({leaving.code!r})")
    except MemoryError as error:
        return Ending("failed", reason=f"out of memory: {error}", detail=traceback.format_exc())
    except OsetraError as error:
        told = "\n".join(getattr(error, "__notes__", ()))  # better than where in osetra it was raised
        return Ending("failed", reason=str(error), detail=told or traceback.format_exc())
    except BaseException as error:
        return Ending("failed", reason=f"{type(error).__name__}: {error}", detail=traceback.format_exc())
    if not math.isfinite(value):
        return Ending("diverged", value, f"{run.objective.metric} became {value}")
    return Ending("finished", value)


def left(run: Run, leaving: Leaving) -> Ending:
    """Return the ending of a run that was told to end."""
    value = run.so_far()
    if leaving.outcome in ("interrupted", "rewound"):
        return Ending(leaving.outcome, reason=leaving.reason)
    if leaving.outcome == "paused" and leaving.obeyed is None and value is None:
        # It waits to be compared with others, and there is nothing to compare.
        return Ending("failed", reason=run.silence)
    if leaving.outcome == "stopped" and value is not None and not math.isfinite(value):
        reason = f"{run.objective.metric} became {value}"
        return Ending("diverged", value, reason, obeyed=leaving.obeyed)
    nothing = leaving.outcome == "finished" and (value is None or not math.isfinite(value))
    outcome: Outcome = "stopped" if nothing else leaving.outcome
    return Ending(outcome, value, leaving.reason, obeyed=leaving.obeyed)


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
