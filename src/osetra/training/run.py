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

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from osetra.core.arguments import expected, is_whole, plain, text, whole
from osetra.core.attributes import MOST, attr_note, attributes_of
from osetra.core.claim import Claim
from osetra.core.config import RunConfig
from osetra.core.facts import Noted
from osetra.core.problem import Objective
from osetra.errors import Diverged, StudyError
from osetra.training.checkpoints import CheckpointWriter
from osetra.training.control import RunControl
from osetra.training.link import Link
from osetra.training.spellings import of_run, reported
from osetra.training.values import FURTHEST, metric_name, number, whole_step
from osetra.training.voice import Voice

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
    _remembered: int = 0
    """How often something was to be remembered."""

    @classmethod
    def of(
        cls,
        claim: Claim,
        objective: Objective,
        link: Link,
        writer: CheckpointWriter | None = None,
        needs: tuple[str, ...] = (),
    ) -> Run:
        """Return the run of a claimed trial; without a writer nothing is kept and it begins anew."""
        control = RunControl(claim, objective, link, writer or CheckpointWriter(), needs)
        config = RunConfig({name: claim.meaning(name, value) for name, value in claim.config.items()})
        return cls(claim.trial, claim.attempt, config, claim.seed, control)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            return of_run(self, name)

    def __copy__(self) -> Run:
        control = copy(self._control)
        control.voice = Voice(self.trial, 0)  # a copy speaks for nobody
        config = RunConfig(self.config)
        return Run(self.trial, self.attempt, config, self.seed, control, self._count, self._reported)

    def __deepcopy__(self, memo: dict[int, object]) -> Run:
        return copy(self)

    @property
    def interrupted(self) -> bool:
        """Whether the run was told to end; work after the loop should be kept short."""
        return self._control.steering.ending is not None or not self._control.voice.heard

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
            state: numbers, text, bytes, arrays of any library, which come back as NumPy's, lists, tuples,
                which come back as lists, and dicts; or a function returning such.

        Raises:
            CheckpointError: something in it cannot be kept.
            Interrupted: outside `run.steps`, when the run has to pause.
        """
        control = self._control
        if not control.voice.heard:
            control.voice.refuse("checkpoint")
            return False
        last = control.looping and control.step == self._count  # nobody goes on from the end
        wanted = control.steering.wants_checkpoint(control.step) and not last
        if not control.writer.due(control.step, wanted=wanted):
            if control.writer.folder is not None:
                control.steering.declined_step = control.step
            return False
        content = state() if callable(state) else state
        with control.voice.lock:
            kept = control.voice.heard and control.keep(content)
            if not control.looping:
                control.end_of_step()
                control.leave_now()
        return kept

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
        if not control.voice.heard:
            control.voice.refuse("steps")
            return
        if control.looping:
            raise StudyError(
                "run.steps within run.steps: a training has one loop of steps at a time; write range() for "
                "the inner one, run.folds() around it for a cross-validation"
            )
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
        if not self._control.voice.heard:
            self._control.voice.refuse("announce")
            return
        sentence = f"a full training has {steps} steps"
        self._control.link.record(Noted("steps", str(steps), sentence, {"steps": steps}))

    def remember(self, attrs: Mapping[str, object] | None = None, /, **named: object) -> None:
        """Have anything remembered that JSON can hold, such as commit="abc": `trial.attrs` has it afterwards.

        What is said last of a name holds. Numbers of every step belong into `report`.

        Raises:
            StudyError: JSON has no such value, it is too large, or it is the thousand and first time.
        """
        found, voice = attributes_of(attrs, named), self._control.voice
        if not voice.heard:
            voice.refuse("remember")
            return
        if self._remembered == MOST:
            raise StudyError(
                f"remember: {MOST} times in one training are the most; report numbers of every step"
            )
        self._remembered += 1
        self._control.link.record(attr_note(self.trial, self.attempt, self._remembered, found))

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

    def report(
        self, step: int | Mapping[str, object] | None = None, /, *more: object, **metrics: object
    ) -> None:
        """Report metrics of one step: any numbers, such as train_loss=0.3, val_loss=0.5, or a mapping.

        Inside `run.steps` the step is known; elsewhere it counts up, or is given first or as `step=`, so
        that no metric can be called step. Orders that came meanwhile are applied when it returns.

        Raises:
            StudyError: a metric is not a number, none was given, or the step goes backwards.
            Interrupted: outside `run.steps`, when the run has to end.
        """
        if more or (step is not None and (not metrics or isinstance(step, Mapping))):
            step, metrics = reported(self._control.objective.metric, (step, *more), metrics)
        if "step" in metrics:
            named = metrics.pop("step")
            if step is not None or not is_whole(plain(named)):
                raise expected("step", named, "it is the number of the step, given once")
            step = int(named)  # type: ignore[call-overload]  # a whole number
        if not metrics:
            raise StudyError("report() without metrics; write run.report(val_loss=0.3)")
        values = {n: v if type(v) is float else number(n, v) for n, v in metrics.items()}
        wanted, voice = None if step is None else whole_step(step), self._control.voice
        if not voice.heard:
            voice.refuse("report")
            return
        if not self._control.metrics.issuperset(values):
            self._control.metrics.update(map(metric_name, values))
        with voice.lock:
            if not voice.over:
                self._report(wanted, values)

    def _report(self, step: int | None, values: dict[str, float]) -> None:
        control = self._control
        if not control.looping and control.steering.pausing is not None:
            control.end_of_step()  # a whole step passed without a call of checkpoint
            control.leave_now()
        if step is None and not control.looping:
            control.step = max(control.step, control.start[1]) + 1
        step = control.step if step is None else step
        if step < self._reported:
            raise StudyError(f"report({step}, …) after step {self._reported}: steps do not go backwards")
        control.step = self._reported = step
        control.pass_on(step, values)
        control.listen(begun=True)
        if not control.looping:
            control.leave_now()

    def diverged(self, reason: str) -> None:
        """End the trial as diverged: the configuration does not train."""
        raise Diverged(reason)


def is_plain(run: Run) -> bool:
    """Whether its configuration alone says what is trained: nobody has changed a value."""
    return not run._control.steering.values


def control_of(run: Run) -> RunControl:
    """Return what those need of a run who run it, and its training code does not."""
    return run._control
