"""Keras on PyTorch: a fit is a run, to the last bit, whatever its schedule."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")

import osetra as ose  # noqa: E402
from osetra.errors import CheckpointError, StudyError  # noqa: E402
from osetra.integrations.keras import OsetraCallback  # noqa: E402
from osetra.training.run import Run  # noqa: E402

from .trial_runs import die_once, heavy, killed_and_unbroken, resumed, steered, told  # noqa: E402

BACKEND = keras.backend.backend()
ROWS = 32
BATCHES = 4
SHUFFLED = pytest.mark.skipif(
    BACKEND == "tensorflow", reason="its shuffling keeps a state that nobody can read"
)
# Of Keras with newer NumPy.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def _data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, 3)).astype("float32")
    return x, x.sum(axis=1, keepdims=True)


def _model(rate: Any = 0.1, optimizer: Any = None, dropout: float = 0.3) -> Any:
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dropout(dropout), keras.layers.Dense(1)]
    )
    model.compile((optimizer or keras.optimizers.Adam)(rate), loss="mse", metrics=["mae"])
    return model


def _fit(model: Any, *callbacks: Any, epochs: int = 4, **more: Any) -> Any:
    x, y = _data()
    more = {"validation_data": (x, y), **more}
    return model.fit(
        x, y, epochs=epochs, batch_size=ROWS // BATCHES, verbose=0, callbacks=list(callbacks), **more
    )


def _weights(model: Any) -> np.ndarray:
    return np.concatenate([np.asarray(keras.ops.convert_to_numpy(w)).ravel() for w in model.weights])


def _trained(run: Run) -> np.ndarray:
    model = _model(run.config["lr"])
    plateau = keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=1, factor=0.5, min_delta=0.5)
    early = keras.callbacks.EarlyStopping(monitor="val_loss", patience=50)
    killer = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: die_once(run, epoch, 4))
    _fit(model, plateau, early, OsetraCallback(run, keep=[plateau, early]), killer, epochs=7)
    return _weights(model)


@SHUFFLED
def test_resumed_it_ends_with_the_same_bits(tmp_path: Path) -> None:
    unbroken, broken, whole, parts = resumed(tmp_path, _trained, at=4, die=0)
    assert unbroken.tobytes() == broken.tobytes()
    assert told(whole) == told(parts)


@heavy
@SHUFFLED
def test_killed_with_sigkill_and_resumed_it_ends_with_the_same_bits(tmp_path: Path) -> None:
    study, unbroken, killed = killed_and_unbroken(
        tmp_path, lambda run, result: np.save(result, _trained(run))
    )
    assert unbroken.tobytes() == killed.tobytes()
    first, second = (study.history.curve(study.history.trials[n], "val_loss") for n in (1, 2))
    assert [list(part) for part in first] == [list(part) for part in second]


class Recorded(keras.optimizers.SGD):  # type: ignore[misc, name-defined]
    """Remembers the rate of each step."""

    def __init__(self, rate: Any) -> None:
        super().__init__(rate)
        self.__dict__["rates"] = []

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        self.rates.append(float(learning_rate))
        super().update_step(gradient, variable, learning_rate)


def _schedules() -> dict[str, Any]:
    s = keras.optimizers.schedules
    return {
        "CosineDecay": s.CosineDecay(0.1, 16, warmup_target=0.2, warmup_steps=3),
        "CosineDecayRestarts": s.CosineDecayRestarts(0.1, 5),
        "ExponentialDecay": s.ExponentialDecay(0.1, 5, 0.5),
        "InverseTimeDecay": s.InverseTimeDecay(0.1, 5, 0.5),
        "PiecewiseConstantDecay": s.PiecewiseConstantDecay([4, 9], [0.1, 0.05, 0.01]),
        "PolynomialDecay": s.PolynomialDecay(0.1, 16, 0.001),
    }


class EveryBatch(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
    """Sets the rate before each batch, as schedules of one's own do."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.model.optimizer.learning_rate = 0.1 / (1 + batch)


def _rates(change: float, rate: Any = 0.1, *callbacks: Any) -> list[float]:
    run, _, link = steered([(2, {"lr": 0.1 * change})] if change != 1 else [])
    model = _model(rate, Recorded, dropout=0.0)
    before = model.optimizer._learning_rate
    _fit(model, *callbacks, OsetraCallback(run))
    assert link.refusal == ""
    assert model.optimizer._learning_rate is before, "the user's own optimizer is left as it was"
    return model.optimizer.rates[:: len(model.trainable_variables)]


@pytest.mark.skipif(BACKEND != "torch", reason="rates are read step by step, which needs no compiling")
@pytest.mark.parametrize("schedule", [*_schedules(), "float", "epochs", "plateau", "batches"])
def test_no_schedule_undoes_an_order_and_none_notices_it(schedule: str) -> None:
    def others() -> list[Any]:
        scheduler = keras.callbacks.LearningRateScheduler(lambda epoch, lr: lr * 0.7)
        plateau = keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=0, factor=0.5, min_delta=9)
        return {"epochs": [scheduler], "plateau": [plateau], "batches": [EveryBatch()]}.get(schedule, [])

    plain = _rates(1, _schedules().get(schedule, 0.1), *others())
    ordered = _rates(0.25, _schedules().get(schedule, 0.1), *others())
    assert len(plain) == len(ordered) == 4 * BATCHES
    begun = 2 * BATCHES
    assert ordered[:begun] == plain[:begun]
    np.testing.assert_allclose(ordered[begun:], 0.25 * np.asarray(plain[begun:]), rtol=1e-6)


