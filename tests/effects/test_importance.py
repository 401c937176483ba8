"""Importance of hyperparameters, on functions whose shares are known and on studies that say nothing."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

import osetra as ose
from osetra.core.facts import Noted
from osetra.core.history import History
from osetra.core.params import Choice, Config, Float, Int
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.effects.importance import importance
from osetra.effects.model import model_of
from osetra.errors import StudyError
from osetra.numerics.effects import USED
from osetra.testing.histories import Log, history_of

UNIT = Problem(Space({name: Float(0, 1) for name in "abcd"}), Objective(metric="loss"))


def example(config: Config) -> float:
    return 9 * (float(config["a"]) - 0.3) ** 2 + (float(config["b"]) - 0.7) ** 2  # type: ignore[arg-type]


def sampled(
    function: Callable[[Config], float], n: int, problem: Problem = UNIT, noise: float = 0.02, seed: int = 0
) -> History:
    rng = np.random.default_rng(seed)
    configs = problem.space.decode(rng.random((n, len(problem.space.columns))))
    return history_of(problem, [(c, function(c) + noise * float(rng.standard_normal())) for c in configs])


@pytest.mark.parametrize("seed", [0, 5])
def test_a_model_driven_search_does_not_hide_what_matters(seed: int) -> None:
    study = ose.Study("memory:", UNIT.space, minimize="loss", seed=seed)
    rng = np.random.default_rng(seed)
    for _ in range(40):
        run = study.ask()
        study.tell(run, example(run.config) + 0.02 * float(rng.standard_normal()))
    found = study.importance()
    assert found.leading == "a"
    assert found.shares["a"].low > 0.5
    assert found.shares["b"].high < 0.5
    assert all(found.shares[name].high < 0.15 and not found.shares[name].matters for name in "cd")


def test_shares_are_those_of_the_g_function() -> None:
    a = dict(zip("abcd", (0.0, 1.0, 4.5, 9.0), strict=True))

    def g(config: Config) -> float:
        return math.prod((abs(4 * float(config[n]) - 2) + k) / (1 + k) for n, k in a.items())  # type: ignore[arg-type]

    found = importance(UNIT, sampled(g, 150, noise=0.0))
    own = np.array([1 / (3 * (1 + k) ** 2) for k in a.values()])
    total = own * np.prod(1 + own) / (1 + own)
    truth = dict(zip("abcd", total / total.sum(), strict=True))
    assert list(found.shares) == ["a", "b", "c", "d"]
    for name, share in found.shares.items():
        assert share.share == pytest.approx(truth[name], abs=0.08)


def test_noise_is_no_importance() -> None:
    found = importance(UNIT, sampled(lambda _: 0.0, 40, noise=1.0))
    assert not found.reliable and found.leading is None
    assert "look like noise" in found.note
    assert "cannot tell yet" in str(found)


@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_few_trials_say_nothing(n: int) -> None:
    found = importance(UNIT, sampled(example, n))
    assert list(found.shares) == list("abcd")
    assert not found.reliable and "8 are needed" in found.note
    assert all(math.isnan(s.share) and (s.low, s.high) == (0.0, 1.0) for s in found.shares.values())


def test_failed_trials_alone_say_nothing() -> None:
    found = importance(UNIT, history_of(UNIT, [(c, None) for c in UNIT.space.decode(np.eye(4))]))
    assert "no trials have a value" in found.note and not found.reliable


def test_equal_values_have_shown_no_effect() -> None:
    found = importance(UNIT, sampled(lambda _: 0.25, 20, noise=0.0))
    assert "all 20 trials have the same value" in found.note and not found.reliable


def test_one_hyperparameter_has_all_of_it() -> None:
    problem = Problem(Space(lr=Float(1e-4, 1, scale="log"), epochs=10), Objective(metric="loss"))
    found = importance(problem, sampled(lambda c: (math.log10(float(c["lr"])) + 2) ** 2, 20, problem))  # type: ignore[arg-type]
    assert (found.leading, found.shares["lr"].share) == ("lr", 1.0)
    assert list(found.shares) == ["lr"]  # what is fixed has no share


def test_constants_are_not_searched() -> None:
    problem = Problem(Space(epochs=10), Objective(metric="loss"))
    found = importance(problem, history_of(problem, [({"epochs": 10}, float(i)) for i in range(12)]))
    assert found.note == "nothing is searched" and not found.shares


def test_a_hyperparameter_that_never_varied_cannot_be_told() -> None:
    rng = np.random.default_rng(0)
    points = rng.random((40, 4))
    points[:, 3] = 0.5
    history = history_of(UNIT, [(c, example(c)) for c in UNIT.space.decode(points)])
    assert not importance(UNIT, history).shares["d"].matters


def test_conditional_hyperparameters_are_kept_and_weighted() -> None:
    space = Space(kind=Choice("a", "b"), m=Float(0, 1, when={"kind": "a"}), k=Int(1, 9, when={"kind": "b"}))
    problem = Problem(space, Objective(metric="loss"))
    history = sampled(lambda c: 3 * float(c["m"]) if c["kind"] == "a" else 1.5, 60, problem)  # type: ignore[arg-type]
    found = importance(problem, history)
    assert set(found.shares) == {"kind", "m", "k"}
    # T_m = 9/12/2 = .375; T_kind = E (3 m - 1.5)^2 / 4 = .1875; k has none.
    assert found.shares["m"].share == pytest.approx(2 / 3, abs=0.1)
    assert found.shares["kind"].share == pytest.approx(1 / 3, abs=0.1)
    assert found.shares["k"].high < 0.1
    assert found.shares["m"].trials == sum("m" in t.config for t in history.trials.values())
    assert found.effects["m"].mean[-1] - found.effects["m"].mean[0] == pytest.approx(3 * 11 / 12, abs=0.3)


def test_effects_are_in_units_and_in_the_direction_of_the_user() -> None:
    space = Space(lr=Float(1e-4, 1, scale="log"), width=Int(1, 64))
    problem = Problem(space, Objective(metric="accuracy", direction="maximize"))
    history = sampled(lambda c: 1 - 0.1 * (math.log10(float(c["lr"])) + 2) ** 2, 50, problem)  # type: ignore[arg-type]
    effect = importance(problem, history).effects["lr"]
    best = int(np.argmax(effect.mean))
    assert effect.values[best] == pytest.approx(1e-2, rel=0.6)
    assert effect.mean[best] == pytest.approx(1.0, abs=0.05)
    assert all(lo <= m <= hi for lo, m, hi in zip(effect.low, effect.mean, effect.high, strict=True))


def test_what_decides_among_the_best_may_be_something_else() -> None:
    """Half of a is bad; in the other half only b matters."""

    def steep(config: Config) -> float:
        return 12 * max(0.0, float(config["a"]) - 0.5) ** 2 + abs(float(config["b"]) - 0.3)  # type: ignore[arg-type]

    history = sampled(steep, 80)
    assert importance(UNIT, history).leading == "a"
    assert importance(UNIT, history, within=0.1).leading == "b"


def test_within_is_a_share() -> None:
    for wrong in (0, 1, -0.1, 2.0):
        with pytest.raises(StudyError, match="within"):
            importance(UNIT, History(), within=wrong)
    with pytest.raises(StudyError, match="for the best 10 %"):
        importance(UNIT, History(), within="ten")  # type: ignore[arg-type]


def curve(config: Config) -> list[float]:
    end = example(config)
    return [end + 3.0 / (step + 1) for step in range(20)]


def test_stopped_trials_enter_by_what_their_curves_say() -> None:
    """All that has a = .3 ± .15 was trained to its end, the others to step 4, where all are worse."""
    log, stopped = Log(UNIT), 0
    log.write(Noted("steps", "20", "", {"steps": 20}))
    for config in UNIT.space.decode(np.random.default_rng(0).random((60, 4))):
        number = log.start(config)
        values = curve(config)
        if abs(float(config["a"]) - 0.3) < 0.15 or number % 3 == 0:
            log.report(number, "loss", values)
            log.end(number, "finished", values[-1])
        else:
            stopped += 1
            log.report(number, "loss", values[:4])
            log.end(number, "stopped", values[3])
    assert stopped > 20
    found = importance(UNIT, log.history)
    assert found.trials == 60 and found.leading == "a" and found.shares["a"].low > 0.6


def test_repeats_are_no_trials_of_their_own() -> None:
    log = Log(UNIT)
    for config in UNIT.space.decode(np.random.default_rng(0).random((20, 4))):
        log.run(config, example(config))
    for _ in range(4):
        log.run(log.history.trials[1].config, 0.5, repeats=1)
    assert importance(UNIT, log.history).trials == 20


def test_it_prints_as_a_table() -> None:
    found = importance(UNIT, sampled(example, 40))
    assert str(found).splitlines()[0].startswith("a  ")
    assert "95 % intervals" in " ".join(str(found).split())
    assert "<table>" in found._repr_html_()
    hostile = Problem(Space({"<b>": Float(0, 1), "x": Float(0, 1)}), Objective(metric="loss"))
    assert "<b>" not in importance(hostile, History())._repr_html_()


def test_the_cost_of_many_trials_is_flat() -> None:
    problem = Problem(Space({f"p{i}": Float(0, 1) for i in range(3)}), Objective(metric="loss"))
    history = sampled(lambda c: (float(c["p2"]) - 0.5) ** 2, 600, problem)  # type: ignore[arg-type]
    functions = model_of(problem, history).effects
    assert functions is not None and len(functions.draws[0].points) == USED
    found = importance(problem, history)
    assert (found.leading, found.trials) == ("p2", 600)
