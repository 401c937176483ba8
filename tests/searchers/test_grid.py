import numpy as np
import pytest

from osetra.core.finite import identity
from osetra.core.grid import grid_size
from osetra.core.params import Choice, Float, Int
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.errors import StudyError
from osetra.searchers.grid import Grid
from osetra.testing.histories import Log
from osetra.testing.searchers import searched

TREE = Space(
    optimizer=Choice("sgd", "adam"),
    momentum=Float(0.5, 0.9, when={"optimizer": "sgd"}),
    lr=Float(1e-4, 1, scale="log"),
)
PROBLEM = Problem(TREE, Objective(metric="loss"))


def test_every_combination_is_tried_exactly_once() -> None:
    log = searched(Grid(points=3), PROBLEM, 100, lambda i, y: y)
    configs = {identity(trial.config) for trial in log.history.trials.values()}
    assert len(configs) == log.trials == grid_size(TREE, 3) == 3 * (3 + 1)


def test_an_exhausted_grid_gives_what_is_left() -> None:
    log = searched(Grid(points=3), PROBLEM, 10, lambda i, y: y)
    assert len(Grid(points=3).suggest(PROBLEM, log.history, 5, np.random.default_rng(0))) == 2


def test_what_a_person_tried_is_not_tried_again() -> None:
    problem = Problem(Space(x=Float(0, 1)), Objective(metric="loss"))
    log = Log(problem)
    log.run({"x": 0.5}, 1.0)
    found = Grid(points=3).suggest(problem, log.history, 9, np.random.default_rng(0))
    assert sorted(s.config["x"] for s in found) == [0.0, 1.0]  # type: ignore[type-var]


def test_half_a_grid_has_looked_at_every_value_of_every_axis() -> None:
    space = Space(a=Float(0, 1), b=Float(0, 1), c=Int(1, 5))
    problem = Problem(space, Objective(metric="loss"))
    found = Grid(points=5).suggest(problem, Log(problem).history, 16, np.random.default_rng(0))
    for name in space.names:
        assert len({s.config[name] for s in found}) == 5


def test_a_grid_of_astronomic_size_starts_at_once() -> None:
    problem = Problem(Space({f"x{i}": Float(0, 1) for i in range(60)}), Objective(metric="loss"))
    found = Grid().suggest(problem, Log(problem).history, 3, np.random.default_rng(0))
    assert len(found) == 3
    assert str(5**60) in found[0].why


@pytest.mark.parametrize("points", [0, -1, 2.5, True])
def test_a_grid_without_points_is_refused(points: object) -> None:
    with pytest.raises(StudyError, match="a whole number"):
        Grid(points=points)  # type: ignore[arg-type]
