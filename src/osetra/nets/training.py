"""Training: one network on one split, epoch by epoch, reporting to a run.

The whole data set lives in memory as tensors and mini-batches are slices of a shuffled copy: for
small networks a data loader costs more than the arithmetic. Early stopping keeps the weights of the
best epoch. Given the same config, seed, data and versions, the result is bitwise the same; so it is
when the training was cut after any epoch and went on from its checkpoint.

Each epoch begins with the values in force: a person may turn the learning rate, momentum, decay,
dropout or the batch size of a training that runs. The schedule multiplies the rate in force.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from osetra.catalogue import for_task
from osetra.data.dataset import Codes, Dataset
from osetra.data.split import Split
from osetra.errors import DataError, StudyError
from osetra.nets import metrics
from osetra.nets.architecture import Family, architecture
from osetra.nets.averaging import WeightAverage
from osetra.nets.batches import Batches
from osetra.nets.cost import catalogue_of
from osetra.nets.devices import precision_of, random_devices
from osetra.nets.divergence import diagnose
from osetra.nets.epoch import StepSettings, Trainee, rate_after, run_epoch
from osetra.nets.initial import fit_to_data
from osetra.nets.loss import regularization
from osetra.nets.network import Network, build, set_dropout, without_dropout
from osetra.nets.optim import adjust, groups_of, optimizer, optimizer_settings
from osetra.nets.prepare import Inputs, Preparation, fit, inputs_of
from osetra.nets.progress import TrainingProgress, captured, copied, restored
from osetra.nets.schedules import RISING
from osetra.nets.stepping import GradientSteps
from osetra.nets.targets import outputs
from osetra.training.run import Run

EVALUATED_AT_ONCE = 4096


@dataclass(frozen=True, slots=True, eq=False)
class PreparedSplit:
    """One split, prepared: inputs as tensors, fitted on the training part only."""

    preparation: Preparation
    train: Batches
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


def prepare(dataset: Dataset, split: Split, *, scaling: str = "standard", aim: str = "") -> PreparedSplit:
    """Return one split of a data set as a network takes it."""
    preparation = fit(dataset, split.train, scaling=scaling, aim=aim)
    inputs = inputs_of(preparation, dataset)
    train = inputs.rows(split.train)
    return PreparedSplit(
        preparation=preparation,
        train=Batches(
            torch.from_numpy(train.values),
            torch.from_numpy(train.codes),
            torch.from_numpy(outputs(preparation, dataset.target[split.train])),
            weights=None
            if dataset.weights is None
            else torch.from_numpy(dataset.weights[split.train].astype(np.float32)),
        ),
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
    device: str = "cpu",
) -> TrainedNetwork:
    """Train a network as `run.config` says and return it with its best epoch's weights.

    Each epoch reports train_loss and the validation scores named in `show`, as val_loss, val_error …,
    and then offers its state to `run.checkpoint`.

    Args:
        run: the trial; its `diverged` is called when training blew up or never left chance level.
        data: the split, prepared.
        family: "mlp", "cnn" or "sequence".
        epochs: the budget. The schedule ends with it; it is not a hyperparameter.
        patience: epochs without a better `metric` after which training stops.
        metric: the reported score that says which epoch is best: the lowest, or the highest val_auc, val_f1 …
        show: which scores to report: loss, error, balanced_error, or loss, rmse; and lr, which is
            the learning rate in force at the end of the epoch.
        seed: instead of `run.seed`, for the folds of a cross-validation.
        state: what `run.restore()` returned: the training goes on from there.
        device: where it is computed, as PyTorch names it; what is returned is on the CPU.

    Raises:
        CheckpointError: the state is damaged or of another network or optimizer.
    """
    with torch.random.fork_rng(devices=random_devices(device)):
        torch.manual_seed(run.seed if seed is None else seed)
        trainee = _begun(run, data, family, device)
        how = data.preparation
        known = for_task(catalogue_of(family, how.kind, texts=bool(how.texts)), how.task)
        live = known.changeable(run.config)
        return _fit(run, trainee, data, live, epochs, patience, metric, show, state)


def raw_outputs(network: nn.Module, inputs: Inputs) -> NDArray[np.float64]:
    """Return the network's raw outputs (n, C) or (n, 1) in evaluation mode."""
    network.eval()
    where = next(network.parameters()).device
    parts = []
    with torch.inference_mode():
        for start in range(0, len(inputs), EVALUATED_AT_ONCE):
            values = torch.from_numpy(inputs.values[start : start + EVALUATED_AT_ONCE])
            codes = torch.from_numpy(inputs.codes[start : start + EVALUATED_AT_ONCE])
            parts.append(network(values.to(where), codes.to(where)).cpu())
    return torch.cat(parts).double().numpy()


