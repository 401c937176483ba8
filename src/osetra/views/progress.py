"""Progress: how much of what a run may cost is spent, and how long the rest will take.

What counts is what the limit counts: trials, full trainings or minutes. Where a scheduler cuts trainings
short, most trials wait at a checkpoint nearly until the end, so a limit in trials is measured by the
cost that so many trials usually have.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from osetra.core.history import History
from osetra.core.limits import PER_TRAINING, Limits, cost
from osetra.core.numbers import duration
from osetra.core.problem import Problem
from osetra.core.trial import Trial

NEARLY = 0.99
"""The most that an estimate says while there is work left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A run on its way to its limits. Times are Unix seconds."""

    problem: Problem
    limits: Limits
    started: float
    repeats: bool = False
    """Whether repeats with fresh seeds are what counts, not first runs."""
    earlier: Mapping[str, float] = field(default_factory=dict)
    """The shares of the limits that were spent when this run began."""

    @classmethod
    def begin(
        cls, problem: Problem, limits: Limits, history: History, now: float, *, repeats: bool = False
    ) -> Progress:
        """Return the progress of a run that begins now."""
        fresh = cls(problem=problem, limits=limits, started=now, repeats=repeats)
        earlier = fresh.shares(history, now)
        return cls(problem=problem, limits=limits, started=now, repeats=repeats, earlier=earlier)

    def ended(self, history: History) -> int:
        """Return how many trials that count have ended."""
        return sum((trial.repeats is not None) == self.repeats for trial in history.ended)

    def spent(self, history: History) -> float:
        """Return the cost so far in full trainings; before the first ended one it counts as nothing."""
        return cost(self.problem, history) if history.steps else 0.0

    def expected(self, history: History) -> float | None:
        """Return what the trials will cost in full trainings where a scheduler cuts some short, else None."""
        if self.repeats or not self.limits.trials or not cuts(history):
            return None
        return max(self.limits.trials / PER_TRAINING, self.spent(history) / NEARLY)

    def shares(self, history: History, now: float) -> dict[str, float]:
        """Return the part of each limit that is spent, 0 to 1."""
        shares: dict[str, float] = {}
        if self.limits.trials:
            expected = self.expected(history)
            shares["trials"] = self.ended(history) / self.limits.trials
            if expected is not None:
                shares["trials"] = max(shares["trials"], self.spent(history) / expected)
        if self.limits.trainings:
            shares["trainings"] = self.spent(history) / self.limits.trainings
        if self.limits.minutes:
            shares["minutes"] = (now - self.started) / (60 * self.limits.minutes)
        return {name: min(1.0, share) for name, share in shares.items()}

    def share(self, history: History, now: float) -> float:
        """Return the part of the run that is over, 0 to 1: of the limit that is nearest."""
        return max(self.shares(history, now).values(), default=0.0)

    def remaining(self, history: History, now: float) -> float | None:
        """Return the seconds still needed at the pace so far; None before anything that counts happened."""
        estimates: list[float] = []
        for name, share in self.shares(history, now).items():
            if name == "minutes":
                estimates.append(max(0.0, self.started + 60 * (self.limits.minutes or 0.0) - now))
            elif (gained := share - self.earlier.get(name, 0.0)) > 0:
                estimates.append((now - self.started) * (1.0 - share) / gained)
        return min(estimates, default=None)


def cuts(history: History) -> bool:
    """Whether a scheduler cuts trainings short in this study: some trial waits, or was stopped."""
    return bool(history.trials.chosen(_cut))


def _cut(trials: Sequence[Trial]) -> list[Trial]:
    """Return the first runs that a scheduler does not let go straight to their end."""
    first = (trial for trial in trials if trial.repeats is None)
    return [
        t for t in first if t.until is not None or (t.state in ("paused", "stopped") and not _by_people(t))
    ]


def _by_people(trial: Trial) -> bool:
    """Whether it was somebody's order that paused or stopped a trial last."""
    last = next((order for order in reversed(trial.orders) if order.verb in ("pause", "stop")), None)
    return last is not None and last.by != "scheduler"


def progress_text(progress: Progress, history: History, now: float) -> str:
    """Return `23 of 50 trials  about 1 min 30 s left`, or what else the limits count."""
    limits, expected = progress.limits, progress.expected(history)
    ended, parts = progress.ended(history), []
    if limits.trials and expected is None:
        parts.append(f"{ended} of {limits.trials} {'repeats' if progress.repeats else 'trials'}")
    if limits.trainings:
        parts.append(f"{progress.spent(history):.3g} of {limits.trainings:g} trainings")
    elif expected is not None:
        # Two whole numbers: an estimate is no more exact than that.
        parts.append(f"{progress.spent(history):.0f} of about {math.ceil(expected)} trainings")
    if limits.minutes:
        seconds = 60 * limits.minutes
        parts.append(f"{duration(min(now - progress.started, seconds))} of {duration(seconds)}")
    left = progress.remaining(history, now)
    if left is not None and progress.share(history, now) < 1.0:
        parts.append(f"about {duration(left)} left")
    return "  ".join(parts)


def begun_text(progress: Progress, history: History) -> str:
    """Return `19 of 50 trials begun` where it is not trials that the limits count; else nothing."""
    limits = progress.limits
    if progress.repeats or (limits.trials and progress.expected(history) is None):
        return ""
    begun = sum(bool(trial.attempts) for trial in history.searched)  # one that waits for a worker has not
    named = "trial" if begun == 1 and not limits.trials else "trials"
    return f"{begun}{f' of {limits.trials}' if limits.trials else ''} {named} begun"
