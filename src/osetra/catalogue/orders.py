"""Orders: what to tune before what, as others teach it, beside the tiers of the catalogue.

Ng: Andrew Ng's course (Deep Learning Specialization, course 2, week 3, "Tuning process") colours the learning
rate α first; then momentum (about 0.9), hidden units and mini-batch size; then layers and learning-rate
decay. Adam's β₁ = 0.9, β₂ = 0.999 and ε = 1e-8 he never tunes.

BLEND: batch size, learning rate, epochs, number of layers, dropout: five that beginners are told to know.
Epochs are the budget here: early stopping finds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Order = Literal["tiers", "ng"]
ORDERS: tuple[Order, ...] = ("tiers", "ng")
NG: tuple[tuple[str, ...], ...] = (
    ("lr",),
    ("momentum", "units", "batch_size"),
    ("layers", "blocks", "schedule", "final_lr"),
)
"""Names by importance; what is named nowhere is not tuned."""
NG_COLOURS: tuple[str, ...] = ("red", "yellow", "magenta")
"""His red, orange and purple, as terminals have them."""
NEVER: tuple[str, ...] = ("beta1", "beta2", "eps")
BLEND: Mapping[str, str] = {"batch_size": "B", "lr": "L", "layers": "N", "blocks": "N", "dropout": "D"}
"""The letter of each; E, epochs, is no hyperparameter."""


def place_of(name: str) -> int | None:
    """Return the place of a hyperparameter in Ng's order, from 1 on; None where it has none."""
    return next((place for place, names in enumerate(NG, start=1) if name in names), None)
