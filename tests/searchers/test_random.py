import numpy as np

from osetra.core.params import Float
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.searchers.random import Random
from osetra.testing.histories import Log

PROBLEM = Problem(Space(lr=Float(1e-4, 1, scale="log", default=0.1)), Objective(metric="loss"))


def test_the_defaults_are_tried_first() -> None:
    first, second = Random().suggest(PROBLEM, Log(PROBLEM).history, 2, np.random.default_rng(0))
    assert first.config == {"lr": 0.1}
    assert second.config != {"lr": 0.1}


def test_without_defaults_first_the_first_is_drawn_like_all_others() -> None:
    searcher = Random(defaults_first=False)
    (first,) = searcher.suggest(PROBLEM, Log(PROBLEM).history, 1, np.random.default_rng(0))
    assert first.config != {"lr": 0.1}


def test_draws_are_uniform_on_the_scale() -> None:
    searcher = Random(defaults_first=False)
    found = searcher.suggest(PROBLEM, Log(PROBLEM).history, 2000, np.random.default_rng(0))
    decade = np.floor(PROBLEM.space.encode([s.config for s in found])[:, 0] * 4).astype(int)
    assert np.all(np.abs(np.bincount(decade) - 500) < 80)
