"""Optimizers and schedules."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from nets.tables_for_tests import coins
from osetra.errors import DataError
from osetra.nets.architecture import Architecture
from osetra.nets.network import build
from osetra.nets.optim import (
    OPTIMIZERS,
    OptimizerSettings,
    optimizer,
    optimizer_settings,
)
from osetra.nets.prepare import fit
from osetra.nets.schedules import RISING, SCHEDULES, schedule


def network():
    torch.manual_seed(0)
    return build(Architecture(units=4, layers=1), fit(coins(), np.arange(100)))


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
        ("flat_cosine", 0.5, 1.0),
        ("flat_cosine", 0.75, 0.01 + 0.99 / 2),
        ("coslog4", 0.0, 0.0),
        ("coslog4", (2**0.5 - 1) / 15, 1.0),
        ("coslog4", 1 / 15, 0.0),
        ("coslog4", (2**2.5 - 1) / 15, 1.0),
        ("one_cycle", 0.0, 1 / 25),
        ("one_cycle", 0.3, 1.0),
        ("inverse_time", 1 / 9, 1 / 12),
        ("inverse_sqrt", 3 / 9999, 0.5),
    ],
)
def test_a_schedule_is_its_formula(kind, share, wanted):
    assert schedule(kind, share, final=0.01) == pytest.approx(wanted)


@pytest.mark.parametrize("kind", sorted(set(SCHEDULES) - set(RISING)))
def test_warm_up_rises_in_a_straight_line_and_then_the_schedule_starts_whole(kind):
    assert schedule(kind, 0.05, warmup=0.1) == pytest.approx(0.5)
    assert schedule(kind, 0.1, warmup=0.1) == pytest.approx(1.0)
    assert schedule(kind, 1.0, warmup=0.1) == pytest.approx(schedule(kind, 1.0))


@pytest.mark.parametrize("kind", sorted(set(SCHEDULES) - set(RISING)))
def test_no_schedule_but_waves_ever_rises_after_warm_up(kind):
    factors = [schedule(kind, share) for share in np.linspace(0, 1, 101)]
    assert all(later <= earlier for earlier, later in pairwise(factors))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_norms_and_biases_are_never_decayed(name):
    decayed, spared = optimizer(OptimizerSettings(optimizer=name, weight_decay=0.1), network()).param_groups
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.1, 0.0)
    assert all(parameter.ndim > 1 for parameter in decayed["params"])


def test_plain_sgd_steps_down_the_gradient():
    net = network()
    weight = net.body[0].weight
    before = weight.detach().clone()
    stepper = optimizer(OptimizerSettings(optimizer="sgd", lr=0.5), net)
    net(torch.ones(3, 2), torch.zeros((3, 0), dtype=torch.int64)).sum().backward()
    stepper.step()
    torch.testing.assert_close(weight.detach(), before - 0.5 * weight.grad)


def test_adamw_decay_is_decoupled_from_the_gradient():
    net = network()
    weight = net.body[0].weight
    before = weight.detach().clone()
    for parameter in net.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer(OptimizerSettings(optimizer="adamw", lr=0.1, weight_decay=0.2), net).step()
    torch.testing.assert_close(weight.detach(), before * (1 - 0.1 * 0.2))


def test_settings_reach_the_optimizer():
    group = optimizer(
        optimizer_settings({"optimizer": "adam", "beta1": 0.8, "beta2": 0.9, "eps": 1e-4}), network()
    )
    assert (group.param_groups[0]["betas"], group.param_groups[0]["eps"]) == ((0.8, 0.9), 1e-4)
    group = optimizer(optimizer_settings({"optimizer": "nesterov", "momentum": 0.7}), network())
    assert (group.param_groups[0]["momentum"], group.param_groups[0]["nesterov"]) == (0.7, True)
    group = optimizer(optimizer_settings({"optimizer": "rmsprop", "rms_decay": 0.7}), network())
    assert group.param_groups[0]["alpha"] == 0.7


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
        optimizer_settings(config)
