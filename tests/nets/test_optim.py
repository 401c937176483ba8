"""Settings of the training, and schedules."""

import math
from itertools import pairwise

import numpy as np
import pytest

from osetra.errors import DataError
from osetra.nets.optim import SCHEDULES, recipe, schedule


@pytest.mark.parametrize(
    ("kind", "share", "wanted"),
    [
        ("constant", 1.0, 1.0),
        ("linear", 0.5, 0.505),
        ("linear", 1.0, 0.01),
        ("cosine", 0.0, 1.0),
        ("cosine", 0.25, 0.01 + 0.99 * (1 + math.cos(math.pi / 4)) / 2),
        ("cosine", 1.0, 0.01),
        ("exponential", 0.5, 0.1),
        ("step", 0.49, 1.0),
        ("step", 0.5, 0.1),
        ("step", 0.75, 0.01),
    ],
)
def test_a_schedule_is_its_formula(kind, share, wanted):
    assert schedule(kind, share, final=0.01) == pytest.approx(wanted)


@pytest.mark.parametrize("kind", SCHEDULES)
def test_warm_up_rises_in_a_straight_line_and_then_the_schedule_starts_whole(kind):
    assert schedule(kind, 0.05, warmup=0.1) == pytest.approx(0.5)
    assert schedule(kind, 0.1, warmup=0.1) == pytest.approx(1.0)
    assert schedule(kind, 1.0, warmup=0.1) == pytest.approx(schedule(kind, 1.0))


@pytest.mark.parametrize("kind", SCHEDULES)
def test_no_schedule_ever_rises_after_warm_up(kind):
    factors = [schedule(kind, share) for share in np.linspace(0, 1, 101)]
    assert all(later <= earlier for earlier, later in pairwise(factors))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"optimizer": "adamax"}, "optimizer='adamax': choose one of .* Did you mean 'adam"),
        ({"schedule": "cosin"}, "Did you mean 'cosine'?"),
        ({"lr": 0.0}, "lr=0.0: must be above 0"),
        ({"momentum": 1.0}, "momentum=1.0: must be at least 0 and below 1"),
        ({"batch_size": 0}, "batch_size=0: at least one row"),
        ({"weight_decay": -1.0}, "weight_decay=-1.0: must not be negative"),
    ],
)
def test_impossible_recipes_are_refused(config, message):
    with pytest.raises(DataError, match=message):
        recipe(config)
