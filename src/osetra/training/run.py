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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from operator import index
from typing import Any

from osetra.core.arguments import expected, plain, text, whole
from osetra.core.checks import is_whole
from osetra.core.claim import Claim
from osetra.core.config import RunConfig
from osetra.core.curves import Point
from osetra.core.ending import Ending
from osetra.core.facts import Noted
from osetra.core.problem import Objective
from osetra.errors import Diverged, Interrupted, OsetraError, StudyError
from osetra.training.checkpoints import CheckpointWriter
from osetra.training.control import RunControl
from osetra.training.link import Link
from osetra.training.values import number

FURTHEST = 2**53
"""The largest step: up to there every whole number is a float, too."""
_NEVER = -(2**62)


@dataclass(slots=True)
class Run:
    """One attempt at one trial, in the hands of the training code."""

    trial: int
    attempt: int
    config: RunConfig
    """The hyperparameters, active names only: the training's own copy; options that are tuples as such."""
    seed: int
    """For all randomness of this training; a repeat of the same configuration gets another one."""
    _control: RunControl = field(repr=False)
    _count: int = 0
    """How many steps the present loop has."""
    _reported: int = _NEVER
    """The last step reported in this fold."""

    @classmethod
    def of(
        cls, claim: Claim, objective: Objective, link: Link, writer: CheckpointWriter | None = None
    ) -> Run:
        """Return the run of a claimed trial; without a writer nothing is kept and it begins anew."""
        control = RunControl(claim, objective, link, writer or CheckpointWriter())
        config = RunConfig({name: claim.meaning(name, value) for name, value in claim.config.items()})
        return cls(claim.trial, claim.attempt, config, claim.seed, control)

    @property
    def interrupted(self) -> bool:
        """Whether the run was told to end; work after the loop should be kept short."""
        return self._control.steering.ending is not None

    @property
    def step(self) -> int:
        """The last step that was reported, or the one that the training goes on from."""
        return self._control.step

    def restore(self) -> Any:
        """Return what was given to `checkpoint` before, for a training that goes on; None at a start.

        After it, `run.steps` goes on behind that checkpoint's step, and `run.folds` in its fold; in the
        later folds there is nothing to restore. A training that never calls it begins anew each time.

        Raises:
            CheckpointError: the file was damaged since the attempt began.
        """
        control, start = self._control, self._control.writer.start
        if start is None or control.fold > start.instance:
            return None
        tree = control.writer.read_start()
        control.start = (start.instance, start.step)
        control.values.load(tree)
        return tree["state"]

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
        control = self._control
        last = control.looping and control.step == self._count  # nobody goes on from the end
        wanted = control.steering.wants_checkpoint(control.step) and not last
        if not control.writer.due(control.step, wanted=wanted):
            return False
        tree = {**control.values.tree(), "state": state() if callable(state) else state}
        place = (self.trial, self.attempt, control.fold, control.step)
        fact = control.writer.keep(place, tree, control.values.latest(control.fold))
        if fact is not None:
            control.link.record(fact)
            control.steering.checkpoint_step = control.step
        if not control.looping:
            control.end_of_step()
            control.leave_now()
        return fact is not None

    def live(self, name: str) -> Any:
        """Return a hyperparameter's value in force: what was ordered last, or the configuration's.

        For "lr" it is the rate that a schedule multiplies, so that no schedule undoes an order.

        Raises:
            StudyError: no such hyperparameter.
        """
        control = self._control
        return control.claim.meaning(name, control.steering.live(name))

    def accepts(self, *names: str) -> None:
        """Say which hyperparameters this training can change while it runs; `live` says so too.

        Raises:
            StudyError: a name is no text.
        """
        wanted = "the name of a hyperparameter is needed, such as 'lr'"
        self._control.steering.settable.update(text("accepts", name, wanted) for name in names)

    def steps(self, count: int) -> Iterator[int]:
        """Yield 1, 2, … count, from behind a restored checkpoint on, ending early when it has to stop.

        Raises:
            StudyError: the count is no whole number of at least 1.
        """
        control, count = self._control, whole("steps", count, least=1, most=FURTHEST)
        control.looping, self._count = True, count
        fold, done = control.start
        first = done + 1 if fold == control.fold else 1
        self.announce(count)
        control.steering.follow(first - 1, begun=False)
        try:
            for step in range(first, count + 1):
                if self.interrupted:
                    return
                control.step = step
                yield step
                if step < count:
                    control.end_of_step()
        finally:
            control.looping = False
            control.step = 0

    def announce(self, steps: int) -> None:
        """Say how many steps a full training has; `run.steps` does so itself.

        Raises:
            StudyError: it is no whole number of at least 1.
        """
        steps = whole("steps", steps, least=1, most=FURTHEST)
        sentence = f"a full training has {steps} steps"
        self._control.link.record(Noted("steps", str(steps), sentence, {"steps": steps}))

    def folds(self, count: int) -> Iterator[int]:
        """Yield the folds 0 … count-1; the trial's value is the mean over them.

        Raises:
            StudyError: the count is no whole number of at least 1.
        """
        count = whole("folds", count, least=1, most=FURTHEST)
        control, start = self._control, self._control.writer.start
        first = 0 if start is None else start.instance
        if start is not None:
            # The begun fold starts anew in a training that never asks for its state.
            control.values.load(control.writer.read_start(), before=first)
        for fold in range(first, count):
            if self.interrupted:
                return
            control.fold, control.step, self._reported = fold, 0, _NEVER
            yield fold
        control.fold = 0

    def report(self, step: int | None = None, /, **metrics: object) -> None:
        """Report metrics of one step: any numbers, such as train_loss=0.3, val_loss=0.5.

        Inside `run.steps` the step is known; elsewhere it counts up, or is given first or as `step=`, so
        that no metric can be called step. Orders that came meanwhile are applied when it returns.

        Raises:
            StudyError: a metric is not a number, none was given, or the step goes backwards.
            Interrupted: outside `run.steps`, when the run has to end.
        """
        control, objective = self._control, self._control.objective
        if "step" in metrics:
            named = metrics.pop("step")
            if step is not None or not is_whole(plain(named)):
                raise expected("step", named, "it is the number of the step, given once")
            step = int(named)  # type: ignore[call-overload]  # a whole number
        if not metrics:
            raise StudyError("report() without metrics; write run.report(val_loss=0.3)")
        if not control.looping and control.steering.pausing is not None:
            control.end_of_step()  # a whole step passed without a call of checkpoint
            control.leave_now()
        if step is None and not control.looping:
            control.step = max(control.step, control.start[1]) + 1
        step = control.step if step is None else _whole_step(step)
        if step < self._reported:
            raise StudyError(f"report({step}, …) after step {self._reported}: steps do not go backwards")
        control.step = self._reported = step
        values = {name: number(name, value) for name, value in metrics.items()}
        control.values.add(control.fold, values)
        if objective.metric in values:
            control.writer.notice(objective.sign * values[objective.metric])
        place = (self.trial, self.attempt, control.fold, step)
        control.link.send([Point(*place, name, value) for name, value in values.items()])
        control.listen(begun=True)
        if not control.looping:
            control.leave_now()

    def diverged(self, reason: str) -> None:
        """End the trial as diverged: the configuration does not train."""
        raise Diverged(reason)


