"""What every scheduler must get right. For outsiders too: call `check_scheduler` in a test of yours.

@pytest.mark.parametrize("case", CASES, ids=str)
def test_my_scheduler(case):
    check_scheduler(MyScheduler(), case)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from osetra.core.decisions import Verdict
from osetra.core.history import History
from osetra.core.params import Float
from osetra.core.ports import Scheduler
from osetra.core.problem import Direction, Objective, Pick, Problem
from osetra.core.space import Space
from osetra.core.trial import ENDED, Trial
from osetra.testing.simulated_search import Decision, SimulatedSearch, ask_scheduler

STEPS = 27
"""Steps of a full training in every case."""


def _falling(i: int) -> list[float]:
    goal = (7 * i) % 13 / 13
    return [goal + 1.0 / step for step in range(1, STEPS + 1)]


def _crossing(i: int) -> list[float]:
    pace = 0.05 + (5 * i) % 11 / 11
    return [1 / (1 + pace * step) + 0.5 * pace * (step < 5) for step in range(1, STEPS + 1)]


def _noisy(i: int) -> list[float]:
    noise = np.random.default_rng(i).normal(size=STEPS)
    return [float(y + 0.2 * e) for y, e in zip(_falling(i), noise, strict=True)]


def _rising(i: int) -> list[float]:
    return [y + 0.05 * step for step, y in enumerate(_falling(i), 1)]


CURVES: Mapping[str, Callable[[int], list[float]]] = {
    "falling": _falling,
    "crossing": _crossing,
    "noisy": _noisy,
    "overfitting": _rising,
    "equal": lambda i: [1.0 / step for step in range(1, STEPS + 1)],
    "unequal lengths": lambda i: _falling(i)[: STEPS if i % 3 else 1 + (5 * i) % STEPS],
    "one step": lambda i: _falling(i)[:1],
    "nan": lambda i: [math.nan if i % 2 and step > i else y for step, y in enumerate(_falling(i))],
    "some nan": lambda i: [math.nan if (step + i) % 5 == 0 else y for step, y in enumerate(_falling(i))],
    "all nan": lambda i: [math.nan] * STEPS,
    "infinite": lambda i: [[math.inf, -math.inf, y][i % 3] for y in _falling(i)],
    "huge": lambda i: [10 ** (200 * y - 100) for y in _falling(i)],
}
"""What trainings report, minimised."""


@dataclass(frozen=True, slots=True)
class SchedulerCase:
    """One kind of curves, and how the search is done."""

    curves: str
    direction: Direction = "minimize"
    pick: Pick = "best"
    workers: int = 1
    keeps: bool = True
    """Whether trainings keep checkpoints."""
    stride: int = 1
    """Steps between reports."""
    folds: int = 1
    held: int = 0
    """A trial that a person pauses after its first report; 0 for none."""
    trials: int = 14

    def __str__(self) -> str:
        said = [self.curves, self.direction, self.pick, f"{self.workers} workers"]
        said += ["no checkpoints"] if not self.keeps else []
        said += [f"stride {self.stride}"] if self.stride > 1 else []
        said += [f"{self.folds} folds"] if self.folds > 1 else []
        said += [f"{self.held} held"] if self.held else []
        return ", ".join(said)


CASES: tuple[SchedulerCase, ...] = (
    *(SchedulerCase(curves, workers=workers) for curves in CURVES for workers in (1, 4)),
    *(SchedulerCase(curves, keeps=False) for curves in CURVES),
    *(SchedulerCase(curves, direction="maximize", pick="last") for curves in CURVES),
    *(SchedulerCase("noisy", workers=workers) for workers in (16, 64)),
    SchedulerCase("falling", stride=5),
    SchedulerCase("noisy", stride=3, keeps=False),
    SchedulerCase("falling", held=2),
    SchedulerCase("crossing", held=3, workers=4),
    SchedulerCase("falling", folds=3, trials=8),
    SchedulerCase("noisy", folds=4, keeps=False, trials=8),
    SchedulerCase("falling", trials=1),
    SchedulerCase("falling", trials=2, workers=4),
)


def check_scheduler(scheduler: Scheduler, case: SchedulerCase) -> None:
    """Run a scheduler through a case.

    Raises:
        AssertionError: with a sentence that says what went wrong.
    """
    check_search(simulated(scheduler, case), simulated(scheduler, case, mirrored=True))


def check_search(search: SimulatedSearch, mirrored: SimulatedSearch) -> None:
    """Run a search and the one with the negated metric and the other direction, and check both.

    Raises:
        AssertionError: with a sentence that says what went wrong.
    """
    history = search.run()
    for decision, then in search.replayed():
        _check_decision(search, decision, then)
    _check_end(history, search)
    mirrored.run()
    assert [_bare(d.verdicts) for d in search.decisions] == [_bare(d.verdicts) for d in mirrored.decisions], (
        "the negated metric with the other direction led to other verdicts"
    )


def simulated(scheduler: Scheduler, case: SchedulerCase, *, mirrored: bool = False) -> SimulatedSearch:
    """Return the search of a case; mirrored, the metric is negated and the direction is the other."""
    maximised = (case.direction == "maximize") != mirrored
    direction: Direction = "maximize" if maximised else "minimize"
    problem = Problem(Space(x=Float(0, 1)), Objective(metric="val_loss", direction=direction, pick=case.pick))
    sign = -1.0 if maximised else 1.0
    return SimulatedSearch(
        problem,
        scheduler,
        lambda number: [sign * y for y in CURVES[case.curves](number)],
        STEPS * case.stride,
        trials=case.trials,
        workers=case.workers,
        keeps=case.keeps,
        stride=case.stride,
        folds=case.folds,
        others=("accuracy",),
        held=case.held,
    )


def _check_decision(search: SimulatedSearch, decision: Decision, history: History) -> None:
    """Check that a verdict is pure, allowed and fair; the history was folded anew from the log."""
    before = _fingerprint(history)
    again = ask_scheduler(search.scheduler, search.problem, history, decision.trial, decision.budget)
    assert _fingerprint(history) == before, "the scheduler changed the history"
    assert again == decision.verdicts, "the same log led to other verdicts"
    numbers = [verdict.trial for verdict in again]
    assert len(set(numbers)) == len(numbers), "two verdicts about one trial"
    for verdict in again:
        assert verdict.trial in history.trials, f"{verdict}: there is no such trial"
        trial = history.trials[verdict.trial]
        wanted = "paused" if decision.trial is None else "running"
        assert trial.state == wanted, f"{verdict}: the trial is {trial.state}"
        assert not trial.held, f"{verdict}: a person holds the trial"
        assert verdict.why, f"{verdict} comes without a why"
        _check_verdict(search, history, trial, verdict)


def _check_verdict(search: SimulatedSearch, history: History, trial: Trial, verdict: Verdict) -> None:
    step = history.step(trial, search.problem.objective.metric)
    if verdict.verb in ("resume", "extend"):
        assert verdict.until is None or verdict.until > step, f"{verdict}: it is at step {step} already"
        return
    assert verdict.verb == "stop", f"{verdict}: no order for a scheduler of this kind"
    if verdict.args.get("keep"):
        return
    assert "cut" in verdict.why and "rank" in verdict.why, f"{verdict.why!r}: no evidence"
    if search.folds > 1:
        return
    mine = _so_far(search.problem, history, trial, step)
    others = [_so_far(search.problem, history, t, step) for t in history.trials.values() if t is not trial]
    assert not math.isfinite(mine) or any(other <= mine for other in others), (
        f"{verdict.why!r}: it was the best of all that got to step {step}"
    )


def _check_end(history: History, search: SimulatedSearch) -> None:
    for trial in history.trials.values():
        if trial.number == search.held:
            assert trial.held, "the trial that a person paused was moved"
        else:
            assert trial.state in ENDED, f"trial {trial.number} is {trial.state} at the end"
    assert len(history.trials) == search.trials, "not every configuration was tried"
    sound = [_trains(search.curve(n)) for n in history.trials if n != search.held]
    # Without checkpoints, and where a training passes rungs between two reports, it cannot wait: who was
    # stopped there cannot be taken back when the better one diverges in the end.
    waits = search.keeps and search.stride == 1
    possible = any(sound) if waits else sound and all(sound)
    assert history.finished or not possible, "no training got to its end"


def _trains(curve: object) -> bool:
    return bool(np.isfinite(np.array(curve)).all())


def _so_far(problem: Problem, history: History, trial: Trial, step: int) -> float:
    """Return a trial's value after a step, minimised; infinite when it did not get there."""
    steps, values = history.curve(trial, problem.objective.metric)
    if not len(steps) or (steps[-1] < step and trial.state != "finished"):
        return math.inf
    values = problem.objective.sign * values[steps <= step]
    if not len(values) or not math.isfinite(values[-1]):
        return math.inf
    best = problem.objective.pick == "best"
    return float(values[np.isfinite(values)].min() if best else values[-1])


def _bare(verdicts: tuple[Verdict, ...]) -> list[tuple[object, ...]]:
    return [(v.trial, v.verb, v.until) for v in verdicts]


def _fingerprint(history: History) -> tuple[object, ...]:
    # Trials are frozen: what could change is which of them the history holds.
    trials = tuple((n, id(trial), trial.state) for n, trial in history.trials.items())
    return history.version, trials, history.unfinished, history.notes, len(history.curves)
