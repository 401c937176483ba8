"""Check-in: is the setting that a study chose still the best one? A re-test, with its verdict.

The maths is in `osetra.numerics.retest`; here is which settings challenge the incumbent, and what is said.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from osetra.core.arguments import number, text, whole
from osetra.core.decisions import Suggestion
from osetra.core.due import CHECKED, next_date
from osetra.core.facts import Noted
from osetra.core.history import History
from osetra.core.numbers import duration
from osetra.core.numbers import number as figure
from osetra.core.params import Config
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.errors import SpaceError, StudyError
from osetra.study.display import Display
from osetra.study.planner import Planner, seed_of

if TYPE_CHECKING:
    from osetra.numerics.retest import Outcome
    from osetra.numerics.selection import Noise

log = logging.getLogger("osetra")

TOPIC = CHECKED
FACTOR = 3.0
"""By which the neighbours of a learning rate differ from it."""
ELSEWHERE = 0.25
"""Mean distance in the unit cube from which on a setting lies in another region."""
RATES = ("lr", "learning_rate")

Runs = list[list[float]]
Train = Callable[[Sequence[Config], Sequence[int]], Runs]
"""Trains settings until each has so many runs; values are minimised, and infinite of failed ones."""


@dataclass(frozen=True, slots=True)
class CheckIn:
    """What a re-test found."""

    outcome: Outcome
    """ "good", "world changed", "adopt", "re-tune" or "too good"."""
    sentence: str
    then: float
    """The incumbent's mean over fresh seeds when it was chosen."""
    mean: float
    low: float
    high: float
    """Its mean now, and the 95 % interval."""
    config: Config
    """The setting to use from now on."""
    gain: float
    """What it is better by than the incumbent; 0 where nothing changes."""
    runs: int
    due: str
    """When to look again, as a date."""
    configs: list[Config]
    """What was trained: the incumbent, then its challengers, a winner first."""
    values: Runs
    """What each of them reached now."""
    seconds: float | None = None
    """Of a training now, the median."""

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True)
class Incumbent:
    """The setting that is in use, and what it was worth when it was chosen."""

    name: str
    """ "trial 7", or "the setting of re-test 2"."""
    config: Config
    then: list[float]
    """Its fresh seeds, minimised."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a re-test would train, and what that costs."""

    incumbent: Incumbent
    challengers: list[Config]
    seconds: float | None
    """Of a training so far, the median; None while none was timed."""

    @property
    def least(self) -> int:
        """Trainings at least: where no challenger is ahead halfway."""
        from osetra.numerics.retest import least

        return least(len(self.challengers))

    @property
    def most(self) -> int:
        """Trainings at most."""
        from osetra.numerics.retest import most

        return most(len(self.challengers))

    def cost(self, workers: int = 1, times: float = 1.0) -> str:
        """Return the cost in words, where a training takes `times` as long as it did."""
        trainings = f"{self.least} to {self.most} trainings"
        if self.seconds is None:
            return trainings
        low, high = (duration(times * self.seconds * math.ceil(n / workers)) for n in (self.least, self.most))
        return f"{trainings}, about {low} to {high}" if low != high else f"{trainings}, about {high}"


def plan_of(problem: Problem, history: History) -> Plan:
    """Return what a re-test would train.

    Raises:
        StudyError: there are several objectives, or nothing was confirmed that could be compared with.
    """
    if problem.others:
        raise StudyError("re-test: the study has several objectives, and a re-test compares one only")
    incumbent = incumbent_of(problem, history)
    took = [trial.seconds for trial in history.finished if trial.seconds is not None]
    return Plan(incumbent, challengers(problem, history, incumbent.config), _median(took))


def _median(values: Sequence[float]) -> float | None:
    return float(np.median(values)) if values else None


def retested(
    study: Any,
    planner: Planner,
    train: Callable[[Any], object],
    *,
    delta: float,
    workers: int,
    label: str = "",
    about: Mapping[str, Any] | None = None,
    progress: bool | Display = False,
) -> CheckIn:
    """Re-test a study's incumbent, and note the verdict in its log; see `Study.retest`.

    The trainings are a study of their own beside it.
    """
    least = number("delta", delta, "the smallest gain that is cared for is above 0", above=0)
    crew, history, problem = whole("workers", workers, least=1), planner.history, planner.problem
    plan, count = plan_of(problem, history), len(history.noted(TOPIC)) + 1
    word = text("label", label, "a word for today's data is needed, such as 'june'")
    tag = f"-{word}" if word else ""

    name, seed = f"{study.name}-checkin-{count}{tag}", study.seed + 2 * count
    goal = {problem.objective.direction: problem.objective.metric, "pick": problem.objective.pick}
    plain = {"searcher": "manual", "scheduler": "full"}
    beside = type(study)(study.url, problem.space, name=name, seed=seed, **goal, **plain)

    # What failed in one that was broken off may train by now.
    failed = {t.number for t in beside.history.ended if t.state != "finished"}

    def trained(configs: Sequence[Config], counts: Sequence[int]) -> Runs:
        return _brought_to(beside, train, configs, counts, failed, crew, progress)

    log.warning("re-test: %s", plan.cost(crew))
    now = time.time()
    try:
        found = check_in(problem, history, plan, trained, least, now)
        took = [t.seconds for t in beside.history.finished if t.seconds is not None]
    finally:
        beside.close()
    found = replace(found, seconds=_median(took))
    planner.append([note_of(found, planner.history, now, about or {})])
    return found


