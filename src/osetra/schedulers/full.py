"""Full: every training runs to its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from osetra.core.construction import settings_checked
from osetra.core.decisions import Verdict
from osetra.core.history import History
from osetra.core.ports import Budget
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.schedulers.table import free


@settings_checked
@dataclass(frozen=True, slots=True)
class Full:
    """Trains everything to its end and stops nothing."""

    name = "full"
    judges = False

    def first(self, problem: Problem, history: History, budget: Budget) -> int | None:
        """Return None: to the end."""
        return None

    def judge(self, problem: Problem, history: History, trial: Trial, budget: Budget) -> Verdict | None:
        """Return None: nothing is stopped."""
        return None

    def revive(self, problem: Problem, history: History, budget: Budget) -> Sequence[Verdict]:
        """Return everything that is paused and that nobody holds."""
        return to_the_end(history)

    def fidelity(self, problem: Problem, history: History, budget: Budget) -> int | None:
        """Return None: final values are compared."""
        return None


def steered_to_the_end(history: History) -> list[Verdict]:
    """Return the verdicts that let what a person steers go on to its end: it is compared with nothing."""
    why = "steered by hand, so it is trained to its end and not judged"
    mine = (trial for trial in history.paused if trial.by_hand and not trial.held)
    return [Verdict(trial=trial.number, verb="resume", why=why) for trial in mine]


def to_the_end(history: History) -> list[Verdict]:
    """Return the verdicts that let everything go on that is paused and that nobody holds."""
    why = "everything is trained to its end"
    return [Verdict(trial=t.number, verb="resume", why=why) for t in history.paused if free(t)]
