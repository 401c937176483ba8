import numpy as np

from advice.studies import LR, PROBLEM, place, spread
from osetra.advice import edges
from osetra.core.params import Float, Int, Param
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.core.text import parse_param
from osetra.study.study import Study
from osetra.testing.histories import history_of

SQUARE = Space(a=Float(-2, 2), b=Float(-2, 2), c=Float(-2, 2))


def test_best_trials_at_the_upper_end_ask_for_a_wider_range() -> None:
    history = history_of(PROBLEM, [(c, -place(c)) for c in spread(50)])
    (found,) = edges.find(PROBLEM, history)
    assert found.text.startswith("lr is best at the upper end of its range (1; probability ")
    assert found.action == "lr=log(0.0001, 10.0)"


def test_best_trials_at_the_lower_end_ask_for_smaller_values() -> None:
    history = history_of(PROBLEM, [(c, place(c)) for c in spread(50)])
    assert edges.find(PROBLEM, history)[0].action == "lr=log(1e-05, 1.0)"


def test_an_optimum_inside_is_no_finding() -> None:
    history = history_of(PROBLEM, [(c, abs(place(c) - 0.5)) for c in spread(50)])
    assert edges.find(PROBLEM, history) == []


def test_two_of_five_at_the_edge_are_luck() -> None:
    at = [0.97, 0.99, 0.5, 0.45, 0.55] + [0.3] * 10
    configs = PROBLEM.space.decode(np.array([[a, 0.5] for a in at]))
    history = history_of(PROBLEM, [(c, float(i)) for i, c in enumerate(configs)])
    assert edges.find(PROBLEM, history) == []


def test_a_search_that_follows_pure_noise_to_an_edge_is_no_finding() -> None:
    alarms = 0
    for seed in range(8):
        study = Study("memory:", SQUARE, minimize="loss", seed=seed)
        rng = np.random.default_rng(seed)
        for _ in range(24):
            study.tell(study.ask(), float(rng.standard_normal()))
        alarms += bool(edges.find(study.problem, study.history))
    assert alarms <= 1


def test_an_edge_that_matters_is_found_where_a_model_chose_the_trials() -> None:
    study = Study("memory:", SQUARE, minimize="loss", seed=3)
    rng = np.random.default_rng(3)
    for _ in range(30):
        run = study.ask()
        value = (2.2 - float(run.config["a"])) ** 2 + 0.5 * (float(run.config["b"]) - 0.5) ** 2
        study.tell(run, value + 0.02 * float(rng.standard_normal()))
    (found,) = edges.find(study.problem, study.history)
    assert found.action == "a=float(-2.0, 4.0)"


def test_few_trials_say_nothing() -> None:
    history = history_of(PROBLEM, [(c, -place(c)) for c in spread(7)])
    assert edges.find(PROBLEM, history) == []


def test_an_edge_where_trials_fail_is_one_of_stability() -> None:
    results = [(c, None if place(c) > 0.95 else -place(c)) for c in spread(60)]
    (found,) = edges.find(PROBLEM, history_of(PROBLEM, results))
    assert "training is unstable" in found.text
    assert found.action == "make it stable before widening the range"


def test_zero_dropout_is_a_natural_limit() -> None:
    problem = Problem(Space(dropout=Float(0, 0.5)), Objective(metric="val_loss"))
    history = history_of(problem, [({"dropout": i / 100}, float(i)) for i in range(50)])
    assert edges.find(problem, history) == []


def test_a_metric_to_maximize_counts_from_the_top() -> None:
    problem = Problem(PROBLEM.space, Objective(metric="accuracy", direction="maximize"))
    history = history_of(problem, [(c, place(c)) for c in spread(50)])
    assert edges.find(problem, history)[0].action == "lr=log(0.0001, 10.0)"


def test_every_proposed_range_is_valid_and_wider() -> None:
    params: list[Param] = [
        LR,
        Float(0.1, 0.6),
        Float(0.5, 0.9, scale="one_minus_log"),
        Float(0.1, 0.9, scale="logit"),
        Int(2, 40),
        Int(16, 512, scale="log"),
        Int(16, 128, step=16),
    ]
    for param in params:
        problem = Problem(Space(x=param), Objective(metric="loss"))
        for sign in (1, -1):
            points = np.random.default_rng(0).random((60, 1))
            configs = problem.space.decode(points)
            y = [sign * float(v) for v in problem.space.encode(configs)[:, 0]]
            (found,) = edges.find(problem, history_of(problem, zip(configs, y, strict=True)))
            wider = parse_param("x", found.action.partition("=")[2])
            assert isinstance(wider, (Float, Int)) and isinstance(param, (Float, Int))
            assert wider.low < param.low or wider.high > param.high