def score(
    network: nn.Module,
    preparation: Preparation,
    inputs: Inputs,
    target: NDArray[np.float64] | Codes,
    names: Sequence[str] = (),
) -> dict[str, float]:
    """Return scores of a network on some rows; the usual ones unless named."""
    return metrics.scores(preparation, raw_outputs(network, inputs), target, names, codes=inputs.codes)


def _asked(show: Sequence[str], preparation: Preparation) -> tuple[str, ...]:
    """Return the scores to compute: the usual ones, and those that are shown."""
    return tuple(dict.fromkeys((*metrics.usual(preparation.task), *(name for name in show if name != "lr"))))


def _begun(run: Run, data: PreparedSplit, family: Family, device: str) -> Trainee:
    """Return a network before its first step, with its optimizer."""
    structure = architecture(family, run.config)
    network = build(structure, data.preparation)
    fit_to_data(network, structure, data.train.values, data.train.codes)
    network.to(device)
    chosen, how = optimizer_settings(run.config), regularization(run.config)
    return Trainee(
        network=network,
        structure=structure,
        task=data.preparation.task,
        priors=data.preparation.priors,
        aim=data.preparation.aim,
        stepper=optimizer(chosen, network, structure),
        groups=groups_of(chosen, network, structure),
        average=WeightAverage(how.averaging),
        steps=GradientSteps(precision_of(torch.device(device), family)),
    )


def _fit(
    run: Run,
    trainee: Trainee,
    data: PreparedSplit,
    live: Sequence[str],
    epochs: int,
    patience: int,
    metric: str,
    show: tuple[str, ...],
    state: object,
) -> TrainedNetwork:
    network, average = trainee.network, trainee.average
    chance = metrics.guessed(data.preparation)
    fresh = state is None
    progress = (
        TrainingProgress(copied(network)) if fresh else restored(state, network, trainee.stepper, average)
    )
    rows = data.train.to(trainee.device)
    asked, sign = _asked(show, data.preparation), metrics.sign_of(metric)
    run.accepts(*live)
    for epoch in run.steps(epochs):
        if progress.stale(patience):
            break  # restored where patience had ended
        settings = _steer(run, live, trainee)
        loss = run_epoch(trainee, settings, rows, (epoch - 1) / epochs, 1 / epochs)
        average.epoch(network, epoch / epochs)
        with average.applied(network):
            scores = score(network, data.preparation, data.validation, data.validation_target, asked)
            progress.train_losses.append(loss)
            progress.val_losses.append(scores["loss"])
            reported = {"train_loss": loss, **{f"val_{name}": scores[name] for name in show if name != "lr"}}
            _check_metric(metric, reported)
            run.report(**reported, **({"lr": rate_after(settings, epoch / epochs)} if "lr" in show else {}))
            rising = settings.optimizer.schedule in RISING
            losses = (progress.train_losses, progress.val_losses)
            reason = diagnose(*losses, chance=chance, epochs=epochs, rising=rising)
            # Who rolls back a training that blew up does not want to hear that it blew up.
            if reason and not run.interrupted:
                run.diverged(reason)
            progress.judge(sign * reported[metric], {"train_loss": loss, **scores}, network)
        run.checkpoint(lambda: captured(network, trainee.stepper, progress, average))
        if progress.stale(patience):
            break
    network.cpu()
    without_dropout(network).load_state_dict(progress.weights)
    network.eval()
    return TrainedNetwork(network, data.preparation, progress.best_epoch, progress.epochs, progress.kept)


def _steer(run: Run, names: Sequence[str], trainee: Trainee) -> StepSettings:
    """Put the values in force into network and optimizer; return how the next epoch is trained."""
    values = dict(run.config)
    for name in names:
        with suppress(StudyError):  # neither configured nor set: the default holds
            values[name] = run.live(name)
    if "batch_size" in values:
        values["batch_size"] = max(1, round(float(values["batch_size"])))
    settings = StepSettings(
        optimizer_settings(values), regularization(values), float(values.get("dropout", 0.0))
    )
    adjust(trainee.stepper, settings.optimizer)
    set_dropout(trainee.network, settings.dropout)
    return settings


def _check_metric(metric: str, reported: Mapping[str, float]) -> None:
    if metric not in reported:
        raise DataError(f"metric {metric!r}: this task reports {', '.join(reported)}")
