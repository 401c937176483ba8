"""A simulated search: in memory, report by report, without training anything.

It does what the loop, the workers and the training process do to the log, in one thread: every
turn, each running training reports once. For tests of everything that decides while trainings run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from osetra.core.curves import Point
from osetra.core.decisions import Verdict
from osetra.core.facts import Checkpointed, Claimed, Noted, Obeyed, Ordered, Source, Suggested, ended
from osetra.core.history import History
from osetra.core.ports import Budget, Scheduler
from osetra.core.problem import Problem
from osetra.testing.histories import WORKER, Log

TURNS = 10_000
"""A search that takes more turns will never end."""

Curve = Callable[[int], Sequence[float]]
"""Maps a trial's number to everything that its training would report."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One question to the scheduler, with the answer."""

    entries: int
    """How much of the log it was decided on."""
    points: int
    trial: int | None
    """The running trial that was judged; None: what paused trials go on."""
    budget: Budget
    verdicts: tuple[Verdict, ...]


@dataclass(slots=True)
class SimulatedSearch:
    """A search for `trials` configurations by a number of workers, every report `stride` steps apart."""

    problem: Problem
    scheduler: Scheduler
    curve: Curve
    steps: int
    trials: int = 12
    workers: int = 1
    keeps: bool = True
    """Whether trainings keep checkpoints."""
    stride: int = 1
    folds: int = 1
    others: tuple[str, ...] = ()
    """Other metrics that are reported, too."""
    held: int = 0
    """A trial that a person pauses after its first report; 0 for none."""
    log: Log = field(init=False)
    history: History = field(init=False)
    decisions: list[Decision] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log = Log(self.problem)
        self.history = self.log.history

    def run(self) -> History:
        """Let the search run to its end and return its history.

        Raises:
            AssertionError: it does not end.
        """
        for _ in range(TURNS):
            self._fill()
            running = self.history.running
            if not running:
                return self.history
            for trial in running:
                self._report(trial.number)
        raise AssertionError(f"the search did not end within {TURNS} turns")

    @property
    def budget(self) -> Budget:
        """How much of the search is over."""
        begun = len(self.history.trials)
        return Budget(steps=self.history.steps, progress=begun / self.trials, open=begun < self.trials)

    def ask(self, trial: int | None) -> tuple[Verdict, ...]:
        """Return what the scheduler says of a running trial, or of the paused ones."""
        verdicts = ask_scheduler(self.scheduler, self.problem, self.history, trial, self.budget)
        place = len(self.log.entries), len(self.log.points)
        self.decisions.append(Decision(*place, trial, self.budget, verdicts))
        return verdicts

    def replayed(self) -> Iterator[tuple[Decision, History]]:
        """Yield every decision with the history that it was taken on, folded anew from the log."""
        history = History()
        for decision in self.decisions:
            entries = self.log.entries[history.version : decision.entries]
            points = self.log.points[history.curves.cursor : decision.points]
            history = history.extend(entries, points, decision.points)
            yield decision, history

    def _write(self, *facts: object) -> None:
        self.log.write(*facts)  # type: ignore[arg-type]
        self._read()

    def _read(self) -> None:
        points = self.log.points[self.history.curves.cursor :]
        entries = self.log.entries[self.history.version :]
        self.history = self.history.extend(entries, points, len(self.log.points))

    def _fill(self) -> None:
        """Let every idle worker claim something."""
        while (room := self.workers - len(self.history.running)) > 0:
            if not self.history.queued:
                self._plan(room)
            if not self.history.queued:
                return
            trial = self.history.queued[0]
            last = trial.checkpoints[-1] if trial.checkpoints else None
            source = None if last is None else Source(trial.number, last.attempt, last.instance, last.step)
            self._write(Claimed(trial.number, len(trial.attempts) + 1, WORKER, source))
            if self.history.steps is None:
                self._write(Noted("steps", str(self.steps), "", {"steps": self.steps}))

    def _plan(self, room: int) -> None:
        going = 0
        for verdict in self.ask(None):
            if verdict.verb == "stop" or going < room:
                self._order(verdict)
                going += verdict.verb != "stop"
        while going < room and self.budget.open:
            number, going = self.history.next_trial, going + 1
            until = self.scheduler.first(self.problem, self.history, self.budget)
            config = self.problem.space.decode(
                np.full((1, len(self.problem.space.columns)), number % 64 / 64)
            )
            self._write(Suggested(number, config[0], number, until=until))

    def _order(self, verdict: Verdict) -> None:
        args = dict(verdict.args)
        if verdict.verb in ("resume", "extend"):
            args["until"] = verdict.until
        number = len(self.history.trials[verdict.trial].orders) + 1
        name = self.scheduler.name
        self._write(Ordered(verdict.trial, number, verdict.verb, args, name, "scheduler", verdict.why))

    def _report(self, number: int) -> None:
        """Report once, ask what to do, and do it."""
        metric, trial = self.problem.objective.metric, self.history.trials[number]
        curve, attempt = self.curve(number), len(trial.attempts)
        done = sum(len(self.history.curve(trial, metric, fold)[0]) for fold in range(self.folds))
        fold, place = divmod(done, len(curve))
        step = (place + 1) * self.stride
        names = (metric, *self.others)
        self.log.points += [Point(number, attempt, fold, step, n, float(curve[place])) for n in names]
        self._read()
        verdicts: tuple[Verdict, ...] = ()
        if number == self.held and done == 0:
            self._write(Ordered(number, len(trial.orders) + 1, "pause", {}, "somebody", "person", "a look"))
            self._obeyed(number, step)
            return self._end(number, "paused", fold, step)
        if not any(order.pending for order in trial.orders):
            verdicts = self.ask(number)
        for verdict in verdicts:
            self._order(verdict)
            self._obeyed(number, step)
            if verdict.verb == "stop":
                return self._end(number, "finished" if verdict.args.get("keep") else "stopped", fold, step)
        until = self.history.trials[number].until
        if done + 1 == len(curve) * self.folds:
            return self._end(number, "finished", fold, step)
        if until is not None and step >= until and self.keeps:
            return self._end(number, "paused", fold, step)
        return None

    def _obeyed(self, number: int, step: int) -> None:
        trial = self.history.trials[number]
        self._write(Obeyed(number, len(trial.orders), len(trial.attempts), step))

    def _end(self, number: int, outcome: str, fold: int, step: int) -> None:
        trial = self.history.trials[number]
        value, attempt = self._value(number), len(trial.attempts)
        if outcome == "paused":
            self._write(Checkpointed(number, attempt, fold, step, f"{number}-{step}", 1, ""))
        elif outcome == "finished" and not math.isfinite(value):
            outcome = "diverged"
        self._write(ended(number, attempt, outcome, value))  # type: ignore[arg-type]

    def _value(self, number: int) -> float:
        objective, values = self.problem.objective, []
        for fold in range(self.folds):
            curve = self.history.curve(self.history.trials[number], objective.metric, fold)[1]
            if len(curve):
                finite = curve[np.isfinite(curve)]
                last = objective.pick == "last" or not math.isfinite(curve[-1])
                values.append(curve[-1] if last else objective.sign * (objective.sign * finite).min())
        return float(np.mean(values))


def ask_scheduler(
    scheduler: Scheduler, problem: Problem, history: History, trial: int | None, budget: Budget
) -> tuple[Verdict, ...]:
    """Return what a scheduler says of a running trial, or of the paused ones."""
    if trial is None:
        return tuple(scheduler.revive(problem, history, budget))
    verdict = scheduler.judge(problem, history, history.trials[trial], budget)
    return () if verdict is None else (verdict,)
