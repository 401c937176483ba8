"""Check-in: is the setting that a study chose still the best one? A re-test, with its verdict.

The maths is in `osetra.numerics.retest`; here is which settings challenge the incumbent, and what is said.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from osetra.core.arguments import number, text, whole
from osetra.core.due import CHECKED, RELEASED, next_date
from osetra.core.facts import Noted
from osetra.core.history import History
from osetra.core.numbers import duration
from osetra.core.numbers import number as figure
from osetra.core.params import Config
from osetra.core.problem import Problem
from osetra.errors import SpaceError, StudyError
from osetra.study.challengers import challengers
from osetra.study.display import Display
from osetra.study.planner import Planner
from osetra.study.rerun import Runs, broken_limits, brought_to, runs_of
from osetra.study.tracking import Trackers, listeners

if TYPE_CHECKING:
    from osetra.numerics.retest import Outcome
    from osetra.numerics.selection import Noise

log = logging.getLogger("osetra")

TOPIC = CHECKED

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
    """What the winner is better by than the incumbent; 0 where nothing is."""
    runs: int
    due: str
    """When to look again, as a date."""
    configs: list[Config]
    """What was trained: the incumbent, then its challengers, a winner first."""
    values: Runs
    """What each of them reached now."""
    winner: Config | None = None
    """The setting that beat the incumbent, if one did, whatever the verdict."""
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
    trackers: Trackers = (),
) -> CheckIn:
    """Re-test a study's incumbent, and note the verdict in its log; see `Study.retest`.

    The trainings are a study of their own beside it.
    """
    least = number("delta", delta, "the smallest gain that is cared for is above 0", above=0)
    told = listeners(trackers)  # once, so that one that breaks is told no more
    crew, history, problem = whole("workers", workers, least=1), planner.history, planner.problem
    plan, count = plan_of(problem, history), len(history.noted(TOPIC)) + 1
    word = text("label", label, "a word for today's data is needed, such as 'june'")
    tag = f"-{word}" if word else ""

    name, seed = f"{study.name}-checkin-{count}{tag}", study.seed + 2 * count
    goal = {problem.objective.direction: problem.objective.metric, "pick": problem.objective.pick}
    plain = {"searcher": "manual", "scheduler": "full"}
    limits = {bound.metric: bound.rule for bound in problem.bounds}
    beside = type(study)(study.url, problem.space, name=name, seed=seed, limits=limits, **goal, **plain)

    # What failed in one that was broken off may train by now.
    failed = {t.number for t in beside.history.ended if t.state != "finished"}

    def trained(configs: Sequence[Config], counts: Sequence[int]) -> Runs:
        return brought_to(beside, train, configs, counts, failed, crew, progress, told)

    def broken() -> list[str]:
        places = range(1, 2 + len(plan.challengers))
        return [broken_limits(beside, runs_of(beside.history, place, failed)) for place in places]

    log.warning("re-test: %s", plan.cost(crew))
    now = time.time()
    try:
        found = check_in(problem, history, plan, trained, broken, least, now)
        took = [t.seconds for t in beside.history.finished if t.seconds is not None]
    finally:
        beside.close()
    found = replace(found, seconds=_median(took))
    planner.append([note_of(found, planner.history, now, about or {})])
    return found


def incumbent_of(problem: Problem, history: History, *, accepting: bool = False) -> Incumbent:
    """Return the setting in use: that of the last re-test that changed something, else the study's best.

    One that was too good changes something once a setting was released after it, for then a person found
    the data sound; `accepting` is that person.

    What is compared with is likewise what it was worth then: where the world has changed, and all was well
    since, nothing is said again of the old world.

    Raises:
        StudyError: nothing was confirmed, so that there is nothing to compare with.
    """
    sign = problem.objective.sign
    released = max((float(note.data["time"]) for note in history.noted(RELEASED)), default=-math.inf)
    for place, note in reversed(list(enumerate(history.noted(TOPIC), start=1))):
        accepted = note.data["outcome"] == "too good" and (accepting or released > float(note.data["time"]))
        changed = note.data["outcome"] in ("adopt", "re-tune", "world changed") or accepted
        if changed and note.data.get("values"):
            chosen = (note.data.get("winner") if accepted else None) or note.data["config"]
            then = [sign * float(value) for value in note.data["values"][note.data["configs"].index(chosen)]]
            with suppress(SpaceError):  # the space may have been changed since
                config = problem.space.complete(chosen)
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


def check_in(
    problem: Problem,
    history: History,
    plan: Plan,
    train: Train,
    broken: Callable[[], Sequence[str]],
    delta: float,
    now: float,
) -> CheckIn:
    """Re-test the incumbent by trainings, and return the verdict.

    Args:
        problem: the study's.
        history: likewise; all its fresh seeds say how far seeds lie apart.
        plan: the incumbent and its challengers.
        train: what trains.
        broken: says, after training, which limits the incumbent and each challenger break; empty is none.
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
    won = None if chosen is None else maths.gain(values[0], values[chosen], noise, then)
    edge = chosen is not None and chosen < 3 and configs[chosen] not in [t.config for t in history.finished]
    breaks, *others = broken()
    again = maths.replicated(then, values[0], noise)
    said = "re-tune" if breaks else maths.outcome(again, won, noise, delta, edge=edge)
    wins = chosen if won is not None and won.p < maths.WIN else None
    benefit = won.mean if wins is not None and won is not None else 0.0
    mean, half = float(np.mean(values[0])), maths.half_width(len(values[0]), noise)
    low, high = sorted((sign * (mean - half), sign * (mean + half)))
    worth = {"now": sign * mean, "then": sign * float(np.mean(then)), "gain": benefit}
    words = {"name": plan.incumbent.name, "metric": problem.objective.metric, "breaks": breaks}
    sentence = _said(said, words, worth, won=wins is not None)
    due, _ = next_date(history, said, now)
    order = [0, *([wins] if wins else []), *(i for i in range(1, len(configs)) if i != wins)]
    return CheckIn(
        outcome=said,
        sentence=f"{sentence} ({_trained(runs, failed, others)}; look again on {due})",
        then=worth["then"],
        mean=worth["now"],
        low=low,
        high=high,
        config=configs[(said != "too good" and wins) or 0],
        gain=benefit,
        runs=runs,
        due=due,
        configs=[configs[i] for i in order],
        values=[[sign * value for value in sound[i]] for i in order],
        winner=None if wins is None else configs[wins],
    )


