import math

import numpy as np

from osetra.core.params import Float
from osetra.core.problem import Objective, Problem
from osetra.core.results import results
from osetra.core.space import Space
from osetra.testing.histories import Log

SPACE = Space(x=Float(0, 1))
PROBLEM = Problem(SPACE, Objective(metric="loss"))


def test_repeats_are_averaged_into_the_trial_they_repeat() -> None:
    log = Log(PROBLEM)
    first = log.run({"x": 0.2}, 1.0)
    log.run({"x": 0.2}, 2.0, repeats=first)
    log.run({"x": 0.2}, 6.0, repeats=first)
    assert results(PROBLEM, log.history).y.tolist() == [3.0]


def test_a_metric_to_maximize_is_turned_around() -> None:
    problem = Problem(SPACE, Objective(metric="accuracy", direction="maximize"))
    log = Log(problem)
    log.run({"x": 0.2}, 0.5)
    log.run({"x": 0.4}, 0.9)
    past = results(problem, log.history)
    assert past.y.tolist() == [-0.5, -0.9]
    assert past.order == (1, 0)


def test_failed_and_diverged_trials_have_no_value_and_no_rank() -> None:
    log = Log(PROBLEM)
    for value in (None, math.nan, math.inf, -math.inf, 0.3):
        log.run({"x": 0.5}, value)
    past = results(PROBLEM, log.history)
    assert past.valid.tolist() == [False, False, False, False, True]
    assert past.order == (4,)


def test_trials_that_have_not_ended_are_pending() -> None:
    log = Log(PROBLEM)
    log.queue({"x": 0.25})
    log.start({"x": 0.75})
    past = results(PROBLEM, log.history)
    assert past.pending.ravel().tolist() == [0.25, 0.75]
    assert len(past.trials) == 0


def test_an_empty_history_gives_empty_arrays() -> None:
    past = results(PROBLEM, Log(PROBLEM).history)
    assert past.x.shape == (0, 1)
    assert past.order == ()
    assert np.sum(past.valid) == 0
