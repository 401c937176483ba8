"""Lightning: a fit is a run, to the last bit, whatever its schedule."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

L = pytest.importorskip("lightning")

import torch  # noqa: E402
from torch.optim import lr_scheduler as schedulers  # noqa: E402
from torch.utils.data import DataLoader, TensorDataset  # noqa: E402

from osetra.errors import CheckpointError, StudyError  # noqa: E402
from osetra.integrations.lightning import OsetraCallback  # noqa: E402
from osetra.training.run import Run  # noqa: E402

from .trial_runs import die_once, killed_and_unbroken, resumed, steered, told  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
BATCHES = 4


class Module(L.LightningModule):  # type: ignore[misc, name-defined]
    def __init__(self, lr: float = 0.1, schedule: str = "", units: int = 4, dropout: float = 0.3) -> None:
        super().__init__()
        self.lr, self.schedule, self.rates = lr, schedule, []
        torch.manual_seed(1)
        self.net = torch.nn.Sequential(
            torch.nn.Linear(3, units), torch.nn.Dropout(dropout), torch.nn.Linear(units, 1)
        )

    def training_step(self, batch: Any, index: int) -> Any:
        loss = torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])
        self.log("train_loss", loss, on_epoch=True, on_step=False)
        return loss

    def validation_step(self, batch: Any, index: int) -> None:
        self.log("val_loss", torch.nn.functional.mse_loss(self.net(batch[0]), batch[1]))

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.Adam(self.net.parameters(), lr=self.lr)
        optimizer.register_step_post_hook(lambda o, a, k: self.rates.append(o.param_groups[0]["lr"]))
        made = {
            "lambda": lambda: schedulers.LambdaLR(optimizer, lambda t: 1 / (1 + t)),
            "onecycle": lambda: schedulers.OneCycleLR(optimizer, 0.2, total_steps=100),
            "exponential": lambda: schedulers.ExponentialLR(optimizer, 0.7),
            "plateau": lambda: schedulers.ReduceLROnPlateau(optimizer, patience=0, threshold=0.5, factor=0.5),
        }
        if self.schedule not in made:
            return optimizer
        interval = "step" if self.schedule == "onecycle" else "epoch"
        one = {"scheduler": made[self.schedule](), "interval": interval, "monitor": "val_loss"}
        return {"optimizer": optimizer, "lr_scheduler": one}


def _loader(shuffle: bool = True) -> Any:
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(32, 3)).astype("float32"))
    return DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), 32 // BATCHES, shuffle=shuffle)


def _fit(module: Any, *callbacks: Any, **settings: Any) -> Any:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = L.Trainer(
        accelerator="cpu",
        **{"max_epochs": 4, "enable_checkpointing": False, **quiet, **settings},
        callbacks=list(callbacks),
    )
    trainer.fit(module, _loader(), _loader(False))
    return trainer


class Killer(L.Callback):  # type: ignore[misc, name-defined]
    def __init__(self, run: Run) -> None:
        self.run = run

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        die_once(self.run, trainer.current_epoch, 4)


def _trained(run: Run, schedule: str = "plateau") -> np.ndarray:
    module = Module(run.config["lr"], schedule)
    early = L.pytorch.callbacks.EarlyStopping("val_loss", patience=50)
    _fit(module, OsetraCallback(run), early, Killer(run), max_epochs=7)
    return np.concatenate([value.numpy().ravel() for value in module.state_dict().values()])


@pytest.mark.parametrize("schedule", ["", "lambda", "onecycle", "exponential", "plateau"])
def test_resumed_it_ends_with_the_same_bits(schedule: str, tmp_path: Path) -> None:
    unbroken, broken, whole, parts = resumed(tmp_path, lambda run: _trained(run, schedule), at=4, die=0)
    assert unbroken.tobytes() == broken.tobytes()
    assert told(whole) == told(parts)


def test_killed_with_sigkill_and_resumed_it_ends_with_the_same_bits(tmp_path: Path) -> None:
    _, unbroken, killed = killed_and_unbroken(tmp_path, lambda run, result: np.save(result, _trained(run)))
    assert unbroken.tobytes() == killed.tobytes()


@pytest.mark.parametrize("schedule", ["", "lambda", "onecycle", "exponential"])
def test_no_schedule_undoes_an_order_and_none_notices_it(schedule: str) -> None:
    def rates(orders: Any) -> list[float]:
        run, _, link = steered(orders)
        module = Module(0.1, schedule)
        _fit(module, OsetraCallback(run))
        assert link.refusal == ""
        return list(module.rates)

    plain, ordered = rates([]), rates([(2, {"lr": 0.025})])
    assert len(plain) == 4 * BATCHES and ordered[: 2 * BATCHES] == plain[: 2 * BATCHES]
    np.testing.assert_allclose(ordered[2 * BATCHES :], 0.25 * np.asarray(plain[2 * BATCHES :]), rtol=1e-9)


def test_it_reports_what_is_logged_and_stops_when_told() -> None:
    run, heard, _ = steered(stop_at=2)
    trainer = _fit(Module(), OsetraCallback(run), max_epochs=50)
    assert trainer.current_epoch == 2 and run.interrupted
    assert {(p.step, p.metric) for p in heard.points} == {
        (step, name) for step in (1, 2) for name in ("train_loss", "val_loss")
    }
    assert "a full training has 50 steps" in [getattr(fact, "text", "") for fact in heard.facts]


def test_values_of_earlier_validations_are_not_reported_again() -> None:
    run, heard, _ = steered()
    _fit(Module(), OsetraCallback(run), check_val_every_n_epoch=2)
    assert [p.step for p in heard.points if p.metric == "val_loss"] == [2, 4]
    assert [p.step for p in heard.points if p.metric == "train_loss"] == [1, 2, 3, 4]


def test_the_length_may_be_given_in_steps() -> None:
    run, heard, _ = steered()
    _fit(Module(), OsetraCallback(run), max_epochs=-1, max_steps=10)
    assert "a full training has 3 steps" in [getattr(fact, "text", "") for fact in heard.facts]


def test_wrong_uses_are_named(tmp_path: Path) -> None:
    run, _, _ = steered(metric="val_acc")
    with pytest.raises(StudyError, match="Lightning logs no 'val_acc'; it logs train_loss, val_loss"):
        _fit(Module(), OsetraCallback(run))
    run, _, _ = steered()
    with pytest.raises(StudyError, match="two count the steps of one run"):
        _fit(Module(), OsetraCallback(run), OsetraCallback(run))
    run, _, _ = steered()
    with pytest.raises(StudyError, match=r"Trainer\(max_epochs=-1\) has no end"):
        _fit(Module(), OsetraCallback(run), max_epochs=-1)
    with pytest.raises(CheckpointError, match="another module or optimizer: size mismatch for net"):
        resumed(
            tmp_path,
            lambda run: (
                _fit(Module(units=3 + run.attempt), OsetraCallback(run), max_epochs=5) and np.zeros(1)
            ),
            at=2,
        )
