"""Factorization: what users think of items, as the product of learnt factors beside biases.

    answer = network(features, factors) + b_user + b_item + p_user · q_item

Biases and factors: Koren, Bell & Volinsky 2009, Matrix factorization techniques for recommender systems. The
network beside the product may share the factors: Guo et al. 2017, DeepFM (arXiv 1703.04247); He et al. 2017,
Neural collaborative filtering (arXiv 1708.05031). Each factor is held back by a normal prior
(Salakhutdinov & Mnih 2007, Probabilistic matrix factorization): the sum over all rows of squared errors is
made small together with `decay` times all squared factors, and a share of it times all squared biases. A row
pays its part, 1 / (rows of its user, or item). Decoupled weight decay would draw rare factors to nothing.

Row 0 of every table stands for who or what was never seen; it stays zero, so that the rest answers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

SPREAD = 0.5
"""Length of the first factors of one user or item."""
BIAS_DECAY = 0.25
"""Share of the decay that biases have: there is one of them where there are many factors."""


class FactorTable(nn.Embedding):
    """A row of factors, or one bias, for each user or item."""

    def __init__(self, levels: int, size: int, spread: float | None = None) -> None:
        super().__init__(levels, size, padding_idx=0)
        self.spread = SPREAD / math.sqrt(size) if spread is None else spread
        self.begin()

    @torch.no_grad()
    def begin(self) -> None:
        """Draw the first factors."""
        self.weight.normal_(0.0, 1.0).mul_(self.spread)
        self.weight[0].zero_()


class Interaction(nn.Module):
    """Biases of users and items, and the product of their factors."""

    per_user: Tensor
    per_item: Tensor

    def __init__(self, places: tuple[int, int], levels: Sequence[int], decay: float, *, shared: bool) -> None:
        super().__init__()
        self.places = places
        """Of users and items among the codes."""
        self.decay = decay
        self.shared = shared
        """Whether the network beside the product sees the factors too."""
        sizes = [levels[place] for place in places]
        self.biases = nn.ModuleList(FactorTable(size, 1, spread=0.0) for size in sizes)
        self.penalty: Tensor | float = 0.0
        """What factors and biases of the rows last seen in training add to their mean loss."""
        # They follow from the training rows, so that no file needs to hold them.
        self.register_buffer("per_user", torch.ones(sizes[0]), persistent=False)
        self.register_buffer("per_item", torch.ones(sizes[1]), persistent=False)

    @property
    def shares(self) -> tuple[Tensor, Tensor]:
        """What a row pays of the penalty of its user and of its item, by their codes."""
        return self.per_user, self.per_item

    @torch.no_grad()
    def settle(self, codes: Tensor) -> None:
        """Count the training rows (n, k) of each user and item."""
        for place, shares in zip(self.places, self.shares, strict=True):
            counts = torch.bincount(codes[:, place], minlength=len(shares)).clamp_min(1)
            shares.copy_(1.0 / counts)

    def seen(self, looked_up: Sequence[Tensor]) -> list[Tensor]:
        """Return what the network beside the product takes of all that was looked up."""
        return [each for i, each in enumerate(looked_up) if self.shared or i not in self.places]

    def forward(self, looked_up: Sequence[Tensor], codes: Tensor) -> Tensor:
        """Return biases plus product (n, 1); what they add to the loss is kept in `penalty`."""
        factors = [looked_up[place] for place in self.places]
        offsets = [
            cast(Tensor, table(codes[:, p])) for p, table in zip(self.places, self.biases, strict=True)
        ]
        if self.training:
            shares = [share[codes[:, p]] for p, share in zip(self.places, self.shares, strict=True)]
            squares = [
                (f**2).sum(dim=1) + BIAS_DECAY * b[:, 0] ** 2 for f, b in zip(factors, offsets, strict=True)
            ]
            each = torch.stack([a * b for a, b in zip(shares, squares, strict=True)])
            self.penalty = self.decay * each.mean(dim=1).sum()
        return (factors[0] * factors[1]).sum(dim=1, keepdim=True) + offsets[0] + offsets[1]
