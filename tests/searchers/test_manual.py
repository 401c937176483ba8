import numpy as np

from osetra.core.params import Float
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.searchers.manual import Manual
from osetra.testing.histories import Log


def test_manual_search_adds_nothing_to_the_queue() -> None:
    problem = Problem(Space(lr=Float(0, 1)), Objective(metric="loss"))
    assert list(Manual().suggest(problem, Log(problem).history, 5, np.random.default_rng(0))) == []
