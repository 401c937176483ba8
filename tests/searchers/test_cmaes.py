import numpy as np
import pytest

from osetra.core.history import History
from osetra.core.params import Choice, Float, Int
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.errors import StudyError
from osetra.searchers.cmaes import Cmaes
from osetra.searchers.random import Random
from osetra.testing.histories import Log
from osetra.testing.searchers import searched
from searchers.functions import FUNCTIONS, best, rosenbrock, values

RNG = np.random.default_rng
SEEDS = range(5)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_ends_well_below_random_search(name: str) -> None:
    space, function = FUNCTIONS[name]
    ours, random = (
        np.median([best(searcher, space, function, 120, seed) for seed in SEEDS])
        for searcher in (Cmaes(), Random())
    )
    assert ours < 0.6 * random


def test_a_turned_valley_is_no_harder_than_a_straight_one() -> None:
    rotation, _ = np.linalg.qr(RNG(0).standard_normal((4, 4)))
    space = Space({f"x{i}": Float(0, 1) for i in range(4)})

    def valley(turn: np.ndarray) -> float:
        scale = np.array([1.0, 10, 100, 1000])

        def value(space: Space, config: object) -> float:
            return float(np.sum(scale * (turn @ (space.encode([config])[0] - 0.45)) ** 2))  # type: ignore[list-item]

        return float(np.median([np.log10(best(Cmaes(), space, value, 160, seed)) for seed in SEEDS]))

    assert abs(valley(rotation) - valley(np.eye(4))) < 1.0


def test_more_workers_than_the_population_cost_little() -> None:
    space, function = FUNCTIONS["sphere"]
    many, random = (
        np.median([min(values(searcher, space, function, 150, seed, workers=16)) for seed in SEEDS])
        for searcher in (Cmaes(), Random())
    )
    assert many < 0.5 * random


def test_a_batch_equals_its_members_asked_for_one_by_one() -> None:
    space, _ = FUNCTIONS["mixed sphere"]
    problem = Problem(space, Objective(metric="loss"))
    log = searched(Cmaes(), problem, 40, lambda i, y: y)
    batch = Cmaes().suggest(problem, log.history, 6, RNG(0))
    for expected in batch:
        (alone,) = Cmaes().suggest(problem, log.history, 1, RNG(1))
        assert alone == expected
        log.take(alone)


def test_what_others_read_of_the_same_log_gives_the_same_suggestion() -> None:
    space, _ = FUNCTIONS["tree"]
    problem = Problem(space, Objective(metric="loss"))
    log = searched(Cmaes(), problem, 60, lambda i, y: y)
    piecewise = History()
    for i in range(0, len(log.entries), 7):
        piecewise = piecewise.extend(log.entries[i : i + 7])
    one, two = (Cmaes().suggest(problem, h, 3, RNG(0)) for h in (log.history, piecewise))
    assert one == two


def test_a_spent_distribution_is_restarted_with_twice_the_population() -> None:
    space = Space(x=Float(0, 1), y=Float(0, 1))
    problem = Problem(space, Objective(metric="loss"))
    log = searched(Cmaes(), problem, 160, lambda i, y: 1.0)
    (suggestion,) = Cmaes().suggest(problem, log.history, 1, RNG(0))
    assert "after restart 1" in suggestion.why


def test_a_persons_trials_are_learnt_from() -> None:
    problem = Problem(Space(x=Float(0, 1), y=Float(0, 1)), Objective(metric="loss"))
    near, far = Log(problem), Log(problem)
    for log, at in ((near, 0.45), (far, 0.95)):
        log.run({}, 9.0)
        for i in range(12):
            log.run({"x": at, "y": i / 12}, abs(i - 6.0))
    one, two = (Cmaes().suggest(problem, log.history, 9, RNG(0)) for log in (near, far))
    assert np.mean([s.config["x"] for s in two]) > np.mean([s.config["x"] for s in one])  # type: ignore[misc]


@pytest.mark.parametrize("name", ["rosenbrock", "tree", "mixed ackley"])
def test_a_searcher_that_remembers_suggests_what_a_new_one_does(name: str) -> None:
    space, function = FUNCTIONS[name]
    problem, old = Problem(space, Objective(metric="loss")), Cmaes()
    log = Log(problem, seed=2)
    for _ in range(60):
        (remembered,) = old.suggest(problem, log.history, 1, RNG(0))
        (computed,) = Cmaes().suggest(problem, log.history, 1, RNG(0))
        assert remembered == computed
        log.run(remembered.config, function(space, remembered.config))


def test_two_values_of_a_column_stay_within_reach() -> None:
    space = Space(x=Float(0, 1), deep=Int(1, 2), kind=Choice("a", "b"))
    problem = Problem(space, Objective(metric="loss"))
    log = searched(Cmaes(), problem, 120, lambda i, y: y)
    late = [trial.config for number, trial in log.history.trials.items() if number > 60]
    assert {c["deep"] for c in late} == {1, 2}
    assert {c["kind"] for c in late} == {"a", "b"}


def test_a_start_from_good_defaults_is_used() -> None:
    good = Space({f"x{i}": Float(0, 1, default=0.62) for i in range(5)})
    plain = FUNCTIONS["rosenbrock"][0]
    told, untold = (
        np.median([best(Cmaes(), s, rosenbrock, 40, seed) for seed in SEEDS]) for s in (good, plain)
    )
    assert told < untold


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"population": 3}, "at least 4 trials"), ({"sigma": 0.0}, "a share of the range")],
)
def test_senseless_settings_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(StudyError, match=message):
        Cmaes(**settings)  # type: ignore[arg-type]
