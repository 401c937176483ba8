"""Training: one network on one split, epoch by epoch, reporting to a run.

The whole data set lives in memory as tensors and mini-batches are slices of a shuffled copy: for
small networks a data loader costs more than the arithmetic. Early stopping keeps the weights of the
best epoch. Given the same config, seed, data and versions, the result is bitwise the same; so it is
when the training was cut after any epoch and went on from its checkpoint.

Each epoch begins with the values in force: a person may turn the learning rate, momentum, decay,
dropout or the batch size of a training that runs. The schedule multiplies the rate in force.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from osetra.catalogue import by_name
from osetra.errors import DataError, StudyError
from osetra.nets import metrics
from osetra.nets.dataset import Codes, Dataset
from osetra.nets.divergence import diagnose
from osetra.nets.network import Family, Network, architecture, build, set_dropout, without_dropout
from osetra.nets.optim import OptimizerSettings, adjust, optimizer, optimizer_settings, schedule
from osetra.nets.prepare import Inputs, Preparation, apply, fit, outputs
from osetra.nets.progress import TrainingProgress, captured, copied, restored
from osetra.nets.split import Split
from osetra.training.run import Run

EVALUATED_AT_ONCE = 4096
CHECKED_EVERY = 100


@dataclass(frozen=True, slots=True, eq=False)
class PreparedSplit:
    """One split, prepared: inputs as tensors, fitted on the training part only."""

    preparation: Preparation
    train_values: Tensor
    train_codes: Tensor
    train_targets: Tensor
    validation: Inputs
    validation_target: NDArray[np.float64] | Codes


@dataclass(frozen=True, slots=True, eq=False)
class TrainedNetwork:
    """A network with the weights of its best epoch."""

    network: Network
    preparation: Preparation
    best_epoch: int
    epochs: int
    """How many epochs were run before stopping."""
    scores: Mapping[str, float]
    """Scores of the best epoch on the validation part, and its train_loss."""


def prepare(dataset: Dataset, split: Split, *, scaling: str = "standard") -> PreparedSplit:
    """Return one split of a data set as a network takes it."""
    preparation = fit(dataset, split.train, scaling=scaling)
    inputs = apply(preparation, dataset.columns, dataset.images)
    train = inputs.rows(split.train)
    return PreparedSplit(
        preparation=preparation,
        train_values=torch.from_numpy(train.values),
        train_codes=torch.from_numpy(train.codes),
        train_targets=torch.from_numpy(outputs(preparation, dataset.target[split.train])),
        validation=inputs.rows(split.validation),
        validation_target=dataset.target[split.validation],
    )


def train(
    run: Run,
    data: PreparedSplit,
    *,
    family: Family,
    epochs: int,
    patience: int,
    metric: str = "val_loss",
    show: tuple[str, ...] = ("loss",),
    seed: int | None = None,
    state: object = None,
) -> TrainedNetwork:
    """Train a network as `run.config` says and return it with its best epoch's weights.

    Each epoch reports train_loss and the validation scores named in `show`, as val_loss, val_error …,
    and then offers its state to `run.checkpoint`.

    Args:
        run: the trial; its `diverged` is called when training blew up or never left chance level.
        data: the split, prepared.
        family: "mlp" or "cnn".
        epochs: the budget. The schedule ends with it; it is not a hyperparameter.
        patience: epochs without a better `metric` after which training stops.
        metric: the reported score, lower is better, that says which epoch is best.
        show: which scores to report: loss, error, balanced_error, or loss, rmse; and lr, which is
            the learning rate in force at the end of the epoch.
        seed: instead of `run.seed`, for the folds of a cross-validation.
        state: what `run.restore()` returned: the training goes on from there.

    Raises:
        CheckpointError: the state is damaged or of another network or optimizer.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.seed if seed is None else seed)
        network = build(architecture(family, run.config), data.preparation)
        live = by_name(family).changeable(run.config)
        return _fit(run, network, data, live, epochs, patience, metric, show, state)


def raw_outputs(network: Network, inputs: Inputs) -> NDArray[np.float64]:
    """Return the network's raw outputs (n, C) or (n, 1) in evaluation mode."""
    network.eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(inputs), EVALUATED_AT_ONCE):
            values = torch.from_numpy(inputs.values[start : start + EVALUATED_AT_ONCE])
            codes = torch.from_numpy(inputs.codes[start : start + EVALUATED_AT_ONCE])
            parts.append(network(values, codes).double().numpy())
    return np.concatenate(parts)


