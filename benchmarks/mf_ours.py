"""osetra's own policies as a driver of the simulator.

The driver does what `loop.py` and the executors do, without files and processes: it keeps the log,
folds it into a `History`, asks the policy what idle workers should do and what becomes of a running
trial after each report. A verdict is obeyed at the report after which it was given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mf_peers import TRAININGS, Start
from osetra import policies, searchers
from osetra.core.curves import Point
from osetra.core.decisions import Suggestion, Verdict
from osetra.core.facts import (
    Checkpointed,
    Claimed,
    Ended,
    Entry,
    Fact,
    Noted,
    Obeyed,
    Opened,
    Ordered,
    Source,
    Suggested,
    Worker,
)
from osetra.core.history import History
from osetra.core.ports import Budget, Policy
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.core.trial import Trial
from problems.benchmark import Place
from simulator import Clock, Work

METRIC = "value"
WORKER = Worker(host="simulated", boot="", pid=1, started=0.0)


class Ours:
    """A policy at work on a log in memory; a trial's number is its key."""

    def __init__(
        self, space: Space, steps: int, seed: int, place: Place, policy: Policy, notes: Sequence[Noted] = ()
    ) -> None:
        self._problem = Problem(space, Objective(metric=METRIC, pick="last"))
        self._policy, self._steps, self._seed, self._place = policy, steps, seed, place
        self._clock, self._workers, self._timed = Clock(TRAININGS * steps), 1, False
        self._history = History()
        self._write(
            Opened(space={}, metric=METRIC, direction="minimize", pick="last", seed=seed),
            Noted("steps", str(steps), f"a full training has {steps} steps", {"steps": steps}),
            *notes,
        )

    def by_the_clock(self, clock: Clock, workers: int, *, timed: bool) -> None:
        """Take the clock of the simulation, and whether its budget is one of seconds."""
        self._clock, self._workers, self._timed = clock, workers, timed

    def next(self) -> Work | None:
        """Claim what is queued; plan first when nothing is."""
        if not self._history.queued:
            self._plan()
        if not self._history.queued:
            return None
        trial = self._history.queued[0]
        source = trial.checkpoints[-1] if trial.checkpoints else None
        self._write(
            Claimed(
                trial=trial.number,
                attempt=len(trial.attempts) + 1,
                worker=WORKER,
                source=None if source is None else Source(trial.number, source.attempt, 0, source.step),
            )
        )
        return Work(trial.number, trial.config, self._until(trial))

    def report(self, work: Work, step: int, value: float) -> bool:
        """Add a point, ask the judge, and end the attempt where it ends."""
        number = work.key
        attempt = len(self._history.trials[number].attempts)
        cursor = self._history.curves.cursor + 1
        self._history = self._history.extend((), [Point(number, attempt, 0, step, METRIC, value)], cursor)
        if not math.isfinite(value):
            self._end(number, "diverged", step, math.nan)
            return False
        verdict = None
        if self._policy.judges and step < self._steps:
            trial = self._history.trials[number]
            verdict = self._policy.judge(self._problem, self._history, trial, self._budget)
        if verdict is not None:
            self._order(verdict)
            order = len(self._history.trials[number].orders)
            self._write(Obeyed(trial=number, number=order, attempt=attempt, step=step))
        if verdict is not None and verdict.verb in ("stop", "pause"):
            self._end(number, "stopped" if verdict.verb == "stop" else "paused", step, value)
            return False
        if step >= self._until(self._history.trials[number]):
            self._end(number, "finished" if step == self._steps else "paused", step, value)
            return False
        # An extended trial runs on under the work that it was begun with.
        return step < work.until or self._rest(work)

    def _rest(self, work: Work) -> bool:
        number, attempt = work.key, len(self._history.trials[work.key].attempts)
        self._write(Ended(trial=number, attempt=attempt, outcome="interrupted"))
        return False

    @property
    def _budget(self) -> Budget:
        clock = self._clock
        seconds = (clock.budget - clock.spent) / self._workers if self._timed else math.inf
        progress = min(1.0, clock.spent / clock.budget)
        return Budget(steps=self._steps, progress=progress, seconds=seconds, workers=self._workers)

    def _until(self, trial: Trial) -> int:
        return self._steps if trial.until is None else min(trial.until, self._steps)

    def _plan(self) -> None:
        number = self._history.next_trial
        rng = np.random.default_rng((self._seed, number, self._history.version))
        for wish in self._policy.plan(self._problem, self._history, 1, rng, self._budget):
            if isinstance(wish, Suggestion):
                self._write(
                    *wish.notes,
                    Suggested(
                        trial=self._history.next_trial,
                        config=self._place(wish.config),
                        seed=number,
                        why=wish.why,
                        until=wish.until,
                    ),
                )
            else:
                self._order(wish)

    def _order(self, verdict: Verdict) -> None:
        args = {"until": verdict.until} if verdict.verb in ("resume", "extend") else dict(verdict.args)
        number = len(self._history.trials[verdict.trial].orders) + 1
        self._write(
            Ordered(
                trial=verdict.trial,
                number=number,
                verb=verdict.verb,
                args=args,
                actor=self._policy.name,
                by="scheduler",
                why=verdict.why,
            )
        )

    def _end(self, number: int, outcome: str, step: int, value: float) -> None:
        attempt = len(self._history.trials[number].attempts)
        if outcome == "paused":
            self._write(Checkpointed(number, attempt, 0, step, f"{number}-{step}", 1, "", value))
        kind = "finite" if math.isfinite(value) else "nan"
        self._write(
            Ended(trial=number, attempt=attempt, outcome=outcome, value=value, kind=kind)  # type: ignore[arg-type]
        )

    def _write(self, *facts: Fact) -> None:
        version = self._history.version
        entries = [Entry(version + i, self._clock.now, fact) for i, fact in enumerate(facts, start=1)]
        self._history = self._history.extend(entries)


def starter(name: str) -> Start:
    """Return a scheduler with the default searcher, or with one of ours: "auto", "asha:random"."""
    scheduler, _, searcher = name.partition(":")

    def start(space: Space, steps: int, seed: int, place: Place) -> Ours:
        return Ours(
            space, steps, seed, place, policies.by_names(searchers.by_name(searcher or "auto"), scheduler)
        )

    return start
