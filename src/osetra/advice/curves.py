"""What the training curves of the best trials say: overfitting, underfitting, a wrong length.

R15 overfitting: the validation loss rises while the training loss falls. R16 underfitting: both are
close together and have not come down far. R18: the best step is always among the last ones (train
longer) or among the first ones (train shorter).

Source: Godbole et al., Deep Learning Tuning Playbook; Goodfellow, Bengio & Courville 2016, ch. 11.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from osetra.advice.best_curves import FEWEST, TOP
from osetra.advice.wording import one_of, percent, short
from osetra.core.finding import Finding
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.scales import Array
from osetra.core.space import Space
from osetra.core.trial import Trial

RULE = "curves"
REGULARISERS = ("dropout", "weight_decay", "wd", "l2", "label_smoothing", "mixup", "augment", "augmentation")
CAPACITY = ("units", "hidden", "width", "layers", "depth", "lr", "learning_rate")
SHORTEST = 8
"""Fewer steps than this have no shape."""


@dataclass(frozen=True, slots=True)
class _Losses:
    trial: int
    train: Array
    val: Array


def find(problem: Problem, history: History) -> list[Finding]:
    """Return what the curves of the five best trials have in common."""
    top = history.ranked(problem.objective)[:TOP]
    losses = [both for trial in top if (both := _losses(history, trial)) is not None]
    found = _overfitting(problem.space, losses) + _length(problem, history, top)
    return found or _underfitting(problem.space, losses)


def _losses(history: History, trial: Trial) -> _Losses | None:
    train, val = (history.curve(trial, metric)[1] for metric in ("train_loss", "val_loss"))
    n = min(len(train), len(val))
    if n < SHORTEST or not (np.all(np.isfinite(train)) and np.all(np.isfinite(val))):
        return None
    return _Losses(trial.number, train[:n], val[:n])


def _overfitting(space: Space, losses: list[_Losses]) -> list[Finding]:
    bad = [loss for loss in losses if _overfits(loss)]
    if len(bad) < FEWEST or len(bad) < len(losses) / 2:
        return []
    worst = max(bad, key=lambda loss: loss.val[-1] / np.min(loss.val) if np.min(loss.val) > 0 else 1.0)
    step, last = int(np.argmin(worst.val)) + 1, len(worst.val)
    text = (
        f"overfitting in {len(bad)} of the {len(losses)} best trials: in trial {worst.trial} the "
        f"validation loss rose from {short(float(np.min(worst.val)))} at step {step} to "
        f"{short(float(worst.val[-1]))} at step {last} while the training loss went on falling"
    )
    action = "regularise more" + one_of(space, REGULARISERS, ": ") + "; do not compare architectures before"
    return [Finding(rule=RULE, level="advice", text=text, action=action)]


def _overfits(loss: _Losses) -> bool:
    best = int(np.argmin(loss.val))
    drop = float(loss.val[0] - loss.val[best])
    # The mean of the last steps, because the last one alone may be a spike.
    end = float(np.mean(loss.val[-3:]))
    rose = end - float(loss.val[best]) >= max(0.1 * drop, 0.02 * abs(float(loss.val[best])))
    return best < 0.6 * len(loss.val) and rose and float(np.mean(loss.train[-3:])) < float(loss.train[best])


def _underfitting(space: Space, losses: list[_Losses]) -> list[Finding]:
    bad = [loss for loss in losses if _underfits(loss)]
    if len(bad) < FEWEST or len(bad) < len(losses) / 2:
        return []
    one = bad[0]
    train, val = float(one.train[-1]), float(one.val[-1])
    text = (
        f"underfitting in {len(bad)} of the {len(losses)} best trials: in trial {one.trial} the "
        f"training loss ({short(train)}) is as high as the validation loss ({short(val)}) and came "
        f"down by only {percent(1 - train / float(one.train[0]))}"
    )
    action = "more capacity" + one_of(space, CAPACITY, ": ") + "; or less regularisation"
    return [Finding(rule=RULE, level="advice", text=text, action=action)]


def _underfits(loss: _Losses) -> bool:
    train, val = float(np.mean(loss.train[-3:])), float(np.mean(loss.val[-3:]))
    return train > 0.7 * float(loss.train[0]) > 0 and abs(val - train) <= 0.1 * abs(val)


def _length(problem: Problem, history: History, top: list[Trial]) -> list[Finding]:
    metric, sign = problem.objective.metric, problem.objective.sign
    curves = [sign * history.curve(trial, metric)[1] for trial in top]
    curves = [curve for curve in curves if len(curve) >= SHORTEST and np.all(np.isfinite(curve))]
    if len(curves) < FEWEST:
        return []
    places = [(int(np.argmin(curve)) + 1) / len(curve) for curve in curves]
    if min(places) > 0.75 and all(_still_falls(curve) for curve in curves):
        text = (
            f"training ends too early: {metric} had its best value in the last quarter of the steps in each "
            f"of the {len(curves)} best trials and was still improving"
        )
        return [
            Finding(rule=RULE, level="advice", text=text, action="train longer before running more trials")
        ]
    if max(places) <= 0.1:
        text = (
            f"training is too long: {metric} had its best value in the first tenth of the steps in each "
            f"of the {len(curves)} best trials"
        )
        action = "train shorter, or use a lower learning rate"
        return [Finding(rule=RULE, level="advice", text=text, action=action)]
    return []


def _still_falls(curve: Array) -> bool:
    late = -(-3 * len(curve) // 4)
    gained = float(np.min(curve[:late]) - np.min(curve))
    return gained > 0.02 * float(curve[0] - np.min(curve))