def score(
    network: Network,
    preparation: Preparation,
    inputs: Inputs,
    target: NDArray[np.float64] | Codes,
) -> dict[str, float]:
    """Return loss, error, balanced_error, or loss, rmse, r2, of a network on some rows."""
    raw = raw_outputs(network, inputs)
    if preparation.task == "regression":
        predicted = raw[:, 0] * preparation.spread + preparation.center
        if not np.all(np.isfinite(predicted)):
            return dict.fromkeys(("loss", "rmse", "r2"), math.nan)
        return metrics.regression(predicted, target.astype(np.float64), preparation.spread)
    if not np.all(np.isfinite(raw)):
        return dict.fromkeys(("loss", "error", "balanced_error"), math.nan)
    return metrics.classification(raw, target.astype(np.int64))


def _fit(
    run: Run,
    network: Network,
    data: PreparedSplit,
    live: Sequence[str],
    epochs: int,
    patience: int,
    metric: str,
    show: tuple[str, ...],
    state: object,
) -> TrainedNetwork:
    stepper = optimizer(optimizer_settings(run.config), network)
    chance = metrics.chance(data.preparation.task, data.preparation.priors)
    progress = TrainingProgress(copied(network)) if state is None else restored(state, network, stepper)
    run.accepts(*live)
    for epoch in run.steps(epochs):
        if progress.stale(patience):
            break  # restored where patience had ended
        chosen = _steer(run, live, network, stepper)
        loss = _epoch(network, stepper, chosen, data, (epoch - 1) / epochs, 1 / epochs)
        scores = score(network, data.preparation, data.validation, data.validation_target)
        progress.train_losses.append(loss)
        progress.val_losses.append(scores["loss"])
        reported = {"train_loss": loss, **{f"val_{name}": scores[name] for name in show if name != "lr"}}
        _check_metric(metric, reported)
        run.report(**reported, **({"lr": _rate(chosen, epoch / epochs)} if "lr" in show else {}))
        reason = diagnose(progress.train_losses, progress.val_losses, chance=chance, epochs=epochs)
        # Who rolls back a training that blew up does not want to hear that it blew up.
        if reason and not run.interrupted:
            run.diverged(reason)
        progress.judge(reported[metric], {"train_loss": loss, **scores}, network)
        run.checkpoint(lambda: captured(network, stepper, progress))
        if progress.stale(patience):
            break
    without_dropout(network).load_state_dict(progress.weights)
    network.eval()
    return TrainedNetwork(network, data.preparation, progress.best_epoch, progress.epochs, progress.kept)


def _steer(
    run: Run, names: Sequence[str], network: Network, stepper: torch.optim.Optimizer
) -> OptimizerSettings:
    """Put the values in force into network and optimizer; return the optimizer's settings."""
    values = dict(run.config)
    for name in names:
        with suppress(StudyError):  # neither configured nor set: the default holds
            values[name] = run.live(name)
    if "batch_size" in values:
        values["batch_size"] = max(1, round(float(values["batch_size"])))
    chosen = optimizer_settings(values)
    adjust(stepper, chosen)
    set_dropout(network, architecture("mlp", values).dropout)
    return chosen


def _rate(chosen: OptimizerSettings, share: float) -> float:
    """Return the learning rate after a share of the budget: the rate in force times the schedule."""
    return chosen.lr * schedule(chosen.schedule, share, warmup=chosen.warmup, final=chosen.final_lr)


def _epoch(
    network: Network,
    stepper: torch.optim.Optimizer,
    chosen: OptimizerSettings,
    data: PreparedSplit,
    begun: float,
    length: float,
) -> float:
    """Run one pass over the training part, from share `begun` of the budget; return its mean loss."""
    network.train()
    n, size = len(data.train_values), chosen.batch_size
    order = torch.randperm(n)
    values, codes, targets = data.train_values[order], data.train_codes[order], data.train_targets[order]
    batches = math.ceil(n / size)
    total, seen = torch.zeros(()), 0
    for batch in range(batches):
        rows = slice(batch * size, (batch + 1) * size)
        if n > 1 and n - batch * size == 1:
            break  # a batch of one row has no spread to normalise by
        rate = _rate(chosen, begun + length * (batch + 1) / batches)
        for group in stepper.param_groups:
            group["lr"] = rate
        loss = _loss(network(values[rows], codes[rows]), targets[rows], data.preparation.task)
        stepper.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        stepper.step()
        count = len(targets[rows])
        total += loss.detach() * count
        seen += count
        if batch % CHECKED_EVERY == CHECKED_EVERY - 1 and not torch.isfinite(total):
            break
    return float(total) / seen


def _loss(raw: Tensor, targets: Tensor, task: str) -> Tensor:
    if task == "multiclass":
        return functional.cross_entropy(raw, targets)
    if task == "binary":
        return functional.binary_cross_entropy_with_logits(raw[:, 0], targets.to(raw.dtype))
    return functional.mse_loss(raw[:, 0], targets)


def _check_metric(metric: str, reported: Mapping[str, float]) -> None:
    if metric not in reported:
        raise DataError(f"metric {metric!r}: this task reports {', '.join(reported)}")
