"""Text encoder: rows of word numbers become a few numbers beside the other inputs, and votes.

bag: the mean of the words' embeddings, weighted by TF-IDF (Iyyer et al. 2015). cnn: windows of words, the
largest answer of each filter (Kim, arXiv 1408.5882). transformer: a small encoder, norms first, sinusoidal
positions (Vaswani et al., arXiv 1706.03762; Xiong et al., arXiv 2002.04745). Whole words are left out at
random while it is trained (Iyyer et al.).

Votes: each word, and each pair of neighbours (Joulin et al., fastText, arXiv 1607.01759), adds to the answer
directly, as in a linear model beside the deep one (Cheng et al., arXiv 1606.07792). Nothing depends on how
far rows are filled up with 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from osetra.nets.architecture import Architecture
from osetra.nets.tokens import PAIRS, Tokens, blocks

_SPREAD = 0.1
"""Of the first embeddings."""


class WordTable(nn.Module):
    """A few numbers for each word number: row 0 stands for nothing and stays zero."""

    def __init__(self, size: int, width: int, *, votes: bool = False) -> None:
        super().__init__()
        self.votes = votes
        """Whether they are added to the answer, and begin at 0."""
        first = torch.zeros(size, width) if votes else _SPREAD * torch.randn(size, width)
        first[:1] = 0.0
        self.weight = nn.Parameter(first)

    def forward(self, numbers: Tensor) -> Tensor:
        """Return the rows (n, length, width) of word numbers (n, length)."""
        return functional.embedding(numbers, self.weight, padding_idx=0)

    def summed(self, numbers: Tensor, weights: Tensor) -> Tensor:
        """Return the weighted sum (n, width) of each row's words, weights (n, length) of any length."""
        return weighted_sum(self.weight, numbers, weights)


class BagEncoder(nn.Module):
    """The weighted mean of words."""

    def __init__(self, size: int, structure: Architecture) -> None:
        super().__init__()
        self.words = WordTable(size, structure.word_size)
        self.width = structure.word_size

    def forward(self, numbers: Tensor, weights: Tensor) -> Tensor:
        """Return (n, width) for word numbers and weights (n, length)."""
        return self.words.summed(numbers, weights)


