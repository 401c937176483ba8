"""PyTorch: an order holds under every scheduler, and no scheduler takes it for its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler as schedulers

from osetra.core.claim import Claim
from osetra.core.problem import Objective
from osetra.errors import StudyError
from osetra.integrations.torch import capture, follow_rate, restore
from osetra.training.link import MemoryLink
from osetra.training.run import Run

from .trial_runs import steered

SCHEDULERS: dict[str, Any] = {
    "LambdaLR": lambda o: schedulers.LambdaLR(o, lambda t: 1 / (1 + t)),
    "MultiplicativeLR": lambda o: schedulers.MultiplicativeLR(o, lambda t: 0.9),
    "StepLR": lambda o: schedulers.StepLR(o, 3),
    "MultiStepLR": lambda o: schedulers.MultiStepLR(o, [2, 7]),
    "ConstantLR": lambda o: schedulers.ConstantLR(o, total_iters=6),
    "LinearLR": lambda o: schedulers.LinearLR(o, total_iters=8),
    "ExponentialLR": lambda o: schedulers.ExponentialLR(o, 0.8),
    "PolynomialLR": lambda o: schedulers.PolynomialLR(o, 12, 2.0),
    "CosineAnnealingLR": lambda o: schedulers.CosineAnnealingLR(o, 12),
    "CosineAnnealingWarmRestarts": lambda o: schedulers.CosineAnnealingWarmRestarts(o, 4),
    "CyclicLR": lambda o: schedulers.CyclicLR(o, 0.01, 0.1, step_size_up=3, cycle_momentum=False),
    "OneCycleLR": lambda o: schedulers.OneCycleLR(o, 0.1, total_steps=13),
    "ReduceLROnPlateau": lambda o: schedulers.ReduceLROnPlateau(o, patience=1),
    "SequentialLR": lambda o: schedulers.SequentialLR(
        o, [schedulers.LinearLR(o, total_iters=3), schedulers.ExponentialLR(o, 0.8)], [3]
    ),
    "ChainedScheduler": lambda o: schedulers.ChainedScheduler(
        [schedulers.LinearLR(o, total_iters=3), schedulers.ExponentialLR(o, 0.8)]
    ),
}


def test_every_scheduler_of_this_version_is_here() -> None:
    known = {name for name in vars(schedulers) if name.endswith("LR") or name in SCHEDULERS}
    assert len(known) > 12
    assert known - {"LR", "_enable_get_lr_call", "SWALR"} - set(SCHEDULERS) == set()


def _rates(scheduler: str, change: float, wrapped: bool = False) -> list[float]:
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    schedule, rates = SCHEDULERS[scheduler](optimizer), []
    run, _, link = steered([(6, {"lr": 0.1 * change})] if change != 1 else [])
    follow_rate(run, optimizer)
    for _ in run.steps(12):
        before = weight.item()
        weight.grad = torch.ones(1, dtype=torch.float64)
        optimizer.step()
        rates.append(before - weight.item())
        schedule.step(1.0) if scheduler == "ReduceLROnPlateau" else schedule.step()
        run.report(val_loss=1.0)
    assert link.refusal == ""
    return rates


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_no_scheduler_undoes_an_order_and_none_notices_it(scheduler: str) -> None:
    plain, ordered = _rates(scheduler, 1), _rates(scheduler, 0.25)
    np.testing.assert_allclose(ordered[:6], plain[:6], rtol=1e-12)
    np.testing.assert_allclose(ordered[6:], 0.25 * np.asarray(plain[6:]), rtol=1e-9)


def _resumed_run() -> Run:
    """Return a run whose rate was ordered before it began."""
    claim = Claim(1, 2, {"lr": 0.1}, 3, live={"lr": 0.05})
    return Run.of(claim, Objective(metric="val_loss"), MemoryLink())


def test_restored_state_is_not_multiplied_twice() -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    follow_rate(_resumed_run(), optimizer)
    restore(capture(optimizer=optimizer), optimizer=optimizer)
    weight.grad = torch.ones(1)
    optimizer.step()
    assert weight.item() == pytest.approx(-0.05) and optimizer.param_groups[0]["lr"] == 0.1


def test_wrong_uses_are_named() -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    run = _resumed_run()
    with pytest.raises(
        StudyError, match=r"built with run.live\('lr'\), and that rate would be multiplied twice"
    ):
        follow_rate(run, torch.optim.SGD([weight], lr=run.live("lr")))
    with pytest.raises(StudyError, match="follow_rate\\(run, optimizer\\) takes PyTorch's"):
        follow_rate(run, weight)
    with pytest.raises(StudyError, match="follow_rate\\(run, optimizer\\) takes PyTorch's"):
        follow_rate(run)
    nameless = Run.of(Claim(1, 1, {"rate": 0.1}, 3), Objective(metric="val_loss"), MemoryLink())
    with pytest.raises(StudyError, match="none of rate is named lr, learning_rate or eta"):
        follow_rate(nameless, torch.optim.SGD([weight], lr=0.1))
