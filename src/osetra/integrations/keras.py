"""Keras: `model.fit` as a run of osetra, by one callback.

    def train(run):
        model = build(run.config)
        model.compile(keras.optimizers.Adam(run.config["lr"]), loss="mse")
        model.fit(x, y, epochs=20, validation_data=val, callbacks=[OsetraCallback(run)])

A step is an epoch: its logs are reported, a checkpoint is kept when one is due, and the fit ends early
when the run has to stop or to pause. The next attempt goes on behind the checkpoint, with weights,
optimizer, seeds of dropout and the random states of Python, NumPy and PyTorch; on the PyTorch backend,
from arrays, it ends with the same bits as a fit that nothing interrupted.

The learning rate in force is multiplied in before each batch and taken out behind it, so that
LearningRateScheduler, ReduceLROnPlateau and schedule objects go on as they would. Under JAX, where a
schedule object is compiled into the step, it is refused with the way out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import signature
from typing import Any

import numpy as np

from osetra.errors import CheckpointError, StudyError
from osetra.integrations.owned_loop import OwnedLoop, as_number
from osetra.integrations.randomness import random_states, set_random_states
from osetra.integrations.versions import framework
from osetra.training.run import Run

keras = framework("keras")

_Schedule: Any = keras.optimizers.schedules.LearningRateSchedule


class OsetraCallback(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
    """Reports, stops, steers and keeps a `model.fit`.

    Args:
        run: what the training function got.
        lr: name of the hyperparameter that is the learning rate; looked for unless given, None for
            a training whose rate nobody may change.
        keep: other callbacks that remember something, such as EarlyStopping or ReduceLROnPlateau:
            the numbers in them are kept and restored as well.

    Raises:
        StudyError: the run has no such hyperparameter; at the start of a fit, that a schedule cannot be
            changed here, or that another callback counts the steps; that the metric is never logged.
        CheckpointError: the checkpoint is of another model.
    """

    def __init__(self, run: Run, *, lr: str | None = "", keep: Iterable[Any] = ()) -> None:
        super().__init__()
        self._loop = OwnedLoop(run, lr, framework="Keras")
        self._keep = list(keep)
        self._memories: list[dict[str, Any]] | None = None
        self._undo: tuple[Any, Any] | None = None
        self._factor: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Go on from the checkpoint, if there is one."""
        self._check_schedule()
        state = self._loop.restore()
        if state is not None:
            self._load(state)
        done = self._loop.begin(int(self.params["epochs"]))
        # Keras has no other door; its own BackupAndRestore goes through this one.
        self.model._initial_epoch = done
        self._next = done

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Give other callbacks their memories back, once they have begun anew."""
        if epoch != self._next:
            raise StudyError(
                f"fit begins with epoch {epoch + 1}, and the run with {self._next + 1}: leave initial_epoch "
                "out, OsetraCallback goes on where the checkpoint was kept"
            )
        self._next += 1
        if self._memories is not None:
            for callback, memory in zip(self._keep, self._memories, strict=True):
                vars(callback).update(memory)
            self._memories = None

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Multiply the learning rate by what was ordered."""
        factor, optimizer = self._loop.factor, self.model.optimizer
        schedule = _schedule_of(optimizer)
        if schedule is not None and self._loop.rate is not None:
            # Always, so that a graph that is traced once reads the factor from then on.
            self._scaled = self._scaled or _Scaled(schedule)
            self._scaled.factor.assign(factor)
            optimizer.learning_rate = self._scaled
            self._undo = (self._scaled, schedule)
        elif factor != 1.0:
            self._sync()
            base = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
            optimizer.learning_rate = base * factor
            self._undo = (float(keras.ops.convert_to_numpy(optimizer.learning_rate)), base)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Put the learning rate back that the schedules know."""
        if self._undo is None:
            return
        (ours, before), self._undo, optimizer = self._undo, None, self.model.optimizer
        if isinstance(ours, _Scaled):
            optimizer.learning_rate = before
            return
        self._sync()
        if float(keras.ops.convert_to_numpy(optimizer.learning_rate)) == ours:
            optimizer.learning_rate = before  # else a callback behind this one has set another

    def on_epoch_end(self, epoch: int, logs: Mapping[str, object] | None = None) -> None:
        """Report, keep a checkpoint, and stop the fit when the run has to end."""
        self._loop.report(logs or {})
        self._loop.keep(self._state)
        if not self._loop.advance():
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        """Let the model be fitted again, from its first epoch."""
        self.model._initial_epoch = None
        self._scaled = None
        self._loop.end()

    _scaled: Any = None
    _next = 0

    def _check_schedule(self) -> None:
        if self._loop.rate is None or keras.backend.backend() != "jax":
            return
        schedule = _schedule_of(self.model.optimizer)
        if schedule is not None:
            raise StudyError(
                f"the optimizer's learning rate is a {type(schedule).__name__}, which JAX compiles into the "
                "step, where nobody can change it; give the optimizer run.config[...] as a number and the "
                "schedule as keras.callbacks.LearningRateScheduler(lambda epoch, lr: ...), or say "
                "OsetraCallback(run, lr=None): then nobody can change it while it runs"
            )

    def _sync(self) -> None:
        """Let variables be read and written, which JAX has taken away for the epoch."""
        sync = getattr(self.model, "jax_state_sync", None)
        if sync is not None:
            sync()

    def _variables(self) -> list[Any]:
        # The model's own hold the seeds of dropout as well, which its weights do not.
        return [*self.model.variables, *self.model.optimizer.variables]

    def _state(self) -> dict[str, Any]:
        return {
            "arrays": [np.array(keras.ops.convert_to_numpy(variable)) for variable in self._variables()],
            "randomness": random_states(),
            "memories": [_memory(callback) for callback in self._keep],
        }

    def _load(self, state: Mapping[str, Any]) -> None:
        if not self.model.optimizer.built:
            self.model.optimizer.build(self.model.trainable_variables)
        variables, arrays = self._variables(), state["arrays"]
        here, there = [tuple(v.shape) for v in variables], [array.shape for array in arrays]
        if here != there:
            pairs = zip([*here, None], [*there, None], strict=False)
            index = next(i for i, (one, other) in enumerate(pairs) if one != other)
            name = variables[index].path if index < len(variables) else "none here"
            raise CheckpointError(
                f"the checkpoint is of another model or optimizer: {len(there)} variables there, {len(here)} "
                f"here, and number {index + 1} ({name}) differs; build the model before fit, from run.config"
            )
        if len(state["memories"]) != len(self._keep):
            raise CheckpointError(
                f"the checkpoint remembers {len(state['memories'])} callbacks and keep= names "
                f"{len(self._keep)}; give the same ones"
            )
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        set_random_states(state["randomness"])
        self._memories = list(state["memories"])


class _Scaled(_Schedule):  # type: ignore[misc]
    """A schedule times a factor that may change."""

    def __init__(self, schedule: Any) -> None:
        self.schedule = schedule
        self.factor = keras.Variable(1.0, trainable=False, dtype="float32", name="osetra_factor")

    def __call__(self, step: Any) -> Any:
        return self.schedule(step) * self.factor

    def get_config(self) -> dict[str, Any]:
        return dict(self.schedule.get_config())


def _schedule_of(optimizer: Any) -> Any:
    """Return the schedule object that is the optimizer's learning rate, or None."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)  # of a LossScaleOptimizer
    rate = getattr(inner, "_learning_rate", None)
    return rate if isinstance(rate, _Schedule) else None


def _memory(callback: Any) -> dict[str, Any]:
    """Return the numbers that a callback remembers, and weights that it set aside.

    What it was given is left out: some turn it around when they see their first metric.
    """
    kept: dict[str, Any] = {}
    settings = signature(type(callback)).parameters
    for name, value in vars(callback).items():
        if name in settings:
            continue
        many = isinstance(value, list) and value and all(isinstance(v, np.ndarray) for v in value)
        if value is None or many or isinstance(value, (bool, int, float, str, np.ndarray)):
            kept[name] = value
        elif (number := as_number(value)) is not None:  # logs are tensors, and the best of them is one
            kept[name] = number
    return kept
