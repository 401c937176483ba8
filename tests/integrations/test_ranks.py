"""Ranks: one run in two processes, to the last bit; rank 0 speaks, and all obey."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.parallel import DistributedDataParallel

from osetra.core.claim import Claim
from osetra.core.problem import Objective
from osetra.errors import StudyError
from osetra.integrations.torch import capture, follow_rate, on_ranks, restore
from osetra.training.link import MemoryLink, ScriptedLink
from osetra.training.run import Run

from .trial_runs import die_once, heavy, killed_and_unbroken, resumed, steered, told

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]
X = torch.from_numpy(np.random.default_rng(0).normal(size=(32, 3)).astype("float32"))
Y = X.sum(1, keepdim=True)


def _rank() -> int:
    return torch.distributed.get_rank()


def _trained(run: Run) -> np.ndarray:
    """Train with rows, dropout and noise of each rank's own; return the weights and all ranks' noise."""
    torch.manual_seed(3 + _rank())
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.3), torch.nn.Linear(4, 1))
    model = DistributedDataParallel(net)
    optimizer = torch.optim.Adam(model.parameters(), lr=run.config["lr"])
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, run.config["lr"], total_steps=30)
    follow_rate(run, optimizer)
    parts: Any = {"model": net, "optimizer": optimizer, "scheduler": scheduler}
    state = run.restore()
    if state is not None:
        restore(state, **parts)
    for epoch in run.steps(6):
        for rows in torch.randperm(16).reshape(4, 4):
            part = slice(_rank(), None, 2)
            loss = (model(X[part][rows]) - Y[part][rows]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
        run.report(val_loss=loss.item())
        run.checkpoint(lambda: capture(**parts))
        if "die" in run.config and _rank() == 0:
            die_once(run, epoch, 4)
    drawn = torch.rand(1)
    torch.distributed.all_reduce(drawn)
    return np.append(torch.nn.utils.parameters_to_vector(net.parameters()).detach().numpy(), drawn.item())


def _resting(run: Run) -> None:
    for _ in run.steps(50):
        seen = torch.tensor([float(run.live("lr"))])
        torch.distributed.all_reduce(seen)
        run.report(val_loss=1.0, both=seen.item())


def _failing(run: Run) -> None:
    for step in run.steps(5):
        if _rank() == 1 and step == 2:
            raise ValueError("no such row")
        run.report(val_loss=1.0)


def _alone(run: Run) -> None:
    for _ in run.steps(5):
        if _rank() == 0:
            run.report(val_loss=1.0)
        run.checkpoint(lambda: {})


@heavy
def test_resumed_it_ends_with_the_same_bits_in_every_rank(tmp_path: Path) -> None:
    unbroken, broken, whole, parts = resumed(tmp_path, on_ranks(_trained, 2), at=3)  # type: ignore[arg-type]
    assert unbroken.tobytes() == broken.tobytes()
    assert told(whole) == told(parts)


def _saved(run: Run, result: Path) -> None:
    np.save(result, on_ranks(_trained, 2)(run))


@heavy
def test_killed_with_sigkill_and_resumed_it_ends_with_the_same_bits(tmp_path: Path) -> None:
    _, unbroken, killed = killed_and_unbroken(tmp_path, _saved)
    assert unbroken.tobytes() == killed.tobytes()


def test_every_rank_obeys_after_the_same_step_and_one_reports() -> None:
    run, heard, link = steered([(2, {"lr": 0.025})], stop_at=4)
    on_ranks(_resting, 2)(run)
    assert link.refusal == "" and run.interrupted
    both = [(p.step, round(p.value, 6)) for p in heard.points if p.metric == "both"]
    assert both == [(1, 0.2), (2, 0.2), (3, 0.05), (4, 0.05)]
    assert not torch.distributed.is_initialized()


@heavy
def test_values_in_force_at_the_start_are_those_of_every_rank() -> None:
    heard = MemoryLink()
    claim = Claim(1, 2, {"lr": 0.1}, 3, live={"lr": 0.05})
    on_ranks(_resting, 2)(Run.of(claim, Objective(metric="val_loss"), ScriptedLink(heard, 1, (), 1)))
    assert [p.value for p in heard.points if p.metric == "both"] == [pytest.approx(0.1)]


@heavy
def test_a_rank_that_fails_is_named_and_the_others_end() -> None:
    run, _, _ = steered()
    with pytest.raises(StudyError, match="rank 1 failed: ValueError: no such row"):
        on_ranks(_failing, 2)(run)
    assert not torch.distributed.is_initialized()
    run, _, _ = steered()
    with pytest.raises(StudyError, match=r"rank 1 is at run\.checkpoint and rank 0 at run\.report"):
        on_ranks(_alone, 2)(run)


def test_under_torchrun_and_in_a_group_the_way_that_works_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    run, _, _ = steered()
    with pytest.raises(StudyError, match=r"in a process group already.*python instead of torchrun"):
        on_ranks(_resting, 2)(run)
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(StudyError, match=r"torchrun has started 2 processes.*osetra run --metric"):
        on_ranks(_resting, 2)
    monkeypatch.setenv("WORLD_SIZE", "1")
    on_ranks(_resting, 2)


def test_wrong_uses_are_named() -> None:
    with pytest.raises(StudyError, match="a function that stands at the top of a file"):
        on_ranks(lambda run: None, 2)
    with pytest.raises(StudyError, match="processes"):
        on_ranks(_resting, 0)
