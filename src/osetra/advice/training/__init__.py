"""What one training's curves ask for while it runs: advice with an order, one rule per file.

A rule is `find(observation) -> advice | None`. The weightiest comes first, and only one is given: it changes
what the others would say. Source: Godbole et al., Deep Learning Tuning Playbook; the thresholds are ours.
"""

from __future__ import annotations

import math

from osetra.advice.training import diverged, overfitting, plateau, short
from osetra.advice.training.observation import TrainingAdvice, observe, rate_name
from osetra.core.arguments import instance
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.trial import ENDED, Trial

__all__ = ["TrainingAdvice", "rate_name", "training_advice"]

CALM = 0.05
"""Share of the steps for which an order is left to show its effect."""


def training_advice(problem: Problem, history: History, trial: Trial) -> TrainingAdvice | None:
    """Return the weightiest advice on a training, or None.

    While an order waits, and for a few steps after one, there is none: its effect is yet to be seen.

    Raises:
        StudyError: what is given is no problem, history or trial.
    """
    instance("problem", problem, Problem)
    instance("history", history, History)
    instance("trial", trial, Trial)
    training = observe(problem, history, trial)
    if training is None or any(order.pending for order in trial.orders):
        return None
    found = diverged.find(training)
    if found is not None or trial.state in ENDED:
        return found or (short.find(training) if trial.state == "finished" else None)
    if training.since < max(3, math.ceil(CALM * training.steps)):
        return None
    return overfitting.find(training) or plateau.find(training) or short.find(training)
