import pytest

from advice.studies import LR, PROBLEM
from osetra.advice import lint, space_lint
from osetra.core.facts import Noted
from osetra.core.params import Choice, Float, Int
from osetra.core.space import Space
from osetra.core.text import parse_param
from osetra.testing.histories import Log


def test_a_linear_learning_rate_over_decades_gets_a_log_scale() -> None:
    (found,) = lint(Space(lr=Float(1e-4, 1)))
    assert found.text.startswith("lr is linear over 0.0001 … 1: 90 % of the trials would lie above 0.1")
    assert found.action == "lr=log(0.0001, 1.0)"


def test_a_linear_weight_decay_from_zero_gets_a_small_start() -> None:
    (found,) = lint(Space(weight_decay=Float(0, 0.1, default=0.01)))
    assert found.action == "weight_decay=log(1e-06, 0.1, default=0.01)"


def test_a_linear_momentum_near_one_gets_the_scale_of_its_window() -> None:
    (found,) = lint(Space(momentum=Float(0.5, 0.999)))
    assert "half of the trials would average over fewer than 4.0 of up to 1000" in found.text
    assert found.action == "momentum=one_minus_log(0.5, 0.999)"


def test_every_proposed_parameter_can_be_typed_as_it_stands() -> None:
    space = Space(lr=Float(0, 1, default=0), beta2=Float(0, 1, default=1.0), wd=Float(1e-7, 1e-1))
    for found in lint(space):
        name, _, text = found.action.partition("=")
        assert isinstance(parse_param(name, text), Float)


def test_sound_ranges_are_left_alone() -> None:
    space = Space(
        lr=LR,
        momentum=Float(0.5, 0.99, scale="one_minus_log"),
        beta=Float(0.5, 0.9),
        weight_decay=Float(0.01, 0.05),
        dropout=Float(0, 0.5),
        units=Int(50, 100),
        solver=Choice("a", "b"),
    )
    assert lint(space) == []


def test_a_grid_beyond_the_budget_is_counted_exactly() -> None:
    space = Space(optimizer=Choice("sgd", "adam"), m=Float(0, 1, when={"optimizer": "sgd"}), lr=LR)
    (found,) = lint(space, searcher="grid", trials=12)
    assert found.text.startswith("the grid has 30 combinations and the budget is 12 trials: 40 %")
    assert lint(space, searcher="grid", trials=30) == []
    assert lint(space, searcher="sobol", trials=12) == []


def test_a_running_grid_is_judged_by_its_note() -> None:
    log = Log(PROBLEM, target=20)
    log.write(Noted("grid", "25", "", {"combinations": "25"}))
    (found,) = space_lint.find(PROBLEM, log.history)
    assert "25 combinations" in found.text


def test_steps_were_chosen_by_a_person_and_are_not_judged() -> None:
    assert lint(Space(lr=Float(0.1, 2, step=0.1))) == []
    assert lint(Space(lr=Float(0.1, 2))) != []


@pytest.mark.parametrize("space", [Space(), Space(lr=0.1)])
def test_a_space_that_searches_nothing_is_named(space: Space) -> None:
    assert lint(space, trials=1) == []
    (finding,) = lint(space, trials=5)
    assert "one configuration" in finding.text
