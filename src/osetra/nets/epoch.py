"""Epoch: one pass over the training rows, step by step.

Nothing in a step waits for the device: the loss is summed where it is computed and read at the end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from osetra.nets.architecture import Architecture
from osetra.nets.augment import augmented, mixed
from osetra.nets.averaging import WeightAverage
from osetra.nets.batches import Batches
from osetra.nets.groups import ParameterGroup
from osetra.nets.loss import Regularization, loss, weights_of
from osetra.nets.network import Network, dropouts
from osetra.nets.optim import OptimizerSettings, set_rates
from osetra.nets.schedules import schedule
from osetra.nets.stepping import GradientSteps

CHECKED_EVERY = 100


@dataclass(frozen=True, slots=True)
class StepSettings:
    """How an epoch is trained: the values in force at its beginning."""

    optimizer: OptimizerSettings
    regularization: Regularization
    dropout: float


@dataclass(frozen=True, slots=True, eq=False)
class Trainee:
    """A network that is trained, and what trains it."""

    network: Network
    structure: Architecture
    task: str
    priors: Sequence[float]
    aim: str
    """Which error of a number is made small."""
    stepper: torch.optim.Optimizer
    groups: Sequence[ParameterGroup]
    average: WeightAverage
    steps: GradientSteps

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device


def rate_after(settings: StepSettings, share: float) -> float:
    """Return the learning rate after a share of the budget: the rate in force times the schedule."""
    chosen = settings.optimizer
    return chosen.lr * schedule(chosen.schedule, share, warmup=chosen.warmup, final=chosen.final_lr)


def run_epoch(trainee: Trainee, settings: StepSettings, rows: Batches, begun: float, length: float) -> float:
    """Run one pass over the rows, from share `begun` of the budget; return its mean loss."""
    network, chosen, how = trainee.network, settings.optimizer, settings.regularization
    network.train()
    batches = math.ceil(len(rows) / chosen.batch_size)
    weights = weights_of(how, trainee.priors, rows.values, labels=trainee.task == "multilabel")
    parameters = [parameter for group in trainee.groups for parameter in group.parameters]
    loss_of = partial(_loss, trainee, how, weights)
    clip = partial(nn.utils.clip_grad_norm_, parameters, chosen.clip_norm)
    total, seen = torch.zeros((), device=trainee.device), 0
    # Networks of earlier versions go on as they would have: with a rest at the end of an epoch.
    even = trainee.structure.parametrization == "neural_tangent"
    for number, batch in enumerate(rows.shuffled(chosen.batch_size, even=even), start=1):
        if len(batch) == 1 and len(rows) > 1:
            break  # a batch of one row has no spread to normalise by
        _set_share(trainee, settings, begun + length * number / batches)
        mean = trainee.steps.gradients(loss_of, batch, trainee.stepper)
        trainee.steps.step(trainee.stepper, clip if chosen.clip_norm else None)
        trainee.average.step(network, how.average_decay)
        total += mean * len(batch)
        seen += len(batch)
        if number % CHECKED_EVERY == 0 and not torch.isfinite(total):
            break
    return float(total) / seen


def _set_share(trainee: Trainee, settings: StepSettings, share: float) -> None:
    """Set everything that changes from step to step, for the step that ends at a share of the budget."""
    chosen = settings.optimizer
    held = 1.0
    if chosen.regularization_schedule != "constant":
        held = schedule(chosen.regularization_schedule, share, final=0.0)
        for layer in dropouts(trainee.network):
            layer.p = settings.dropout * held
    set_rates(trainee.stepper, trainee.groups, rate_after(settings, share), chosen.weight_decay * held)


def _loss(trainee: Trainee, how: Regularization, weights: Tensor | None, batch: Batches) -> Tensor:
    """Return the loss of a batch, whose rows may be changed and mixed before."""
    values, codes, targets, counts = batch.values, batch.codes, batch.targets, batch.weights
    if how.augment != "none" and values.ndim == 4:
        values = augmented(values, how.augment)
    members, partner, share = trainee.network.members, None, 1.0
    if how.mixup:
        values, codes, partner, share = mixed(values, codes, how.mixup)
    raw = trainee.network(values, codes)
    rows = _repeated(members, targets, counts)
    own = loss(raw, rows[0], trainee.task, how, weights, rows[1], aim=trainee.aim) + trainee.network.penalty
    if partner is None:
        return own
    others = _repeated(members, targets[partner], None if counts is None else counts[partner])
    theirs = loss(raw, others[0], trainee.task, how, weights, others[1], aim=trainee.aim)
    return own.lerp(theirs, 1.0 - share)


def _repeated(members: int, targets: Tensor, counts: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Return targets and weights of rows for each member of an ensemble."""
    if members == 1:
        return targets, counts
    counts = None if counts is None else counts.repeat_interleave(members)
    return targets.repeat_interleave(members, dim=0), counts
