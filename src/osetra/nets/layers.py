"""Layers: what the table network adds to linear layers, all of it of the literature.

Periodic embedding of numbers: each number x becomes (x, W₂ cos(W₁ x + b₁) + b₂), with weights of its own
and frequencies drawn from a normal distribution. Piecewise-linear embedding: each number becomes its
share of every bin between quantiles, and those a few linear features. Source: Gorishniy et al., On
Embeddings for Numerical Features (arXiv 2203.05556); the periodic one in the form of RealMLP (arXiv
2407.04491), where the number itself stays among its features.

Members: one network that is many (Gorishniy et al., TabM, arXiv 2410.24210, its small form). All share the
hidden layers; each has scales of its own on the inputs and a head of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

WAVES = 16
"""Frequencies of a periodic embedding."""
FEATURES = 3
"""Features per number that an embedding adds to the number itself."""
BINS = 16
"""Bins of a piecewise-linear embedding."""


class Scaling(nn.Module):
    """A learnt factor on each input: the network chooses its features early. One set per member."""

    def __init__(self, width: int, members: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width) if members == 1 else torch.ones(members, width))

    def forward(self, values: Tensor) -> Tensor:
        """Return the inputs, scaled: (n, d), or (n, members, d)."""
        return values * self.weight if self.weight.ndim == 1 else values.unsqueeze(1) * self.weight


class ParametricActivation(nn.Module):
    """x + a (f(x) - x) with a learnt share a of each unit, which starts at 1."""

    def __init__(self, activation: nn.Module, width: int) -> None:
        super().__init__()
        self.activation = activation
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, values: Tensor) -> Tensor:
        """Return the values, bent."""
        return torch.lerp(values, self.activation(values), self.weight)


class Residual(nn.Module):
    """A unit whose input is added to its output: x + f(x)."""

    def __init__(self, *modules: nn.Module) -> None:
        super().__init__()
        self.unit = nn.Sequential(*modules)

    def forward(self, values: Tensor) -> Tensor:
        """Return input plus output."""
        return values + cast(Tensor, self.unit(values))


class MemberHeads(nn.Module):
    """A linear head for each member: (n, members, d) to (n, members, outputs)."""

    def __init__(self, members: int, width: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(members, width, outputs))
        self.bias = nn.Parameter(torch.zeros(members, outputs))

    def forward(self, values: Tensor) -> Tensor:
        """Return the raw outputs of every member."""
        return torch.baddbmm(self.bias.unsqueeze(1), values.transpose(0, 1), self.weight).transpose(0, 1)


class Periodic(nn.Module):
    """A periodic embedding of numbers (n, d): (n, d · (FEATURES + 1))."""

    def __init__(self, numbers: int, frequency: float) -> None:
        super().__init__()
        bound = 1 / math.sqrt(WAVES)
        # The factor 2π stands in the weights, and their learning rate has it too.
        self.waves = nn.Parameter(2 * math.pi * frequency * torch.randn(numbers, 1, WAVES))
        self.phases = nn.Parameter(torch.empty(numbers, 1, WAVES).uniform_(-math.pi, math.pi))
        self.weight = nn.Parameter(torch.empty(numbers, WAVES, FEATURES).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(numbers, 1, FEATURES).uniform_(-bound, bound))

    def forward(self, values: Tensor) -> Tensor:
        """Return every number with its features."""
        each = values.t().unsqueeze(2)
        angles = torch.addcmul(self.phases, each, self.waves)
        features = torch.baddbmm(self.bias, torch.cos(angles), self.weight)
        return torch.cat([each, features], dim=2).transpose(0, 1).flatten(1)


class Piecewise(nn.Module):
    """A piecewise-linear embedding of numbers (n, d): (n, d · (FEATURES + 1))."""

    edges: Tensor

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.register_buffer("edges", torch.linspace(-1, 1, BINS + 1).repeat(numbers, 1))
        bound = 1 / math.sqrt(BINS)
        self.weight = nn.Parameter(torch.empty(numbers, BINS, FEATURES).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(numbers, 1, FEATURES))

    @torch.no_grad()
    def settle(self, values: Tensor) -> None:
        """Put the edges at the quantiles of the training rows (n, d)."""
        shares = torch.linspace(0, 1, BINS + 1)
        some = values[torch.linspace(0, len(values) - 1, min(len(values), 100_000)).long()]
        self.edges.copy_(torch.quantile(some, shares, dim=0).t())

    def forward(self, values: Tensor) -> Tensor:
        """Return every number with its features."""
        low, width = self.edges[:, :-1], (self.edges[:, 1:] - self.edges[:, :-1]).clamp_min(1e-6)
        shares = ((values.unsqueeze(2) - low) / width).clamp(0, 1).transpose(0, 1)
        features = torch.baddbmm(self.bias, shares, self.weight)
        return torch.cat([values.t().unsqueeze(2), features], dim=2).transpose(0, 1).flatten(1)


class NumberFront(nn.Module):
    """Embeds the inputs that are numbers, and lets the others (one-hot, indicators) pass behind them."""

    numbers: Tensor
    others: Tensor

    def __init__(self, embedding: Periodic | Piecewise, numbers: Sequence[int], width: int) -> None:
        super().__init__()
        self.embedding = embedding
        others = sorted(set(range(width)) - set(numbers))
        # They follow from the preparation, so that no file needs to hold them.
        self.register_buffer("numbers", torch.tensor(numbers, dtype=torch.int64), persistent=False)
        self.register_buffer("others", torch.tensor(others, dtype=torch.int64), persistent=False)
        self.width = len(numbers) * (FEATURES + 1) + len(others)
        self.mixed = bool(others)

    def chosen(self, values: Tensor) -> Tensor:
        """Return the inputs that are numbers."""
        values = values.flatten(1)
        return values.index_select(1, self.numbers) if self.mixed else values

    def forward(self, values: Tensor) -> Tensor:
        """Return the embedded numbers and the rest."""
        embedded: Tensor = self.embedding(self.chosen(values))
        if not self.mixed:
            return embedded
        return torch.cat([embedded, values.index_select(1, self.others)], dim=1)


def agreed(raw: Tensor) -> Tensor:
    """Return what the members say together: raw outputs (n, members, C) to (n, C).

    Probabilities are averaged, and then made raw again; one output per row is a logit of two classes.
    """
    if raw.shape[2] == 1:
        return torch.logit(torch.sigmoid(raw).mean(dim=1), eps=1e-7)
    logs = functional.log_softmax(raw, dim=2)
    return torch.logsumexp(logs, dim=1) - math.log(raw.shape[1])
