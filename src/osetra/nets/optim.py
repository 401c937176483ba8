"""Optim: optimizers, and learning-rate schedules keyed to the share of the budget that is used.

A schedule is a pure function of that share, so changing the number of epochs stretches it and never
cuts the decay off. All of them start at 1 and end at `final`, after a linear warm-up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

import torch
from torch import nn

from osetra.core.params import Value
from osetra.errors import DataError, nearest
from osetra.nets.network import parameter_groups

OPTIMIZERS = ("sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw")
SCHEDULES = ("constant", "step", "exponential", "linear", "cosine")


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

    def __post_init__(self) -> None:
        for name, known in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
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
        if self.weight_decay < 0:
            raise DataError(f"weight_decay={self.weight_decay!r}: must not be negative")


def optimizer_settings(config: Mapping[str, Value]) -> OptimizerSettings:
    """Return the settings that a config asks for; what it does not name keeps its default."""
    known = {field.name for field in fields(OptimizerSettings)}
    chosen = {name: value for name, value in config.items() if name in known}
    return OptimizerSettings(**chosen)  # type: ignore[arg-type]  # checked there


def adjust(stepper: torch.optim.Optimizer, chosen: OptimizerSettings) -> None:
    """Give an optimizer the settings, whatever it was built or restored with.

    The learning rate is set before every step, since a schedule multiplies it.
    """
    for group, decay in zip(stepper.param_groups, (chosen.weight_decay, 0.0), strict=True):
        group["weight_decay"] = decay
        match chosen.optimizer:
            case "momentum" | "nesterov":
                group["momentum"] = chosen.momentum
                group["nesterov"] = chosen.optimizer == "nesterov" and chosen.momentum > 0
            case "rmsprop":
                group["alpha"], group["eps"] = chosen.rms_decay, chosen.eps
            case "adam" | "adamw":
                group["betas"], group["eps"] = (chosen.beta1, chosen.beta2), chosen.eps


def schedule(kind: str, share: float, *, warmup: float = 0.0, final: float = 0.01) -> float:
    """Return the factor on the learning rate after `share` (0 … 1) of the budget.

    With u the share of the time after warm-up: constant 1; linear 1-(1-final)u; cosine
    final+(1-final)(1+cos πu)/2; exponential final^u; step: √final from u=1/2, final from u=3/4.
    """
    if share < warmup:
        return share / warmup
    u = min(1.0, (share - warmup) / (1.0 - warmup))
    match kind:
        case "constant":
            return 1.0
        case "linear":
            return 1.0 - (1.0 - final) * u
        case "cosine":
            return final + (1.0 - final) * (1.0 + math.cos(math.pi * u)) / 2.0
        case "exponential":
            return float(final**u)
        case "step":
            return final if u >= 0.75 else math.sqrt(final) if u >= 0.5 else 1.0
        case _:
            raise DataError(f"schedule={kind!r}: choose one of {', '.join(SCHEDULES)}")


def optimizer(chosen: OptimizerSettings, network: nn.Module) -> torch.optim.Optimizer:
    """Return the optimizer over a network's parameters; norms and biases are not decayed.

    The decay of adamw is decoupled from the gradient (arXiv 1711.05101); that of the others is an
    L2 penalty: weight_decay times the weight is added to the gradient.
    """
    decayed, spared = parameter_groups(network)
    groups = [
        {"params": decayed, "weight_decay": chosen.weight_decay},
        {"params": spared, "weight_decay": 0.0},
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