def test_it_reports_what_fit_logs_and_stops_when_told() -> None:
    run, heard, _ = steered(stop_at=2)
    history = _fit(_model(), OsetraCallback(run), epochs=50)
    assert len(history.epoch) == 2 and run.interrupted
    assert {point.metric for point in heard.points} == {"loss", "mae", "val_loss", "val_mae"}
    values = [point.value for point in heard.points if point.metric == "val_loss"]
    assert values == history.history["val_loss"]
    assert "a full training has 50 steps" in [getattr(fact, "text", "") for fact in heard.facts]


def test_a_metric_that_is_never_logged_is_told_at_once_with_those_that_are() -> None:
    run, _, _ = steered(metric="val_acc")
    with pytest.raises(StudyError, match=r"Keras logs no 'val_acc'; it logs loss, mae, val_loss, val_mae"):
        _fit(_model(), OsetraCallback(run))
    run, _, _ = steered()
    with pytest.raises(StudyError, match=r"logs no 'val_loss'; it logs loss, mae\."):
        _fit(_model(), OsetraCallback(run), validation_data=None)


def test_validation_now_and_then_is_no_mistake() -> None:
    run, heard, _ = steered()
    _fit(_model(), OsetraCallback(run), validation_freq=2)
    assert [p.step for p in heard.points if p.metric == "val_loss"] == [2, 4]


def test_two_callbacks_are_refused() -> None:
    run, _, _ = steered()
    with pytest.raises(StudyError, match="two count the steps of one run: a second OsetraCallback"):
        _fit(_model(), OsetraCallback(run), OsetraCallback(run))


def test_a_second_fit_of_the_same_run_is_refused() -> None:
    run, _, _ = steered()
    callback = OsetraCallback(run)
    _fit(_model(), callback)
    with pytest.raises(StudyError, match="a run is one training: give it all epochs at once"):
        _fit(_model(), callback)


def test_folds_may_share_a_callback() -> None:
    run, heard, _ = steered()
    callback = OsetraCallback(run)
    for _ in run.folds(2):
        _fit(_model(), callback, epochs=2)
    assert [(p.instance, p.step) for p in heard.points if p.metric == "val_loss"] == [
        (0, 1),
        (0, 2),
        (1, 1),
        (1, 2),
    ]


def test_wrong_arguments_are_named() -> None:
    run, _, _ = steered()
    with pytest.raises(StudyError, match="give it the run that the training function gets"):
        OsetraCallback(None)  # type: ignore[arg-type]
    with pytest.raises(StudyError, match=r"lr='rate'\): the hyperparameters are lr"):
        OsetraCallback(run, lr="rate")
    with pytest.raises(StudyError, match="leave initial_epoch out"):
        _fit(_model(), OsetraCallback(run), initial_epoch=2)


def test_a_rate_that_nobody_may_change_is_refused_to_whoever_asks() -> None:
    run, _, link = steered([(1, {"lr": 0.01})])
    _fit(_model(), OsetraCallback(run, lr=None))
    assert "lr cannot be changed while this training runs" in link.refusal


@pytest.mark.skipif(BACKEND != "jax", reason="others can change them")
def test_a_schedule_that_is_compiled_in_is_refused_with_the_way_out() -> None:
    run, _, _ = steered()
    with pytest.raises(
        StudyError, match=r"CosineDecay, which JAX compiles [^\n]* keras.callbacks.LearningRateScheduler"
    ):
        _fit(_model(_schedules()["CosineDecay"]), OsetraCallback(run))


def test_a_checkpoint_of_another_model_names_the_difference(tmp_path: Path) -> None:
    run, _, _ = steered()
    callback = OsetraCallback(run)
    callback.set_model(_model())
    state = callback._state()
    other = OsetraCallback(run)
    other.set_model(keras.Sequential([keras.Input((3,)), keras.layers.Dense(5)]))
    other.model.compile("sgd", loss="mse")
    with pytest.raises(CheckpointError, match=r"another model or optimizer: \d+ variables there, \d+ here"):
        other._load(state)


def test_an_order_reaches_the_weights_on_every_backend() -> None:
    """A rate of nearly nothing leaves the weights where they are."""

    def change(orders: Any) -> float:
        run, _, link = steered(orders)
        model, kept = _model(0.1, keras.optimizers.SGD), []
        look = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(_weights(model)))
        _fit(model, look, OsetraCallback(run), epochs=3)
        assert link.refusal == ""
        return float(np.abs(kept[2] - kept[1]).max())

    assert change([(2, {"lr": 1e-9})]) < 1e-6 < 1e-4 < change([])


@heavy
def test_several_workers_search(tmp_path: Path) -> None:
    def train(run: Run) -> None:
        _fit(_model(run.config["lr"]), OsetraCallback(run), epochs=2)

    space = ose.Space(lr=ose.Float(1e-3, 1e-1, scale="log"))
    study = ose.Study(tmp_path / "s.db", space, minimize="val_loss", seed=0, scheduler="full")
    study.run(train, trials=4, workers=2, progress=False)
    assert {trial.state for trial in study.history.trials.values()} == {"finished"}
