"""Check-in: is the setting that a study chose still the best one? A two-stage re-test, with its verdict.

The maths is in `osetra.numerics.retest`; here is which settings challenge the incumbent, and what is said.
"""

from __future__ import annotations

import datetime
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from osetra.core.arguments import number, whole
from osetra.core.facts import Noted
from osetra.core.history import History
from osetra.core.numbers import duration
from osetra.core.numbers import number as figure
from osetra.core.params import Config
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.errors import StudyError
from osetra.study.planner import Planner

if TYPE_CHECKING:
    from osetra.numerics.retest import Outcome

log = logging.getLogger("osetra")

TOPIC = "checkin"
DAYS, LONGER, YEAR = 90, 1.5, 365
"""Until the next one: at first, times what after all was well, at most."""
FACTOR = 3.0
"""By which the neighbours of a learning rate differ from it."""
ELSEWHERE = 0.25
"""Mean distance in the unit cube from which on a setting lies in another region."""
RATES = ("lr", "learning_rate")

Runs = list[list[float]]
Train = Callable[[Sequence[Config], int, int], Runs]
"""Trains settings with so many fresh seeds each in a stage; values are minimised, of failed ones left out."""


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

    def __str__(self) -> str:
        return self.sentence


def retested(
    study: Any, planner: Planner, train: Callable[[Any], object], delta: float, workers: int
) -> CheckIn:
    """Re-test a study's incumbent, and note the verdict in its log; see `Study.retest`.

    The trainings are studies of their own beside it, one for each stage.
    """
    least = number("delta", delta, "the smallest gain that is cared for is above 0", above=0)
    crew, history, problem = whole("workers", workers, least=1), planner.history, planner.problem
    released(problem, history)
    count = len(history.noted(TOPIC)) + 1

    def trained(configs: Sequence[Config], stage: int, seeds: int) -> Runs:
        goal = {problem.objective.direction: problem.objective.metric}
        name, seed = f"{study.name}-checkin-{count}-{stage}", study.seed + 2 * count + stage
        plain = {"searcher": "manual", "scheduler": "full", "pick": problem.objective.pick}
        beside = type(study)(study.url, problem.space, name=name, seed=seed, **goal, **plain)
        try:
            return _fresh_runs(beside, train, configs, seeds, crew)
        finally:
            beside.close()

    took = [trial.seconds for trial in history.finished if trial.seconds is not None]
    each = duration(float(np.median(took))) if took else "unknown"
    log.warning("re-test: 8 trainings, 22 at most; one took %s so far", each)
    now = time.time()
    found = check_in(problem, history, trained, least, now)
    planner.append([note_of(found, planner.history, now)])
    return found


def _fresh_runs(
    beside: Any, train: Callable[[Any], object], configs: Sequence[Config], seeds: int, workers: int
) -> Runs:
    """Train settings with so many seeds each in a study of their own; what it has already is not repeated."""
    for config in configs[len(beside.trials) :]:
        beside.enqueue(config)
    beside.run(train, trials=len(configs), workers=workers, keep_going=True, progress=False)
    if beside.history.finished:
        beside.confirm(train, top=len(configs), seeds=seeds - 1, workers=workers, progress=False)
    history, sign = beside.history, beside.problem.objective.sign
    first = [history.trials[place] for place in range(1, len(configs) + 1)]
    runs = [[t for t in (one, *history.repeats(one.number)) if t.state == "finished"] for one in first]
    return [[sign * t.value for t in each if t.value is not None] for each in runs]


def released(problem: Problem, history: History) -> tuple[Trial, list[float]]:
    """Return the incumbent and the values of its fresh seeds, minimised.

    Raises:
        StudyError: nothing was confirmed, so that there is nothing to compare with.
    """
    best = history.best(problem.objective)
    again = [] if best is None else [t.value for t in history.repeats(best.number) if t.value is not None]
    if best is None or len(again) < 2:
        raise StudyError(
            "re-test: no setting of this study was confirmed with fresh seeds, so that there is nothing to "
            "compare with; study.confirm(train) does it, then re-test some months later"
        )
    return best, [problem.objective.sign * value for value in again]


def challengers(problem: Problem, history: History, best: Trial) -> list[Config]:
    """Return up to three rivals: a third and three times the learning rate, and the best from elsewhere.

    Where there is no learning rate, the first number is moved by a tenth of its range.
    """
    space = problem.space
    here = space.encode([best.config])[0]
    found: list[Config] = []
    numeric = [i for i, c in enumerate(space.columns) if not c.categorical and np.isfinite(here[i])]
    rates = [i for i in numeric if space.columns[i].name in RATES]
    if numeric:
        column = (rates or numeric)[0]
        for way in (-1, 1):
            moved = here.copy()
            moved[column] = np.clip(here[column] + way * _step(space.columns[column].param), 0, 1)
            found += space.decode(moved[None])
    for trial in history.ranked(problem.objective):
        gap = np.abs(space.encode([trial.config])[0] - here)
        if np.mean(np.nan_to_num(gap, nan=0.5)) >= ELSEWHERE:
            found.append(trial.config)
            break
    return [c for place, c in enumerate(found) if c != best.config and c not in found[:place]]


