"""TensorFlow: a loop with a GradientTape is a run, to the last bit, whatever its schedule, compiled too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")
if tf.keras.config.backend() != "tensorflow":
    pytest.skip("Keras was loaded with another backend", allow_module_level=True)

import osetra as ose  # noqa: E402
from osetra.errors import CheckpointError, StudyError  # noqa: E402
from osetra.integrations.tensorflow import capture, follow_rate, restore  # noqa: E402
from osetra.training.run import Run  # noqa: E402

from .trial_runs import die_once, heavy, killed_and_unbroken, resumed, steered, told  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
X = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
schedules = tf.keras.optimizers.schedules
SCHEDULES = {
    "number": lambda lr: lr,
    "CosineDecay": lambda lr: schedules.CosineDecay(lr, 30),
    "CosineDecayRestarts": lambda lr: schedules.CosineDecayRestarts(lr, 5),
    "ExponentialDecay": lambda lr: schedules.ExponentialDecay(lr, 5, 0.5),
    "InverseTimeDecay": lambda lr: schedules.InverseTimeDecay(lr, 5, 0.5),
    "PolynomialDecay": lambda lr: schedules.PolynomialDecay(lr, 30),
    "PiecewiseConstantDecay": lambda lr: schedules.PiecewiseConstantDecay([4, 9], [lr, lr / 2, lr / 4]),
}


def _model() -> Any:
    tf.keras.utils.set_random_seed(1)
    layers = tf.keras.layers
    return tf.keras.Sequential(
        [
            layers.Input((3,)),
            layers.Dense(4),
            layers.Dropout(0.3),
            layers.BatchNormalization(),
            layers.Dense(1),
        ]
    )


def _trained(run: Run) -> np.ndarray:
    model, optimizer = _model(), tf.keras.optimizers.Adam(schedules.CosineDecay(run.config["lr"], 24))
    optimizer.build(model.trainable_variables)
    rate, drawn = follow_rate(run, optimizer), tf.random.Generator.from_seed(3)
    parts = {"model": model, "optimizer": optimizer, "drawn": drawn}
    state = run.restore()
    if state is not None:
        restore(state, **parts)

    @tf.function  # type: ignore[untyped-decorator]
    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x + 0.01 * drawn.normal(x.shape), training=True) - y) ** 2)
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    for epoch in run.steps(6):
        rate.follow()
        for rows in np.random.permutation(32).reshape(4, 8):  # noqa: NPY002  # loops of people draw from it
            loss = step(X[rows], Y[rows])
        run.report(val_loss=loss)
        run.checkpoint(lambda: capture(**parts))
        if "die" in run.config:
            die_once(run, epoch, 4)
    return np.concatenate([np.ravel(weights) for weights in model.get_weights()])


def test_resumed_it_ends_with_the_same_bits(tmp_path: Path) -> None:
    unbroken, broken, whole, parts = resumed(tmp_path, _trained, at=3)
    assert unbroken.tobytes() == broken.tobytes()
    assert told(whole) == told(parts)


@heavy
def test_killed_with_sigkill_and_resumed_it_ends_with_the_same_bits(tmp_path: Path) -> None:
    _, unbroken, killed = killed_and_unbroken(tmp_path, lambda run, result: np.save(result, _trained(run)))
    assert unbroken.tobytes() == killed.tobytes()


@heavy
def test_two_workers_train_at_once(tmp_path: Path) -> None:
    space = ose.Space(lr=ose.Float(1e-3, 0.1, scale="log"))
    study = ose.Study(tmp_path / "s.db", space, minimize="val_loss", scheduler="full")

    def train(run: Run) -> None:
        _trained(run)

    study.run(train, trials=4, workers=2, progress=False)
    assert [trial.state for trial in study.trials] == ["finished"] * 4


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", SCHEDULES)
def test_no_schedule_undoes_an_order_and_none_notices_it(name: str, compiled: bool) -> None:
    def moves(orders: Any) -> list[float]:
        run, _, link = steered(orders)
        weight, seen = tf.Variable([0.0]), []
        optimizer = tf.keras.optimizers.SGD(SCHEDULES[name](run.config["lr"]))
        optimizer.build([weight])
        rate = follow_rate(run, optimizer)

        def step() -> None:
            optimizer.apply_gradients([(tf.constant([1.0]), weight)])

        one = tf.function(step) if compiled else step
        for _ in run.steps(5):
            rate.follow()
            for _ in range(3):
                before = weight.numpy()[0]
                one()
                seen.append(before - weight.numpy()[0])
            run.report(val_loss=1.0)
        assert link.refusal == ""
        if name == "number":
            assert optimizer.learning_rate.numpy() == np.float32(0.1)
        return seen

    plain, ordered = moves([]), moves([(2, {"lr": 0.025})])
    np.testing.assert_allclose(ordered[:6], plain[:6], rtol=1e-5)
    np.testing.assert_allclose(ordered[6:], 0.25 * np.asarray(plain[6:]), rtol=1e-3, atol=1e-7)


def test_who_never_follows_refuses_orders() -> None:
    run, _, link = steered([(2, {"lr": 0.025})])
    follow_rate(run, tf.keras.optimizers.SGD(run.config["lr"]))
    for _ in run.steps(5):
        run.report(val_loss=1.0)
    assert link.refusal != ""


def test_a_stop_ends_the_loop() -> None:
    run, heard, _ = steered(stop_at=2)
    _trained(run)
    assert run.interrupted and max(point.step for point in heard.points) == 2


def test_wrong_uses_are_named() -> None:
    run, _, _ = steered()
    optimizer, weight = tf.keras.optimizers.SGD(0.1), tf.Variable([1.0])
    optimizer.apply_gradients([(tf.constant([1.0]), weight)])
    with pytest.raises(StudyError, match=r"the optimizer has taken steps.*before the first step"):
        follow_rate(run, optimizer)
    with pytest.raises(StudyError, match="its learning rate cannot be followed"):
        follow_rate(run, tf.compat.v1.train.GradientDescentOptimizer(0.1))
    with pytest.raises(StudyError, match="takes one of Keras"):
        follow_rate(run)
    with pytest.raises(CheckpointError, match="f is a function, which has no variables"):
        capture(f=lambda: 1)
    with pytest.raises(CheckpointError, match=r"another w: 1 variables there, 1 here, and number 1"):
        restore(capture(w=weight), w=tf.Variable([1.0, 2.0]))
    with pytest.raises(CheckpointError, match="the checkpoint has w, and restore\\(\\) got v"):
        restore(capture(w=weight), v=weight)
    with pytest.raises(CheckpointError, match=r"not a state that .*tensorflow.capture returned"):
        restore({"a": 1}, w=weight)
    half = tf.Variable(np.array([0.1, 3]), dtype=tf.bfloat16)
    kept = capture(w=half)
    half.assign([0, 0])
    restore(kept, w=half)
    assert half.numpy().tolist() == [tf.constant(0.1, tf.bfloat16).numpy(), 3]
