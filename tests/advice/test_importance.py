import numpy as np

from advice.studies import PROBLEM, place, spread
from osetra.advice import importance
from osetra.core.params import Choice, Float
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.testing.histories import history_of


def test_what_matters_is_named_and_what_does_not_is_not() -> None:
    history = history_of(PROBLEM, [(c, abs(place(c) - 0.6)) for c in spread(40)])
    (found,) = importance.find(PROBLEM, history)
    assert "what makes the 40 trials differ is mainly lr (" in found.text
    assert "units" not in found.text


def test_noise_is_no_finding() -> None:
    values = np.random.default_rng(5).random(40)
    history = history_of(PROBLEM, [(c, float(v)) for c, v in zip(spread(40), values, strict=True)])
    assert importance.find(PROBLEM, history) == []


def test_seven_trials_are_too_few() -> None:
    history = history_of(PROBLEM, [(c, place(c)) for c in spread(7)])
    assert importance.find(PROBLEM, history) == []


def test_a_conditional_hyperparameter_is_judged_where_it_exists() -> None:
    space = Space(kind=Choice("a", "b"), m=Float(0, 1, when={"kind": "a"}))
    problem = Problem(space, Objective(metric="loss"))
    rows = [({"kind": "a", "m": ((i * 0.618) % 1)}, (i * 0.618) % 1) for i in range(40)]
    rows += [({"kind": "b"}, 0.5 + 0.1 * ((i * 0.37) % 1)) for i in range(40)]  # type: ignore[misc]
    (found,) = importance.find(problem, history_of(problem, rows))  # type: ignore[arg-type]
    assert "mainly m (" in found.text
