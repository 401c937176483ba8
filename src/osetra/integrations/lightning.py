"""Lightning: `trainer.fit` as a run of osetra, by one callback.

    def train(run):
        trainer = L.Trainer(max_epochs=20, callbacks=[OsetraCallback(run)])
        trainer.fit(Module(**run.config), loader, val_loader)

A step is an epoch: `trainer.callback_metrics` are reported behind it, a checkpoint is kept when one is due,
and the fit ends early when the run has to. The next attempt goes on behind the checkpoint with weights,
optimizers, schedulers, counters, the other callbacks and the random states; with loaders that shuffle by
PyTorch's global generator it ends with the same bits. Nothing of it is a pickle.

Lightning steps ReduceLROnPlateau only behind the hook of an epoch's end. So a checkpoint holds that scheduler
as it will be, or what goes on would miss one of its steps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from osetra.errors import CheckpointError, StudyError
from osetra.integrations.owned_loop import OwnedLoop
from osetra.integrations.randomness import random_states, set_random_states
from osetra.integrations.torch import ScaledRates
from osetra.integrations.versions import framework
from osetra.nets.packing import pack, unpack
from osetra.training.run import Run

lightning = framework("lightning")
_Callback: Any = lightning.pytorch.callbacks.Callback


class OsetraCallback(_Callback):  # type: ignore[misc]
    """Reports, stops, steers and keeps a `trainer.fit`.

    Args:
        run: what the training function got.
        lr: name of the hyperparameter that is the learning rate; looked for unless given, None for a
            training whose rate nobody may change.

    Raises:
        StudyError: the run has no such hyperparameter; at the start of a fit, that several processes train,
            that it has no end, or that another callback counts the steps; that the metric is never logged.
        CheckpointError: the checkpoint is of another module.
    """

    def __init__(self, run: Run, *, lr: str | None = "") -> None:
        self._loop = OwnedLoop(run, lr, framework="Lightning")
        self._rates = ScaledRates(self._loop)
        self._validated: dict[str, Any] | None = None
        self._known: set[str] = set()

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Go on from the checkpoint, if there is one."""
        if trainer.world_size > 1:
            raise StudyError(
                f"Lightning trains in {trainer.world_size} processes, and a run is one of them; say "
                "Trainer(devices=1) and let study.run(workers=…) use the devices"
            )
        total = _epochs(trainer)
        self._rates.attach(trainer.optimizers)
        state = self._loop.restore()
        if state is not None:
            self._load(trainer, pl_module, state)
        if self._loop.begin(total) >= total:
            trainer.should_stop = True

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Remember what validation logged, which stays in the metrics of later epochs."""
        if not trainer.sanity_checking:
            self._validated = dict(trainer.callback_metrics)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Report, keep a checkpoint, and stop the fit when the run has to end."""
        if not self._loop.going_on:
            return
        logs = dict(trainer.callback_metrics)
        if self._validated is not None:
            self._known |= self._validated.keys() - _trained(pl_module, trainer)
        else:
            logs = {name: value for name, value in logs.items() if name not in self._known}
        self._validated = None
        self._loop.report(logs)
        self._loop.keep(lambda: self._state(trainer, pl_module))
        if not self._loop.advance():
            trainer.should_stop = True

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Leave the optimizers as they were."""
        self._rates.detach()
        self._loop.end()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Leave the optimizers as they were."""
        self._rates.detach()

    def _state(self, trainer: Any, module: Any) -> dict[str, Any]:
        with _AsTheyWillBe(trainer, module):
            tree = pack(
                {
                    "module": dict(module.state_dict()),
                    "optimizers": [optimizer.state_dict() for optimizer in trainer.optimizers],
                    "schedulers": [one.scheduler.state_dict() for one in trainer.lr_scheduler_configs],
                    "precision": trainer.precision_plugin.state_dict(),
                    "callbacks": {one.state_key: one.state_dict() for one in self._others(trainer)},
                    "progress": [progress.state_dict() for progress in _progresses(trainer)],
                    "stepped": trainer.fit_loop.epoch_loop._batches_that_stepped,
                }
            )
        return {"lightning": tree, "randomness": random_states()}

    def _load(self, trainer: Any, module: Any, state: Mapping[str, Any]) -> None:
        tree = unpack(state["lightning"])
        try:
            module.load_state_dict(tree["module"])
            for optimizer, kept in zip(trainer.optimizers, tree["optimizers"], strict=True):
                optimizer.load_state_dict(kept)
            for one, kept in zip(trainer.lr_scheduler_configs, tree["schedulers"], strict=True):
                one.scheduler.load_state_dict(kept)
        except (RuntimeError, ValueError) as error:
            why = str(error).strip().splitlines()[-1].strip()
            raise CheckpointError(
                f"the checkpoint is of another module or optimizer: {why}; build both from run.config"
            ) from error
        trainer.precision_plugin.load_state_dict(tree["precision"])
        for callback in self._others(trainer):
            if tree["callbacks"].get(callback.state_key):
                callback.load_state_dict(tree["callbacks"][callback.state_key])
        for progress, kept in zip(_progresses(trainer), tree["progress"], strict=True):
            progress.load_state_dict(kept)
        epoch = trainer.fit_loop.epoch_progress
        epoch.current.completed, epoch.total.completed = epoch.current.processed, epoch.total.processed
        trainer.fit_loop.epoch_loop._batches_that_stepped = tree["stepped"]
        set_random_states(state["randomness"])

    def _others(self, trainer: Any) -> list[Any]:
        return [one for one in trainer.callbacks if one is not self]


