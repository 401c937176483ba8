import math

import pytest

from advice.studies import LR, PROBLEM, place, spread
from osetra.advice import failures
from osetra.core.params import Choice, Float, Int
from osetra.core.problem import Objective, Problem
from osetra.core.scales import Scale
from osetra.core.space import Space
from osetra.core.text import parse_param
from osetra.testing.histories import history_of


def test_the_common_cause_is_found_and_cut_off() -> None:
    results = [(c, math.nan if place(c) > 0.7 else 1.0) for c in spread(30)]
    (found,) = failures.find(PROBLEM, history_of(PROBLEM, results))
    assert found.text.startswith("9 of 30 trials (30 %) diverged or failed: 9 of the 9 with lr above 0.")
    assert ", 0 of the other 21" in found.text
    low, high = parse_param("lr", found.action.partition("=")[2]), LR
    assert isinstance(low, Float) and low.high < high.high and low.low == high.low


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize(
    ("worst", "kept"), [((5, 6), (1, 4)), ((6,), (1, 5)), ((1, 2), (3, 6)), ((1,), (2, 6))]
)
def test_whole_numbers_that_fail_are_all_cut_off(
    worst: tuple[int, ...], kept: tuple[int, int], scale: Scale
) -> None:
    problem = Problem(Space(depth=Int(1, 6, scale=scale), x=Float(0, 1)), Objective(metric="loss"))
    rows = [
        ({"depth": 1 + i % 6, "x": (i * 0.37) % 1}, None if 1 + i % 6 in worst else 1.0) for i in range(60)
    ]
    (found,) = failures.find(problem, history_of(problem, rows))
    assert found.move is not None
    narrower = parse_param("depth", found.move.args["params"]["depth"])
    assert isinstance(narrower, Int) and (narrower.low, narrower.high, narrower.scale) == (*kept, scale)


def test_an_option_can_be_the_cause() -> None:
    problem = Problem(Space(solver=Choice("a", "b"), x=Float(0, 1)), Objective(metric="loss"))
    rows = [({"solver": "ab"[i % 2], "x": (i * 0.37) % 1}, None if i % 2 else 1.0) for i in range(20)]
    (found,) = failures.find(problem, history_of(problem, rows))
    assert "10 of the 10 with solver b, 0 of the other 10" in found.text
    assert "most often: RuntimeError: broken" in found.text


def test_scattered_failures_name_no_cause() -> None:
    results = [(c, None if i % 3 == 0 else 1.0) for i, c in enumerate(spread(30))]
    (found,) = failures.find(PROBLEM, history_of(PROBLEM, results))
    assert found.text.startswith("10 of 30 trials (33 %) diverged or failed; most often")
    assert found.level == "advice"


def test_failing_everywhere_is_a_warning_and_suspects_a_bug() -> None:
    (found,) = failures.find(PROBLEM, history_of(PROBLEM, [(c, None) for c in spread(6)]))
    assert found.level == "warning"
    assert "suspect a bug" in found.action


def test_a_few_failures_are_no_finding() -> None:
    results = [(c, None if i < 3 else 1.0) for i, c in enumerate(spread(30))]
    assert failures.find(PROBLEM, history_of(PROBLEM, results)) == []


def test_a_small_share_of_failures_is_told_when_it_has_one_cause() -> None:
    results = [(c, math.nan if place(c) > 0.85 else 1.0) for c in spread(60)]
    (found,) = failures.find(PROBLEM, history_of(PROBLEM, results))
    assert found.text.startswith("9 of 60 trials (15 %) diverged or failed: 9 of the 9 with lr above")
