"""What one training's curves ask for while it runs: advice with an order that carries it out.

- diverged (R13): the loss is no number, or far above its best, or has never left where it began →
  back to the best checkpoint with 0.3 times the learning rate;
- overfitting (R15): the validation loss rises while the training loss falls → stop, the best is kept;
- plateau: neither has moved for a while → 0.3 times the learning rate;
- too short (R18): still improving at the end → train longer.

The weightiest comes first, and only one is given: it changes what the others would say. Source: Godbole et
al., Deep Learning Tuning Playbook; the thresholds are ours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from osetra.advice.wording import short
from osetra.core.facts import Verb
from osetra.core.history import History
from osetra.core.lineage import checkpoints, here, values_at
from osetra.core.problem import Problem
from osetra.core.scales import Array
from osetra.core.trial import ENDED, Trial

Rule = Literal["diverged", "overfitting", "plateau", "short"]

FACTOR = 0.3
"""What the learning rate is multiplied by."""
ANEW = 0.1
"""The same for a training that begins anew, because going back did not help."""
EXPLODED = 2.0
"""A loss this many times its best, twice in a row, has blown up; once is enough at its square."""
RATES = ("lr", "learning_rate", "alpha", "eta", "step_size")
"""Names under which trainings know their learning rate, the usual one first."""
CALM = 0.05
"""Share of the steps for which an order is left to show its effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counsel:
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
class _Seen:
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
    best_kept: int | None
    """Step of the best checkpoint."""


def rate_name(config: Mapping[str, Any]) -> str | None:
    """Return under which name a configuration holds the learning rate; None when it has none."""
    return next((name for name in RATES if isinstance(config.get(name), (int, float))), None)


def counsel(problem: Problem, history: History, trial: Trial) -> Counsel | None:
    """Return the weightiest advice on a training, or None.

    While an order waits, and for a few steps after one, there is none: its effect is yet to be seen.
    """
    seen = _look(problem, history, trial)
    if seen is None or any(order.pending for order in trial.orders):
        return None
    found = _diverged(seen)
    if found is not None or trial.state in ENDED:
        return found or (_short(seen) if trial.state == "finished" else None)
    if seen.since < max(3, math.ceil(CALM * seen.steps)):
        return None
    return _overfitting(seen) or _plateau(seen) or _short(seen)


def _look(problem: Problem, history: History, trial: Trial) -> _Seen | None:
    metric, sign = problem.objective.metric, problem.objective.sign
    steps, values = history.curve(trial, metric)
    if not len(steps):
        return None
    partner = _partner(metric, history.curves.metrics)
    train = history.curve(trial, partner)[1] if partner else np.empty(0)
    rate = rate_name(trial.config)
    force = {**trial.config, **values_at(history.trials, here(trial))}
    kept = checkpoints(history.trials, here(trial))
    valued = [point for point in kept if point.value is not None]
    best = min(valued, key=lambda point: sign * (point.value or 0.0), default=None)
    changed = [order.step for order in trial.orders if order.result == "done" and order.verb != "note"]
    last = trial.attempt.source.step if trial.attempt and trial.attempt.source else 0
    now = int(steps[-1])
    return _Seen(
        trial=trial,
        step=now,
        steps=max(history.steps or 0, now),
        val=sign * values,
        train=train,
        since=now - max([last, *(step for step in changed if step <= now)], default=0),
        rate=rate,
        lr=float(force[rate]) if rate else math.nan,  # type: ignore[arg-type]  # a number by its name
        best_kept=best.step if best else None,
    )


def _diverged(seen: _Seen) -> Counsel | None:
    reason = _why_diverged(seen)
    if not reason:
        return None
    # Who went back and diverged again has no healthy weights to go back to.
    trial = seen.trial
    spoiled = trial.parent is not None or trial.by == "autopilot"
    spoiled |= any(order.verb == "rollback" and order.result == "done" for order in trial.orders)
    factor = ANEW if spoiled and trial.state in ENDED else FACTOR
    lower = {} if seen.rate is None else {seen.rate: _rounded(factor * seen.lr)}
    shown = "".join(f" and {name}={short(value)}" for name, value in lower.items())
    if seen.trial.state in ENDED:
        if not lower:
            return None
        anew = spoiled or seen.best_kept is None
        place = {"step": 0 if anew else seen.best_kept}
        where = "from the beginning" if anew else f"from step {seen.best_kept}"
        return _given(seen, "diverged", reason, "branch", {**place, **lower}, f"a branch {where}{shown}")
    if seen.best_kept is None:
        return _given(seen, "diverged", reason, "stop", {}, "stop; there is no checkpoint to go back to")
    args = {"step": seen.best_kept, **lower}
    return _given(seen, "diverged", reason, "rollback", args, f"back to step {seen.best_kept}{shown}")


