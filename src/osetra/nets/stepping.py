"""Stepping: the gradients of one batch, in as many pieces as the device has memory for.

When a batch does not fit, it is cut in halves whose gradients are added up, once for the whole
training; the step stays the same but for the averages of batch norms. When halves do not fit either,
the training ends and names the size that would.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from osetra.errors import DataError
from osetra.nets.batches import Batches


@dataclass(slots=True, eq=False)
class GradientSteps:
    """Computes gradients and takes steps; remembers that batches had to be cut."""

    precision: torch.dtype | None = None
    """Short numbers to compute with; None is as the weights are."""
    pieces: int = 1
    scaler: torch.amp.GradScaler | None = None

    def __post_init__(self) -> None:
        if self.precision is torch.float16:
            self.scaler = torch.amp.GradScaler()

    def gradients(
        self, loss_of: Callable[[Batches], Tensor], batch: Batches, stepper: torch.optim.Optimizer
    ) -> Tensor:
        """Leave the gradients of a batch's mean loss in the parameters, and return that loss.

        Raises:
            DataError: not even half of the batch fits into memory.
        """
        try:
            return self._accumulated(loss_of, batch, stepper)
        except torch.OutOfMemoryError:
            if self.pieces > 1 or len(batch) < 2:
                raise DataError(self._too_large(loss_of, batch, stepper)) from None
        self.pieces = 2
        _emptied(batch.values.device)
        try:
            return self._accumulated(loss_of, batch, stepper)
        except torch.OutOfMemoryError:
            raise DataError(self._too_large(loss_of, batch, stepper)) from None

    def step(self, stepper: torch.optim.Optimizer, clip: Callable[[], object] | None) -> None:
        """Take the step, gradients cut to length before."""
        if self.scaler is None:
            if clip is not None:
                clip()
            stepper.step()
            return
        if clip is not None:
            self.scaler.unscale_(stepper)
            clip()
        self.scaler.step(stepper)
        self.scaler.update()

    def _accumulated(
        self, loss_of: Callable[[Batches], Tensor], batch: Batches, stepper: torch.optim.Optimizer
    ) -> Tensor:
        stepper.zero_grad(set_to_none=True)
        if self.pieces == 1:
            return self._backward(loss_of, batch, 1.0)
        rows = len(batch)
        cut = -(-rows // self.pieces)
        parts = [batch.rows(slice(start, start + cut)) for start in range(0, rows, cut)]
        losses = [self._backward(loss_of, part, len(part) / rows) for part in parts]
        return torch.stack(losses).sum()

    def _backward(self, loss_of: Callable[[Batches], Tensor], batch: Batches, share: float) -> Tensor:
        if self.precision is None:
            result = loss_of(batch)
        else:
            with torch.autocast(batch.values.device.type, dtype=self.precision):
                result = loss_of(batch)
        result = result if share == 1.0 else result * share
        scaled = result if self.scaler is None else self.scaler.scale(result)
        scaled.backward()  # type: ignore[no-untyped-call]
        return result.detach()

    def _too_large(
        self, loss_of: Callable[[Batches], Tensor], batch: Batches, stepper: torch.optim.Optimizer
    ) -> str:
        rows = len(batch)
        size = rows // 4
        while size:
            stepper.zero_grad(set_to_none=True)
            _emptied(batch.values.device)
            try:
                self._backward(loss_of, batch.rows(slice(size)), 1.0)
            except torch.OutOfMemoryError:
                size //= 2
                continue
            return f"batch_size={rows} does not fit into memory, nor does its half; batch_size={size} does"
        return f"batch_size={rows} does not fit into memory, and no size does: take fewer units or filters"


def _emptied(where: torch.device) -> None:
    if where.type == "cuda":
        torch.cuda.empty_cache()
