"""Divergence: when training blew up, or never left chance level.

Waiting for NaN misses most failures: with a learning rate far too large a network usually settles at
the loss of guessing, which is finite. Three signs, judged once per epoch:

1. the loss is not a finite number;
2. the training loss is more than four times the best so far, and worse than guessing;
3. after a tenth of the epochs (at least three) neither training nor validation loss has been below
   that of guessing, and neither is falling. A slow starter still falls.

Source: Godbole et al., Deep Learning Tuning Playbook (unstable training); the third sign is ours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

EXPLODED = 4.0
PATIENCE = 3
STILL_FALLING = 0.995


def diagnose(
    train: Sequence[float],
    validation: Sequence[float],
    *,
    chance: float,
    epochs: int,
    rising: bool = False,
) -> str | None:
    """Return why training counts as diverged, or None.

    Args:
        train: training loss of each epoch so far, at least one.
        validation: validation loss of each epoch so far.
        chance: loss of answering the base rates (classification) or the mean (regression).
        epochs: the whole budget.
        rising: whether the learning rate begins low and rises to its highest: what goes up in the first
            fifth of the budget then comes down again, so that only a loss that is no number counts there.
    """
    last, epoch = train[-1], len(train)
    if not (math.isfinite(last) and math.isfinite(validation[-1])):
        return f"the loss became {last if not math.isfinite(last) else validation[-1]} in epoch {epoch}"
    if rising and epoch <= math.ceil(epochs / 5):
        return None
    best = min(chance, *train[:-1]) if epoch > 1 else chance
    if epoch > 1 and last > max(EXPLODED * best, chance):
        return f"the training loss blew up to {last:.3g} in epoch {epoch}; the best was {best:.3g}"
    if epoch < max(PATIENCE, math.ceil(epochs / 10)):
        return None
    falling = last < STILL_FALLING * train[-PATIENCE] or validation[-1] < validation[-2] < validation[-3]
    if not falling and min(*train, *validation) >= chance:
        return f"still at chance level after {epoch} epochs: loss {last:.3g}, guessing gives {chance:.3g}"
    return None
