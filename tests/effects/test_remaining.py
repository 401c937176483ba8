"""What is left to gain: none of it where the model knows the minimum, much where it was never near."""

import numpy as np
import pytest

import osetra as ose
from osetra.effects.remaining import remaining


def told(values, function, *, seed=0, spread=0.02):
    """A study whose trials are given: points in the square, and what came of them."""
    space = ose.Space(a=ose.Float(0, 1), b=ose.Float(0, 1))
    study, chance = ose.Study("memory:", space, minimize="loss", seed=seed), np.random.default_rng(seed)
    for a, b in values:
        study.enqueue(a=float(a), b=float(b))
        run = study.ask()
        study.tell(run, float(function(a, b) + spread * chance.standard_normal()))
    return remaining(study.problem, study.history)


def bowl(a, b):
    return 9 * (a - 0.8) ** 2 + (b - 0.7) ** 2


@pytest.mark.parametrize("seed", range(3))
def test_it_is_large_where_the_search_was_never_near_and_small_where_it_was(seed):
    chance = np.random.default_rng(seed)
    far = told(np.column_stack((0.5 * chance.random(30), chance.random(30))), bowl, seed=seed)
    near = told(chance.random((60, 2)), bowl, seed=seed)
    assert far is not None and near is not None
    assert not far.is_over
    assert far.share > 2 * near.share


def test_nothing_is_said_of_few_trials_or_of_noise():
    chance = np.random.default_rng(1)
    assert told(chance.random((19, 2)), bowl) is None
    assert told(chance.random((40, 2)), lambda a, b: 0.0, spread=1.0) is None
