"""Averaging: the mean of the weights over many steps, which generalises better than the last.

ema: an exponential moving average after every step (Polyak & Juditsky 1992; its decay grows from the
first steps on, as in TensorFlow). swa: the plain mean of the ends of the epochs in the last quarter of the
budget (Izmailov et al., arXiv 1803.05407). Averages of batch norms are taken as they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

import torch
from torch import Tensor, nn

SWA_FROM = 0.75


@dataclass(slots=True, eq=False)
class WeightAverage:
    """The average so far, of the parameters of one network in their order."""

    kind: str
    weights: list[Tensor] = field(default_factory=list)
    count: int = 0

    @torch.no_grad()
    def step(self, network: nn.Module, decay: float) -> None:
        """Take the weights after a step into an exponential average."""
        if self.kind != "ema":
            return
        self.count += 1
        self._take(network, 1.0 - min(decay, (1.0 + self.count) / (10.0 + self.count)))

    @torch.no_grad()
    def epoch(self, network: nn.Module, share: float) -> None:
        """Take the weights at the end of an epoch, after a share of the budget, into a plain average."""
        if self.kind != "swa" or share < SWA_FROM:
            return
        self.count += 1
        self._take(network, 1.0 / self.count)

    def _take(self, network: nn.Module, share: float) -> None:
        now = [parameter.detach() for parameter in network.parameters()]
        if not self.weights:
            self.weights = [each.clone() for each in now]
            return
        torch._foreach_lerp_(self.weights, now, share)

    @contextmanager
    def applied(self, network: nn.Module) -> Iterator[None]:
        """Put the average into the network for a while."""
        if not self.weights:
            yield
            return
        kept = [parameter.data for parameter in network.parameters()]
        for parameter, average in zip(network.parameters(), self.weights, strict=True):
            parameter.data = average
        try:
            yield
        finally:
            for parameter, own in zip(network.parameters(), kept, strict=True):
                parameter.data = own

    def state(self) -> dict[str, object]:
        """Return what goes into a checkpoint."""
        return {"weights": [each.clone() for each in self.weights], "count": self.count}

    def restore(self, state: object, network: nn.Module) -> None:
        """Take what `state` returned.

        Raises:
            KeyError, TypeError, ValueError: it is of another network.
        """
        found = cast(dict[str, object], state)
        weights, count = cast(list[Tensor], found["weights"]), cast(int, found["count"])
        if weights and [w.shape for w in weights] != [p.shape for p in network.parameters()]:
            raise ValueError("the average is of another network")
        like = [parameter.device for parameter in network.parameters()]
        self.weights = [each.to(where) for each, where in zip(weights, like, strict=False)]
        self.count = count
