"""Histories made by hand: for tests of everything that reads a History."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from osetra.core.curves import Point
from osetra.core.decisions import Suggestion
from osetra.core.edits import opened_by
from osetra.core.facts import Claimed, Ended, Entry, Fact, Noted, Outcome, Suggested, Worker, ended
from osetra.core.history import History
from osetra.core.params import Value
from osetra.core.problem import Problem

WORKER = Worker(host="here", boot="boot", pid=1, started=0.0)


@dataclass(slots=True)
class Log:
    """Writes the log of a problem fact by fact; one second passes from fact to fact."""

    problem: Problem
    seed: int = 0
    task: Mapping[str, Any] = field(default_factory=dict)
    target: int = 0
    """How many trials the study is to have; 0 says nothing about it."""
    entries: list[Entry] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    trials: int = 0

    def __post_init__(self) -> None:
        self.write(opened_by(self.problem, seed=self.seed, task=dict(self.task)))
        if self.target:
            self.write(Noted("target", str(self.target), "", {"trials": self.target}))

    @property
    def history(self) -> History:
        """The fold of what was written so far."""
        return History().extend(self.entries, self.points, len(self.points))

    def write(self, *facts: Fact) -> None:
        """Append facts."""
        for fact in facts:
            version = len(self.entries) + 1
            self.entries.append(Entry(version, float(version), fact))

    def queue(
        self, config: Mapping[str, Value] | None = None, *, by: str = "", repeats: int | None = None
    ) -> int:
        """Suggest a configuration, completed by defaults, and return the trial's number."""
        self.trials += 1
        complete = self.problem.space.complete(config or {})
        origin = "searcher" if repeats is None else "confirm"
        self.write(Suggested(self.trials, complete, self.trials, origin, by, repeats=repeats))  # type: ignore[arg-type]
        return self.trials

    def take(self, suggestion: Suggestion, by: str = "") -> int:
        """Write what a searcher suggested, its notes first, and return the trial's number."""
        self.write(*suggestion.notes)
        return self.queue(suggestion.config, by=by)

    def start(self, config: Mapping[str, Value] | None = None, *, repeats: int | None = None) -> int:
        """Suggest and claim, and return the trial's number."""
        number = self.queue(config, repeats=repeats)
        self.write(Claimed(number, 1, WORKER))
        return number

    def end(self, trial: int, outcome: Outcome, value: float | None = None, reason: str = "") -> Ended:
        """End a queued or running trial."""
        if not any(isinstance(e.fact, Claimed) and e.fact.trial == trial for e in self.entries):
            self.write(Claimed(trial, 1, WORKER))
        fact = ended(trial, 1, outcome, value, reason)
        self.write(fact)
        return fact

    def run(
        self, config: Mapping[str, Value] | None, value: float | None, *, repeats: int | None = None
    ) -> int:
        """Run a trial to its end; None fails it, NaN and infinities make it diverge."""
        number = self.start(config, repeats=repeats)
        if value is None:
            self.end(number, "failed", None, "RuntimeError: broken")
        elif value - value != 0:
            self.end(number, "diverged", value, "the loss is not finite any more")
        else:
            self.end(number, "finished", value)
        return number

    def report(self, trial: int, metric: str, values: Sequence[float], fold: int = 0) -> None:
        """Report a curve, from step 1 on."""
        self.points += [Point(trial, 1, fold, i, metric, v) for i, v in enumerate(values, 1)]


def history_of(problem: Problem, results: Iterable[tuple[Mapping[str, Value], float | None]]) -> History:
    """Return the history of trials that were run one after the other."""
    log = Log(problem)
    for config, value in results:
        log.run(config, value)
    return log.history