def _brought_to(
    beside: Any,
    train: Callable[[Any], object],
    configs: Sequence[Config],
    counts: Sequence[int],
    failed: Container[int],
    workers: int,
    progress: bool | Display,
) -> Runs:
    """Train settings until each has so many runs, and return them; what there is already is not repeated.

    The k-th run of each has the same seed.
    """
    planner: Planner = beside._planner

    def run(config: Config, k: int) -> Suggestion:
        return Suggestion(config, f"run {k + 1} of the re-test", seed=seed_of(beside.seed, k))

    if not planner.history.trials:  # at once, so that a setting is known by its place
        planner.suggest([run(config, 0) for config in configs], "person", "re-test")
    for place, (config, count) in enumerate(zip(configs, counts, strict=True), start=1):
        if again := range(len(_runs_of(planner.history, place, failed)), count):
            planner.suggest([run(config, k) for k in again], "person", "re-test", place)
    beside.run(train, trials=len(configs), workers=workers, keep_going=True, progress=progress)
    history, sign = planner.history, planner.problem.objective.sign
    return [
        [sign * t.value if t.state == "finished" and t.value is not None else math.inf for t in runs[:count]]
        for runs, count in ((_runs_of(history, i, failed), n) for i, n in enumerate(counts, start=1))
    ]


def _runs_of(history: History, number: int, failed: Container[int]) -> list[Trial]:
    """Return the runs of a setting by the number of its first one, whatever became of them, in order."""
    mine = [t for t in history.trials.values() if number in (t.number, t.repeats)]
    return [trial for trial in mine if trial.number not in failed]


def incumbent_of(problem: Problem, history: History) -> Incumbent:
    """Return the setting in use: that of the last re-test that changed something, else the study's best.

    What is compared with is likewise what it was worth then: where the world has changed, and all was well
    since, nothing is said again of the old world.

    Raises:
        StudyError: nothing was confirmed, so that there is nothing to compare with.
    """
    sign = problem.objective.sign
    for place, note in reversed(list(enumerate(history.noted(TOPIC), start=1))):
        if note.data["outcome"] in ("adopt", "re-tune", "world changed") and note.data.get("values"):
            then = [sign * float(value) for value in _values_of(note.data)]
            with suppress(SpaceError):  # the space may have been changed since
                config = problem.space.complete(note.data["config"])
                return Incumbent(f"the setting of re-test {place}", config, then)
    best = history.best(problem.objective)
    again = [] if best is None else [t.value for t in history.repeats(best.number) if t.value is not None]
    if best is None or not again:
        raise StudyError(
            "re-test: no setting of this study was confirmed with fresh seeds, so that there is nothing to "
            "compare with; study.confirm(train) does it, or --confirm 3 of osetra tune; then re-test some "
            "months later"
        )
    return Incumbent(f"trial {best.number}", best.config, [sign * value for value in again])


def _values_of(found: Mapping[str, Any]) -> list[float]:
    """Return what the setting reached that a re-test chose."""
    values: list[float] = found["values"][found["configs"].index(found["config"])]
    return values


def challengers(problem: Problem, history: History, config: Config) -> list[Config]:
    """Return up to three rivals of a setting: a third and three times its learning rate, the best elsewhere.

    Where there is no learning rate, the first number is moved by a tenth of its range. A neighbour that the
    range all but cuts off is left out.
    """
    space = problem.space
    here = space.encode([config])[0]
    found: list[Config] = []
    numeric = [i for i, c in enumerate(space.columns) if not c.categorical and np.isfinite(here[i])]
    rates = [i for i in numeric if space.columns[i].key in RATES]
    if numeric:
        column = (rates or numeric)[0]
        for way in (-1, 1):
            moved = here.copy()
            step = _step(space.columns[column].param)
            moved[column] = np.clip(here[column] + way * step, 0, 1)
            if abs(moved[column] - here[column]) < step / 2:
                continue  # the range ends there, and what is all but the same tells nothing
            name = space.columns[column].key
            found += [{**config, name: other[name]} for other in space.decode(moved[None])]
    for trial in history.ranked(problem.objective):
        gap = np.abs(space.encode([trial.config])[0] - here)
        if np.mean(np.nan_to_num(gap, nan=0.5)) >= ELSEWHERE:
            found.append(trial.config)
            break
    return [c for place, c in enumerate(found) if c != config and c not in found[:place]]


def _step(param: Any) -> float:
    """Return by how much of its range a number is moved: `FACTOR` on a log scale, else a tenth."""
    if getattr(param, "scale", "linear") != "log":
        return 0.1
    return float(np.log(FACTOR) / np.log(param.high / param.low))