def _said(outcome: str, words: Mapping[str, str], worth: Mapping[str, float], *, won: bool) -> str:
    """Return the verdict in words: the limits that the incumbent breaks, then who is better still."""
    breaks = bool(words["breaks"])
    told = _BREAKS if breaks else _SENTENCES[outcome]
    more = _STILL_BETTER[outcome] if won and (breaks or outcome == "too good") else ""
    return (told + more).format(**words, **{name: figure(value) for name, value in worth.items()})


def _trained(runs: int, failed: int, broken: Sequence[str]) -> str:
    """Return how many trainings there were, of which some failed, and whose settings broke limits."""
    out = [each for each in broken if each]
    lost = f", {failed} of the setting in use failed" if failed else ""
    return f"{runs} trainings{lost}" + (f", {len(out)} of the others break {out[0]}" if out else "")


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
    "leak of the answer into the data before you rejoice; if there is none, study.accept() or --accept",
}
_BREAKS = "tune again: {name} breaks a limit now, {breaks}"
_STILL_BETTER: dict[str, str] = {
    "too good": "; another setting is better still by {gain}, and is taken into use then",
    "re-tune": "; another setting keeps the limits and is better by {gain}: use it until then",
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
        **({} if found.winner is None else {"winner": dict(found.winner)}),
        **({"about": dict(about)} if about else {}),
    }
    return Noted(TOPIC, str(len(history.noted(TOPIC)) + 1), found.sentence, data)
