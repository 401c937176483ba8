"""Hugging Face's Trainer: a training is a run, to the last bit, whatever its schedule."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pytest

transformers = pytest.importorskip("transformers")
pytest.importorskip("accelerate")

import torch  # noqa: E402

import osetra as ose  # noqa: E402
from osetra.errors import StudyError, TrainingFailed  # noqa: E402
from osetra.integrations.transformers import OsetraCallback, tune_trainer  # noqa: E402
from osetra.training.run import Run  # noqa: E402

from .trial_runs import die_once, heavy, killed_and_unbroken, resumed, steered, told  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
BATCHES = 4


class Model(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.3), torch.nn.Linear(4, 1))

    def forward(self, x: Any, labels: Any = None) -> Any:
        out = self.net(x)
        return {"loss": torch.nn.functional.mse_loss(out, labels), "logits": out}


class Rates(transformers.TrainerCallback):  # type: ignore[misc, name-defined]
    """Remembers the rate of each step of the optimizer."""

    def __init__(self) -> None:
        self.rates: list[float] = []

    def on_train_begin(self, args: Any, state: Any, control: Any, optimizer: Any = None, **more: Any) -> None:
        inner = getattr(optimizer, "optimizer", optimizer)
        inner.register_step_post_hook(lambda o, a, k: self.rates.append(o.param_groups[0]["lr"]))


def _rows() -> list[dict[str, Any]]:
    x = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
    return [{"x": torch.from_numpy(row), "labels": torch.tensor([float(row.sum())])} for row in x]


def _train(run: Run, *callbacks: Any, first: Any = (), resume: bool = True, **settings: Any) -> Any:
    callback = OsetraCallback(run)
    settings = {"num_train_epochs": 4, "eval_strategy": "epoch", "save_strategy": "no", **settings}
    args = transformers.TrainingArguments(
        output_dir=mkdtemp(),
        learning_rate=run.config["lr"],
        per_device_train_batch_size=32 // BATCHES,
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
        seed=3,
        logging_strategy="epoch",
        **settings,
    )
    rows = _rows()
    trainer = transformers.Trainer(
        Model(), args, train_dataset=rows, eval_dataset=rows, callbacks=[*first, callback, *callbacks]
    )
    found = callback.resume()
    trainer.train(resume_from_checkpoint=found if resume else None)
    assert list(Path(args.output_dir).glob("checkpoint-*")) == []
    return trainer


class Killer(transformers.TrainerCallback):  # type: ignore[misc, name-defined]
    def __init__(self, run: Run) -> None:
        self.run = run

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        die_once(self.run, round(state.epoch), 4)


def _trained(run: Run, **settings: Any) -> np.ndarray:
    trainer = _train(run, Killer(run), num_train_epochs=7, **settings)
    return np.concatenate([value.numpy().ravel() for value in trainer.model.state_dict().values()])


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant_with_warmup", "reduce_lr_on_plateau"])
def test_resumed_it_ends_with_the_same_bits(schedule: str, tmp_path: Path) -> None:
    def train(run: Run) -> np.ndarray:
        return _trained(run, lr_scheduler_type=schedule, warmup_steps=5)

    unbroken, broken, whole, parts = resumed(tmp_path, train, at=4, metric="eval_loss", die=0)
    assert unbroken.tobytes() == broken.tobytes()
    ours = ("eval_loss", "loss", "learning_rate")
    assert [t for t in told(whole) if t[1] in ours] == [t for t in told(parts) if t[1] in ours]


def test_killed_with_sigkill_and_resumed_it_ends_with_the_same_bits(tmp_path: Path) -> None:
    _, unbroken, killed = killed_and_unbroken(
        tmp_path, lambda run, result: np.save(result, _trained(run)), "eval_loss"
    )
    assert unbroken.tobytes() == killed.tobytes()


@pytest.mark.parametrize("schedule", ["linear", "cosine", "polynomial", "inverse_sqrt", "constant"])
def test_no_schedule_undoes_an_order_and_none_notices_it(schedule: str) -> None:
    def rates(orders: Any) -> list[float]:
        run, _, link = steered(orders, metric="eval_loss")
        seen = Rates()
        _train(run, first=[seen], lr_scheduler_type=schedule, warmup_steps=3)
        assert link.refusal == ""
        return seen.rates

    plain, ordered = rates([]), rates([(2, {"lr": 0.025})])
    assert len(plain) == 4 * BATCHES and ordered[: 2 * BATCHES] == plain[: 2 * BATCHES]
    np.testing.assert_allclose(ordered[2 * BATCHES :], 0.25 * np.asarray(plain[2 * BATCHES :]), rtol=1e-9)


def test_it_reports_evaluations_and_stops_when_told() -> None:
    run, heard, _ = steered(stop_at=2, metric="eval_loss")
    trainer = _train(run, num_train_epochs=50)
    assert trainer.state.global_step == 2 * BATCHES and run.interrupted
    assert {"eval_loss", "loss"} <= {p.metric for p in heard.points}
    assert sorted(p.step for p in heard.points if p.metric == "eval_loss") == [1, 2]


def test_evaluations_by_steps_count() -> None:
    run, heard, _ = steered(metric="eval_loss")
    _train(run, eval_strategy="steps", eval_steps=3)
    assert [p.step for p in heard.points if p.metric == "eval_loss"] == [1, 2, 3, 4, 5]


def test_wrong_uses_are_named(tmp_path: Path) -> None:
    run, _, _ = steered(metric="eval_acc")
    with pytest.raises(StudyError, match=r"Transformers logs no 'eval_acc'; it logs [a-z_, ]*eval_loss"):
        _train(run)
    run, _, _ = steered(metric="eval_loss")
    with pytest.raises(StudyError, match="two count the steps of one run"):
        _train(run, OsetraCallback(run))
    run, _, _ = steered(metric="eval_loss")
    with pytest.raises(StudyError, match='save_strategy="best" decides by itself'):
        _train(run, save_strategy="best", metric_for_best_model="loss")
    with pytest.raises(StudyError, match=r"resume_from_checkpoint=callback\.resume"):
        resumed(
            tmp_path,
            lambda run: np.zeros(len(_train(run, resume=False).args.output_dir)),
            at=2,
            metric="eval_loss",
        )


def _bert(config: Mapping[str, Any]) -> Any:
    """Return a Trainer of a tiny transformer with random weights."""
    model = transformers.BertForSequenceClassification(
        transformers.BertConfig(
            vocab_size=20,
            hidden_size=8 * config["heads"],
            num_hidden_layers=1,
            num_attention_heads=config["heads"],
            intermediate_size=8,
            max_position_embeddings=8,
        )
    )
    words = np.random.default_rng(0).integers(0, 20, size=(32, 6))
    rows = [{"input_ids": row, "labels": int(row[0] > 9)} for row in words]
    args = transformers.TrainingArguments(
        output_dir=mkdtemp(), learning_rate=config["lr"], num_train_epochs=2, eval_strategy="epoch",
        save_strategy="no", report_to=[], disable_tqdm=True, use_cpu=True,
    )  # fmt: skip
    return transformers.Trainer(
        model,
        args,
        train_dataset=rows,
        eval_dataset=rows,
        compute_metrics=lambda told: {"accuracy": float((told[0].argmax(1) == told[1]).mean())},
    )


SPACE = ose.Space(lr=ose.Float(1e-4, 1e-1, scale="log"), heads=ose.Int(1, 2))


def test_a_search_with_a_trainer_is_one_call(tmp_path: Path) -> None:
    study = tune_trainer(_bert, SPACE, 2, url=tmp_path / "s.db", progress=False)
    assert [trial.state for trial in study.trials] == ["finished"] * 2
    assert study.problem.objective.metric == "eval_loss" and set(study.best.config) == {"lr", "heads"}
    again = tune_trainer(_bert, SPACE, 3, url=tmp_path / "s.db", progress=False)
    assert len(again.trials) == 3


@heavy
def test_it_makes_large_what_compute_metrics_returns_with_two_workers(tmp_path: Path) -> None:
    study = tune_trainer(
        _bert, SPACE, 3, maximize="eval_accuracy", url=tmp_path / "s.db", workers=2, progress=False
    )
    assert len(study.history.ended) == 3 and 0.4 < study.best.value <= 1


def test_what_returns_no_trainer_is_named() -> None:
    with pytest.raises(TrainingFailed, match=r"trainer_init=3: it returned that; return a Trainer"):
        tune_trainer(lambda config: 3, SPACE, 3, progress=False)
