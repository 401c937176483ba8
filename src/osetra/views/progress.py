"""Budget: how much of a study is done and how long the rest will take."""

from __future__ import annotations

from dataclasses import dataclass

from osetra.core.history import History


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What was asked for. Times are Unix seconds; `already` is what had ended before this call."""

    trials: int | None = None
    seconds: float | None = None
    trainings: float | None = None
    """Cost in full trainings, counted in reports of `metric`."""
    metric: str = ""
    started: float = 0.0
    already: int = 0
    repeats: bool = False
    """Whether repeats with fresh seeds are what counts, not first runs."""

    def done(self, history: History) -> int:
        """Return how many trials that count have ended."""
        return sum((trial.repeats is not None) == self.repeats for trial in history.ended)

    def spent(self, history: History) -> float:
        """Return the cost so far in full trainings; before the first ended one it counts as nothing."""
        return history.curves.count(self.metric) / history.steps if history.steps else 0.0

    def share(self, history: History, now: float) -> float:
        """Return the part of the budget that is used, 0 to 1; the larger when there are two."""
        shares = [0.0]
        if self.trials:
            shares.append(self.done(history) / self.trials)
        if self.trainings:
            shares.append(self.spent(history) / self.trainings)
        if self.seconds:
            shares.append((now - self.started) / self.seconds)
        return min(1.0, max(shares))

    def remaining(self, history: History, now: float) -> float | None:
        """Return the seconds still needed at the pace so far; None before the first trial ended."""
        estimates: list[float] = []
        if self.seconds:
            estimates.append(max(0.0, self.seconds - (now - self.started)))
        fresh = self.done(history) - self.already
        if self.trials and fresh > 0:
            pace = (now - self.started) / fresh
            estimates.append(max(0.0, pace * (self.trials - self.done(history))))
        return min(estimates) if estimates else None
