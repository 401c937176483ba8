"""Summaries: a few numbers that stand for a sequence or a sound, for the linear model that must be beaten.

Of each channel of a sequence: mean, deviation, lowest, highest, mean step up or down, and the values at
POINTS places from beginning to end. One linear model gets both, statistics and course: its penalty, chosen on
validation rows, weighs them, where a choice between two models by so few rows would be a matter of luck.
Of a sound: mean and deviation of each band over the frames that are not silent, and how many those are, which
is what speech recognition compares with since Atal (1974) and what simple sound classifiers use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from osetra.nets.prepare import Preparation

POINTS = 10
SUMMED_AT_ONCE = 2048
SILENT = 1e-4
"""A frame whose bands differ by less is silence, or padding."""


class Summary(nn.Module):
    """Summaries (n, d) of prepared inputs, standardised by the training part."""

    shift: Tensor
    scale: Tensor

    def __init__(self, preparation: Preparation) -> None:
        super().__init__()
        assert preparation.summary is not None
        self.sound = preparation.sound is not None
        shift, scale = (torch.tensor(each, dtype=torch.float64) for each in preparation.summary)
        # They stand in the card, with the rest of the preparation.
        self.register_buffer("shift", shift, persistent=False)
        self.register_buffer("scale", scale, persistent=False)

    def forward(self, values: Tensor, codes: Tensor) -> Tensor:
        """Return standardised summaries of sequences (n, c, T) or of pictures (n, 1, bands, frames)."""
        return (summaries(values, codes, sound=self.sound) - self.shift) / self.scale


def summary_of(preparation: Preparation) -> Summary | None:
    """Return what makes summaries of inputs; None where a linear model takes them as they are."""
    return None if preparation.summary is None else Summary(preparation)


def width_of_summary(preparation: Preparation) -> int:
    """Return how many numbers a summary has."""
    return len(preparation.summary[0]) if preparation.summary is not None else 0


def scaling_of(values: Tensor, codes: Tensor, *, sound: bool) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and deviation of each number of the summaries of the training part."""
    found = summaries(values, codes, sound=sound)
    deviation = found.std(dim=0, correction=0)
    deviation = torch.where(deviation > 1e-9, deviation, torch.ones_like(deviation))
    return tuple(found.mean(dim=0).tolist()), tuple(deviation.tolist())


def summaries(values: Tensor, codes: Tensor, *, sound: bool) -> Tensor:
    """Return summaries (n, d) in double precision."""
    if torch.compiler.is_exporting():
        return _of_sounds(values.double()) if sound else _of_sequences(values.double(), codes[:, 0])
    parts = [
        _of_sounds(some.double()) if sound else _of_sequences(some.double(), lengths[:, 0])
        for some, lengths in zip(
            torch.split(values, SUMMED_AT_ONCE), torch.split(codes, SUMMED_AT_ONCE), strict=True
        )
    ]  # fmt: skip
    return torch.cat(parts)


def _of_sequences(values: Tensor, lengths: Tensor) -> Tensor:
    n, channels, steps = values.shape
    inside = (torch.arange(steps, device=values.device) < lengths[:, None])[:, None]
    count = lengths[:, None].double()
    mean = values.sum(dim=2) / count
    deviation = (((values - mean[:, :, None]) ** 2 * inside).sum(dim=2) / count).sqrt()
    lowest = values.masked_fill(~inside, float("inf")).amin(dim=2)
    highest = values.masked_fill(~inside, float("-inf")).amax(dim=2)
    moves = (values.diff(dim=2).abs() * inside[:, :, 1:]).sum(dim=2) / (count - 1).clamp_min(1)
    at = torch.linspace(0, 1, POINTS, dtype=torch.float64, device=values.device) * (count - 1)
    low, high = at.floor().long(), at.ceil().long()
    before, after = (values.gather(2, w[:, None].expand(n, channels, POINTS)) for w in (low, high))
    course = torch.lerp(before, after, (at - low)[:, None].expand_as(before))
    return torch.cat([mean, deviation, lowest, highest, moves, course.flatten(1)], dim=1)


def _of_sounds(values: Tensor) -> Tensor:
    bands = values.flatten(1, 2)
    heard = (bands.amax(dim=1, keepdim=True) - bands.amin(dim=1, keepdim=True)) > SILENT
    count = heard.sum(dim=2).clamp_min(1)
    mean = (bands * heard).sum(dim=2) / count
    deviation = (((bands - mean[:, :, None]) ** 2 * heard).sum(dim=2) / count).sqrt()
    return torch.cat([mean, deviation, count.double()], dim=1)
