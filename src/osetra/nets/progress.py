"""Progress: how far a training of the built-in network has come, and its way through a checkpoint."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import torch
from torch import Tensor

from osetra.errors import CheckpointError
from osetra.nets.averaging import WeightAverage
from osetra.nets.devices import device_state, set_device_state
from osetra.nets.network import Network, without_dropout
from osetra.nets.packing import Tree
from osetra.nets.state import capture, restore


@dataclass(slots=True)
class TrainingProgress:
    """What a training remembers from epoch to epoch, beside network and optimizer."""

    weights: dict[str, Tensor]
    """Of the best epoch; those of the beginning before there is one."""
    best: float = math.inf
    best_epoch: int = 0
    kept: dict[str, float] = field(default_factory=dict)
    """Scores of the best epoch."""
    train_losses: list[float] = field(default_factory=list)
    """Of every epoch since the first, for telling whether training diverged."""
    val_losses: list[float] = field(default_factory=list)

    @property
    def epochs(self) -> int:
        """How many epochs were trained."""
        return len(self.train_losses)

    def judge(self, value: float, scores: Mapping[str, float], network: Network) -> None:
        """Keep the weights of the epoch just trained if it is the best so far; lower is better."""
        if value < self.best:
            self.best, self.best_epoch = value, self.epochs
            self.kept = dict(scores)
            self.weights = copied(network)

    def stale(self, patience: int) -> bool:
        """Whether the best epoch is at least `patience` epochs ago."""
        return self.epochs > 0 and self.epochs - self.best_epoch >= patience


def copied(network: Network) -> dict[str, Tensor]:
    """Return a copy of the weights and buffers on the CPU, under names that do not depend on dropout."""
    state = without_dropout(network).state_dict()
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in state.items()}


def captured(
    network: Network,
    stepper: torch.optim.Optimizer,
    progress: TrainingProgress,
    average: WeightAverage | None = None,
) -> Tree:
    """Return all that the training needs to go on: after `restored` it is bitwise the same training.

    The learning rate's schedule needs nothing: it is a function of the epoch. The order of the rows
    is drawn from PyTorch's global generator, as is dropout.
    """
    return capture(
        model=without_dropout(network),
        optimizer=stepper,
        generator=torch.default_generator,
        randomness=False,
        average=average.state() if average is not None and average.kind != "none" else None,
        device=device_state(next(network.parameters()).device),
        progress={item.name: getattr(progress, item.name) for item in fields(TrainingProgress)},
    )


def restored(
    tree: object, network: Network, stepper: torch.optim.Optimizer, average: WeightAverage | None = None
) -> TrainingProgress:
    """Load what `captured` returned into network, optimizer and generator; return the progress.

    Raises:
        CheckpointError: the tree is damaged or of another network or optimizer.
    """
    extra = restore(
        tree,
        model=without_dropout(network),
        optimizer=stepper,
        generator=torch.default_generator,
        randomness=False,
    )
    set_device_state(next(network.parameters()).device, extra.get("device"))
    try:
        if average is not None and extra.get("average") is not None:
            average.restore(extra["average"], network)
        return TrainingProgress(**extra["progress"])
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(
            "the checkpoint is not one of the built-in network: it holds no progress of it"
        ) from None
