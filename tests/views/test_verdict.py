"""What the end of a study claims about new data."""

from __future__ import annotations

import math

from osetra.core.judgement import Comparison, Judgement
from osetra.core.params import Float
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.testing.histories import Log
from osetra.tuning.winner import winner_of
from osetra.views.verdict import verdict_rows

PROBLEM = Problem(Space(lr=Float(0, 1)), Objective(metric="loss"))


def _told(outcome: Comparison, *, rows: int = 120, p: float = 0.5, seeds: str = "") -> dict[str, str]:
    judged = Judgement(outcome, p, 0.019, 0.094, 0.475, rows)
    tests = [{"error": 0.03}, {"error": 0.05}]
    return dict(verdict_rows(tests, {"error": 0.06}, judged, seeds=seeds))


def test_a_lower_error_that_chance_explains_is_no_victory() -> None:
    told = _told("open")["verdict"]
    assert told == "the network cannot be told from the linear model on 120 rows (p = 0.5)"


def test_a_difference_beyond_chance_is_called_with_its_p() -> None:
    assert _told("better", p=0.012)["verdict"] == "the network beats the linear model (p = 0.012)"
    assert "is worse than the linear model (p < 0.001)" in _told("worse", p=1e-9)["verdict"]


def test_where_nothing_beats_guessing_the_verdict_says_so() -> None:
    told = _told("no signal")["verdict"]
    assert told.startswith("no signal: nothing beats guessing (error 47.5 %)")


def test_seeds_and_rows_are_two_doubts_and_both_are_explained() -> None:
    told = _told("open")
    assert told["test"] == "error 4.0 ± 1.4 % (2 seeds) on 120 rows that nothing was chosen by"
    assert told["interval"] == (
        "error 1.9 % to 9.4 % is what 120 rows leave open (95 %); ± is the spread over seeds"
    )


def test_lost_seeds_are_told_beside_the_test_error() -> None:
    assert "(2 of 3 seeds, 1 diverged)" in _told("open", seeds="2 of 3 seeds, 1 diverged")["test"]


def test_few_rows_are_warned_of() -> None:
    told = _told("no signal", rows=1)
    assert told["verdict"] == "nothing can be told from guessing (error 47.5 %) on 1 row"
    assert told["warning"].startswith("only 1 row to test on: too few")
    assert "warning" not in _told("open", rows=30)


def test_the_model_is_of_the_trial_that_the_headline_names() -> None:
    log = Log(PROBLEM)
    for value in (0.1, 0.2, 0.3):
        log.run({"lr": value}, value)
    log.run({"lr": 0.1}, 0.1, repeats=1)
    log.run({"lr": 0.1}, math.nan, repeats=1)
    for value in (0.25, 0.26):
        log.run({"lr": 0.2}, value, repeats=2)
    best = log.history.best(PROBLEM.objective)
    trial, why = winner_of(log.history, PROBLEM.objective)
    assert best is not None
    assert trial.number == best.number == 2
    assert why.endswith("left out: trial 1 (1 of 2 seeds diverged or failed)")


def test_when_every_setting_lost_a_seed_the_sentence_says_how_many() -> None:
    log = Log(PROBLEM)
    log.run({"lr": 0.1}, 0.1)
    for value in (0.1, 0.1, math.nan):
        log.run({"lr": 0.1}, value, repeats=1)
    assert "(2 of 3 seeds, 1 diverged)" in winner_of(log.history, PROBLEM.objective)[1]
