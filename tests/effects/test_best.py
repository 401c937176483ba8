"""The best trial with what it is worth."""

import math

import numpy as np
import pytest

import osetra as ose
from osetra.core.facts import Entry
from osetra.core.problem import Objective, Problem
from osetra.effects.best import best_of
from osetra.testing.histories import Log

SPACE = ose.Space(x=ose.Float(0, 1))
LOSS = Problem(SPACE, Objective(metric="loss", direction="minimize"))
SCORE = Problem(SPACE, Objective(metric="score", direction="maximize"))


def _log(problem: Problem, sign: float = 1.0) -> Log:
    rng, log = np.random.default_rng(0), Log(problem)
    for x in np.linspace(0, 1, 20):
        log.run({"x": float(x)}, sign * (5.0 + float(rng.normal())))
    first = log.history.ranked(problem.objective)[:2]
    for trial in first:
        for _ in range(3):
            log.run(trial.config, sign * (5.0 + float(rng.normal())), repeats=trial.number)
    return log


def test_without_fresh_seeds_it_is_the_value_and_no_interval() -> None:
    log = Log(LOSS)
    log.run({"x": 0.5}, 0.25)
    best = best_of(log.history, LOSS.objective)
    assert best is not None
    assert (best.mean, best.seeds, best.luck) == (0.25, 1, 0.0)
    assert all(map(math.isnan, best.interval))
    assert best_of(Log(LOSS).history, LOSS.objective) is None


@pytest.mark.parametrize(("problem", "sign"), [(LOSS, 1.0), (SCORE, -1.0)])
def test_luck_is_taken_back_in_either_direction(problem: Problem, sign: float) -> None:
    best = best_of(_log(problem, sign).history, problem.objective)
    assert best is not None and best.value is not None
    assert best.seeds == 4
    assert best.luck > 0.3
    assert best.low < best.mean < best.high
    assert best.low < sign * 5.0 < best.high
    assert sign * best.mean == pytest.approx(sign * best.value + best.luck)


def test_it_is_the_trial_it_is() -> None:
    history = _log(LOSS).history
    best = best_of(history, LOSS.objective)
    assert best is not None
    assert best == history.trials[best.number]
    assert history.trials[best.number] == best
    assert best != history.trials[best.number % 20 + 1]


def _timed(seconds: float) -> Log:
    """Two settings whose fresh seeds are alike, the better one slower by so many seconds."""
    log = Log(LOSS)
    for x, values in ((0.1, (0.100, 0.200)), (0.9, (0.101, 0.201))):
        number = log.run({"x": x}, 0.1 + x / 1000)
        for value in values:
            log.run({"x": x}, value, repeats=number)
            if x == 0.1:
                last = log.entries[-1]
                log.entries[-1] = Entry(last.version, last.time + seconds, last.fact)
    return log


def test_of_two_that_tie_the_cheaper_one_is_taken() -> None:
    best = best_of(_timed(9.0).history, LOSS.objective)
    assert best is not None and best.config["x"] == 0.9
    same = best_of(_timed(0.0).history, LOSS.objective)
    assert same is not None and same.config["x"] == 0.1