def _step(param: Any) -> float:
    """Return by how much of its range a number is moved: `FACTOR` on a log scale, else a tenth."""
    if getattr(param, "scale", "linear") != "log":
        return 0.1
    return float(np.log(FACTOR) / np.log(param.high / param.low))


def check_in(problem: Problem, history: History, train: Train, delta: float, now: float) -> CheckIn:
    """Re-test the incumbent by trainings, and return the verdict.

    Args:
        problem: the study's.
        history: likewise; its fresh seeds say what the incumbent was worth.
        train: what trains.
        delta: the smallest gain that is cared for, in deviations of the seed noise.
        now: seconds since 1970.

    Raises:
        StudyError: nothing to compare with, or the incumbent does not train any more.
    """
    from osetra.numerics import retest as maths
    from osetra.numerics.selection import pooled

    best, then = released(problem, history)
    sign = problem.objective.sign
    configs = [best.config, *challengers(problem, history, best)]
    values = train(configs, 1, maths.FIRST)
    if len(values[0]) < maths.FIRST:
        raise StudyError(
            f"re-test: trial {best.number} does not train any more; the check-in names the reason"
        )
    sound = [i for i, each in enumerate(values) if len(each) == maths.FIRST]
    configs, stage = [configs[i] for i in sound], [values[i] for i in sound]
    fresh = [[sign * t.value for t in again if t.value is not None] for again in history.repeated.values()]
    before, runs, won = pooled(fresh), sum(map(len, values)), None
    noise = maths.noise_of(before, stage)
    state, chosen, old = maths.replicated(then, stage[0], noise), maths.screened(stage), stage[0]
    if chosen is not None:
        again = train([configs[0], configs[chosen]], 2, maths.SECOND)
        runs += sum(map(len, again))
        if all(len(each) > 1 for each in again):
            noise, old = maths.noise_of(before, stage, again), stage[0] + again[0]
            won = maths.gain(old, stage[chosen] + again[1], noise)
    edge = chosen is not None and chosen < 3 and configs[chosen] not in [t.config for t in history.finished]
    said = maths.outcome(state, won, noise, delta, edge=edge)
    takes = chosen if said in ("adopt", "re-tune") else None
    benefit = won.mean if takes is not None and won is not None else 0.0
    worth = (float(np.mean(then)), float(np.mean(old)), maths.half_width(len(old), noise))
    return _told(problem, history, said, best, worth, configs[takes or 0], benefit, runs, now)


def _told(
    problem: Problem,
    history: History,
    said: Outcome,
    best: Trial,
    worth: tuple[float, float, float],
    config: Config,
    benefit: float,
    runs: int,
    now: float,
) -> CheckIn:
    """Return a verdict in words; worth is the incumbent's then, now, and half its interval, minimised."""
    sign = problem.objective.sign
    before, mean, half = worth
    low, high = sorted((sign * (mean - half), sign * (mean + half)))
    figures = {"now": sign * mean, "then": sign * before, "gain": benefit}
    words = {name: figure(value) for name, value in figures.items()}
    sentence = _SENTENCES[said].format(trial=best.number, metric=problem.objective.metric, **words)
    due = _due(history, said, now)
    return CheckIn(
        outcome=said,
        sentence=f"{sentence} ({runs} trainings; look again on {due})",
        then=figures["then"],
        mean=figures["now"],
        low=low,
        high=high,
        config=config,
        gain=benefit,
        runs=runs,
        due=due,
    )


_SENTENCES: dict[str, str] = {
    "good": "trial {trial} is still the best: {metric} {now}, {then} when it was chosen",
    "world changed": "trial {trial} is worse than it was, {metric} {now} instead of {then}, but no other "
    "setting is better: look at data, code and machine, and train again; no need to tune again",
    "adopt": "another setting is better than trial {trial} by {gain} ({metric} {now}): use it instead",
    "re-tune": "tune again: another setting is better than trial {trial} by {gain} ({metric} {now}, "
    "{then} when it was chosen), and there may be more to gain",
    "too good": "trial {trial} is better than it was, {metric} {now} instead of {then}: look for a "
    "leak of the answer into the data before you rejoice",
}


def _due(history: History, said: str, now: float) -> str:
    """Return the date of the next check-in: later each time all was well."""
    earlier = history.noted(TOPIC)
    days = float(earlier[-1].data["days"]) if earlier else DAYS
    days = min(days * LONGER, YEAR) if said == "good" else DAYS
    return (datetime.datetime.fromtimestamp(now, datetime.UTC) + datetime.timedelta(days)).date().isoformat()


def note_of(found: CheckIn, history: History, now: float) -> Noted:
    """Return the check-in as a fact, for the history of the incumbent."""
    today = datetime.datetime.fromtimestamp(now, datetime.UTC).date()
    days = (datetime.date.fromisoformat(found.due) - today).days
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
        "days": days,
        "config": dict(found.config),
    }
    return Noted(TOPIC, str(len(history.noted(TOPIC)) + 1), found.sentence, data)
