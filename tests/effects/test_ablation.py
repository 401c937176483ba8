"""The way from the defaults to the best trial, on functions where it is known."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from osetra.core.params import Choice, Config, Float
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.effects.ablation import ablation
from osetra.testing.histories import history_of

SPACE = Space(lr=Float(1e-4, 1, scale="log", default=1e-1), wd=Float(0, 1, default=0.5), batch=Choice(32, 64))
PROBLEM = Problem(SPACE, Objective(metric="loss"))


def steep(config: Config) -> float:
    return (math.log10(float(config["lr"])) + 3) ** 2 + 0.5 * (float(config["wd"]) - 0.1) ** 2  # type: ignore[arg-type]


def rows(
    function: Callable[[Config], float], n: int, problem: Problem = PROBLEM
) -> list[tuple[Config, float]]:
    rng = np.random.default_rng(0)
    configs = problem.space.decode(rng.random((n, len(problem.space.columns))))
    return [(c, function(c) + 0.02 * float(rng.standard_normal())) for c in configs]


def test_the_change_that_brought_most_comes_first() -> None:
    found = ablation(PROBLEM, history_of(PROBLEM, rows(steep, 60)))
    first = found.steps[0]
    assert (first.name, first.before) == ("lr", 0.1)
    assert not first.inside_noise and first.low < first.gain < first.high
    assert first.gain > 2.0
    assert abs(found.start - steep(SPACE.default)) < 0.4
    assert str(found).startswith("defaults")


def test_a_change_that_brings_nothing_is_marked_and_taken_back() -> None:
    found = ablation(
        PROBLEM, history_of(PROBLEM, [*rows(steep, 60), ({"lr": 1e-3, "wd": 0.1, "batch": 64}, -0.1)])
    )
    batch = next(step for step in found.steps if step.name == "batch")
    assert batch.inside_noise and batch.after == 64
    assert "batch" in found.taken_back and found.recommended["batch"] == 32
    assert found.recommended["lr"] == 1e-3
    assert "nothing is lost by the default of" in found.note


def test_branches_are_changed_with_their_children() -> None:
    space = Space(
        opt=Choice("sgd", "adam"),
        momentum=Float(0, 1, when={"opt": "sgd"}),
        eps=Float(0, 1, when={"opt": "adam"}),
    )
    problem = Problem(space, Objective(metric="loss"))

    def value(c: Config) -> float:
        return 2.0 + float(c["momentum"]) if c["opt"] == "sgd" else (float(c["eps"]) - 0.9) ** 2  # type: ignore[arg-type]

    found = ablation(problem, history_of(problem, rows(value, 60, problem)))
    assert [step.name for step in found.steps] == ["opt", "eps"]
    assert (found.steps[1].before, found.recommended["opt"]) == (0.5, "adam")


def test_a_metric_to_maximize_gains_upwards() -> None:
    problem = Problem(SPACE, Objective(metric="accuracy", direction="maximize"))
    found = ablation(problem, history_of(problem, rows(lambda c: -steep(c), 60)))
    assert found.steps[0].name == "lr" and found.steps[0].gain > 0
    assert found.steps[0].metric > found.start


def test_the_defaults_as_the_best_leave_nothing_to_change() -> None:
    history = history_of(PROBLEM, [*rows(steep, 30), (SPACE.default, -5.0)])
    found = ablation(PROBLEM, history)
    assert found.steps == () and found.recommended == SPACE.default


def test_too_little_is_said_to_be_so() -> None:
    few = ablation(PROBLEM, history_of(PROBLEM, rows(steep, 3)))
    assert few.steps == () and "8 are needed" in str(few)
    assert few.recommended == history_of(PROBLEM, rows(steep, 3)).best(PROBLEM.objective).config  # type: ignore[union-attr]
    none = ablation(PROBLEM, history_of(PROBLEM, [(SPACE.default, None)] * 10))
    assert none.trial is None and none.recommended == SPACE.default
    rng = np.random.default_rng(0)
    noise = history_of(PROBLEM, [(c, float(rng.standard_normal())) for c, _ in rows(steep, 40)])
    assert "look like noise" in str(ablation(PROBLEM, noise))


@pytest.mark.parametrize("seed", range(6))
def test_every_step_changes_something_and_no_loss_is_expected_below_zero(seed: int) -> None:
    space = Space(
        opt=Choice("sgd", "adam", "none"),
        momentum=Float(0, 1, when={"opt": "sgd"}),
        eps=Float(0, 1, when={"opt": "adam"}),
        decay=Choice("off", "on", when={"opt": "adam"}),
        wd=Float(1e-6, 1, scale="log", when={"decay": "on"}),
    )
    problem = Problem(space, Objective(metric="loss"))
    rng = np.random.default_rng(seed)
    weights = rng.random(3)

    def value(c: Config) -> float:
        own = float(c.get("momentum") or c.get("eps") or 1.0)
        return float(max(weights[0] * own + weights[1] * (c["opt"] == "sgd"), 0.0)) ** 4

    configs = problem.space.decode(rng.random((40, len(problem.space.columns))))
    found = ablation(problem, history_of(problem, [(c, value(c)) for c in configs]))
    assert found.doubt or found.start >= 0
    for step in found.steps:
        assert step.before != step.after and step.metric >= 0, str(found)
    assert "- → -" not in str(found)
