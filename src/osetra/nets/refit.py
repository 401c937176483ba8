"""Refit: the chosen network once more, on the validation rows too, for as many epochs as were best.

Nothing is left to stop by, so that the number of epochs must be known: from the seeds, when their best
epochs agree. A network that has seen rows must be at least as good on them as one that has not;
where it is not, the rows were not worth their risk.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from osetra.core.claim import Claim
from osetra.core.params import Value
from osetra.core.problem import Objective
from osetra.data.split import Split
from osetra.errors import Diverged, Interrupted
from osetra.nets.model import Model
from osetra.nets.task import NetworkTask
from osetra.training.link import MemoryLink, ScriptedLink
from osetra.training.run import Run

AGREE = 0.25
"""Best epochs of the seeds may differ by this share of the budget."""
FEWEST_SEEDS = 2


def epochs_of(models: Sequence[Model], budget: int) -> tuple[int, str]:
    """Return for how many epochs to train again, and why; 0 when the seeds do not agree on it."""
    best = [model.card.best_epoch for model in models]
    if len(best) < FEWEST_SEEDS:
        return 0, "one seed does not tell how many epochs are right"
    if max(best) - min(best) > max(2, math.ceil(AGREE * budget)):
        return 0, f"the best epochs of the seeds differ: {', '.join(map(str, best))}"
    epochs = max(1, round(statistics.median(best)))
    return epochs, f"{epochs} epochs, the best of {len(best)} seeds: {', '.join(map(str, best))}"


def all_rows(split: Split) -> Split:
    """Return the split with the validation rows among those that are trained on, and still scored."""
    both = np.sort(np.concatenate([split.train, split.validation]))
    return replace(split, train=both)


def refit(
    task: NetworkTask,
    config: Mapping[str, Value],
    models: Sequence[Model],
    epochs: int,
    *,
    seconds: float = 0.0,
    until: float = math.inf,
) -> tuple[list[Model], str]:
    """Return the models trained again with their seeds; and why not, when they would be no better.

    Args:
        task: what is trained.
        config: the setting that was chosen.
        models: its networks, trained on the training rows.
        epochs: for how many it is trained again.
        seconds: what that takes for one network, as far as is known.
        until: when it has to be over, on the monotonic clock; networks without time are left out.
    """
    again: list[Model] = []
    for model in models:
        begun = time.monotonic()
        try:
            fresh = _trained(task, config, model, epochs, until) if begun + seconds <= until else None
        except Diverged:
            return [], f"seed {model.card.seed} diverges on all rows"
        except Interrupted:
            fresh = None
        if fresh is None:
            return again, "" if again else "no time was left to train again"
        seconds = time.monotonic() - begun
        before, after = (m.card.metrics["validation"].get("loss", math.nan) for m in (model, fresh))
        # `not <=` is also true where one of them is no number.
        if not after <= before:
            return [], "it would answer the validation rows worse than before it had seen them"
        # What the card says of validation is what was true before these rows were seen.
        again.append(replace(fresh, card=model.card))
    return again, ""


def _trained(
    task: NetworkTask, config: Mapping[str, Value], model: Model, epochs: int, until: float
) -> Model:
    # The schedule is that of the whole budget; stopping is an order, as a person's would be.
    link = ScriptedLink(MemoryLink(until=until), 1, stop_at=epochs)
    run = Run.of(Claim(1, 1, dict(config), model.card.seed), Objective(metric="train_loss"), link)
    return task.fit(run, split=all_rows(task.split), command=model.card.command)
