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
from copy import copy
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, TypeVar

from osetra.core.arguments import expected, is_whole, plain, text, whole
from osetra.core.claim import Claim
from osetra.core.clean import described, error_text, kind_of
from osetra.core.config import RunConfig
from osetra.core.ending import Ending
from osetra.core.facts import Noted
from osetra.core.problem import Objective
from osetra.errors import Diverged, Interrupted, OsetraError, StudyError
from osetra.training.checkpoints import CheckpointWriter
from osetra.training.control import RunControl
from osetra.training.link import Link
from osetra.training.values import FURTHEST, metric_name, number, whole_step
from osetra.training.voice import Voice

_NEVER = -(2**62)
_raised_at = vars(BaseException)["__traceback__"].__get__
_CALLERS = (__name__, "osetra.executors.surroundings")
"""Modules that call a training function, and tell nobody anything in its traceback."""
T = TypeVar("T")
TRIES = 20
"""How often the end of a training is worked out anew when something is raised meanwhile."""
GIVEN_BACK = 3
"""A trial that its training gives back so often in a row, without a new checkpoint, is failed."""


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
            state: numbers, text, bytes, NumPy arrays, lists and dicts, or a function returning such.

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


def execute(function: Callable[[Run], object], run: Run, late: list[BaseException] | None = None) -> Ending:
    """Call the training function and say how it ended; lets only KeyboardInterrupt through.

    What the training says afterwards, from a thread that lives on, counts no more.

    Args:
        function: the training function.
        run: what it gets.
        late: takes what is raised once it has returned, by signals of the program: that is no end of it.
    """
    control = control_of(run)
    late = [] if late is None else late
    try:
        try:
            returned = function(run)
        finally:
            _surely(control.close, late)
        return _surely(lambda: _worth(control, returned), late)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return _broken(control, error)


def _surely(action: Callable[[], T], late: list[BaseException]) -> T:
    """Do something that only we and signals of the program can disturb, until nothing does."""
    raised: list[BaseException] = []
    for _ in range(TRIES):
        try:
            done = action()
        except OsetraError:
            raise
        except BaseException as error:
            raised.append(error)
        else:
            late += raised[:1]
            return done
    raise raised[-1]  # each time: not by a signal, but by what the training has returned


def _worth(control: RunControl, returned: object) -> Ending:
    """Return the ending of a training that has returned."""
    if control.steering.ending is not None:
        return control.ending()
    metric = control.objective.metric
    value, basis = control.returned(returned)
    if not math.isfinite(value):
        return Ending("diverged", value, f"{metric} became {value}", basis=basis)
    return Ending("finished", value, basis=basis)


def _broken(control: RunControl, error: BaseException) -> Ending:
    """Return the ending of a training that has raised something, which may do anything when it is asked."""
    try:
        return _meaning(control, error, type(error))
    except BaseException:
        return Ending("failed", reason=f"{kind_of(error)}: nothing more can be said of it")


def _meaning(control: RunControl, error: BaseException, kind: type[BaseException]) -> Ending:
    """Say what an exception means; its class is asked for by nothing that it could answer itself."""
    text = described(error)
    if issubclass(kind, Interrupted):
        return _given_back(control, text) if control.steering.ending is None else control.ending()
    if issubclass(kind, Diverged):
        return Ending("diverged", math.nan, text)
    if issubclass(kind, SystemExit):
        return Ending("failed", reason=f"the training called sys.exit({_status(error)})")
    if issubclass(kind, MemoryError):
        reason = f"out of memory: {text}" if text else "out of memory"
        return Ending("failed", reason=reason, detail=_traceback(error))
    if issubclass(kind, OsetraError):
        # They say more than where in osetra it was raised.
        return Ending("failed", reason=text or kind_of(error), detail=_notes(error) or _traceback(error))
    return Ending("failed", reason=error_text(error), detail=_traceback(error))


def _status(error: BaseException) -> str:
    try:
        return "".join((repr(getattr(error, "code", None)),))
    except BaseException:
        return "…"


def _notes(error: BaseException) -> str:
    try:
        return "\n".join(map(str, getattr(error, "__notes__", ())))
    except BaseException:
        return ""


def _given_back(control: RunControl, text: str) -> Ending:
    """Return the ending of a training that gives its trial back, which nobody has asked for."""
    times = control.claim.given_back + 1
    why = f" ({text})" if text else ""
    if times < GIVEN_BACK or control.kept:
        return Ending("interrupted", reason=f"the training raised Interrupted{why}", basis="raised")
    return Ending(
        "failed",
        reason=f"the training raised Interrupted {times} times, and nobody had asked it to end{why}; a "
        "configuration that is to be skipped raises osetra.Diverged",
        basis="raised",
    )


def _traceback(error: BaseException) -> str:
    """Return where something was raised, as far as that can be said."""
    where: TracebackType | None = _raised_at(error)
    while where and where.tb_next and where.tb_frame.f_globals.get("__name__") in _CALLERS:
        where = where.tb_next
    try:
        return "".join(traceback.format_exception(type(error), error, where))
    except BaseException:
        return "".join(["Traceback (most recent call last):\n", *traceback.format_tb(where), kind_of(error)])