def _why_diverged(seen: _Seen) -> str:
    val, train = seen.val, seen.train
    for name, curve in (("loss", val), ("training loss", train)):
        if len(curve) and not math.isfinite(curve[-1]):
            return f"the {name} is no number any more"
    if seen.trial.state == "diverged":
        return "the training diverged"
    # Negative values are no losses: there a factor means nothing.
    if len(val) > 1 and np.min(val) > 0:
        best = float(np.min(val[:-1]))
        together = len(train) < 2 or float(train[-1]) > EXPLODED * float(np.min(train[:-1]))
        again = val[-1] > EXPLODED**2 * best or (len(val) > 2 and val[-2] > EXPLODED * best)
        if val[-1] > EXPLODED * best and again and together and _beyond_start(val):
            return f"the loss blew up to {short(float(val[-1]))}; the best was {short(best)}"
    patience = max(5, math.ceil(0.1 * seen.steps))
    if len(val) > patience and seen.since >= patience and np.min(val[1:]) >= val[0] and val[0] > 0:
        return f"the loss never came below where it began, {short(float(val[0]))}, in {seen.step} steps"
    return ""


def _beyond_start(val: Array) -> bool:
    """Whether the last value gave back most of the descent: a spike near the floor is none."""
    best = float(np.min(val[:-1]))
    return float(val[-1]) - best > 0.5 * (float(val[0]) - best)


def _overfitting(seen: _Seen) -> Counsel | None:
    val, train = seen.val, seen.train
    n = min(len(val), len(train))
    if n < 8 or not (np.all(np.isfinite(val)) and np.all(np.isfinite(train))):
        return None
    # Running means, because one lucky epoch is no descent and one bad one no rise.
    smooth, falling = _smoothed(val[:n]), _smoothed(train[:n])
    best, end = int(np.argmin(smooth)), float(smooth[-1])
    drop, lowest = float(smooth[0] - smooth[best]), float(smooth[best])
    rose = end - lowest >= max(0.1 * drop, 0.02 * abs(lowest)) and end >= float(smooth[-4])
    long_ago = n - 1 - best >= max(4, math.ceil(0.1 * seen.steps))
    if not (rose and long_ago and float(falling[-1]) < float(falling[best])):
        return None
    at = seen.step - (n - 1 - best)
    text = (
        f"overfitting: the validation loss rose from {short(abs(lowest))} at step {at} "
        f"to {short(abs(end))} while the training loss went on falling"
    )
    more = "dropout" if "dropout" in seen.trial.config else "weight_decay"
    other = f"or branch with more {more}" if more in seen.trial.config else ""
    return _given(seen, "overfitting", text, "stop", {}, "stop, the best step is kept", other)


def _plateau(seen: _Seen) -> Counsel | None:
    window = max(5, math.ceil(0.15 * seen.steps))
    val, train = seen.val, seen.train
    if seen.rate is None or len(val) < 2 * window or seen.since < window or seen.step >= 0.95 * seen.steps:
        return None
    if not np.all(np.isfinite(val[-2 * window :])):
        return None
    smooth = _smoothed(val)
    gained = float(np.min(smooth[:-window]) - np.min(smooth[-window:]))
    descent = float(smooth[0] - np.min(smooth))
    if gained > 0.01 * descent or not _flat(train, window):
        return None
    text = f"no progress for {window} steps: {short(abs(float(smooth[-1])))}"
    return _given(
        seen, "plateau", text, "scale", {seen.rate: FACTOR}, f"{seen.rate} × {FACTOR:g}",
        "or stop: it may have learned what it can",
    )  # fmt: skip


def _flat(train: Array, window: int) -> bool:
    """Whether the training loss fell by less than 2 % over the window, if it is known at all."""
    if len(train) < 2 * window:
        return True
    before, after = float(np.mean(train[-2 * window : -window])), float(np.mean(train[-window:]))
    return not after < before - 0.02 * abs(before)


def _short(seen: _Seen) -> Counsel | None:
    val = seen.val
    if seen.step < seen.steps or len(val) < 8 or not np.all(np.isfinite(val)):
        return None
    late = -(-3 * len(val) // 4)
    gained = float(np.min(val[:late]) - np.min(val))
    if np.argmin(val) < late or gained <= 0.02 * float(val[0] - np.min(val)):
        return None
    share = gained / float(val[0] - np.min(val))
    text = (
        f"it was still improving: {100 * share:.0f} % of all progress came in the last quarter; train longer"
    )
    return Counsel(rule="short", trial=seen.trial.number, step=seen.step, text=text)


def _given(
    seen: _Seen, rule: Rule, text: str, verb: Verb, args: dict[str, Any], action: str, other: str = ""
) -> Counsel:
    return Counsel(
        rule=rule,
        trial=seen.trial.number,
        step=seen.step,
        text=text,
        verb=verb,
        args=args,
        action=action,
        other=other,
    )


def _smoothed(values: Array) -> Array:
    """Return running means (n,) over up to three values."""
    padded = np.concatenate([values[:1], values, values[-1:]])
    smooth: Array = (padded[:-2] + padded[1:-1] + padded[2:]) / 3.0
    return smooth


def _partner(metric: str, known: tuple[str, ...]) -> str | None:
    """Return the training metric beside a validation metric: val_loss → train_loss."""
    names = (metric.replace("val", "train", 1), "train_loss", "loss")
    return next((name for name in names if name in known and name != metric), None)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
