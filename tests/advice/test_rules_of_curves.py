"""Rules on curves and on the space: where they fire, and that they are silent on healthy studies."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from advice.studies import PROBLEM, place, spread
from osetra.advice import (
    RULES,
    good_rates,
    jitter,
    plateau,
    rising_loss,
    sawtooth,
    seed_searched,
    uneven,
    worse_training,
)
from osetra.core.curves import Point
from osetra.core.finding import Finding
from osetra.core.history import History
from osetra.core.params import Choice, Float, Int
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.testing.histories import Log, history_of

STEPS = np.arange(36)
Curve = Callable[[int, np.random.Generator], Sequence[float]]


def _study(val: Curve, train: Curve | None = None, trials: int = 12) -> History:
    log, rng = Log(PROBLEM), np.random.default_rng(0)
    for i, config in enumerate(spread(trials)):
        number, values = log.start(config), val(i, rng)
        log.report(number, "val_loss", values)
        log.report(number, "train_loss", values if train is None else train(i, rng))
        log.end(number, "finished", float(min(values)))
    return log.history


def _descent(i: int, rng: np.random.Generator) -> Sequence[float]:
    return (0.3 + 0.02 * i + 0.7 * 0.85**STEPS + 0.01 * rng.standard_normal(36)).tolist()


@pytest.mark.parametrize(
    "rule", [rising_loss.find, sawtooth.find, jitter.find, uneven.find, worse_training.find]
)
def test_healthy_descents_are_no_finding(rule: Callable[[Problem, History], list[Finding]]) -> None:
    assert rule(PROBLEM, _study(_descent)) == []


def test_a_training_loss_that_rises_is_a_warning() -> None:
    (found,) = rising_loss.find(PROBLEM, _study(_descent, lambda i, rng: (0.5 + 0.02 * STEPS).tolist()))
    assert (found.level, found.text[:23]) == ("warning", "the training loss rises")


def test_a_period_is_told() -> None:
    def teeth(i: int, rng: np.random.Generator) -> Sequence[float]:
        return (np.array(_descent(i, rng)) + 0.05 * (STEPS % 5)).tolist()

    (found,) = sawtooth.find(PROBLEM, _study(teeth))
    assert "with a period of 5 reports" in found.text


def test_jumps_that_are_larger_than_the_gaps_between_the_best_are_told() -> None:
    def wild(i: int, rng: np.random.Generator) -> Sequence[float]:
        return (0.3 + 0.7 * 0.85**STEPS + 0.2 * rng.standard_normal(36)).tolist()

    (found,) = jitter.find(PROBLEM, _study(wild))
    assert "jumps by" in found.text
    assert found.action.endswith("or try lr")  # what the space has, and nothing else


def test_trials_that_report_at_other_distances_are_told() -> None:
    log = Log(PROBLEM)
    for i, config in enumerate(spread(4)):
        number = log.start(config)
        log.points += [
            Point(number, 1, 0, step, "val_loss", 1 / step) for step in range(1, 41, 1 + 3 * (i % 2))
        ]
        log.end(number, "finished", 0.1)
    (found,) = uneven.find(PROBLEM, log.history)
    assert "every 1 steps and others every 4" in found.text


def test_low_rates_that_win_by_training_less_are_told() -> None:
    places = [place(config) for config in spread(20)]
    (found,) = worse_training.find(
        PROBLEM,
        _study(
            lambda i, rng: [2.0, 1.0, 0.3 + 0.2 * places[i]],
            lambda i, rng: [2.0, 1.0, 1 - 0.5 * places[i]],
            20,
        ),
    )
    assert "rank correlations -1.00 and 1.00" in found.text
    assert "dropout" not in found.action


def test_a_searched_seed_is_refused_by_name() -> None:
    problem = Problem(
        Space({"lr": Float(1e-4, 1, scale="log"), "model.seed": Int(0, 40)}), Objective(metric="loss")
    )
    (found,) = seed_searched.find(problem, Log(problem).history)
    assert found.text.startswith("model.seed is searched")
    assert seed_searched.find(PROBLEM, Log(PROBLEM).history) == []


def test_the_good_range_of_the_learning_rate_is_told_and_not_in_noise() -> None:
    rng, configs = np.random.default_rng(0), spread(40)
    rows = [(c, (place(c) - 0.5) ** 2 + 0.001 * float(rng.standard_normal())) for c in configs]
    (found,) = good_rates.find(PROBLEM, history_of(PROBLEM, rows))
    assert "of 4.0 decades" in found.text
    noise = [(c, float(rng.standard_normal())) for c in configs]
    assert good_rates.find(PROBLEM, history_of(PROBLEM, noise)) == []


def test_the_chance_of_random_trials_is_told_of_random_trials_that_ended_alone() -> None:
    for by, last, told in (("random", 0.5, True), ("bayes", 0.5, False), ("random", math.nan, False)):
        log = Log(PROBLEM)
        for i, config in enumerate(spread(8)):
            log.end(log.queue(config, by=by), "finished", 1.0) if i < 7 or last == last else log.run(
                config, last
            )
        assert any("best tenth" in f.text for f in plateau.find(PROBLEM, log.history)) is told


def test_no_rule_names_what_the_space_does_not_have() -> None:
    problem = Problem(
        Space(lr=Float(1e-4, 1, scale="log"), kind=Choice("a", "b")), Objective(metric="val_loss")
    )
    log = Log(problem)
    for i, config in enumerate(spread(40)):
        number = log.start({"lr": config["lr"], "kind": "ab"[i % 2]})
        log.report(number, "train_loss", [2 * 0.8**k for k in range(20)])
        log.report(number, "val_loss", [0.5 + 0.03 * abs(k - 5) for k in range(20)])
        log.end(number, "failed" if i % 2 else "finished", None if i % 2 else 0.5 + place(config))
    told = [found.action for _, rule in RULES for found in rule(problem, log.history)]
    assert any("regularise more" in action for action in told)
    assert not any(word in " ".join(told) for word in ("clip", "augment", "dropout", "warm", "weight decay"))
