"""Schedulers of several objectives, and under limits: by places, told by hand."""

import numpy as np
import pytest

import osetra as ose
from osetra.core.bounds import bounds_of
from osetra.core.problem import Objective, Problem
from osetra.errors import StudyError
from osetra.numerics.pareto import places
from osetra.schedulers.standing import PLACE, standing_table
from osetra.schedulers.table import table_of
from osetra.testing.histories import Log

SPACE = ose.Space(x=ose.Float(0, 1))
LOSS, SIZE = Objective(metric="loss"), Objective(metric="size", direction="maximize")
BOTH = Problem(SPACE, LOSS, (SIZE,))


def written(problem, curves, *, end=False):
    """Return the history of trials that reported loss and size, and wait, or have finished."""
    log = Log(problem)
    for loss, size in curves:
        number = log.start({"x": 0.5})
        log.report(number, "loss", loss)
        log.report(number, "size", size)
        log.end(number, "finished" if end else "paused", min(loss))
    return log.history


def test_trials_are_compared_by_their_places_at_a_step():
    curves = [([3, 1], [1, 2]), ([2, 2], [5, 5]), ([1, 3], [3, 9]), ([4, 4], [0, 0])]
    table = standing_table(BOTH, written(BOTH, curves))
    at_one = np.array([[3, -1], [2, -5], [1, -3], [4, 0]], dtype=float)
    assert table.at(1).tolist() == places(at_one).tolist()
    # At step 2 each counts where its loss was best: the third after step 1, the second where it began.
    at_two = np.array([[1, -2], [2, -5], [1, -3], [4, 0]], dtype=float)
    assert table.at(2).tolist() == places(at_two).tolist()
    assert table.at(2)[3] == 3


def test_what_breaks_a_limit_is_behind():
    problem = Problem(SPACE, LOSS, (), bounds_of({"size": "<= 4"}))
    table = standing_table(problem, written(problem, [([1.0], [9.0]), ([2.0], [1.0]), ([3.0], [5.0])]))
    assert table.at(1).tolist() == [2, 0, 1]
    assert table_of(LOSS, written(problem, [([1.0], [9.0])])).at(1).tolist() == [1.0]


def test_a_limit_on_the_objective_itself():
    problem = Problem(SPACE, SIZE, (LOSS,), bounds_of({"size": ">= 2"}))
    log = Log(problem)
    for loss, size in ((1.0, 1.0), (2.0, 3.0)):
        number = log.start({"x": 0.5})
        log.report(number, "loss", [loss])
        log.report(number, "size", [size])
        log.end(number, "paused", size)
    assert standing_table(problem, log.history).at(1).tolist() == [1, 0]


def test_what_is_measured_at_the_end_does_not_count_before():
    log = Log(BOTH)
    for loss in (0.3, 0.1, 0.2):
        number = log.start({"x": 0.5})
        log.report(number, "loss", [loss, loss])
        log.end(number, "paused", loss)
    assert standing_table(BOTH, log.history).at(1).tolist() == [2, 0, 1]


def test_with_one_objective_it_is_the_table_of_its_curves():
    problem = Problem(SPACE, LOSS)
    history = written(problem, [([1.0], [2.0])])
    assert standing_table(problem, history) is table_of(LOSS, history)


@pytest.mark.parametrize("scheduler", ["asha", "hyperband", "auto", "median", "patience", "full"])
def test_a_search_keeps_both_ends_of_the_front(scheduler):
    def train(run):
        x = run.config["x"]
        for step in run.steps(9):
            run.report(loss=x + 1 / step, size=x)

    space = ose.Space(x=ose.Float(0, 1), y=ose.Float(0, 1))
    study = ose.Study(
        "memory:", space, minimize="loss", maximize="size", searcher="random", scheduler=scheduler
    )
    study.run(train, trials=40, steps=9, progress=False)
    reasons = [trial.reason for trial in study.trials if trial.state == "stopped"]
    orders = [order.why for trial in study.trials for order in trial.orders]
    if scheduler in ("asha", "hyperband", "auto"):
        assert any(PLACE in why for why in [*reasons, *orders])
    ends = [trial.config["x"] for trial in study.front]
    assert min(ends) < 0.3
    assert max(ends) > 0.7


@pytest.mark.parametrize("name", ["pbt", "freeze_thaw"])
def test_who_goes_by_one_objective_says_so(name):
    with pytest.raises(StudyError, match=f"{name} goes by one objective, .* take scheduler='auto'"):
        ose.Study("memory:", SPACE, minimize=["loss", "size"], scheduler=name)
