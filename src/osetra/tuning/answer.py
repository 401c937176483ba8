"""Which model answers: the network, several seeds of it together, or the linear model where it is better."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from osetra.core.numbers import number

if TYPE_CHECKING:
    from osetra.core.judgement import Judgement
    from osetra.nets.baseline import Baseline
    from osetra.nets.model import Model
    from osetra.nets.task import NetworkTask


def answering(models: list[Model], ensemble: int | None, task: NetworkTask) -> list[Model]:
    """Return the models as they answer: each by itself, or the best of them together."""
    from osetra.nets.model import together

    ensemble = len(models) if ensemble is None else ensemble
    if ensemble < 2:
        return models
    best = sorted(models, key=lambda model: validation(model, task))[:ensemble]
    return [together(best)]


def linear_answer(task: NetworkTask, models: list[Model], baseline: Baseline, judged: Judgement) -> str:
    """Return why the linear model is the answer; empty where the network is.

    The validation rows favour the network, which was chosen by them: a linear model that is better there
    all the same is no luck. What the sealed rows say beyond chance goes before.
    """
    if judged.outcome == "worse":
        p = f"p = {judged.p:.2g}"
        return f"the linear model is saved, not the network, which is worse on the sealed rows ({p})"
    if judged.outcome == "better":
        return ""
    ours = sum(validation(model, task) for model in models) / len(models)
    sign = 1.0 if task.direction == "minimize" else -1.0
    theirs = sign * baseline.scores.get(task.asked, math.nan)
    if not theirs < ours:
        return ""
    name = task.asked.replace("_", " ")
    return (
        f"the linear model is saved, not the network: {name} {number(sign * theirs)} against "
        f"{number(sign * ours)} on the validation rows, and simpler"
    )


def validation(model: Model, task: NetworkTask) -> float:
    """Return the validation score that decides, as one of which less is better."""
    value = model.card.metrics["validation"].get(task.asked, math.inf)
    return float(value if task.direction == "minimize" else -value)
