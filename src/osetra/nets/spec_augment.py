"""SpecAugment: sounds with some of their frames and bands masked, drawn anew at each step.

Source: Park et al. 2019, arXiv 1904.08779: two masks of up to a share of the frames and two of the bands,
filled with the mean, which is 0 of standardised pictures; their time warping, which gains least, is left out.
Sounds begin up to an eighth earlier or later, as those of other recordings do.
"""

from __future__ import annotations

import torch
from torch import Tensor

MASKS = 2
MOST_FRAMES = 0.2
"""Of the frames that one mask hides at most; p of the paper."""
MOST_BANDS = 0.25
"""Of the bands; 27 of 80 in the paper's policy LD."""
_SHIFT = 1 / 8


def masked(pictures: Tensor) -> Tensor:
    """Return log-mel pictures (n, 1, bands, frames), each shifted and masked in its own way."""
    n, _, bands, frames = pictures.shape
    pictures = _shifted(pictures, torch.randint(-round(_SHIFT * frames), round(_SHIFT * frames) + 1, (n,)))
    hidden = torch.zeros(n, 1, bands, frames, dtype=torch.bool)
    for _ in range(MASKS):
        hidden |= _stripe(n, bands, MOST_BANDS)[:, None, :, None]
        hidden |= _stripe(n, frames, MOST_FRAMES)[:, None, None, :]
    return pictures.masked_fill(hidden.to(pictures.device), 0.0)


def _stripe(n: int, length: int, most: float) -> Tensor:
    """Return for each row (n, length) a stretch of 0 … most · length places, anywhere."""
    width = torch.rand(n) * most * length
    begin = torch.rand(n) * (length - width)
    places = torch.arange(length)
    return (places >= begin[:, None].floor()) & (places < (begin + width)[:, None].floor())


def _shifted(pictures: Tensor, by: Tensor) -> Tensor:
    """Return pictures moved along time; what leaves on one side is gone, its edge stays on the other."""
    frames = pictures.shape[3]
    at = (torch.arange(frames) - by[:, None]).clamp(0, frames - 1).to(pictures.device)
    return pictures.gather(3, at[:, None, None].expand_as(pictures))
