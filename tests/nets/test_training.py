"""Training against a recording run."""

import math

import numpy as np
import pytest
import torch

from nets.steered import curves, run_of
from nets.tables_for_tests import coins, flowers, line
from osetra.data.split import split
from osetra.errors import DataError, Diverged
from osetra.nets.training import prepare, raw_outputs, score, train
from osetra.training.link import MemoryLink, ScriptedLink

FAST = {"units": 16, "layers": 1, "lr": 0.02}


def trained(data, config=FAST, *, epochs=15, patience=15, seed=0, run=None, **options):
    run = run or run_of(config, seed)
    parts = prepare(data, split(data))
    return train(run, parts, family="mlp", epochs=epochs, patience=patience, **options), run


@pytest.mark.parametrize(
    ("data", "metric", "reached"), [(flowers(), "error", 0.1), (coins(), "error", 0.15), (line(), "rmse", 6)]
)
def test_every_task_is_learnt(data, metric, reached):
    result, _ = trained(data, epochs=30)
    assert result.scores[metric] <= reached


def test_one_report_per_epoch_with_train_and_validation_loss():
    _, run = trained(flowers(), epochs=4, show=("loss", "error"))
    assert {name: len(values) for name, values in curves(run).items()} == {
        "train_loss": 4,
        "val_loss": 4,
        "val_error": 4,
    }


def test_the_same_seed_gives_bitwise_the_same_network_whatever_ran_before():
    config = {**FAST, "dropout": 0.3, "batch_norm": "before"}
    first, _ = trained(flowers(), config)
    torch.rand(5)
    second, _ = trained(flowers(), config)
    for one, two in zip(first.network.parameters(), second.network.parameters(), strict=True):
        assert torch.equal(one, two)


def test_another_seed_gives_another_network():
    first, second = trained(flowers())[0], trained(flowers(), seed=1)[0]
    assert not torch.equal(first.network.body[0].weight, second.network.body[0].weight)


def test_training_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    trained(flowers(), epochs=1)
    assert torch.equal(torch.rand(3), wanted)


def test_the_best_epoch_is_kept_and_its_scores_are_those_of_the_network():
    data = coins(60, seed=1)
    result, run = trained(data, {"units": 64, "lr": 0.05, "schedule": "constant"}, epochs=40, patience=40)
    curve = curves(run)["val_loss"]
    assert result.best_epoch == int(np.argmin(curve)) + 1 < 40
    parts = prepare(data, split(data))
    again = score(result.network, result.preparation, parts.validation, parts.validation_target)
    assert again["loss"] == result.scores["loss"] == min(curve)


def test_training_stops_when_patience_ends():
    result, run = trained(coins(60), {"units": 64, "lr": 0.05}, epochs=200, patience=5)
    assert result.epochs == len(curves(run)["val_loss"]) == result.best_epoch + 5


def test_a_learning_rate_far_too_large_ends_as_diverged():
    with pytest.raises(Diverged, match=r"blew up|loss became|chance level"):
        trained(flowers(), {"lr": 1e4, "optimizer": "sgd", "schedule": "constant"})


def test_a_tiny_learning_rate_is_slow_and_not_diverged():
    result, _ = trained(flowers(), {"lr": 1e-4, "optimizer": "sgd"}, epochs=10)
    assert math.isfinite(result.scores["loss"])


def test_a_run_that_is_told_to_stop_stops_early():
    class Stopping(MemoryLink):
        def stop_requested(self):
            return self.points[-1].step == 3

    result, run = trained(flowers(), run=run_of(FAST, link=ScriptedLink(Stopping(), 1)))
    assert result.epochs == len(curves(run)["val_loss"]) == 3


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
def test_every_optimizer_learns(optimizer):
    lr = {"sgd": 0.2, "momentum": 0.05, "nesterov": 0.05}.get(optimizer, 0.02)
    result, _ = trained(flowers(), {**FAST, "optimizer": optimizer, "lr": lr})
    assert result.scores["error"] <= 0.15


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "gelu", "silu", "tanh", "sigmoid"])
def test_every_activation_learns(activation):
    result, _ = trained(flowers(), {**FAST, "activation": activation}, epochs=25)
    assert result.scores["error"] <= 0.15


def test_a_last_batch_of_one_row_does_not_break_the_norm():
    data = coins(55)
    rows = len(split(data).train)
    result, _ = trained(data, {**FAST, "batch_norm": "before", "batch_size": rows - 1}, epochs=2)
    assert math.isfinite(result.scores["loss"])


def test_an_unknown_metric_is_refused_with_those_there_are():
    with pytest.raises(DataError, match="metric 'val_f1': this task reports train_loss, val_loss"):
        trained(flowers(), metric="val_f1")


def test_outputs_do_not_depend_on_how_many_rows_are_evaluated_at_once(monkeypatch):
    result, _ = trained(flowers(), epochs=2)
    inputs = prepare(flowers(), split(flowers())).validation
    whole = raw_outputs(result.network, inputs)
    monkeypatch.setattr("osetra.nets.training.EVALUATED_AT_ONCE", 5)
    np.testing.assert_allclose(raw_outputs(result.network, inputs), whole, rtol=1e-5, atol=1e-6)


def test_the_sealed_test_part_does_not_reach_training():
    data = flowers()
    parts = split(data)
    before, _ = trained(data, epochs=3, patience=3)
    changed = flowers()
    changed.target[parts.test] = (changed.target[parts.test] + 1) % 3
    after, _ = trained(changed, epochs=3, patience=3)
    assert torch.equal(before.network.body[0].weight, after.network.body[0].weight)
