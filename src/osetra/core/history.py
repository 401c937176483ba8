"""History: the fold of a study's log. Everything that decides or shows reads this and nothing else.

The law: `History().extend(a + b)` equals `History().extend(a).extend(b)`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from osetra.core.curves import Curves, Point
from osetra.core.facts import Entry, Noted, Opened, Source, Suggested
from osetra.core.problem import Objective
from osetra.core.trial import ENDED, Trial, advance, begin

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class History:
    """What a log says after its first `version` facts, and the curves reported so far."""

    version: int = 0
    opened: Opened | None = None
    opened_at: float = 0.0
    trials: Mapping[int, Trial] = field(default_factory=lambda: MappingProxyType({}))
    """All trials by number, which starts at 1 and has no gaps."""
    unfinished: frozenset[int] = frozenset()
    """Numbers of the queued, running and paused trials."""
    notes: tuple[Entry, ...] = ()
    curves: Curves = field(default_factory=Curves)

    def extend(
        self, entries: Sequence[Entry], points: Sequence[Point] = (), cursor: int | None = None
    ) -> History:
        """Return the history after more of the log; entries up to `version` are skipped."""
        curves = self.curves.extend(points, self.curves.cursor if cursor is None else cursor)
        entries = [entry for entry in entries if entry.version > self.version]
        if not entries:
            return self if curves is self.curves else replace(self, curves=curves)
        trials, opened, notes = dict(self.trials), (self.opened, self.opened_at), list(self.notes)
        unfinished = set(self.unfinished)
        for entry in entries:
            match entry.fact:
                case Opened():
                    opened = (entry.fact, entry.time)
                case Noted():
                    notes.append(entry)
                case Suggested(trial=number):
                    trials[number] = begin(entry.fact, entry.time)
                    unfinished.add(number)
                case about:
                    number = about.trial
                    trials[number] = advance(trials[number], about, entry.time)
                    (unfinished.discard if trials[number].state in ENDED else unfinished.add)(number)
        return History(
            entries[-1].version,
            *opened,
            MappingProxyType(trials),
            frozenset(unfinished),
            tuple(notes),
            curves,
        )

    @property
    def next_trial(self) -> int:
        """The number that the next suggestion will have."""
        return len(self.trials) + 1

    @property
    def queued(self) -> list[Trial]:
        """Trials that wait for a worker: begun ones first, then people's wishes, then the others."""
        waiting = (self.trials[n] for n in sorted(self.unfinished))
        return sorted(
            (t for t in waiting if t.state == "queued"),
            key=lambda t: (not t.attempts, t.origin != "person"),
        )

    @property
    def running(self) -> list[Trial]:
        """Trials that a worker has claimed, by number."""
        return [self.trials[n] for n in sorted(self.unfinished) if self.trials[n].state == "running"]

    @property
    def paused(self) -> list[Trial]:
        """Trials that wait at a checkpoint for an order to go on, by number."""
        return [self.trials[n] for n in sorted(self.unfinished) if self.trials[n].state == "paused"]

    @property
    def ended(self) -> list[Trial]:
        """Trials that will not run again, by number."""
        return [trial for trial in self.trials.values() if trial.state in ENDED]

    @property
    def finished(self) -> list[Trial]:
        """Trials with a finite value, by number; the data that searchers learn from."""
        return [t for t in self.trials.values() if t.state == "finished" and _finite(t.value)]

    @property
    def searched(self) -> list[Trial]:
        """Trials that count against the budget: all but repeats with fresh seeds."""
        return [trial for trial in self.trials.values() if trial.repeats is None]

    def ranked(self, objective: Objective) -> list[Trial]:
        """Return finished first runs, best value first; behind them those that repeats broke.

        A trial of which some repeats failed or diverged comes behind all sound ones, then one of which
        every repeat did, and last of all those steered by hand: nobody could repeat them.
        """
        first = (trial for trial in self.finished if trial.repeats is None)
        lost, kept = self.lost, self.repeated

        def place(trial: Trial) -> tuple[int, float]:
            broken = 0 if trial.number not in lost else 1 if trial.number in kept else 2
            broken = 3 if trial.by_hand else broken
            return broken, objective.sign * (trial.value or 0.0)

        return sorted(first, key=place)

    def repeats(self, number: int) -> list[Trial]:
        """Return the finished repeats of a trial with fresh seeds, the trial itself not included."""
        return [trial for trial in self.finished if trial.repeats == number]

    @property
    def repeated(self) -> dict[int, list[Trial]]:
        """The finished repeats with fresh seeds of every trial that has any, by the trial's number."""
        found: dict[int, list[Trial]] = {}
        for trial in self.finished:
            if trial.repeats is not None:
                found.setdefault(trial.repeats, []).append(trial)
        return found

    @property
    def lost(self) -> dict[int, list[Trial]]:
        """The repeats that failed or diverged, by the number of the trial that they repeat."""
        found: dict[int, list[Trial]] = {}
        for trial in self.ended:
            if trial.repeats is not None and not (trial.state == "finished" and _finite(trial.value)):
                found.setdefault(trial.repeats, []).append(trial)
        return found

    def best(self, objective: Objective) -> Trial | None:
        """Return the incumbent: best mean over fresh seeds when any were run, else best value.

        A trial of which a repeat failed or diverged is no incumbent while there is another one. While
        no trial has finished, it is the best of those that were trained longest.
        """
        ranked, repeated, lost = self.ranked(objective), self.repeated, self.lost
        confirmed = [t for t in ranked if t.number in repeated and t.number not in lost]
        if confirmed:
            return min(confirmed, key=lambda t: objective.sign * _mean(repeated[t.number]))
        return ranked[0] if ranked else self._furthest(objective)

    def _furthest(self, objective: Objective) -> Trial | None:
        begun = [t for t in self.trials.values() if t.state in ("paused", "stopped") and _finite(t.value)]
        return min(
            begun,
            key=lambda t: (-self.step(t, objective.metric), objective.sign * (t.value or 0.0)),
            default=None,
        )

    def curve(self, trial: Trial, metric: str, instance: int = 0) -> tuple[Ints, Array]:
        """Return steps (n,) and values (n,) of the training that leads to the trial's present state.

        What was rolled back or lost is left out, and what a branch shares with its parent is in.
        """
        return self._segment(trial.number, len(trial.attempts), metric, instance)

    def step(self, trial: Trial, metric: str, instance: int = 0) -> int:
        """Return the last step at which a trial reported a metric; 0 before the first."""
        steps, _ = self.curve(trial, metric, instance)
        return int(steps[-1]) if len(steps) else 0

    @property
    def steps(self) -> int | None:
        """How many steps a full training has; None while no training has said so."""
        return max((int(note.data["steps"]) for note in self.noted("steps")), default=None)

    def _segment(self, number: int, attempt: int, metric: str, instance: int) -> tuple[Ints, Array]:
        own = self.curves.of(number, metric, attempt, instance)
        trial = self.trials[number]
        source = trial.attempts[attempt - 1].source if attempt else trial.parent
        if source is None or instance > source.instance:
            return own
        steps, values = self._before(source, metric, instance)
        if len(own[0]):
            # An attempt whose function did not restore its checkpoint began anew.
            shared = steps < own[0][0]
            steps, values = steps[shared], values[shared]
        return np.concatenate([steps, own[0]]), np.concatenate([values, own[1]])

    def _before(self, source: Source, metric: str, instance: int) -> tuple[Ints, Array]:
        steps, values = self._segment(source.trial, source.attempt, metric, instance)
        if instance < source.instance:
            return steps, values
        shared = steps <= source.step
        return steps[shared], values[shared]

    def noted(self, topic: str) -> list[Noted]:
        """Return the notes of a topic, oldest first."""
        facts = (entry.fact for entry in self.notes)
        return [fact for fact in facts if isinstance(fact, Noted) and fact.topic == topic]

    @property
    def target(self) -> int:
        """How many trials the study is to have in total; 0 while nobody has said."""
        return max((int(note.data["trials"]) for note in self.noted("target")), default=0)


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _mean(trials: Iterable[Trial]) -> float:
    return float(np.mean([trial.value for trial in trials if trial.value is not None]))
