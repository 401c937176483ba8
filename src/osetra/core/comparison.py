"""Comparison: finished trials whose trainings had different lengths, at a step that they all got to.

A longer training is better without a better configuration. So where a full training has become longer or
shorter during a study, finished trials are compared after as many steps as the shortest of them had; those
that got less than a tenth as far as the longest say too little, and come behind.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from osetra.core.problem import Objective
from osetra.core.trial import Trial

if TYPE_CHECKING:
    from osetra.core.history import History

LEAST = 0.1
"""Trainings that got to this share of the longest are compared."""
BEFORE, AFTER = 3, 2
"""So many trainings that end at one step, and then so many at another one, are of two lengths."""


@dataclass(frozen=True, slots=True)
class EqualSteps:
    """What finished trials are worth after as many steps as all of them had."""

    step: int
    worth: Mapping[int, float]
    """What every finished trial is worth by then, minimised, by its number; infinite without a report."""
    short: frozenset[int]
    """Those that got less far, or came to their end too soon to say much."""

    def place(self, trial: Trial) -> tuple[bool, float]:
        """Return what sorts trials, best first."""
        return trial.number in self.short, self.worth[trial.number]


_latest: tuple[History, Objective, EqualSteps | None] | None = None
"""What was compared last: one look at a study asks for it several times."""


def at_equal_steps(history: History, objective: Objective) -> EqualSteps | None:
    """Return how the finished trials of a study compare whose trainings changed their length; else None."""
    global _latest
    if len(lengths(history)) < 2:
        return None
    latest = _latest  # once: other threads ask for other studies
    if latest is None or latest[0] is not history or latest[1] != objective:
        latest = _latest = (history, objective, _compare(history, objective))
    return latest[2]


def lengths(history: History) -> frozenset[int]:
    """Return how many steps full trainings had, as they said, or as was noticed."""
    seen = (step for note in history.noted("length") for step in note.data.get("steps", ()))
    return frozenset((*history.lengths, *seen))


def changed_length(history: History, metric: str) -> tuple[int, int] | None:
    """Return the two lengths of trainings that changed without a word; None when nothing of it is seen.

    Trainings that end by themselves, each at another step, have no length, and of those whose length a
    hyperparameter tells, every end is one.
    """
    said, known = history.lengths, lengths(history)
    if len(said) > 1:
        return None
    numbers, _ = history.curves.all(metric)
    reached = dict(zip(numbers[0].tolist(), numbers[3].tolist(), strict=True))  # the last report of each
    ends: list[tuple[float, int]] = []
    for trial in history.finished:
        step = reached.get(trial.number, 0)
        if step and trial.repeats is None and step not in trial.config.values() and not trial.steered:
            ends.append((trial.attempts[-1].ended or 0.0, step))
    for length, at in said.items():  # what came before nobody said anything
        before = {step for ended, step in ends if ended < at}
        old = before.pop() if len(before) == 1 else length
        return (old, length) if length not in (old, 0) and old not in known else None
    steps = [step for _, step in sorted(ends)]
    new = steps[-1] if steps else 0
    later = next((i for i, step in enumerate(reversed(steps)) if step != new), len(steps))
    earlier = steps[: len(steps) - later]
    if later < AFTER or len(earlier) < BEFORE or len(set(earlier[-BEFORE:])) > 1:
        return None
    return (earlier[-1], new) if not {earlier[-1], new} <= known else None


def _compare(history: History, objective: Objective) -> EqualSteps | None:
    known, ends = lengths(history), {t.number: history.step(t, objective.metric) for t in history.finished}
    full = {
        ends[trial.number]
        for trial in history.finished
        if ends[trial.number] in known and ends[trial.number] not in trial.config.values()
    }
    if len(full) < 2:
        return None
    step = min(one for one in full if one >= LEAST * max(full))
    worth = {trial.number: _worth(history, trial, objective, step) for trial in history.finished}
    short = {number for number, end in ends.items() if end in full and end < step}
    return EqualSteps(step, worth, frozenset(short))


def _worth(history: History, trial: Trial, objective: Objective, step: int) -> float:
    """Return what a trial is worth by its reports up to a step, minimised: the mean over its folds."""
    folds: list[float] = []
    while True:
        steps, values = history.curve(trial, objective.metric, len(folds))
        if not len(steps):
            break
        until = objective.sign * values[steps <= step]
        until = until[np.isfinite(until)]
        last = objective.pick == "last"
        folds.append(math.inf if not len(until) else float(until[-1] if last else until.min()))
    return float(np.mean(folds)) if folds else objective.sign * (trial.value or 0.0)
