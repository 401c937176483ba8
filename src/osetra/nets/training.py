"""Training: one network on one split, epoch by epoch, reporting to a run.

The whole data set lives in memory as tensors and mini-batches are slices of a shuffled copy: for
small networks a data loader costs more than the arithmetic. Early stopping keeps the weights of the
best epoch. Given the same config, seed, data and versions, the result is bitwise the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from osetra.core.params import Value
from osetra.errors import DataError, Diverged
from osetra.nets import metrics
from osetra.nets.dataset import Codes, Dataset
from osetra.nets.divergence import diagnose
from osetra.nets.network import Family, Network, architecture, build
from osetra.nets.optim import Recipe, optimizer, recipe, schedule
from osetra.nets.prepare import Inputs, Preparation, apply, fit, outputs
from osetra.nets.split import Split

EVALUATED_AT_ONCE = 4096
CHECKED_EVERY = 100


class Run(Protocol):
    """What training needs to know of a trial; `osetra.Run` and `Rehearsal` are such runs."""

    @property
    def config(self) -> Mapping[str, Value]:
        """The hyperparameters."""
        ...

    @property
    def seed(self) -> int:
        """For all randomness of this training."""
        ...

    @property
    def interrupted(self) -> bool:
        """Whether the run was told to stop."""
        ...

    def steps(self, count: int, /) -> Iterator[int]:
        """Yield 1 … count, ending early when the run has to stop."""
        ...

    def folds(self, count: int, /) -> Iterator[int]:
        """Yield the folds 0 … count-1."""
        ...

    def report(self, step: int | None = None, /, **metrics: object) -> None:
        """Take the metrics of an epoch."""
        ...

    def diverged(self, reason: str, /) -> None:
        """End the trial as diverged."""
        ...


@dataclass(slots=True)
class Rehearsal:
    """A run outside any study: keeps its reports in memory. For repeats with fresh seeds."""

    config: Mapping[str, Value]
    seed: int
    interrupted: bool = False
    curves: dict[str, list[float]] = field(default_factory=dict)
    """Reported values by metric, in order."""

    def steps(self, count: int, /) -> Iterator[int]:
        """Yield 1 … count."""
        yield from range(1, count + 1)

    def folds(self, count: int, /) -> Iterator[int]:
        """Yield 0 … count-1."""
        yield from range(count)

    def report(self, step: int | None = None, /, **metrics: object) -> None:
        """Keep the metrics."""
        for name, value in metrics.items():
            self.curves.setdefault(name, []).append(float(value))  # type: ignore[arg-type]

    def diverged(self, reason: str, /) -> None:
        """Raise Diverged."""
        raise Diverged(reason)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """One split, prepared: inputs as tensors, fitted on the training part only."""

    preparation: Preparation
    train_values: Tensor
    train_codes: Tensor
    train_targets: Tensor
    validation: Inputs
    validation_target: NDArray[np.float64] | Codes


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A network with the weights of its best epoch."""

    network: Network
    preparation: Preparation
    best_epoch: int
    epochs: int
    """How many epochs were run before stopping."""
    scores: Mapping[str, float]
    """Scores of the best epoch on the validation part, and its train_loss."""


def prepare(dataset: Dataset, split: Split, *, scaling: str = "standard") -> Prepared:
    """Return one split of a data set as a network takes it."""
    preparation = fit(dataset, split.train, scaling=scaling)
    inputs = apply(preparation, dataset.columns, dataset.images)
    train = inputs.rows(split.train)
    return Prepared(
        preparation=preparation,
        train_values=torch.from_numpy(train.values),
        train_codes=torch.from_numpy(train.codes),
        train_targets=torch.from_numpy(outputs(preparation, dataset.target[split.train])),
        validation=inputs.rows(split.validation),
        validation_target=dataset.target[split.validation],
    )


def train(
    run: Run,
    data: Prepared,
    *,
    family: Family,
    epochs: int,
    patience: int,
    metric: str = "val_loss",
    show: tuple[str, ...] = ("loss",),
    seed: int | None = None,
) -> Trained:
    """Train a network as `run.config` says and return it with its best epoch's weights.

    Each epoch reports train_loss and the validation scores named in `show`, as val_loss, val_error …

    Args:
        run: the trial; its `diverged` is called when training blew up or never left chance level.
        data: the split, prepared.
        family: "mlp" or "cnn".
        epochs: the budget. The schedule ends with it; it is not a hyperparameter.
        patience: epochs without a better `metric` after which training stops.
        metric: the reported score, lower is better, that says which epoch is best.
        show: which scores to report: loss, error, balanced_error, or loss, rmse.
        seed: instead of `run.seed`, for the folds of a cross-validation.
    """
    chosen = recipe(run.config)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.seed if seed is None else seed)
        network = build(architecture(family, run.config), data.preparation)
        return _fit(run, network, chosen, data, epochs, patience, metric, show)


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
    chosen: Recipe,
    data: Prepared,
    epochs: int,
    patience: int,
    metric: str,
    show: tuple[str, ...],
) -> Trained:
    stepper = optimizer(chosen, network)
    chance = metrics.chance(data.preparation.task, data.preparation.priors)
    train_losses: list[float] = []
    val_losses: list[float] = []
    best, best_epoch, kept, weights = math.inf, 0, {}, _copied(network)
    for epoch in run.steps(epochs):
        train_losses.append(_epoch(network, stepper, chosen, data, (epoch - 1) / epochs, 1 / epochs))
        scores = score(network, data.preparation, data.validation, data.validation_target)
        val_losses.append(scores["loss"])
        reported = {"train_loss": train_losses[-1], **{f"val_{name}": scores[name] for name in show}}
        _check_metric(metric, reported)
        run.report(**reported)
        reason = diagnose(train_losses, val_losses, chance=chance, epochs=epochs)
        if reason:
            run.diverged(reason)
        if reported[metric] < best:
            best, best_epoch, weights = reported[metric], epoch, _copied(network)
            kept = {"train_loss": train_losses[-1], **scores}
        if epoch - best_epoch >= patience:
            break
    network.load_state_dict(weights)
    network.eval()
    return Trained(network, data.preparation, best_epoch, len(train_losses), kept)


def _epoch(
    network: Network,
    stepper: torch.optim.Optimizer,
    chosen: Recipe,
    data: Prepared,
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
        factor = schedule(
            chosen.schedule,
            begun + length * (batch + 1) / batches,
            warmup=chosen.warmup,
            final=chosen.final_lr,
        )
        for group in stepper.param_groups:
            group["lr"] = chosen.lr * factor
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


def _copied(network: Network) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


def _check_metric(metric: str, reported: Mapping[str, float]) -> None:
    if metric not in reported:
        raise DataError(f"metric {metric!r}: this task reports {', '.join(reported)}")
