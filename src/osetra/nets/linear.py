"""Linear: a linear model, and several networks, as networks, so that whatever takes one takes these."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from osetra.data.dataset import NUMERIC
from osetra.nets.text_encoder import weighted_sum
from osetra.nets.tokens import Tokens, blocks


class LinearNetwork(nn.Module):
    """Raw outputs = inputs @ weight + bias + rows of tables: of each embedded category, and of each word."""

    def __init__(
        self,
        width: int,
        levels: Sequence[int],
        outputs: int,
        summary: nn.Module | None = None,
        texts: Sequence[Tokens] = (),
    ) -> None:
        super().__init__()
        self.summary = summary
        """What makes a few numbers of sequences and sounds; None where inputs are taken as they are."""
        double = torch.float64
        self.weight = nn.Parameter(torch.zeros(width, outputs, dtype=double), requires_grad=False)
        self.bias = nn.Parameter(torch.zeros(outputs, dtype=double), requires_grad=False)
        self.tables = nn.ModuleList(
            # Row 0 stands for levels never seen in training and says nothing.
            nn.Embedding(count, outputs, padding_idx=0, dtype=double)
            for count in (*levels, *(how.size for how in texts))
        )
        self.levels = len(levels)
        self.blocks = blocks(texts, self.levels)
        for place, how in enumerate(texts):
            # They follow from the preparation, so that no file needs to hold them.
            weights = torch.tensor(how.weights.tolist(), dtype=double)
            self.register_buffer(f"words_{place}", weights, persistent=False)

    def forward(self, values: Tensor, codes: Tensor) -> Tensor:
        """Return raw outputs (n, C), (n, 1) for a regression."""
        flat = values.flatten(1).to(torch.float64) if self.summary is None else self.summary(values, codes)
        raw = flat @ self.weight + self.bias
        tables = cast(list[nn.Embedding], list(self.tables))
        for place, table in enumerate(tables[: self.levels]):
            raw = raw + table(codes[:, place])
        for place, (block, table) in enumerate(zip(self.blocks, tables[self.levels :], strict=True)):
            weights = self.get_buffer(f"words_{place}")[codes[:, block]]
            raw = raw + weighted_sum(table.weight, codes[:, block], weights)
        return cast(Tensor, raw)


class Ensemble(nn.Module):
    """Networks of one task that answer together: their mean number, or their mean probabilities."""

    def __init__(self, members: Sequence[nn.Module], *, task: str) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.task = task

    def forward(self, values: Tensor, codes: Tensor) -> Tensor:
        """Return raw outputs of the same shape as those of a member."""
        raw = torch.stack([member(values, codes) for member in self.members])
        if self.task in NUMERIC:
            return raw.mean(dim=0)
        share = math.log(len(self.members))
        if self.task == "multilabel" or raw.shape[2] == 1:
            yes = torch.logsumexp(nn.functional.logsigmoid(raw), dim=0)
            no = torch.logsumexp(nn.functional.logsigmoid(-raw), dim=0)
            return yes - no
        return torch.logsumexp(torch.log_softmax(raw, dim=2), dim=0) - share