def _whole_step(step: object) -> int:
    """Return the number of a step: a whole number of any make, 3.0 included.

    Raises:
        StudyError: it is none, or beyond what a float can tell apart.
    """
    found = plain(step)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    elif hasattr(found, "__index__") and not isinstance(found, bool):
        found = index(found)
    return whole("step", found, least=-FURTHEST, most=FURTHEST)


def control_of(run: Run) -> RunControl:
    """Return what those need of a run who run it, and its training code does not."""
    return run._control


def execute(function: Callable[[Run], object], run: Run) -> Ending:
    """Call the training function and say how it ended; lets only KeyboardInterrupt through."""
    control, metric = control_of(run), control_of(run).objective.metric
    try:
        returned = function(run)
        if run.interrupted:
            return control.ending()
        value = control.values.value() if returned is None else control.returned(returned)
    except Interrupted as stop:
        control.hand_back(str(stop))  # unless it was told to end before
        return control.ending()
    except Diverged as cause:
        return Ending("diverged", math.nan, str(cause))
    except KeyboardInterrupt:
        raise
    except SystemExit as leaving:
        return Ending("failed", reason=f"the training called sys.exit({leaving.code!r})")
    except MemoryError as error:
        return Ending("failed", reason=f"out of memory: {error}", detail=traceback.format_exc())
    except OsetraError as error:
        notes = "\n".join(getattr(error, "__notes__", ()))  # better than where in osetra it was raised
        return Ending("failed", reason=str(error), detail=notes or traceback.format_exc())
    except BaseException as error:
        return Ending("failed", reason=f"{type(error).__name__}: {error}", detail=traceback.format_exc())
    if not math.isfinite(value):
        return Ending("diverged", value, f"{metric} became {value}")
    return Ending("finished", value)
