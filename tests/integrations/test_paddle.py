"""PaddlePaddle: a loop of one's own is a run, to the last bit, whatever its scheduler."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

paddle = pytest.importorskip("paddle")

import osetra as ose  # noqa: E402
from osetra.errors import CheckpointError, StudyError  # noqa: E402
from osetra.integrations.paddle import capture, follow_rate, restore  # noqa: E402
from osetra.training.run import Run  # noqa: E402

from .trial_runs import die_once, heavy, killed_and_unbroken, resumed, steered, told  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
X = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
rates = paddle.optimizer.lr
SCHEDULERS = {
    "number": lambda lr: lr,
    "CosineAnnealingDecay": lambda lr: rates.CosineAnnealingDecay(lr, 30),
    "ExponentialDecay": lambda lr: rates.ExponentialDecay(lr, 0.9),
    "InverseTimeDecay": lambda lr: rates.InverseTimeDecay(lr, 0.1),
    "LambdaDecay": lambda lr: rates.LambdaDecay(lr, lambda n: 0.95**n),
    "LinearWarmup": lambda lr: rates.LinearWarmup(lr, 4, 0.01, lr),
    "MultiStepDecay": lambda lr: rates.MultiStepDecay(lr, [4, 9]),
    "MultiplicativeDecay": lambda lr: rates.MultiplicativeDecay(lr, lambda n: 0.95),
    "NaturalExpDecay": lambda lr: rates.NaturalExpDecay(lr, 0.1),
    "OneCycleLR": lambda lr: rates.OneCycleLR(lr, 20),
    "PiecewiseDecay": lambda lr: rates.PiecewiseDecay([4, 9], [lr, lr / 2, lr / 4]),
    "PolynomialDecay": lambda lr: rates.PolynomialDecay(lr, 30),
    "ReduceOnPlateau": lambda lr: rates.ReduceOnPlateau(lr, patience=2),
    "StepDecay": lambda lr: rates.StepDecay(lr, 4, 0.5),
}


def _trained(run: Run) -> np.ndarray:
    paddle.seed(1)
    np.random.seed(3)  # noqa: NPY002  # loops of people draw from it
    model = paddle.nn.Sequential(
        paddle.nn.Linear(3, 4), paddle.nn.Dropout(0.3), paddle.nn.BatchNorm1D(4), paddle.nn.Linear(4, 1)
    )
    scheduler = rates.CosineAnnealingDecay(run.config["lr"], 30)
    optimizer = paddle.optimizer.AdamW(scheduler, parameters=model.parameters())
    follow_rate(run, optimizer)
    parts = {"model": model, "optimizer": optimizer}
    state = run.restore()
    if state is not None:
        restore(state, **parts)
    for epoch in run.steps(6):
        paddle.seed(7 + epoch)
        for rows in np.random.permutation(32).reshape(4, 8):  # noqa: NPY002
            loss = ((model(paddle.to_tensor(X[rows])) - paddle.to_tensor(Y[rows])) ** 2).mean()
            loss.backward()
            optimizer.step()
            optimizer.clear_grad()
            scheduler.step()
        run.report(val_loss=float(loss))
        run.checkpoint(lambda: capture(**parts))
        if "die" in run.config:
            die_once(run, epoch, 4)
    return np.concatenate([np.ravel(weights.numpy()) for weights in model.parameters()])


def test_resumed_in_a_process_that_trained_before_it_ends_with_the_same_bits(tmp_path: Path) -> None:
    unbroken, broken, whole, parts = resumed(tmp_path, _trained, at=3)
    assert unbroken.tobytes() == broken.tobytes()
    assert told(whole) == told(parts)


@heavy
def test_killed_with_sigkill_and_resumed_it_ends_with_the_same_bits(tmp_path: Path) -> None:
    _, unbroken, killed = killed_and_unbroken(tmp_path, lambda run, result: np.save(result, _trained(run)))
    assert unbroken.tobytes() == killed.tobytes()


@heavy
def test_two_workers_train_at_once(tmp_path: Path) -> None:
    study = ose.Study(
        tmp_path / "s.db", ose.Space(lr=ose.Float(1e-3, 0.1)), minimize="val_loss", scheduler="full"
    )

    def train(run: Run) -> None:
        _trained(run)

    study.run(train, trials=4, workers=2, progress=False)
    assert [trial.state for trial in study.trials] == ["finished"] * 4


@pytest.mark.parametrize("name", SCHEDULERS)
def test_no_scheduler_undoes_an_order_and_none_notices_it(name: str) -> None:
    def moves(orders: Any) -> list[float]:
        run, _, link = steered(orders)
        weight, seen = paddle.create_parameter([1], "float32"), []
        scheduler = SCHEDULERS[name](run.config["lr"])
        optimizer = paddle.optimizer.SGD(scheduler, parameters=[weight])
        follow_rate(run, optimizer)
        for _ in run.steps(5):
            for _ in range(3):
                before = weight.item()
                (weight * 1.0).sum().backward()
                optimizer.step()
                optimizer.clear_grad()
                seen.append(before - weight.item())
                if name == "ReduceOnPlateau":
                    scheduler.step(1.0)
                elif name != "number":
                    scheduler.step()
            run.report(val_loss=1.0)
        assert link.refusal == ""
        return seen

    plain, ordered = moves([]), moves([(2, {"lr": 0.025})])
    np.testing.assert_allclose(ordered[:6], plain[:6], rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(ordered[6:], 0.25 * np.asarray(plain[6:]), rtol=1e-2, atol=1e-6)


def test_a_stop_ends_the_loop() -> None:
    run, heard, _ = steered(stop_at=2)
    _trained(run)
    assert run.interrupted and max(point.step for point in heard.points) == 2


def test_wrong_uses_are_named() -> None:
    run, _, _ = steered()
    with pytest.raises(StudyError, match="give Paddle's"):
        follow_rate(run, 3)
    layer = paddle.nn.Linear(2, 2)
    with pytest.raises(CheckpointError, match="f is a function, which has no state_dict"):
        capture(f=lambda: 1)
    with pytest.raises(CheckpointError, match=r"another m: weight is \[2, 2\] there and \[2, 3\] here"):
        restore(capture(m=layer), m=paddle.nn.Linear(2, 3))
    with pytest.raises(CheckpointError, match="the checkpoint has m, and restore\\(\\) got n"):
        restore(capture(m=layer), n=layer)
    with pytest.raises(CheckpointError, match=r"not a state that .*paddle.capture returned"):
        restore({"a": 1}, m=layer)
