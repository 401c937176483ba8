"""Owned loop: a run whose loop belongs to a framework, which calls back.

    loop = OwnedLoop(run)
    done = loop.begin(epochs)              # how many of them lie behind the checkpoint
    loop.report(logs); loop.keep(state)    # at the end of each
    if not loop.advance(): ...             # tell the framework to stop

It speaks through `run.steps`, so that everything holds that holds for a loop of one's own. The learning
rate in force is a factor on the rate that the configuration began with: whatever a schedule makes of
that rate, it is multiplied when a step is taken and put back behind it, so no schedule can undo an
order, and none takes it for its own.

    effective rate(t) = schedule(t) * factor,   factor = rate in force / rate of the configuration
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, SupportsFloat

from osetra.core.arguments import given, is_above_zero, is_number, whole
from osetra.errors import CheckpointError, StudyError, nearest
from osetra.training.run import Run, control_of

RATES = ("lr", "learning_rate", "eta")
"""Names under which the learning rate is looked for in the configuration."""
PATIENCE = 10
"""Steps without the objective after which a training is told that it will not come."""

Logs = Mapping[str, object]


class OwnedLoop:
    """The steps of a run that a framework counts.

    Args:
        run: what the training function got.
        lr: name of the hyperparameter that is the learning rate; "" looks for the usual names, None
            leaves it alone.
        framework: whose checkpoints they are.

    Raises:
        StudyError: it is no run, or has no such hyperparameter.
    """

    def __init__(self, run: Run, lr: str | None = "", *, framework: str) -> None:
        if not isinstance(run, Run):
            raise StudyError(
                f"OsetraCallback({given(run)}): give it the run that the training function gets, as in "
                "def train(run): … OsetraCallback(run)"
            )
        self.run, self.framework = run, framework
        self.rate = _rate_of(run, lr)
        self._steps: Iterator[int] | None = None
        self._folds: set[int] = set()
        self._silent: list[str] = []
        self._without = 0
        self._heard = False

    @property
    def metric(self) -> str:
        """The study's metric."""
        return control_of(self.run).objective.metric

    @property
    def going_on(self) -> bool:
        """Whether there is a step under way."""
        return self._steps is not None

    @property
    def factor(self) -> float:
        """What every learning rate is multiplied by: 1.0 until somebody ordered another rate."""
        if self.rate is None:
            return 1.0
        began, now = self.run.config[self.rate], self.run.live(self.rate)
        return 1.0 if now == began else float(now / began)

    def restore(self) -> Any:
        """Return the state that was kept, or None; call it before `begin`.

        Raises:
            CheckpointError: another framework kept it, or the file was damaged.
        """
        state = self.run.restore()
        if state is None:
            return None
        maker = state.get("framework") if isinstance(state, dict) else None
        if maker != self.framework:
            raise CheckpointError(
                f"the checkpoint was kept by {maker or 'a loop of your own'}, and {self.framework} cannot go "
                "on from it; use the same code, or begin anew under another name"
            )
        return state["state"]

    def begin(self, total: int) -> int:
        """Begin the steps 1 … total; return how many are done, which is all when the run has to end.

        Raises:
            StudyError: somebody else counts this run's steps, or did so before.
        """
        total = whole("epochs", total, least=1)
        control = control_of(self.run)
        if control.looping:
            raise StudyError(
                "two count the steps of one run: a second OsetraCallback, or run.steps around the training; "
                "leave one of them out"
            )
        if control.fold in self._folds:
            raise StudyError(
                "this OsetraCallback was used for a training before, and its steps are over; a run is one "
                "training: give it all epochs at once, or put run.folds(…) around several"
            )
        self._folds.add(control.fold)
        if self.rate is not None:
            self.run.live(self.rate)  # from now on orders for it are obeyed
        self._steps = self.run.steps(total)
        first = next(self._steps, None)
        return total if first is None else first - 1

    def report(self, logs: Logs) -> None:
        """Report the numbers of a step; what is no number is left out.

        Raises:
            StudyError: the framework never logs the study's metric; the text lists what it logs.
        """
        numbers = {name: number for name, value in logs.items() if (number := as_number(value)) is not None}
        numbers.pop("step", None)  # the name of the step itself
        self._listen(numbers)
        if numbers:
            self.run.report(numbers)

    def keep(self, state: Callable[[], object]) -> bool:
        """Keep a checkpoint of this step, if one is due; return whether it was kept."""
        return self.run.checkpoint(lambda: {"framework": self.framework, "state": state()})

    @property
    def due(self) -> bool:
        """Whether `keep` would keep a checkpoint now."""
        control = control_of(self.run)
        wanted = control.steering.wants_checkpoint(control.step)
        return control.voice.heard and control.writer.due(control.step, wanted=wanted)

    def advance(self) -> bool:
        """End the present step; return whether there is another one, and the run may go on."""
        return self._steps is not None and next(self._steps, None) is not None

    def end(self) -> None:
        """Forget the loop: the framework's training is over.

        Raises:
            StudyError: it ended without one report of the study's metric.
        """
        steps, self._steps = self._steps, None
        close = getattr(steps, "close", None)
        if close is not None:
            close()
        if self._without and not self._heard and not self.run.interrupted:
            raise self._unheard()

    def _listen(self, numbers: Mapping[str, float]) -> None:
        """Notice a metric that never comes: at once where the logs tell, else after a few steps."""
        if self._heard or self.metric in numbers:
            self._heard = True
            return
        self._silent = sorted({*self._silent, *numbers})
        self._without += 1
        later = self.metric.startswith(("val", "eval", "test")) and not any(
            name.startswith(("val", "eval", "test")) for name in numbers
        )
        if not later or self._without >= PATIENCE:
            raise self._unheard()

    def _unheard(self) -> StudyError:
        names = ", ".join(self._silent) or "nothing"
        return StudyError(
            f"{self.framework} logs no {self.metric!r}; it logs {names}."
            f"{nearest(self.metric, self._silent)} Name one of them as the study's metric, or have it logged"
        )


def as_number(value: object) -> float | None:
    """Return a logged value as a float: a number, an array or tensor of one element; None for others."""
    if isinstance(value, bool) or not isinstance(value, SupportsFloat):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError):
        return None  # an array of several numbers


def _rate_of(run: Run, lr: str | None) -> str | None:
    config = run.config
    if lr is None:
        return None
    if lr == "":
        names = [name for name in RATES if name in config and is_above_zero(config[name])]
        return names[0] if names else None
    if lr not in config:
        raise StudyError(
            f"OsetraCallback(lr={given(lr)}): the hyperparameters are {', '.join(config)}."
            f"{nearest(str(lr), config)}"
        )
    if not is_number(config[lr]) or not is_above_zero(config[lr]):
        raise StudyError(
            f"OsetraCallback(lr={lr!r}): it is {given(config[lr])} here; a learning rate is above 0"
        )
    return lr
