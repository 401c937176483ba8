"""What a rule of advice on one training looks at, and what it gives back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from osetra.core.facts import Verb
from osetra.core.history import History
from osetra.core.lineage import best_of, checkpoints, here, values_at
from osetra.core.problem import Problem
from osetra.core.scales import Array
from osetra.core.trial import Trial

Rule = Literal["diverged", "overfitting", "plateau", "short"]

FACTOR = 0.3
"""What the learning rate is multiplied by."""
RATES = ("lr", "learning_rate", "alpha", "eta", "step_size")
"""Names under which trainings know their learning rate, the usual one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingAdvice:
    """Advice on one training, and the order that follows it."""

    rule: Rule
    trial: int
    step: int
    """The step at which it was given."""
    text: str
    """What was seen."""
    verb: Verb | None = None
    """The order; None when there is none to give."""
    args: Mapping[str, Any] = field(default_factory=dict)
    action: str = ""
    """What the order does, in words."""
    other: str = ""
    """What else may be done."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The curves of a training, the objective as something to make small; lengths (n,) and (m,)."""

    trial: Trial
    step: int
    steps: int
    """Of the whole training, as far as is known."""
    val: Array
    train: Array
    since: int
    """How many reports ago a value was last changed."""
    rate: str | None
    """The learning rate's name."""
    lr: float
    live_rate: bool
    """Whether the training can change it, as far as is known."""
    best_checkpoint: int | None
    """Step of the best checkpoint."""

    def advise(self, rule: Rule, text: str, *, other: str = "", **order: Any) -> TrainingAdvice:
        """Return advice on this training; `order` is its verb, args and action, where there is one."""
        return TrainingAdvice(
            rule=rule, trial=self.trial.number, step=self.step, text=text, other=other, **order
        )


def rate_name(config: Mapping[str, Any]) -> str | None:
    """Return under which name a configuration holds the learning rate; None when it has none."""
    return next((name for name in RATES if isinstance(config.get(name), (int, float))), None)


def observe(problem: Problem, history: History, trial: Trial) -> Observation | None:
    """Return what is known of a training; None before its first report."""
    metric, sign = problem.objective.metric, problem.objective.sign
    steps, values = history.curve(trial, metric)
    if not len(steps):
        return None
    partner = _partner(metric, history.curves.metrics)
    train = history.curve(trial, partner)[1] if partner else np.empty(0)
    rate = rate_name(trial.config)
    force = {**trial.config, **values_at(history.trials, here(trial))}
    best = next(iter(best_of(checkpoints(history.trials, here(trial)), sign)), None)
    changed = [order.step for order in trial.orders if not order.refused and order.verb != "note"]
    last = trial.attempt.source.step if trial.attempt and trial.attempt.source else 0
    now = int(steps[-1])
    return Observation(
        trial=trial,
        step=now,
        steps=max(history.steps or 0, now),
        val=sign * values,
        train=train,
        since=now - max([last, *(step for step in changed if step <= now)], default=0),
        rate=rate,
        lr=float(force[rate]) if rate else math.nan,  # type: ignore[arg-type]  # a number by its name
        live_rate=rate is not None and (history.accepts is None or rate in history.accepts),
        best_checkpoint=best.step if best else None,
    )


def smooth(values: Array) -> Array:
    """Return running means (n,) over up to three values."""
    padded = np.concatenate([values[:1], values, values[-1:]])
    means: Array = (padded[:-2] + padded[1:-1] + padded[2:]) / 3.0
    return means


def _partner(metric: str, known: tuple[str, ...]) -> str | None:
    """Return the training metric beside a validation metric: val_loss → train_loss."""
    names = (metric.replace("val", "train", 1), "train_loss", "loss")
    return next((name for name in names if name in known and name != metric), None)
