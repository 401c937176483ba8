"""Optim: optimizers and their settings, checked, with the rates that a schedule gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import torch
from torch import nn

from osetra.core.params import Value
from osetra.errors import DataError, nearest
from osetra.nets.architecture import Architecture
from osetra.nets.groups import ParameterGroup, parameter_groups
from osetra.nets.schedules import SCHEDULES

OPTIMIZERS = ("sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw")
ADAPTIVE = ("rmsprop", "adam", "adamw")
REGULARIZATION_SCHEDULES = ("constant", "flat_cosine")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerSettings:
    """How the weights are learnt; the names are those of the catalogue."""

    optimizer: str = "adamw"
    lr: float = 3e-3
    batch_size: int = 32
    momentum: float = 0.9
    """Of momentum and nesterov."""
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    rms_decay: float = 0.99
    """Of rmsprop: averages squared gradients over about 1 / (1 - rms_decay) steps."""
    weight_decay: float = 0.0
    schedule: str = "cosine"
    warmup: float = 0.0
    """Share of the budget over which the learning rate rises from zero."""
    final_lr: float = 0.01
    """What the schedule ends at, as a share of lr."""
    regularization_schedule: str = "constant"
    """How weight decay and dropout change over the budget."""
    clip_norm: float = 0.0
    """Longest gradient that is taken as it is; longer ones are shortened to it. 0 is never."""

    def __post_init__(self) -> None:
        for name, known in (
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
            ("regularization_schedule", REGULARIZATION_SCHEDULES),
        ):
            value = getattr(self, name)
            if value not in known:
                hint = nearest(str(value), known)
                raise DataError(f"{name}={value!r}: choose one of {', '.join(known)}.{hint}")
        if self.batch_size < 1:
            raise DataError(f"batch_size={self.batch_size}: at least one row is needed per step")
        for name in ("lr", "eps", "final_lr"):
            if not getattr(self, name) > 0:
                raise DataError(f"{name}={getattr(self, name)!r}: must be above 0")
        for name in ("momentum", "beta1", "beta2", "rms_decay", "warmup"):
            if not 0 <= getattr(self, name) < 1:
                raise DataError(f"{name}={getattr(self, name)!r}: must be at least 0 and below 1")
        for name in ("weight_decay", "clip_norm"):
            if not getattr(self, name) >= 0:
                raise DataError(f"{name}={getattr(self, name)!r}: must not be negative")


def optimizer_settings(config: Mapping[str, Value]) -> OptimizerSettings:
    """Return the settings that a config asks for; what it does not name keeps its default."""
    known = {field.name for field in fields(OptimizerSettings)}
    chosen = {name: value for name, value in config.items() if name in known}
    return OptimizerSettings(**chosen)  # type: ignore[arg-type]  # checked there


def adjust(stepper: torch.optim.Optimizer, chosen: OptimizerSettings) -> None:
    """Give an optimizer the settings, whatever it was built or restored with.

    Learning rate and weight decay are set before every step, since schedules multiply them.
    """
    for group in stepper.param_groups:
        match chosen.optimizer:
            case "momentum" | "nesterov":
                group["momentum"] = chosen.momentum
                group["nesterov"] = chosen.optimizer == "nesterov" and chosen.momentum > 0
            case "rmsprop":
                group["alpha"], group["eps"] = chosen.rms_decay, chosen.eps
            case "adam" | "adamw":
                group["betas"], group["eps"] = (chosen.beta1, chosen.beta2), chosen.eps


def set_rates(
    stepper: torch.optim.Optimizer, groups: Sequence[ParameterGroup], rate: float, decay: float
) -> None:
    """Set learning rate and weight decay of the next step."""
    for group, how in zip(stepper.param_groups, groups, strict=True):
        group["lr"] = rate * how.rate
        group["weight_decay"] = decay * how.decay


def groups_of(
    chosen: OptimizerSettings, network: nn.Module, structure: Architecture | None = None
) -> list[ParameterGroup]:
    """Return the groups that an optimizer has for a network."""
    return parameter_groups(network, structure, adaptive=chosen.optimizer in ADAPTIVE)


def optimizer(
    chosen: OptimizerSettings, network: nn.Module, structure: Architecture | None = None
) -> torch.optim.Optimizer:
    """Return the optimizer over a network's parameters; norms and biases are not decayed.

    The decay of adamw is decoupled from the gradient (arXiv 1711.05101); that of the others is an
    L2 penalty: weight_decay times the weight is added to the gradient.
    """
    groups = [
        {
            "params": group.parameters,
            "lr": chosen.lr * group.rate,
            "weight_decay": chosen.weight_decay * group.decay,
        }
        for group in groups_of(chosen, network, structure)
    ]
    betas = (chosen.beta1, chosen.beta2)
    match chosen.optimizer:
        case "sgd":
            return torch.optim.SGD(groups, lr=chosen.lr, fused=True)
        case "momentum" | "nesterov":
            nesterov = chosen.optimizer == "nesterov" and chosen.momentum > 0
            return torch.optim.SGD(
                groups, lr=chosen.lr, momentum=chosen.momentum, nesterov=nesterov, fused=True
            )
        case "rmsprop":
            return torch.optim.RMSprop(groups, lr=chosen.lr, alpha=chosen.rms_decay, eps=chosen.eps)
        case "adam":
            return torch.optim.Adam(groups, lr=chosen.lr, betas=betas, eps=chosen.eps, fused=True)
        case _:
            return torch.optim.AdamW(groups, lr=chosen.lr, betas=betas, eps=chosen.eps, fused=True)
