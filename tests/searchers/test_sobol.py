import numpy as np

from osetra.core.params import Choice, Float
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.numerics.design import sobol
from osetra.searchers.sobol import Sobol
from osetra.testing.histories import Log

PROBLEM = Problem(Space(a=Float(0, 1), b=Float(0, 1)), Objective(metric="loss"))
RNG = np.random.default_rng


def test_the_defaults_come_first_and_use_up_no_point_of_the_sequence() -> None:
    found = Sobol().suggest(PROBLEM, Log(PROBLEM, seed=5).history, 9, RNG(0))
    assert found[0].config == {"a": 0.5, "b": 0.5}
    assert np.allclose(PROBLEM.space.encode([s.config for s in found[1:]]), sobol(0, 8, 2, 5))


def test_the_point_of_a_trial_depends_on_seed_and_number_only() -> None:
    good, bad = Log(PROBLEM, seed=5), Log(PROBLEM, seed=5)
    for i in range(6):
        good.run({"a": i / 7, "b": 0.1}, 0.1 * i)
        bad.run({"a": 0.3, "b": i / 9}, None)
    searcher = Sobol(defaults_first=False)
    one, two = (searcher.suggest(PROBLEM, log.history, 3, RNG(s)) for s, log in enumerate((good, bad)))
    assert [s.config for s in one] == [s.config for s in two]


def test_another_seed_gives_other_points() -> None:
    one, two = (Sobol().suggest(PROBLEM, Log(PROBLEM, seed=s).history, 3, RNG(0)) for s in (1, 2))
    assert [s.config for s in one[1:]] != [s.config for s in two[1:]]


def test_the_defaults_are_tried_even_when_a_person_went_first() -> None:
    log = Log(PROBLEM)
    log.run({"a": 0.1, "b": 0.2}, 1.0)
    (found,) = Sobol().suggest(PROBLEM, log.history, 1, RNG(0))
    assert found.why == "the defaults, tried first"


def test_an_option_whose_config_is_used_up_gives_way_to_the_rest_of_the_space() -> None:
    space = Space(kind=Choice("plain", "tuned"), x=Float(0, 1, when={"kind": "tuned"}))
    problem = Problem(space, Objective(metric="loss"))
    found = Sobol().suggest(problem, Log(problem).history, 20, RNG(0))
    assert sum(s.config["kind"] == "plain" for s in found) == 1
