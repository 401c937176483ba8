"""What one training's curves ask for while it runs: advice with an order, one rule per file.

A rule is `find(observation) -> advice | None`. The weightiest comes first, and only one is given: it changes
what the others would say. Source: Godbole et al., Deep Learning Tuning Playbook; the thresholds are ours.
"""

from __future__ import annotations

import math

from osetra.advice.training import diverged, overfitting, plateau, short
from osetra.advice.training.observation import TrainingAdvice, observe, rate_name
from osetra.core.arguments import instance
from osetra.core.finding import Finding, Level, Move
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.trial import ENDED, Trial

__all__ = ["TrainingAdvice", "rate_name", "training_advice", "training_findings"]

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


def training_findings(problem: Problem, history: History) -> list[Finding]:
    """Return what the trainings that run ask for, each with the order that follows it."""
    advice = (training_advice(problem, history, trial) for trial in history.running)
    return [_finding(found) for found in advice if found is not None and found.verb is not None]


def _finding(advice: TrainingAdvice) -> Finding:
    assert advice.verb is not None
    text, action = f"trial {advice.trial}: {advice.text}", advice.action
    move = Move(
        text=f"trial {advice.trial}: {action}", verb=advice.verb, trial=advice.trial, args=advice.args
    )
    level: Level = "warning" if advice.rule == "diverged" else "advice"
    return Finding(rule=advice.rule, level=level, text=text, action=action, move=move)
