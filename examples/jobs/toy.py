"""What all tuners tune here: a training that does not happen, so only the tuner's code counts."""

from __future__ import annotations

import math

EPOCHS = 9


def loss(lr: float, momentum: float = 0.0, units: int = 32, epoch: int = EPOCHS, seed: int = 0) -> float:
    """Return the loss of a training behind an epoch."""
    rate = lr / (1 - momentum)
    floor = 0.05 + 1 / units + 0.1 * abs(math.log10(rate / 0.1))
    return floor + math.exp(-min(rate, 1) * 10 * epoch / EPOCHS) + 0.001 * math.sin(97 * seed)


def latency(units: int) -> float:
    """Return milliseconds for an answer."""
    return units / 16
