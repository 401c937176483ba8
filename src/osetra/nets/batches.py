"""Batches: the training rows as tensors, on the device where they are used or before it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from osetra.nets.devices import fits


@dataclass(frozen=True, slots=True, eq=False)
class Batches:
    """The training rows, on the device where they are used or, where they do not fit, before it."""

    values: Tensor
    codes: Tensor
    targets: Tensor
    target_device: torch.device | None = None
    """Where batches go when the rows stay behind."""
    weights: Tensor | None = None
    """(n,) how much each row counts, 1 on average; None is all alike."""

    def __len__(self) -> int:
        return len(self.values)

    def to(self, where: torch.device) -> Batches:
        """Return the rows on a device, or in pinned memory before it."""
        tensors = (self.values, self.codes, self.targets)
        if where.type == "cpu":
            return self
        if fits(tensors, where):
            weights = None if self.weights is None else self.weights.to(where)
            values, codes, targets = (tensor.to(where) for tensor in tensors)
            return Batches(values, codes, targets, weights=weights)
        return replace(self, target_device=where)

    def shuffled(self, size: int, *, even: bool = True) -> Iterator[Batches]:
        """Yield the rows in random order, in batches of nearly equal size, or full ones and a rest."""
        n = len(self)
        batches = math.ceil(n / size)
        ends = [n * b // batches if even else min(n, b * size) for b in range(batches + 1)]
        order = torch.randperm(n)
        where = self.target_device
        if where is None:
            order = order.to(self.values.device)
            whole = self.rows(order)
            for batch in range(batches):
                yield whole.rows(slice(ends[batch], ends[batch + 1]))
            return
        for batch in range(batches):
            chosen = order[ends[batch] : ends[batch + 1]]
            yield self.rows(chosen)._sent(where)

    def rows(self, rows: Tensor | slice) -> Batches:
        """Return some of the rows."""
        weights = None if self.weights is None else self.weights[rows]
        return Batches(self.values[rows], self.codes[rows], self.targets[rows], weights=weights)

    def _sent(self, where: torch.device) -> Batches:
        tensors = (each.pin_memory() for each in (self.values, self.codes, self.targets))
        values, codes, targets = (each.to(where, non_blocking=True) for each in tensors)
        weights = None if self.weights is None else self.weights.pin_memory().to(where, non_blocking=True)
        return Batches(values, codes, targets, weights=weights)
