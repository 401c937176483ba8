"""Augment: rows that were never in the data but could have been, drawn anew at each step.

Mixup: Zhang et al., arXiv 1710.09412. Pictures: shifts by up to an eighth of their side; mirror images; and
"random", one to three of turning, shearing, scaling, brightness, contrast and erasing, in the spirit of
RandAugment (Cubuk et al., arXiv 1909.13719). Sounds: `spec_augment`. All draws come from PyTorch's global
generator on the CPU.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from osetra.nets.spec_augment import masked

_SHIFT = 1 / 8
_TURN = math.radians(15)
_ERASED = 1 / 4


def mixed(values: Tensor, codes: Tensor, alpha: float) -> tuple[Tensor, Tensor, Tensor, float]:
    """Return rows mixed in pairs, the partner of each, and the share that is its own.

    Codes of categories cannot be mixed: they are those of the row with the larger share.
    """
    share = float(torch.distributions.Beta(alpha, alpha).sample())
    share = max(share, 1.0 - share)
    partner = torch.randperm(len(values)).to(values.device)
    return torch.lerp(values[partner], values, share), codes, partner, share


def augmented(pictures: Tensor, how: str) -> Tensor:
    """Return pictures (n, c, h, w), each changed in its own way."""
    if how == "specaugment":
        return masked(pictures)
    n = len(pictures)
    turn, shear = torch.zeros(n), torch.zeros(n)
    scale, mirror = torch.ones(n), torch.ones(n)
    shift = (torch.rand(n, 2) * 2 - 1) * 2 * _SHIFT
    if how == "flip_crop":
        mirror = torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    if how == "random":
        turn = (torch.rand(n) * 2 - 1) * _TURN * _some(n)
        shear = (torch.rand(n) * 2 - 1) * 0.2 * _some(n)
        scale = 1 + (torch.rand(n) * 2 - 1) * 0.15 * _some(n)
    cos, sin = torch.cos(turn), torch.sin(turn)
    rows = [
        torch.stack([mirror * scale * cos, scale * (shear - sin), shift[:, 0]], dim=1),
        torch.stack([mirror * scale * sin, scale * cos, shift[:, 1]], dim=1),
    ]
    where = functional.affine_grid(
        torch.stack(rows, dim=1).to(pictures.device), list(pictures.shape), align_corners=False
    )
    moved = functional.grid_sample(pictures, where, padding_mode="border", align_corners=False)
    return _recoloured(moved) if how == "random" else moved


def _recoloured(pictures: Tensor) -> Tensor:
    n, _, height, width = pictures.shape
    contrast = 1 + (torch.rand(n) * 2 - 1) * 0.4 * _some(n)
    brightness = (torch.rand(n) * 2 - 1) * 0.4 * _some(n)
    middle = pictures.mean(dim=(1, 2, 3), keepdim=True)
    changed = (pictures - middle) * _each(contrast, pictures) + middle + _each(brightness, pictures)
    top, left = torch.rand(n) * (1 - _ERASED), torch.rand(n) * (1 - _ERASED)
    down = torch.arange(height)[None, :] / height - top[:, None]
    along = torch.arange(width)[None, :] / width - left[:, None]
    inside = ((down >= 0) & (down < _ERASED))[:, :, None] & ((along >= 0) & (along < _ERASED))[:, None, :]
    erased = inside & (_some(n) > 0)[:, None, None]
    return torch.where(erased[:, None].to(pictures.device), middle, changed)


def _some(n: int) -> Tensor:
    return (torch.rand(n) < 0.5).float()


def _each(values: Tensor, pictures: Tensor) -> Tensor:
    return values.to(pictures.device)[:, None, None, None]
