"""Several outputs: how the members of a network agree on several targets, and where their answers end."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from osetra.nets.prepare import Preparation


class MultiOutput(nn.Module):
    """What evaluation does with raw outputs (n, k), or (n, members, k): what members say is averaged.

    Numbers end where those of the training rows did, where the preparation says so.
    """

    lowest: Tensor
    highest: Tensor

    def __init__(self, preparation: Preparation) -> None:
        super().__init__()
        self.labels = preparation.task == "multilabel"
        ends = torch.tensor(preparation.reaches, dtype=torch.float32).reshape(-1, 2).T
        self.ended = bool(preparation.reaches)
        # No part of the weights: the card holds them.
        self.register_buffer("lowest", ends[0], persistent=False)
        self.register_buffer("highest", ends[1], persistent=False)

    def forward(self, raw: Tensor) -> Tensor:
        """Return the raw outputs (n, k) of all members together."""
        if raw.ndim == 3:
            raw = agreed_labels(raw) if self.labels else raw.mean(dim=1)
        return torch.clamp(raw, self.lowest, self.highest) if self.ended else raw


def agreed_labels(raw: Tensor) -> Tensor:
    """Return the logits (n, k) of the mean probabilities of members (n, members, k)."""
    return torch.logit(torch.sigmoid(raw).mean(dim=1), eps=1e-7)
