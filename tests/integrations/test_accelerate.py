"""Accelerate: a loop with what it prepared goes on with the same bits, and no schedule undoes an order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

accelerate = pytest.importorskip("accelerate")

import torch  # noqa: E402

from osetra.integrations.torch import capture, follow_rate, restore  # noqa: E402
from osetra.training.run import Run  # noqa: E402

from .trial_runs import resumed, steered, told  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
X = torch.from_numpy(np.random.default_rng(0).normal(size=(32, 3)).astype("float32"))


def _trained(run: Run, rates: list[float]) -> np.ndarray:
    accelerator = accelerate.Accelerator(cpu=True, gradient_accumulation_steps=2)
    torch.manual_seed(3)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.3), torch.nn.Linear(4, 1))
    inner = torch.optim.Adam(net.parameters(), lr=run.config["lr"])
    inner.register_step_post_hook(lambda o, a, k: rates.append(o.param_groups[0]["lr"]))
    schedule = torch.optim.lr_scheduler.OneCycleLR(inner, run.config["lr"], total_steps=50)
    rows = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X), 4, shuffle=True)
    model, optimizer, loader, scheduler = accelerator.prepare(net, inner, rows, schedule)
    follow_rate(run, optimizer)
    parts: Any = {"model": accelerator.unwrap_model(model), "optimizer": inner, "scheduler": schedule}
    state = run.restore()
    if state is not None:
        restore(state, **parts)
    for _ in run.steps(6):
        for (x,) in loader:
            with accelerator.accumulate(model):
                loss = (model(x) - x.sum(1, keepdim=True)).square().mean()
                accelerator.backward(loss)
                optimizer.step()
                scheduler.step()
                optimizer.zero_grad()
        run.report(val_loss=loss.item())
        run.checkpoint(lambda: capture(**parts))
    return torch.nn.utils.parameters_to_vector(net.parameters()).detach().numpy()


def test_resumed_it_ends_with_the_same_bits(tmp_path: Path) -> None:
    unbroken, broken, whole, parts = resumed(tmp_path, lambda run: _trained(run, []), at=3)
    assert unbroken.tobytes() == broken.tobytes()
    assert told(whole) == told(parts)


def test_no_schedule_undoes_an_order_and_none_notices_it() -> None:
    def rates(orders: Any) -> list[float]:
        run, _, link = steered(orders)
        seen: list[float] = []
        _trained(run, seen)
        assert link.refusal == ""
        return seen

    plain, ordered = rates([]), rates([(2, {"lr": 0.025})])
    assert len(plain) == 24 and ordered[:8] == plain[:8]
    np.testing.assert_allclose(ordered[8:], 0.25 * np.asarray(plain[8:]), rtol=1e-9)
