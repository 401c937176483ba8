"""What the tables say about fresh seeds."""

from __future__ import annotations

import math

from osetra.core.params import Float
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.testing.histories import Log
from osetra.views.terminal.tables import repeats_text

PROBLEM = Problem(Space(lr=Float(0, 1)), Objective(metric="loss"))


def _again(*values: float | None) -> str:
    log = Log(PROBLEM)
    log.run({"lr": 0.5}, 0.1)
    for value in values:
        log.run({"lr": 0.5}, value, repeats=1)
    return repeats_text(log.history, 1)


def test_lost_seeds_are_named_beside_the_mean_of_the_others() -> None:
    assert _again(0.1, 0.1, math.nan) == "0.1000 ± 0 (2 of 3 seeds, 1 diverged)"


def test_a_trial_that_lost_every_seed_says_so() -> None:
    assert _again(math.nan, math.nan, None) == "(0 of 3 seeds, 2 diverged, 1 failed)"


def test_whole_repeats_are_their_mean_and_deviation() -> None:
    assert _again(0.1, 0.2) == "0.1500 ± 0.071"
