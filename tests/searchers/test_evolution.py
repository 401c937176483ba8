import numpy as np
import pytest

from osetra.core.params import Float
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.errors import StudyError
from osetra.searchers.evolution import Evolution
from osetra.searchers.random import Random
from osetra.searchers.sobol import Sobol
from osetra.testing.histories import Log
from searchers.functions import FUNCTIONS, best, values

RNG = np.random.default_rng
SEEDS = range(5)
LINE = Problem(Space(x=Float(0, 1), y=Float(0, 1)), Objective(metric="loss"))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_ends_well_below_random_search(name: str) -> None:
    space, function = FUNCTIONS[name]
    ours, random = (
        np.median([best(searcher, space, function, 150, seed) for seed in SEEDS])
        for searcher in (Evolution(), Random())
    )
    assert ours < 0.6 * random


def test_sixteen_workers_cost_little() -> None:
    space, function = FUNCTIONS["mixed sphere"]
    many, random = (
        np.median([min(values(searcher, space, function, 150, seed, workers=16)) for seed in SEEDS])
        for searcher in (Evolution(), Random())
    )
    assert many < 0.6 * random


def test_the_first_members_are_the_defaults_and_quasi_random() -> None:
    found = Evolution().suggest(LINE, Log(LINE, seed=4).history, 10, RNG(0))
    plain = Sobol().suggest(LINE, Log(LINE, seed=4).history, 10, RNG(0))
    assert [s.config for s in found] == [s.config for s in plain]


def test_the_order_in_which_results_arrive_changes_nothing() -> None:
    forth, back = Log(LINE), Log(LINE)
    points = RNG(1).random((14, 2))
    for log in (forth, back):
        for x, y in points:
            log.queue({"x": x, "y": y})
    for number in range(1, 15):
        forth.end(number, "finished", float(points[number - 1].sum()))
    for number in range(14, 0, -1):
        back.end(number, "finished", float(points[number - 1].sum()))
    one, two = (Evolution().suggest(LINE, log.history, 3, RNG(0)) for log in (forth, back))
    assert one == two


def test_a_failed_trial_never_becomes_a_member() -> None:
    log = Log(LINE)
    for i in range(40):
        log.run({"x": 0.9, "y": i / 40}, None)
    for i in range(6):
        log.run({"x": 0.1, "y": i / 6}, 1.0)
    found = Evolution(mutation=0.0).suggest(LINE, log.history, 5, RNG(0))
    assert all(s.config["x"] == pytest.approx(0.1) for s in found)


def test_with_nothing_but_failures_it_goes_on_quasi_random() -> None:
    log = Log(LINE)
    for i in range(40):
        log.run({"x": 0.9, "y": i / 40}, None)
    found = Evolution().suggest(LINE, log.history, 4, RNG(0))
    assert [s.why for s in found[1:]] == [
        f"a first member of the population, quasi-random point {n}" for n in (42, 43, 44)
    ]


def test_a_suggestion_names_the_trial_that_it_challenges() -> None:
    log = Log(LINE)
    for i in range(20):
        log.run({"x": i / 20, "y": 0.5}, float(i))
    (suggestion,) = Evolution().suggest(LINE, log.history, 1, RNG(0))
    assert suggestion.why == "challenges trial 1 of the population"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"population": 3}, "at least 4"),
        ({"rivals": 0}, "at least 1"),
        ({"weight": 0.0}, r"a number in \(0, 2\]"),
        ({"crossover": 1.5}, "a chance from 0 to 1"),
        ({"mutation": -0.1}, "a chance from 0 to 1"),
    ],
)
def test_senseless_settings_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(StudyError, match=message):
        Evolution(**settings)  # type: ignore[arg-type]
