"""Loss: what a training makes small, and how it holds the network back.

Label smoothing: Szegedy et al., arXiv 1512.00567. Focal loss: Lin et al., arXiv 1708.02002: (1-p)^γ on the
loss of each row, p the probability of the truth. Balanced class weights: each class counts alike, the mean
weight is 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional

from osetra.core.params import Value
from osetra.errors import DataError, nearest
from osetra.nets import aims

CLASS_WEIGHTS = ("none", "balanced")
AUGMENTATIONS = ("none", "crop", "flip_crop", "random", "specaugment")
AVERAGINGS = ("none", "ema", "swa")
_OPTIONS: Mapping[str, Sequence[str]] = {
    "class_weights": CLASS_WEIGHTS, "augment": AUGMENTATIONS, "averaging": AVERAGINGS,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Regularization:
    """What keeps a network from learning rows by heart, beside decay and dropout; names as catalogued."""

    label_smoothing: float = 0.0
    """Share of the truth that is spread over all classes."""
    class_weights: str = "none"
    focal: float = 0.0
    """The γ of focal loss; 0 is cross-entropy."""
    mixup: float = 0.0
    """Rows are mixed in pairs by a share drawn from Beta(mixup, mixup); 0 is never."""
    augment: str = "none"
    """How pictures are changed at each step."""
    averaging: str = "none"
    """Of the weights over the steps: what is scored and kept is the average."""
    average_decay: float = 0.99
    """Of ema: averages over about 1 / (1 - average_decay) steps."""

    def __post_init__(self) -> None:
        for name, known in _OPTIONS.items():
            value = getattr(self, name)
            if value not in known:
                hint = nearest(str(value), known)
                raise DataError(f"{name}={value!r}: choose one of {', '.join(known)}.{hint}")
        for name in ("label_smoothing", "average_decay"):
            if not 0 <= getattr(self, name) < 1:
                raise DataError(f"{name}={getattr(self, name)!r}: must be at least 0 and below 1")
        for name in ("focal", "mixup"):
            if not getattr(self, name) >= 0:
                raise DataError(f"{name}={getattr(self, name)!r}: must not be negative")


def regularization(config: Mapping[str, Value]) -> Regularization:
    """Return what a config asks for; what it does not name keeps its default."""
    known = {field.name for field in fields(Regularization)}
    chosen = {name: value for name, value in config.items() if name in known}
    return Regularization(**chosen)  # type: ignore[arg-type]  # checked there


def weights_of(
    how: Regularization, priors: Sequence[float], like: Tensor, *, labels: bool = False
) -> Tensor | None:
    """Return the weight of each class, of no and yes (2, k) of labels; None where all count as they come."""
    if how.class_weights == "none" or not priors:
        return None
    shares = torch.tensor(priors, dtype=torch.float32, device=like.device)
    if labels:
        return 0.5 / torch.stack([1.0 - shares, shares]).clamp_min(1e-2)
    return 1.0 / (shares.clamp_min(1e-4) * len(priors))


def loss(
    raw: Tensor,
    targets: Tensor,
    task: str,
    how: Regularization,
    weights: Tensor | None,
    counts: Tensor | None = None,
    *,
    aim: str = aims.SQUARED,
) -> Tensor:
    """Return the mean loss of raw outputs (n, C), (n, 1) for two classes or a number, or (n, k).

    `weights` are those of the classes, `counts` (n,) says how much each row counts, `aim` which error of a
    number is meant.
    """
    if targets.ndim == 2:
        return _several(raw, targets, task, how, weights, counts, aim)
    if task == "regression":
        if aim:
            each = _missed(raw[:, 0] - targets, aim)
            return (each if counts is None else counts * each).mean()
        if counts is None:
            return functional.mse_loss(raw[:, 0], targets)
        return (counts * (raw[:, 0] - targets) ** 2).mean()
    if not how.focal and weights is None and counts is None:
        if task == "multiclass":
            return functional.cross_entropy(raw, targets, label_smoothing=how.label_smoothing)
        return functional.binary_cross_entropy_with_logits(raw[:, 0], _smooth(targets, raw, how))
    each, chance = _each(raw, targets, task, how)
    if how.focal:
        each = each * (1.0 - chance).clamp_min(0.0) ** how.focal
    each = each if weights is None else each * weights[targets]
    return (each if counts is None else each * counts).mean()


def _each(raw: Tensor, targets: Tensor, task: str, how: Regularization) -> tuple[Tensor, Tensor]:
    """Return the loss of each row, and the probability of its truth."""
    if task == "multiclass":
        each = functional.cross_entropy(raw, targets, label_smoothing=how.label_smoothing, reduction="none")
        return each, torch.softmax(raw, dim=1).gather(1, targets.unsqueeze(1))[:, 0]
    logits = raw[:, 0]
    each = functional.binary_cross_entropy_with_logits(logits, _smooth(targets, raw, how), reduction="none")
    return each, torch.sigmoid(torch.where(targets > 0, logits, -logits))


def _several(
    raw: Tensor,
    targets: Tensor,
    task: str,
    how: Regularization,
    weights: Tensor | None,
    counts: Tensor | None,
    aim: str,
) -> Tensor:
    """Return the mean loss over what is known of several targets (n, k)."""
    known = ~torch.isnan(targets)
    truth = torch.where(known, targets, 0.0)
    labels = task == "multilabel"
    each = _of_labels(raw, truth, how, weights) if labels else _missed(raw - truth, aim)
    shares = known.to(raw.dtype) if counts is None else known * counts.unsqueeze(1)
    return (each * shares).sum() / known.sum().clamp_min(1)


def _of_labels(raw: Tensor, truth: Tensor, how: Regularization, weights: Tensor | None) -> Tensor:
    smooth = truth.lerp(torch.full_like(truth, 0.5), how.label_smoothing) if how.label_smoothing else truth
    each = functional.binary_cross_entropy_with_logits(raw, smooth, reduction="none")
    if how.focal:
        chance = torch.sigmoid(torch.where(truth > 0, raw, -raw))
        each = each * (1.0 - chance).clamp_min(0.0) ** how.focal
    return each if weights is None else each * torch.where(truth > 0, weights[1], weights[0])


def _missed(above: Tensor, aim: str) -> Tensor:
    """Return the error of each answer, by how far it is above the truth."""
    if aim == aims.SQUARED:
        return above**2
    level = aims.level_of(aim)
    return aims.scale_of(aim) * torch.maximum((1.0 - level) * above, -level * above)


def _smooth(targets: Tensor, raw: Tensor, how: Regularization) -> Tensor:
    truth = targets.to(raw.dtype)
    return truth if not how.label_smoothing else truth.lerp(torch.full_like(truth, 0.5), how.label_smoothing)