class _AsTheyWillBe:
    """Schedulers that wait for a metric, as they will be when the epoch is over; put back afterwards."""

    def __init__(self, trainer: Any, module: Any) -> None:
        self.trainer, self.module = trainer, module
        epoch = trainer.current_epoch + 1
        self.due = [
            one
            for one in trainer.lr_scheduler_configs
            if one.reduce_on_plateau
            and one.interval == "epoch"
            and epoch % one.frequency == 0
            and one.monitor in trainer.callback_metrics
            and module.automatic_optimization
        ]

    def __enter__(self) -> None:
        self.schedulers = [deepcopy(one.scheduler.state_dict()) for one in self.due]
        self.rates = [
            [group["lr"] for group in optimizer.param_groups] for optimizer in self.trainer.optimizers
        ]
        for one in self.due:
            self.module.lr_scheduler_step(one.scheduler, self.trainer.callback_metrics[one.monitor])

    def __exit__(self, *raised: object) -> None:
        for one, kept in zip(self.due, self.schedulers, strict=True):
            one.scheduler.load_state_dict(kept)
        for optimizer, rates in zip(self.trainer.optimizers, self.rates, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate


def _progresses(trainer: Any) -> list[Any]:
    """Return what counts epochs, batches and steps."""
    loop = trainer.fit_loop.epoch_loop
    return [
        trainer.fit_loop.epoch_progress,
        loop.batch_progress,
        loop.scheduler_progress,
        loop.automatic_optimization.optim_progress,
        loop.manual_optimization.optim_step_progress,
    ]


def _trained(module: Any, trainer: Any) -> set[str]:
    """Return the names of metrics that training steps log, which are new in every epoch."""
    results = trainer.fit_loop.epoch_loop._results
    return {item.meta.name for item in results.values()} if results is not None else set()


def _epochs(trainer: Any) -> int:
    """Return how many epochs a whole fit has."""
    if trainer.max_epochs is not None and trainer.max_epochs > 0:
        return int(trainer.max_epochs)
    if trainer.max_steps > 0 and math.isfinite(trainer.num_training_batches):
        each = max(1, math.ceil(trainer.num_training_batches / trainer.accumulate_grad_batches))
        epochs: int = math.ceil(trainer.max_steps / each)
        return epochs
    raise StudyError(
        f"Trainer(max_epochs={trainer.max_epochs}) has no end, and trainings are compared at equal length; "
        "say Trainer(max_epochs=20)"
    )
