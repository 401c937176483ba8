"""Skorch: a fit is a run, to the last bit, whatever its schedule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

skorch = pytest.importorskip("skorch")

import torch  # noqa: E402
from sklearn.base import clone  # noqa: E402
from skorch.callbacks import Callback, EarlyStopping, EpochScoring, LRScheduler  # noqa: E402
from skorch.dataset import ValidSplit  # noqa: E402
from torch.optim import lr_scheduler as schedulers  # noqa: E402

from osetra.errors import CheckpointError, StudyError  # noqa: E402
from osetra.integrations.skorch import OsetraCallback  # noqa: E402
from osetra.training.run import Run  # noqa: E402

from .trial_runs import die_once, heavy, killed_and_unbroken, resumed, steered, told  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3)).astype("float32")
Y = X.sum(1, keepdims=True)
BATCHES = 4
SCHEDULES: dict[str, Any] = {
    "": None,
    "LambdaLR": lambda: LRScheduler(schedulers.LambdaLR, lr_lambda=lambda t: 1 / (1 + t)),
    "OneCycleLR": lambda: LRScheduler(schedulers.OneCycleLR, max_lr=0.2, total_steps=100, step_every="batch"),
    "ExponentialLR": lambda: LRScheduler(schedulers.ExponentialLR, gamma=0.7),
    "WarmRestartLR": lambda: LRScheduler("WarmRestartLR"),
    "ReduceLROnPlateau": lambda: LRScheduler(
        schedulers.ReduceLROnPlateau, monitor="valid_loss", patience=0, threshold=0.5, factor=0.5
    ),
}


class Module(torch.nn.Module):
    def __init__(self, units: int = 4) -> None:
        super().__init__()
        self.net = torch.nn.Sequential(
            torch.nn.Linear(3, units), torch.nn.Dropout(0.3), torch.nn.Linear(units, 1)
        )

    def forward(self, x: Any) -> Any:
        return self.net(x)


class Rates(Callback):  # type: ignore[misc]
    def __init__(self) -> None:
        self.taken: list[float] = []

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        net.optimizer_.register_step_post_hook(lambda o, a, k: self.taken.append(o.param_groups[0]["lr"]))


def _net(run: Run, *callbacks: Any, **settings: Any) -> Any:
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002  # skorch draws from it
    return skorch.NeuralNetRegressor(
        Module,
        optimizer=torch.optim.Adam,
        lr=run.config["lr"],
        callbacks=[*callbacks, OsetraCallback(run)],
        train_split=ValidSplit(5, random_state=None),
        **{"max_epochs": 6, "batch_size": 8, "verbose": 0, "iterator_train__shuffle": True, **settings},
    )


class Killer(Callback):  # type: ignore[misc]
    def __init__(self, run: Run) -> None:
        self.run = run

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        die_once(self.run, len(net.history), 5)


def _trained(run: Run, schedule: str = "OneCycleLR", *more: Any) -> np.ndarray:
    made = SCHEDULES[schedule]
    callbacks = [EarlyStopping(patience=50), *([made()] if made else []), *more]
    net = _net(run, *callbacks).fit(X, Y)
    assert [row["epoch"] for row in net.history] == list(range(1, len(net.history) + 1))
    assert net.max_epochs == 6
    return np.concatenate([value.numpy().ravel() for value in net.module_.state_dict().values()])


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_resumed_it_ends_with_the_same_bits(schedule: str, tmp_path: Path) -> None:
    unbroken, broken, whole, parts = resumed(
        tmp_path, lambda run: _trained(run, schedule), at=3, metric="valid_loss", die=0
    )
    assert unbroken.tobytes() == broken.tobytes()
    assert told(whole) == told(parts)


@heavy
def test_killed_with_sigkill_and_resumed_it_ends_with_the_same_bits(tmp_path: Path) -> None:
    def train(run: Run, result: Path) -> None:
        np.save(result, _trained(run, "OneCycleLR", Killer(run)))

    _, unbroken, killed = killed_and_unbroken(tmp_path, train, "valid_loss")
    assert unbroken.tobytes() == killed.tobytes()


@pytest.mark.parametrize("schedule", [name for name in SCHEDULES if name != "ReduceLROnPlateau"])
def test_no_schedule_undoes_an_order_and_none_notices_it(schedule: str) -> None:
    def rates(orders: Any) -> list[float]:
        run, _, link = steered(orders, metric="valid_loss")
        made, seen = SCHEDULES[schedule], Rates()
        # The hook that looks comes before the one that puts the rate back.
        _net(run, *([made()] if made else []), seen).fit(X, Y)
        assert link.refusal == ""
        return seen.taken

    plain, ordered = rates([]), rates([(2, {"lr": 0.025})])
    assert len(plain) == 6 * BATCHES and ordered[: 2 * BATCHES] == plain[: 2 * BATCHES]
    np.testing.assert_allclose(ordered[2 * BATCHES :], 0.25 * np.asarray(plain[2 * BATCHES :]), rtol=1e-9)


def test_it_reports_what_is_logged_and_stops_when_told() -> None:
    run, heard, _ = steered(stop_at=2, metric="r2")
    scoring = EpochScoring("r2", name="r2", lower_is_better=False)
    net = _net(run, scoring, max_epochs=50).fit(X, Y)
    assert len(net.history) == 2 and run.interrupted and net.max_epochs == 50
    assert {(p.step, p.metric) for p in heard.points} == {
        (step, name) for step in (1, 2) for name in ("train_loss", "valid_loss", "r2")
    }
    assert "a full training has 50 steps" in [getattr(fact, "text", "") for fact in heard.facts]


def test_the_epoch_that_ends_a_fit_early_is_reported() -> None:
    run, heard, _ = steered(metric="valid_loss")
    early = EarlyStopping(patience=2, threshold=0.99)
    net = _net(run, early, max_epochs=50).fit(X, Y)
    assert max(p.step for p in heard.points) == len(net.history) < 50


def test_a_copy_of_a_net_speaks_for_nobody() -> None:
    run, heard, _ = steered(metric="valid_loss")
    clone(_net(run))
    assert heard.points == []


def test_wrong_uses_are_named(tmp_path: Path) -> None:
    run, _, _ = steered(metric="valid_acc")
    with pytest.raises(StudyError, match="skorch logs no 'valid_acc'; it logs train_loss, valid_loss"):
        _net(run).fit(X, Y)
    run, _, _ = steered(metric="valid_loss")
    net = _net(run)
    net.callbacks.append(EpochScoring("r2", name="r2"))
    with pytest.raises(StudyError, match=r"EpochScoring behind OsetraCallback .* as the last one"):
        net.fit(X, Y)
    run, _, _ = steered(metric="valid_loss")
    with pytest.raises(StudyError, match="behind OsetraCallback would speak"):
        _net(run, OsetraCallback(run)).fit(X, Y)
    with pytest.raises(CheckpointError, match="another net: size mismatch"):
        resumed(
            tmp_path,
            lambda run: _net(run, module__units=3 + run.attempt).fit(X, Y) and np.zeros(1),
            at=2,
            metric="valid_loss",
        )