def check_in(
    problem: Problem, history: History, plan: Plan, train: Train, delta: float, now: float
) -> CheckIn:
    """Re-test the incumbent by trainings, and return the verdict.

    Args:
        problem: the study's.
        history: likewise; all its fresh seeds say how far seeds lie apart.
        plan: the incumbent and its challengers.
        train: what trains.
        delta: the smallest gain that is cared for, in deviations of the seed noise.
        now: seconds since 1970.

    Raises:
        StudyError: the incumbent does not train any more.
    """
    from osetra.numerics import retest as maths
    from osetra.numerics.selection import pooled

    sign, then = problem.objective.sign, plan.incumbent.then
    before = pooled(_repeated(history, sign))
    values = _values_of_all(plan, train, before)
    configs, chosen = [plan.incumbent.config, *plan.challengers], maths.finalist(values, before)
    failed = len(values[0]) - len(maths.finite(values[0]))
    runs, values[0] = sum(map(len, values)), maths.finite(values[0])
    sound = [each if np.isfinite(each).all() else [] for each in values]
    noise = maths.joined(before, pooled(sound))
    won = None if chosen is None else maths.gain(values[0], values[chosen], noise)
    edge = chosen is not None and chosen < 3 and configs[chosen] not in [t.config for t in history.finished]
    said = maths.outcome(maths.replicated(then, values[0], noise), won, noise, delta, edge=edge)
    takes = chosen if said in ("adopt", "re-tune") else None
    benefit = won.mean if takes is not None and won is not None else 0.0
    mean, half = float(np.mean(values[0])), maths.half_width(len(values[0]), noise)
    low, high = sorted((sign * (mean - half), sign * (mean + half)))
    worth = {"now": sign * mean, "then": sign * float(np.mean(then)), "gain": benefit}
    words = {name: figure(value) for name, value in worth.items()}
    sentence = _SENTENCES[said].format(name=plan.incumbent.name, metric=problem.objective.metric, **words)
    trained = f"{runs} trainings" + (f", {failed} of the setting in use failed" if failed else "")
    due, _ = next_date(history, said, now)
    order = [0, *([takes] if takes else []), *(i for i in range(1, len(configs)) if i != takes)]
    return CheckIn(
        outcome=said,
        sentence=f"{sentence} ({trained}; look again on {due})",
        then=worth["then"],
        mean=worth["now"],
        low=low,
        high=high,
        config=configs[takes or 0],
        gain=benefit,
        runs=runs,
        due=due,
        configs=[configs[i] for i in order],
        values=[[sign * value for value in sound[i]] for i in order],
    )


def _values_of_all(plan: Plan, train: Train, before: Noise) -> Runs:
    """Train what the race and the final ask for, and return the runs of every setting."""
    from osetra.numerics.retest import finite, wanted

    configs = [plan.incumbent.config, *plan.challengers]
    values: Runs = [[] for _ in configs]
    while (counts := wanted(values, before)) is not None:
        values = train(configs, counts)
        trained = list(map(finite, values))
        if not trained[0] and (len(values[0]) > 1 or not any(trained)):
            raise StudyError(
                f"re-test: {plan.incumbent.name} does not train any more; the check-in names the reason"
            )
    return values


def _repeated(history: History, sign: float) -> Runs:
    """Return the runs of each setting that was run more than once, in the study and in its re-tests."""
    fresh = [[sign * t.value for t in again if t.value is not None] for again in history.repeated.values()]
    later = [each for note in history.noted(TOPIC) for each in note.data.get("values", [])]
    return fresh + [[sign * float(value) for value in each] for each in later]


_SENTENCES: dict[str, str] = {
    "good": "{name} is still the best: {metric} {now}, {then} when it was chosen",
    "world changed": "{name} is worse than it was, {metric} {now} instead of {then}, but no other "
    "setting is better: look at data, code and machine, and train again; no need to tune again",
    "adopt": "another setting is better than {name} by {gain} ({metric} {now}): use it instead",
    "re-tune": "tune again: another setting is better than {name} by {gain} ({metric} {now}, "
    "{then} when it was chosen), and there may be more to gain",
    "too good": "{name} is better than it was, {metric} {now} instead of {then}: look for a "
    "leak of the answer into the data before you rejoice",
}


def note_of(found: CheckIn, history: History, now: float, about: Mapping[str, Any]) -> Noted:
    """Return the check-in as a fact, for the history of the incumbent."""
    data = {
        "time": now,
        "outcome": found.outcome,
        "then": found.then,
        "mean": found.mean,
        "low": found.low,
        "high": found.high,
        "gain": found.gain,
        "runs": found.runs,
        "due": found.due,
        "days": next_date(history, found.outcome, now)[1],
        "config": dict(found.config),
        "configs": [dict(config) for config in found.configs],
        "values": found.values,
        **({"about": dict(about)} if about else {}),
    }
    return Noted(TOPIC, str(len(history.noted(TOPIC)) + 1), found.sentence, data)