class ConvolutionalEncoder(nn.Module):
    """The largest answer of each filter over all windows of words, of two widths."""

    def __init__(self, size: int, structure: Architecture) -> None:
        super().__init__()
        self.words = WordTable(size, structure.word_size)
        self.windows = (structure.text_kernel, structure.text_kernel + 2)
        self.filters = nn.ModuleList(
            nn.Linear(window * structure.word_size, structure.text_filters) for window in self.windows
        )
        self.width = structure.text_filters * len(self.windows)

    def forward(self, numbers: Tensor, weights: Tensor) -> Tensor:
        """Return (n, width) for word numbers (n, length)."""
        embedded, there = self.words(numbers), (numbers > 0).unsqueeze(2)
        found = []
        for window, layer in zip(self.windows, self.filters, strict=True):
            around = functional.pad(embedded, (0, 0, window // 2, window // 2))
            windows = around.unfold(1, window, 1).flatten(2)
            # Below 0 nothing was found, so that 0 is what nothing gives.
            found.append((torch.relu(layer(windows)) * there).amax(dim=1))
        answers: Tensor = torch.cat(found, dim=1)
        return answers


class TransformerEncoder(nn.Module):
    """A small transformer encoder, whose words are averaged."""

    def __init__(self, size: int, structure: Architecture) -> None:
        super().__init__()
        self.words = WordTable(size, structure.word_size)
        self.blocks = nn.ModuleList(
            TransformerBlock(structure.word_size, structure.text_heads) for _ in range(structure.text_depth)
        )
        self.norm = nn.LayerNorm(structure.word_size)
        self.width = structure.word_size

    def forward(self, numbers: Tensor, weights: Tensor) -> Tensor:
        """Return (n, width) for word numbers (n, length)."""
        there = numbers > 0
        values = self.words(numbers) / _SPREAD
        values = values + positions(numbers.shape[1], values.shape[2], values)
        # A row without words looks at its empty places: they count for nothing below.
        seen = (there | ~there.any(dim=1, keepdim=True))[:, None, None, :]
        for block in self.blocks:
            values = block(values, seen)
        kept = self.norm(values) * there.unsqueeze(2)
        mean: Tensor = kept.sum(dim=1) / there.sum(dim=1, keepdim=True).clamp_min(1)
        return mean


class TransformerBlock(nn.Module):
    """Attention and two layers, each added to what came in, norms first."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.asked, self.mixed = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, values: Tensor, seen: Tensor) -> Tensor:
        """Return values (n, length, width); `seen` (n, 1, 1, length) are places that may be looked at."""
        n, length, width = values.shape
        split = self.asked(self.first(values)).reshape(n, length, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        values = values + self.mixed(found.transpose(1, 2).reshape(n, length, width))
        more: Tensor = self.narrow(functional.gelu(self.wide(self.second(values))))
        return values + more


class TextFront(nn.Module):
    """Encodes every text column, and counts the votes of their words."""

    def __init__(self, columns: Sequence[Tokens], first: int, structure: Architecture, outputs: int) -> None:
        super().__init__()
        self.blocks = blocks(columns, first)
        self.word_dropout = structure.word_dropout
        made = {"bag": BagEncoder, "cnn": ConvolutionalEncoder, "transformer": TransformerEncoder}
        kind = made[structure.text_encoder]
        self.encoders = nn.ModuleList(kind(how.size, structure) for how in columns)
        self.votes = nn.ModuleList(
            WordTable(how.size, outputs, votes=True) for how in columns if structure.word_votes
        )
        self.pair_votes = nn.ModuleList(
            WordTable(PAIRS + 1, outputs, votes=True)
            for _ in columns
            if structure.word_votes and structure.word_pairs
        )
        for place, how in enumerate(columns):
            # They follow from the preparation, so that no file needs to hold them.
            self.register_buffer(f"weights_{place}", torch.tensor(how.weights.tolist()), persistent=False)
        self.width = sum(int(encoder.width) for encoder in self.encoders)  # type: ignore[arg-type,misc]

    def forward(self, codes: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return what the texts become (n, width), and the votes of their words (n, outputs) if any."""
        features, votes = [], []
        for place, (block, encoder) in enumerate(zip(self.blocks, self.encoders, strict=True)):
            numbers = self._thinned(trimmed(codes[:, block]))
            weights = self.get_buffer(f"weights_{place}")[numbers]
            features.append(encoder(numbers, weights))
            if len(self.votes):
                votes.append(self.votes[place].summed(numbers, weights))  # type: ignore[operator]
            if len(self.pair_votes):
                votes.append(self.pair_votes[place].summed(*pairs_of(numbers, weights)))  # type: ignore[operator]
        return torch.cat(features, dim=1), torch.stack(votes).sum(dim=0) if votes else None

    def _thinned(self, numbers: Tensor) -> Tensor:
        """Return word numbers, some of them left out while the network is trained."""
        if not (self.training and self.word_dropout):
            return numbers
        kept = torch.rand(numbers.shape, device=numbers.device) >= self.word_dropout
        return numbers * kept


def pairs_of(numbers: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return the numbers and weights (n, length - 1) of pairs of neighbours, 0 where one is missing."""
    left, right = numbers[:, :-1], numbers[:, 1:]
    there = (left > 0) & (right > 0)
    mixed = left * 1_000_003 + right * 8_191
    found = (mixed ^ (mixed >> 15)) % PAIRS + 1
    return found * there, (weights[:, :-1] + weights[:, 1:]) * there


def trimmed(numbers: Tensor) -> Tensor:
    """Return word numbers without the places at the end that no row of the batch fills; at least two."""
    if torch.compiler.is_compiling():
        return numbers if numbers.shape[1] > 1 else functional.pad(numbers, (0, 1))  # a graph cannot look
    if numbers.device.type != "cpu":
        return numbers  # to look would mean to wait for the device
    filled = torch.nonzero(numbers.any(dim=0))
    longest = int(filled[-1]) + 1 if len(filled) else 0
    numbers = numbers[:, : max(2, longest)]
    return numbers if numbers.shape[1] > 1 else functional.pad(numbers, (0, 1))


def positions(length: int, width: int, like: Tensor) -> Tensor:
    """Return the sinusoids (length, width) of places."""
    place = torch.arange(length, device=like.device, dtype=like.dtype).unsqueeze(1)
    wave = torch.arange(0, width, 2, device=like.device, dtype=like.dtype)
    angles = place * torch.exp(-math.log(10_000.0) * wave / width)
    return torch.stack([torch.sin(angles), torch.cos(angles)], dim=2).flatten(1)[:, :width]


def weighted_sum(table: Tensor, numbers: Tensor, weights: Tensor) -> Tensor:
    """Return the sum (n, width) of a table's rows (n, length), by weights that are given length one."""
    weights = weights / weights.square().sum(dim=1, keepdim=True).sqrt().clamp_min(1e-12)
    if torch.compiler.is_compiling():  # an exported graph has no bags
        return (functional.embedding(numbers, table, padding_idx=0) * weights.unsqueeze(2)).sum(dim=1)
    return functional.embedding_bag(numbers, table, per_sample_weights=weights, mode="sum", padding_idx=0)
