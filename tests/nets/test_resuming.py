"""The built-in network goes on after any epoch as if it had never stopped."""

import msgspec
import numpy as np
import pytest
import torch

from nets.several import numbers_set, tags_set
from nets.steered import Steered, changed, ending, fit, outcome
from nets.tables_for_tests import coins, flowers, line, stars
from nets.test_network import pictures
from nets.test_packing import same
from osetra.core.claim import Checkpoint, Claim
from osetra.core.facts import Checkpointed
from osetra.core.ports import Checkpoints
from osetra.core.problem import Objective
from osetra.data.dataset import Dataset
from osetra.data.series import from_array
from osetra.errors import CheckpointError
from osetra.nets.packing import unpack
from osetra.nets.state import capture
from osetra.nets.task import Data, NetworkTask
from osetra.training.checkpoints import CheckpointWriter
from osetra.training.execution import execute
from osetra.training.run import Run

MLP = {"units": 8, "layers": 2, "lr": 0.02, "batch_size": 16}
CNN = {"units": 8, "blocks": 2, "filters": 3, "lr": 0.02, "batch_size": 4}
SEQUENCE = {"units": 8, "blocks": 1, "filters": 4, "lr": 0.02, "batch_size": 8, "batch_norm": "before"}


def sequences():
    """Sequences of one to seven steps."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(50, 7, 2))
    for row in range(50):
        values[row, 1 + int(rng.integers(7)) :] = np.nan
    found, _ = from_array(values, "x")
    return Dataset(
        name="steps", source="steps", sequences=found, target_name="y", target=np.arange(50) % 2,
        task="binary", classes=("a", "b"), fingerprint="0",
    )  # fmt: skip


CASES = {
    "sequence": (sequences(), "sequence", {**SEQUENCE, "dropout": 0.2}),
    "sequence_gru": (sequences(), "sequence", {**SEQUENCE, "encoder": "gru", "dropout": 0.2}),
    "sgd": (flowers(), "mlp", {**MLP, "optimizer": "sgd", "dropout": 0.3}),
    "momentum": (flowers(), "mlp", {**MLP, "optimizer": "momentum", "batch_norm": "before"}),
    "nesterov": (line(80), "mlp", {**MLP, "optimizer": "nesterov", "schedule": "step", "warmup": 0.2}),
    "rmsprop": (coins(80), "mlp", {**MLP, "optimizer": "rmsprop", "dropout": 0.2, "batch_norm": "after"}),
    "adam": (flowers(), "mlp", {**MLP, "optimizer": "adam", "dropout": 0.5, "weight_decay": 0.1}),
    "adamw": (coins(80), "mlp", {**MLP, "dropout": 0.1, "batch_norm": "before", "weight_decay": 0.1}),
    "factorization": (
        stars(80),
        "factorization",
        {**MLP, "factors": 3, "factor_decay": 2.0, "dropout": 0.2, "averaging": "ema"},
    ),
    "numbers": (numbers_set(80), "mlp", {**MLP, "members": 2, "averaging": "ema", "mixup": 0.2}),
    "labels": (tags_set(80), "mlp", {**MLP, "dropout": 0.2, "class_weights": "balanced", "focal": 1.0}),
    "cnn": (pictures(8), "cnn", {**CNN, "batch_norm": "before", "dropout": 0.3}),
    "cnn_sgd": (pictures(8), "cnn", {**CNN, "optimizer": "momentum", "batch_norm": "after"}),
    "cnn_adam": (pictures(8), "cnn", {**CNN, "optimizer": "adam", "dropout": 0.3}),
}


def resumed(data, config, whole, epoch, change=None, **options):
    """The rest of a training, known only from its checkpoint after an epoch."""
    state = whole.kept[epoch] if change is None else changed(whole.kept[epoch], change)
    torch.manual_seed(12345)  # whatever the new process did before
    run = Steered(config, state=state, step=epoch)
    return fit(run, data, **options), run


@pytest.mark.parametrize("case", CASES)
def test_after_every_epoch_going_on_is_bitwise_never_stopping(case):
    data, family, config = CASES[case]
    whole = Steered(config)
    wanted = outcome(fit(whole, data, family=family))
    for epoch in range(1, 6):
        trained, run = resumed(data, config, whole, epoch, family=family)
        assert same(outcome(trained), wanted)
        assert run.reports == {step: r for step, r in whole.reports.items() if step > epoch}
        assert {step: run.kept[step] for step in run.kept} == {step: whole.kept[step] for step in run.kept}


def test_a_training_cut_after_every_single_epoch_is_the_same():
    data, _, config = CASES["adam"]
    wanted = outcome(fit(Steered(config), data))
    state = None
    for epoch in range(5):
        run = Steered(config, state=state, step=epoch, until=epoch + 1)
        trained = fit(run, data)
        state = run.kept[epoch + 1]
    assert same(outcome(trained), wanted)


OVERFIT = {"units": 64, "lr": 0.05, "batch_size": 8, "schedule": "constant"}


@pytest.mark.parametrize("patience", [2, 4])
def test_early_stopping_goes_on_with_what_was_best_before(patience):
    data, options = coins(60), {"epochs": 30, "patience": patience}
    whole = Steered(OVERFIT)
    wanted = fit(whole, data, **options)
    assert wanted.best_epoch + patience == wanted.epochs < 30
    for epoch in whole.kept:
        trained, run = resumed(data, OVERFIT, whole, epoch, **options)
        assert same(outcome(trained), outcome(wanted))
        assert max(run.reports, default=wanted.epochs) == wanted.epochs


def _buffers(parts):
    for name, value in parts["model"]["state"].items():
        if "running_mean" in name:
            value.zero_()


def _moments(parts):
    parts["optimizer"]["state"]["state"] = {}


def _random(parts):
    parts["generator"] = capture_of(torch.Generator().manual_seed(5))


def _weights(parts):
    for value in parts["model"]["state"].values():
        value.zero_()


def _history(parts):
    parts["extra"]["progress"].update(train_losses=[], val_losses=[])


def capture_of(generator):
    return unpack(capture(generator=generator, randomness=False))["generator"]


@pytest.mark.parametrize("left_out", [_buffers, _moments, _random, _weights, _history])
def test_leaving_any_part_out_makes_another_training(left_out):
    data, config = flowers(), {**MLP, "batch_norm": "before", "optimizer": "momentum"}
    whole = Steered(config)
    wanted = outcome(fit(whole, data))
    assert same(outcome(resumed(data, config, whole, 3)[0]), wanted)
    assert not same(outcome(resumed(data, config, whole, 3, left_out)[0]), wanted)


@pytest.mark.parametrize(
    "left_out",
    [
        lambda parts: parts["extra"]["progress"].update(best=float("inf"), best_epoch=0),
        lambda parts: parts["extra"]["progress"].update(best_epoch=0),
        lambda parts: parts["extra"]["progress"].update(kept={}),
        lambda parts: [value.zero_() for value in parts["extra"]["progress"]["weights"].values()],
    ],
)
def test_leaving_out_what_was_best_keeps_another_network(left_out):
    data, options = coins(60), {"epochs": 30, "patience": 4}
    whole = Steered(OVERFIT)
    wanted = fit(whole, data, **options)
    cut = wanted.best_epoch + 2
    assert same(outcome(resumed(data, OVERFIT, whole, cut, **options)[0]), outcome(wanted))
    assert not same(outcome(resumed(data, OVERFIT, whole, cut, left_out, **options)[0]), outcome(wanted))


def test_divergence_is_found_at_the_same_epoch_only_with_the_history():
    config = {**MLP, "optimizer": "sgd", "schedule": "constant", "activation": "tanh"}
    turned = {"lr": 50.0}
    data, whole = flowers(), Steered(config, orders={3: turned})
    wanted = ending(lambda: fit(whole, data))
    assert "blew up" in wanted
    assert "in epoch 4; the best was" in wanted

    def rest(state):
        return ending(lambda: fit(Steered(config, state=state, step=3, live=turned, until=4), data))

    assert rest(whole.kept[3]) == wanted
    assert not isinstance(rest(changed(whole.kept[3], _history)), str)  # it seems to have just begun


def test_the_checkpoint_is_offered_once_an_epoch_and_made_only_when_due():
    class Never(Steered):
        def checkpoint(self, state):
            self.offers += 1
            return False

    run = Never(MLP)
    fit(run, flowers())
    assert run.offers == 5


def test_a_checkpoint_of_another_network_is_refused_with_the_first_tensor_that_differs():
    whole = Steered(MLP)
    fit(whole, flowers(), epochs=1)
    with pytest.raises(
        CheckpointError, match=r"body\.0\.weight is float32 \[8, 6\] there and .*\[9, 6\] here"
    ):
        resumed(flowers(), {**MLP, "units": 9}, whole, 1)
    with pytest.raises(CheckpointError, match="AdamW there, SGD here"):
        resumed(flowers(), {**MLP, "optimizer": "sgd"}, whole, 1)


def test_a_checkpoint_of_somebody_elses_loop_is_refused():
    state = msgspec.msgpack.encode(capture(epoch=3))
    with pytest.raises(CheckpointError, match="holds no model"):
        fit(Steered(MLP, state=state, step=1), flowers())


class Line:
    """A link that remembers everything and asks to stop after so many reports."""

    def __init__(self, stop_after=10**9):
        self.points, self.facts, self.stop_after = [], [], stop_after

    def send(self, points):
        self.points += points

    def record(self, fact):
        self.facts.append(fact)

    def orders(self):
        return []

    def stop_requested(self):
        return len({(point.instance, point.step) for point in self.points}) >= self.stop_after

    def curve(self):
        return [(p.instance, p.step, p.metric, p.value) for p in self.points]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("y,x\n" + "".join(f"{'ab'[i % 2]},{i % 2 + i % 7 / 10}\n" for i in range(60)))
    return path


@pytest.mark.parametrize("folds", [1, 3])
def test_a_real_run_goes_on_from_any_checkpoint_in_every_fold(table, tmp_path, folds):
    task = NetworkTask(data=Data(where=str(table)), epochs=4, folds=folds)
    config = {**MLP, "dropout": 0.3}
    objective = Objective(metric="val_loss")

    def run(link, start=None, attempt=1):
        writer = CheckpointWriter(tmp_path / "kept", start, Checkpoints(every=0))
        return execute(task, Run.of(Claim(1, attempt, config, 0), objective, link, writer))

    whole = Line()
    wanted = run(whole)
    assert wanted.outcome == "finished"
    for number, stop_after in enumerate(((1, 2, 3), (2, 4, 5, 11))[folds > 1], start=2):
        first, second = Line(stop_after), Line()
        assert run(first, attempt=number).outcome == "interrupted"
        kept = [fact for fact in first.facts if isinstance(fact, Checkpointed)]
        if not kept:
            continue
        last = kept[-1]
        start = Checkpoint(str(tmp_path / "kept" / last.file), last.sha256, last.instance, last.step)
        ending = run(second, start, attempt=number + 100)
        assert ending == wanted
        done = [p for p in first.curve() if p[:2] <= (last.instance, last.step)]
        assert done + second.curve() == whole.curve()
