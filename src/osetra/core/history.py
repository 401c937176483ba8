"""History: the fold of a study's log. Everything that decides or shows reads this and nothing else.

The law: `History().extend(a + b)` equals `History().extend(a).extend(b)`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np
from msgspec.structs import replace as evolved
from numpy.typing import NDArray

from osetra.core.arguments import expected, given, is_whole, plain
from osetra.core.comparison import at_equal_steps
from osetra.core.curves import Curves, Point
from osetra.core.edits import adopted
from osetra.core.facts import Edited, Entry, Noted, Opened, Source, Suggested
from osetra.core.outcomes import unfit
from osetra.core.problem import Objective
from osetra.core.ties import untied
from osetra.core.trial import ENDED, Trial, advance, begin, remembering
from osetra.core.trials import Trials
from osetra.errors import StoreError, StudyError

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
ALIKE = 0.75
"""Trials that got to this share of the longest way are compared, at a step that they all got to."""


@dataclass(frozen=True, slots=True)
class History:
    """What a log says after its first `version` facts, and the curves reported so far."""

    version: int = 0
    opened: Opened | None = None
    opened_at: float = 0.0
    trials: Trials = field(default_factory=Trials)
    """All trials by number, which starts at 1 and has no gaps."""
    notes: tuple[Entry, ...] = ()
    edits: tuple[Entry, ...] = ()
    """The edits of the space, oldest first."""
    curves: Curves = field(default_factory=Curves)

    def extend(
        self, entries: Sequence[Entry], points: Sequence[Point] = (), cursor: int | None = None
    ) -> History:
        """Return the history after more of the log; entries up to `version` are skipped."""
        curves = self.curves.extend(points, self.curves.cursor if cursor is None else cursor)
        entries = [entry for entry in entries if entry.version > self.version]
        if not entries:
            return self if curves is self.curves else replace(self, curves=curves)
        opened, notes, edits = (self.opened, self.opened_at), list(self.notes), self.edits
        changed: dict[int, Trial] = {}
        for entry in entries:
            match entry.fact:
                case Opened():
                    opened = (entry.fact, entry.time)
                case Noted():
                    notes.append(entry)
                    changed |= remembering(lambda n: changed.get(n) or self.trials.get(n), entry.fact)
                case Edited():
                    edits = (*edits, entry)
                    changed = {**self.trials, **changed}
                    changed = {n: adopted(trial, edits[-1:]) for n, trial in changed.items()}
                case Suggested(trial=number):
                    changed[number] = adopted(begin(entry.fact, entry.time), edits)
                case about:
                    number = about.trial
                    trial = changed.get(number) or self.trials.get(number)
                    if trial is None:
                        raise StoreError(
                            f"the log is damaged: version {entry.version} is about trial {number}, which "
                            "nobody suggested; look with osetra db check"
                        )
                    changed[number] = advance(trial, about, entry.time)
        trials = self.trials.updated(changed) if changed else self.trials
        return History(entries[-1].version, *opened, trials, tuple(notes), edits, curves)

    def find(self, trial: object) -> Trial:
        """Return the trial of a number, or as it is now when a trial is given.

        Raises:
            StudyError: the study has no such trial.
        """
        number = trial.number if isinstance(trial, Trial) else plain(trial)
        if not is_whole(number) or number not in self.trials:
            have = f"1 … {len(self.trials)}" if self.trials else "none yet"
            raise StudyError(f"trial {given(number)}: the study has no such trial; it has {have}")
        return self.trials[number]

    @property
    def seed(self) -> int:
        """The study's seed; 0 before it was opened."""
        return 0 if self.opened is None else self.opened.seed

    @property
    def sign(self) -> float:
        """+1 when the study minimises, -1 when it maximises: sign * value is always minimised."""
        return -1.0 if self.opened is not None and self.opened.direction == "maximize" else 1.0

    @property
    def next_trial(self) -> int:
        """The number that the next suggestion will have."""
        return len(self.trials) + 1

    @property
    def unfinished(self) -> frozenset[int]:
        """Numbers of the queued, running and paused trials."""
        return frozenset(trial.number for trial in self.trials.chosen(_unfinished))

    @property
    def queued(self) -> list[Trial]:
        """Trials that wait for a worker: begun ones first, then people's wishes, then the others."""
        return sorted(self.trials.chosen(_queued), key=lambda t: (not t.attempts, t.origin != "person"))

    @property
    def running(self) -> list[Trial]:
        """Trials that a worker has claimed, by number."""
        return self.trials.chosen(_running)

    @property
    def paused(self) -> list[Trial]:
        """Trials that wait at a checkpoint for an order to go on, by number."""
        return self.trials.chosen(_paused)

    @property
    def ended(self) -> list[Trial]:
        """Trials that will not run again, by number."""
        return self.trials.chosen(_ended)

    @property
    def finished(self) -> list[Trial]:
        """Trials with a finite value, by number; the data that searchers learn from."""
        return self.trials.chosen(_finished)

    @property
    def searched(self) -> list[Trial]:
        """Trials that count against the budget: all but repeats with fresh seeds."""
        return self.trials.chosen(_first)

    @property
    def begun(self) -> int:
        """How many trials count against the budget."""
        return sum(self.trials.derived(_count_first))

    def ranked(self, objective: Objective) -> list[Trial]:
        """Return finished first runs, best value first; behind them those that repeats broke.

        A trial of which some repeats failed or diverged comes behind all sound ones, then one of which
        every repeat did, then those steered by hand: nobody could repeat them. Last of all come those that
        break a limit. Where trainings have become longer or shorter, they are compared at equal steps.
        """
        _check_objective(objective)
        first = (trial for trial in self.finished if trial.repeats is None)
        lost, kept, equal = self.lost, self.repeated, at_equal_steps(self, objective)
        breaking = self.unfit

        def place(trial: Trial) -> tuple[int, tuple[bool, float]]:
            broken = 0 if trial.number not in lost else 1 if trial.number in kept else 2
            broken = 4 if trial.number in breaking else 3 if trial.by_hand else broken
            return broken, equal.place(trial) if equal else (False, objective.sign * (trial.value or 0.0))

        return sorted(first, key=place)

    @property
    def unfit(self) -> frozenset[int]:
        """Numbers of the first runs that break a limit of the study, and can never be the best."""
        return unfit(self)

    def repeats(self, number: int) -> list[Trial]:
        """Return the finished repeats of a trial with fresh seeds, the trial itself not included."""
        return self.repeated.get(number, [])

    @property
    def repeated(self) -> dict[int, list[Trial]]:
        """The finished repeats with fresh seeds of every trial that has any, by the trial's number."""
        return self._again(kept=True)

    @property
    def lost(self) -> dict[int, list[Trial]]:
        """The repeats that failed or diverged, by the number of the trial that they repeat."""
        return self._again(kept=False)

    def _again(self, *, kept: bool) -> dict[int, list[Trial]]:
        found: dict[int, list[Trial]] = {}
        for trial in self.trials.chosen(_repeats):
            if trial.repeats is not None and _is_finished(trial) is kept:
                found.setdefault(trial.repeats, []).append(trial)
        return found

    def best(self, objective: Objective) -> Trial | None:
        """Return the incumbent: best mean over fresh seeds when any were run, else best value.

        Of those that fresh seeds hold for equal it is the cheapest.
        A trial of which a repeat failed or diverged is no incumbent while there is another one, and one
        that breaks a limit never is. While no trial has finished, it is the best of those that were trained
        longest.
        """
        _check_objective(objective)
        repeated, lost, breaking = self.repeated, self.lost, self.unfit
        if sound := repeated.keys() - lost.keys() - breaking:
            confirmed = [t for t in self.ranked(objective) if t.number in sound]
            if confirmed:
                runs = [repeated[t.number] for t in confirmed]
                return untied(confirmed, [self._worths(each, objective) for each in runs], runs)
        if at_equal_steps(self, objective) is None:
            leaders = chain.from_iterable(self.trials.derived(_leader, objective, breaking.union(lost)))
            best = min(leaders, key=lambda t: objective.sign * (t.value or 0.0), default=None)
            if best is not None:
                return best
        ranked = [trial for trial in self.ranked(objective) if trial.number not in breaking]
        return ranked[0] if ranked else None if breaking else self._furthest(objective)

    def _worths(self, trials: Iterable[Trial], objective: Objective) -> list[float]:
        """Return what finished trials are worth, minimised."""
        equal = at_equal_steps(self, objective)
        return [objective.sign * (t.value or 0.0) if equal is None else equal.worth[t.number] for t in trials]

    def _furthest(self, objective: Objective) -> Trial | None:
        """Return the best of the trials that were trained longest, with its value so far.

        They are compared at a step that they all got to. They wait at a checkpoint, or were stopped.
        """
        waiting = ("paused", "stopped", "queued")
        begun = [t for t in self.trials.values() if t.state in waiting and t.attempts and t.repeats is None]
        reached = {t.number: self.step(t, objective.metric) for t in begun}
        longest = max(reached.values(), default=0)
        rivals = [t for t in begun if reached[t.number] >= ALIKE * longest and longest]
        step = min((reached[t.number] for t in rivals), default=0)
        worth = {t.number: self._so_far(t, objective, step) for t in rivals}
        sound = [t for t in rivals if math.isfinite(worth[t.number])]
        best = min(sound, key=lambda t: (worth[t.number], -reached[t.number]), default=None)
        if best is None:
            return self._told(objective)
        if best.state != "queued":
            return best
        return evolved(best, value=objective.sign * self._so_far(best, objective, longest))

    def _so_far(self, trial: Trial, objective: Objective, step: int) -> float:
        """Return what a trial's reports up to a step are worth, minimised; NaN without a finite one."""
        steps, values = self.curve(trial, objective.metric)
        values = objective.sign * values[steps <= step]
        if objective.pick == "last":
            return float(values[-1]) if len(values) else math.nan
        return float(np.min(values[np.isfinite(values)], initial=math.inf))

    def _told(self, objective: Objective) -> Trial | None:
        """Return the best of what waits or was stopped and has a value, but reported nothing."""
        valued = [t for t in self.trials.values() if t.state in ("paused", "stopped") and _finite(t.value)]
        return min(valued, key=lambda t: objective.sign * (t.value or 0.0), default=None)

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
        return max(self.lengths, default=None)

    @property
    def lengths(self) -> dict[int, float]:
        """How many steps trainings said that a full one has, and when the first one did."""
        facts = ((entry.fact, entry.time) for entry in self.notes)
        said = [(fact, at) for fact, at in facts if isinstance(fact, Noted) and fact.topic == "steps"]
        return {int(fact.data["steps"]): at for fact, at in reversed(said)}

    @property
    def accepts(self) -> frozenset[str] | None:
        """What trainings of this study names they can change while they run; None while none has spoken."""
        names = [note.data["names"] for note in self.noted("accepts")]
        return frozenset(chain.from_iterable(names)) if names else None

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
    def limits(self) -> Mapping[str, str]:
        """What trials must keep to now, by metric: what was said last, when opening the study or since."""
        edited = [entry.fact.limits for entry in self.edits if isinstance(entry.fact, Edited)]
        said = [self.opened.limits if self.opened else {}, *edited]
        return next((limits for limits in reversed(said) if isinstance(limits, dict)), {})

    @property
    def target(self) -> int:
        """How many trials the study is to have in total; 0 while nobody has said."""
        return max((int(note.data["trials"]) for note in self.noted("target")), default=0)


def _check_objective(objective: object) -> None:
    if not isinstance(objective, Objective):
        raise expected("objective", objective, "an Objective is needed, such as study.problem.objective")


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _is_finished(trial: Trial) -> bool:
    return trial.state == "finished" and _finite(trial.value)


# What is asked of every block of trials; see `osetra.core.trials`.
def _unfinished(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.state not in ENDED]


def _queued(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.state == "queued"]


def _running(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.state == "running"]


def _paused(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.state == "paused"]


def _ended(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.state in ENDED]


def _finished(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if _is_finished(trial)]


def _first(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.repeats is None]


def _count_first(trials: Sequence[Trial]) -> int:
    return len(_first(trials))


def _repeats(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.repeats is not None and trial.state in ENDED]


def _leader(trials: Sequence[Trial], objective: Objective, lost: frozenset[int]) -> list[Trial]:
    """Return the best sound first run of a block that nobody steered by hand, as a list of one or none."""
    sound = [
        trial
        for trial in trials
        if trial.repeats is None and _is_finished(trial) and trial.number not in lost and not trial.by_hand
    ]
    return [min(sound, key=lambda t: objective.sign * (t.value or 0.0))] if sound else []
