"""Population based training: a few trainings side by side; the worst go on as changed copies of the best.

Every member trains for a while alone, and from then on waits at a checkpoint after every `interval`
steps. When it is to go on and is among the worst quarter of the population, it takes the weights of
one of the best quarter instead, and that one's values changed a little. So the values follow a
schedule that nobody wrote down, found in the time of a few trainings. The lineage of the best member
is that schedule, see `core.lineage.pieces`.

Only what a training can change while it runs is searched: what trainings of the study said they can
(`run.accepts`, `run.live`), and before the first one has, what is known by name (`catalogue.live`). Choices
have no neighbours to move to and are left out unless named. Everything else stays at its default, because
weights fit one structure only. Members are compared at the latest step that at least half of
them have got to, so nobody waits for anybody, with one worker or with sixty-four.

Selection is short-sighted: a low learning rate looks better early than it will be in the end. So
members train alone for the first half, and no value is drawn anew, as Ray Tune does in a quarter of
all copies; its quantiles and factors are kept. `benchmarks/pbt.py` says what that gains.

Source: Jaderberg et al. 2017, "Population based training of neural networks", arXiv:1711.09846.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field, replace

import numpy as np

from osetra.core.construction import settings_checked
from osetra.core.decisions import Suggestion, Verdict
from osetra.core.facts import Checkpointed, Noted, Source
from osetra.core.history import History, Ints
from osetra.core.lineage import as_argument, checkpoints, here, values_at
from osetra.core.numbers import setting
from osetra.core.params import Config, Fixed
from osetra.core.ports import Budget, Searcher
from osetra.core.problem import Problem
from osetra.core.scales import Array
from osetra.core.space import Space
from osetra.core.state import State
from osetra.core.trial import Trial
from osetra.errors import StudyError
from osetra.numerics import population
from osetra.policies.exploration import explore, live_names, one_structure, tuned

INTERVALS = 20
"""Intervals in a full training, when none is given."""


DEAD = (State.DIVERGED, State.FAILED)


@settings_checked
@dataclass(frozen=True, slots=True)
class Pbt:
    """A population of trainings that copy each other."""

    searcher: Searcher
    """Where the first members come from."""
    _: KW_ONLY
    size: int = 8
    """Members of a population. A study of more trials trains one population after the other."""
    interval: int | None = None
    """Steps between comparisons; None takes a twentieth of a full training."""
    alone: float = 0.5
    """Share of the training before members are compared for the first time."""
    share: float = 0.25
    """The worst share of the population copies from as many of the best."""
    renewal: float = 0.0
    """Chance that a copied value is drawn anew instead of being moved."""
    factors: tuple[float, ...] = (0.8, 1.2)
    live: tuple[str, ...] | None = None
    """The hyperparameters that are searched and that copies change; None: those that trainings can change."""

    name = "pbt"
    judges = True

    def __post_init__(self) -> None:
        if self.size < 2:
            raise StudyError(f"Pbt(size={self.size}): a population has 2 members or more, such as 8")
        if self.interval is not None and self.interval < 1:
            raise StudyError(f"Pbt(interval={self.interval}): 1 step or more is needed")
        if not 0 <= self.alone < 1:
            raise StudyError(f"Pbt(alone={self.alone}): a share of 0 up to below 1 is needed")
        if not 0 < self.share <= 0.5:
            raise StudyError(f"Pbt(share={self.share}): a share above 0 and up to 0.5 is needed")
        if not self.factors or min(self.factors) <= 0:
            raise StudyError(f"Pbt(factors={self.factors}): factors above 0 are needed, such as (0.8, 1.2)")

    def plan(
        self, problem: Problem, history: History, count: int, rng: np.random.Generator, budget: Budget
    ) -> Sequence[Suggestion | Verdict]:
        """Return new members first, then those that waited longest behind, then the next population.

        Raises:
            StudyError: nothing that is searched can change while a network trains.
        """
        state = _State(self, problem, history, budget)
        populations = self.populations(history)
        ended: list[Verdict] = []
        found: list[Suggestion | Verdict] = []
        if budget.open:
            found += state.replacements(populations[-1])
            missing = self._size(history) - sum(t.parent is None for t in populations[-1])
            found += state.beginners(self.searcher, min(missing, count - len(found)), rng)
        for members in populations:
            for verdict in state.going_on(members, count - len(found)):
                (ended if verdict.verb == "stop" else found).append(verdict)
        if budget.open and not any(isinstance(one, Suggestion) for one in found):
            found += state.beginners(self.searcher, min(self._size(history), count - len(found)), rng)
        return [*ended, *found[: max(count, 0)]]

    def judge(self, problem: Problem, history: History, trial: Trial, budget: Budget) -> Verdict | None:
        """Return a copy order for a member whose objective is not finite any more."""
        _, values = history.curve(trial, problem.objective.metric)
        if not len(values) or math.isfinite(values[-1]):
            return None
        members = next((m for m in self.populations(history) if trial.number in {t.number for t in m}), [])
        return _State(self, problem, history, budget).copying(trial, members)

    def populations(self, history: History) -> list[list[Trial]]:
        """Return the members of each population, oldest first; a replacement belongs to its parent's."""
        size, home, found, begun = self._size(history), dict[int, int](), [list[Trial]()], 0
        for trial in history.searched:
            if trial.origin != "searcher":
                continue
            if trial.parent is None and begun == size:
                found.append([])
                begun = 0
            begun += trial.parent is None
            home[trial.number] = len(found) - 1
            if trial.parent is not None:
                home[trial.number] = home.get(trial.parent.trial, len(found) - 1)
            found[home[trial.number]].append(trial)
        return found

    def _size(self, history: History) -> int:
        """Return the size of a population: all are as large as each other when the total is known."""
        return math.ceil(history.target / max(1, history.target // self.size)) or self.size


@dataclass(slots=True)
class _State:
    """What a decision depends on."""

    pbt: Pbt
    problem: Problem
    history: History
    budget: Budget
    curves: dict[int, tuple[Ints, Array]] = field(default_factory=dict)
    """Those that were looked at, by trial."""

    def beginners(self, searcher: Searcher, count: int, rng: np.random.Generator) -> list[Suggestion]:
        """Return new members: the searcher's, with everything that is not live at its default."""
        if count <= 0:
            return []
        # A training that can change nothing is still searched by name.
        names = self._live or live_names(self.problem.space, None)
        settled = replace(self.problem, space=one_structure(self.problem.space, names))
        found = searcher.suggest(settled, self.history, count, rng)
        found = _with_note(_with_held(found, self.problem.space, settled.space, self.history), self.history)
        return [replace(suggestion, until=self._until(0)) for suggestion in found]

    def going_on(self, members: Sequence[Trial], count: int) -> list[Verdict]:
        """Return what becomes of up to `count` paused members, those with the fewest steps first."""
        waiting = [t for t in members if t.state == "paused" and not t.held]
        waiting.sort(key=self._step)
        found: list[Verdict] = []
        for trial in waiting:
            if sum(verdict.verb != "stop" for verdict in found) >= count:
                break
            step = self._step(trial)
            verdict = self.copying(trial, members)
            if verdict is not None:
                found.append(verdict)
            elif self._sound(trial):
                why = f"goes on from step {step} as it is"
                found.append(Verdict(trial=trial.number, verb="resume", why=why, until=self._until(step)))
            elif not any(t.state in ("queued", "running") for t in members):
                why = f"stopped at step {step}: no value, and no member to copy"
                found.append(Verdict(trial=trial.number, verb="stop", why=why))
        return found

    def copying(self, trial: Trial, members: Sequence[Trial]) -> Verdict | None:
        """Return the order to go on as a copy, when a member is among the worst or has no value."""
        ranked = self._ranked(trial, members)
        if ranked is None or trial.number not in ranked.worst:
            return None
        rng = self._rng(trial)
        chosen = self._donor(trial, ranked, rng)
        if chosen is None:
            return None
        donor, point = chosen
        old, new = self._explored(donor, point, rng)
        own, its = ranked.values[trial.number], ranked.values[donor.number]
        sign, metric = self.problem.objective.sign, self.problem.objective.metric
        why = (
            f"copies trial {donor.number} at step {point.step}: {metric} {sign * its:.4g} there, its own "
            f"{sign * own:.4g} is among the worst {len(ranked.worst)} of {len(ranked.values)} "
            f"at step {ranked.step}{_changes(old, new)}"
        )
        own_names = {as_argument(name): value for name, value in new.items()}
        args = {"trial": donor.number, "step": point.step, **own_names}
        return Verdict(trial=trial.number, verb="rollback", why=why, until=self._until(point.step), args=args)

    def replacements(self, members: Sequence[Trial]) -> list[Suggestion]:
        """Return copies in place of the members that diverged or failed."""
        dead = [t for t in members if t.state in DEAD]
        done = sum(t.parent is not None for t in members)
        found = []
        for trial in dead[done:]:
            ranked = self._ranked(trial, [t for t in members if t not in dead])
            rng = self._rng(trial)
            chosen = None if ranked is None else self._donor(trial, ranked, rng)
            if chosen is not None:
                donor, point = chosen
                old, new = self._explored(donor, point, rng)
                why = f"replaces trial {trial.number}, which {trial.state}, as a copy of trial {donor.number}"
                place = Source(point.trial, point.attempt, point.instance, point.step)
                config = {**donor.config, **new}
                why += f" at step {point.step}{_changes(old, new)}"
                found.append(Suggestion(config, why, (), self._until(point.step), place))
        return found

    def _ranked(self, trial: Trial, members: Sequence[Trial]) -> _Ranked | None:
        """Return the comparison that a member is up to; None while too few have got far enough."""
        objective = self.problem.objective
        alike = [t for t in members if t.state not in DEAD and self._alike(t, trial)]
        curves = {t.number: self._curve(t) for t in alike}
        last = {number: int(steps[-1]) for number, (steps, _) in curves.items() if len(steps)}
        if not last:
            return None
        if trial.state in DEAD or not self._sound(trial):
            # It has nothing to lose: whoever has a value and a checkpoint will do.
            values = {n: objective.sign * float(curves[n][1][-1]) for n in last}
            _, best = population.extremes(_array(values), self.pbt.share)
            donors = [list(values)[row] for row in best] or list(values)
            return _Ranked(self._step(trial), {**values, trial.number: math.nan}, {trial.number}, donors)
        own = self._step(trial)
        enough = max(2, math.ceil(len(alike) / 2))
        if own < max(self._first, 1) or len(last) < enough:
            return None
        step = min(own, sorted(last.values(), reverse=True)[enough - 1])
        values = {n: objective.sign * _at(*curves[n], step) for n in last if last[n] >= step}
        numbers = list(values)
        worst, best = population.extremes(_array(values), self.pbt.share)
        return _Ranked(step, values, {numbers[row] for row in worst}, [numbers[row] for row in best])

    def _donor(
        self, trial: Trial, ranked: _Ranked, rng: np.random.Generator
    ) -> tuple[Trial, Checkpointed] | None:
        """Return one of the best, and the checkpoint of its way that is nearest to the member's step."""
        step = self._step(trial)
        trials, own, able = self.history.trials, ranked.values.get(trial.number, math.inf), []
        for number in ranked.best:
            rolling = any(o.pending and o.verb == "rollback" for o in trials[number].orders)
            way = checkpoints(trials, here(trials[number]))
            better = math.isfinite(ranked.values[number]) and not ranked.values[number] >= own
            if way and better and number != trial.number and not rolling:
                near = way[0] if trial.state in DEAD else next((p for p in way if p.step <= step), way[-1])
                able.append((trials[number], near))
        return able[int(rng.integers(len(able)))] if able else None

    def _explored(self, donor: Trial, point: Checkpointed, rng: np.random.Generator) -> tuple[Config, Config]:
        """Return the values that a copied member had, and those that its copy goes on with."""
        place = Source(point.trial, point.attempt, point.instance, point.step)
        known = {**donor.config, **values_at(self.history.trials, place)}
        old = {name: known[name] for name, _ in tuned(self.problem.space, self._live) if name in known}
        new = {}
        for name, value in old.items():
            param = self.problem.space.branch(name, known) or Fixed(value)
            factor = float(rng.choice(self.pbt.factors))
            anew = float(rng.random()), float(rng.random())
            new[name] = explore(param, value, factor, anew[1] if anew[0] < self.pbt.renewal else None)
            if new[name] == value:
                new[name] = explore(param, value, factor, anew[1])
        return old, new

    def _until(self, step: int) -> int | None:
        """Return where a member at a step pauses next; None: it trains to its end."""
        full = self.budget.steps
        following = max((step // self._interval + 1) * self._interval, self._first)
        return None if full is not None and following >= full else following

    @property
    def _live(self) -> tuple[str, ...]:
        """What a copy changes."""
        live = self.pbt.live
        return live_names(self.problem.space, self.history.accepts) if live is None else live

    @property
    def _interval(self) -> int:
        full = self.budget.steps
        return self.pbt.interval or (1 if full is None else max(1, full // INTERVALS))

    @property
    def _first(self) -> int:
        """The step of the first comparison; 0 while the length of a training is unknown."""
        alone = self.pbt.alone * (self.budget.steps or 0)
        return math.ceil(alone / self._interval) * self._interval

    def _curve(self, trial: Trial) -> tuple[Ints, Array]:
        if trial.number not in self.curves:
            self.curves[trial.number] = self.history.curve(trial, self.problem.objective.metric)
        return self.curves[trial.number]

    def _step(self, trial: Trial) -> int:
        steps, _ = self._curve(trial)
        return int(steps[-1]) if len(steps) else 0

    def _sound(self, trial: Trial) -> bool:
        _, values = self._curve(trial)
        return not len(values) or math.isfinite(values[-1])

    def _alike(self, one: Trial, other: Trial) -> bool:
        """Whether the weights of one fit the other."""
        varied = set(self._live)
        if self.pbt.live is None:
            varied |= set(live_names(self.problem.space, None))
        return {n: v for n, v in one.config.items() if n not in varied} == {
            n: v for n, v in other.config.items() if n not in varied
        }

    def _rng(self, trial: Trial) -> np.random.Generator:
        # By member and decision, so that neither order nor number of questions changes an answer.
        return np.random.default_rng((self.history.seed, trial.number, len(trial.orders)))


@dataclass(frozen=True, slots=True)
class _Ranked:
    """Members compared at one step."""

    step: int
    values: dict[int, float]
    """Minimised, by trial."""
    worst: set[int]
    best: list[int]


def _with_held(
    found: Sequence[Suggestion], space: Space, searched: Space, history: History
) -> Sequence[Suggestion]:
    """Attach, once, which hyperparameters stay at their defaults, for nobody would guess it."""
    held = [name for name in space.searched if name not in searched.searched]
    if not found or not held or "held" in {note.name for note in history.noted("pbt")}:
        return found
    text = (
        f"pbt searches {', '.join(sorted(searched.searched))}; {', '.join(held)} stay at their defaults, "
        "for copied weights fit one structure only. Values that the training reads with run.live can be "
        "named: Pbt(live=(...))"
    )
    first = found[0]
    note = Noted("pbt", "held", text, {"warn": True})
    return [replace(first, notes=(*first.notes, note)), *found[1:]]


def _with_note(found: Sequence[Suggestion], history: History) -> list[Suggestion]:
    """Attach, once each, what keeps members from learning from each other."""
    blind = [t for t in history.searched if t.state == "finished" and t.until and not t.checkpoints]
    troubles = {
        "no checkpoints": bool(blind)
        and "this training keeps no checkpoints, so members cannot copy each other and all run to their end; "
        "call run.restore() at its beginning and run.checkpoint(...) at the end of each step",
        "no live values": bool(history.accepts == frozenset() and (history.ended or history.paused))
        and "this training changes no hyperparameter while it runs, so copies take weights and no values; "
        "read run.live(...) in each step",
    }
    known = {note.name for note in history.noted("pbt")}
    notes = [
        Noted("pbt", name, f"pbt: {text}", {"warn": True})
        for name, text in troubles.items()
        if text and name not in known
    ]
    return [replace(found[0], notes=(*found[0].notes, *notes)), *found[1:]] if found else []


def _array(values: dict[int, float]) -> Array:
    return np.array(list(values.values()), dtype=np.float64)


def _at(steps: Ints, values: Array, step: int) -> float:
    """Return the last value reported up to a step; NaN before the first."""
    row = int(np.searchsorted(steps, step, side="right")) - 1
    return float(values[row]) if row >= 0 else math.nan


def _changes(old: Config, new: Config) -> str:
    """Return what a copy changes as the end of a sentence; empty where it changes nothing."""
    changes = ", ".join(f"{name} {setting(old[name])} → {setting(new[name])}" for name in new)
    return f"; {changes}" if changes else ""
