"""Networks for sequences: what is behind an end has no say, and later files are read as the first one."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from osetra.catalogue import by_name, for_task
from osetra.data.loading import load
from osetra.data.options import DataOptions
from osetra.data.series import from_array
from osetra.data.split import split
from osetra.errors import DataError
from osetra.nets import model as models
from osetra.nets.architecture import architecture
from osetra.nets.assessment import assess
from osetra.nets.baseline import baseline, linear_outputs, network_of
from osetra.nets.network import build, set_dropout, without_dropout
from osetra.nets.predict import predict
from osetra.nets.prepare import Inputs, fit, inputs_of
from osetra.nets.sequence_encoder import HALVED_FROM
from osetra.nets.steps import steps_from_json, steps_to_json
from osetra.nets.summaries import POINTS, summaries
from osetra.nets.task import Data, NetworkTask, rehearse
from osetra.nets.training import prepare, raw_outputs

CONFIG = {
    "units": 8,
    "filters": 8,
    "blocks": 2,
    "kernel": 3,
    "batch_norm": "before",
    "residual": True,
    "lr": 0.01,
}
READING = DataOptions(series="id", time="t")


def write(path, count=60, seed=0):
    """Series that rise before they fall, or fall before they rise, of 6 to 14 steps; rows shuffled."""
    rng = np.random.default_rng(seed)
    lines = []
    for i in range(count):
        steps = 6 + int(rng.integers(9))
        bend = np.sin(np.pi * np.arange(steps) / steps) * (1 if i % 2 else -1)
        for t, value in enumerate(bend + 0.3 * rng.normal(size=steps)):
            lines.append(
                f"{i},{t},{value:.4f},{'low' if value < 0 else 'high'},{'hill' if i % 2 else 'dale'}"
            )
    lines = [lines[k] for k in rng.permutation(len(lines))]
    path.write_text("\n".join(["id,t,level,word,shape", *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write(tmp_path_factory.mktemp("series") / "series.csv")


@pytest.fixture(scope="module")
def task(file):
    return NetworkTask(data=Data(where=str(file), target="shape", reading=READING), epochs=6)


@pytest.fixture(scope="module")
def model(task):
    return rehearse(task, CONFIG, seed=1)


def ragged(steps, count=12, channels=2, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, steps, channels))
    for row in range(1, count):
        values[row, 1 + int(rng.integers(steps)) :] = np.nan
    return values


def network(tmp_path, steps, **config):
    values = ragged(steps)
    np.savez(tmp_path / "a.npz", sequences=values, y=np.arange(12) % 3)
    data = load(tmp_path / "a.npz", task="multiclass")
    preparation = fit(data, np.arange(12))
    torch.manual_seed(0)
    made = build(architecture("sequence", {**CONFIG, **config}), preparation)
    # Averages of norms that are not those of the start, as after a training.
    made.train()
    inputs = inputs_of(preparation, data)
    made(torch.from_numpy(inputs.values), torch.from_numpy(inputs.codes))
    return made.eval(), inputs


VARIANTS = [
    {}, {"encoder": "gru"}, {"batch_norm": "none", "layer_norm": True}, {"batch_norm": "after"},
    {"residual": False, "activation": "sigmoid"},
]  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@pytest.mark.parametrize("steps", [9, HALVED_FROM + 5])
@pytest.mark.parametrize("training", [False, True])
def test_longer_padding_changes_nothing(tmp_path, variant, steps, training):
    made, inputs = network(tmp_path, steps, **variant)
    made.train(training)
    longer = np.concatenate([inputs.values, np.full((12, 2, 30), 7.0, dtype=np.float32)], axis=2)
    lengths = torch.from_numpy(inputs.codes)
    with torch.inference_mode():
        front = made.front.encoder
        plain = front(torch.from_numpy(inputs.values), lengths[:, 0])
        padded = front(torch.from_numpy(longer), lengths[:, 0])
    assert torch.allclose(plain, padded, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 12), st.integers(0, 10**6), st.sampled_from(["conv", "gru"]))
def test_a_sequence_answers_alone_as_among_longer_ones(tmp_path_factory, length, seed, encoder):
    made, _ = network(tmp_path_factory.mktemp("a"), 12, encoder=encoder)
    rng = np.random.default_rng(seed)
    one = rng.normal(size=(1, 2, length)).astype(np.float32)
    both = np.zeros((2, 2, 40), dtype=np.float32)
    both[0, :, :length], both[1] = one[0], rng.normal(size=(2, 40))
    alone = raw_outputs(made, Inputs(one, np.array([[length]])))
    among = raw_outputs(made, Inputs(both, np.array([[length], [40]])))
    assert np.allclose(alone[0], among[0], atol=1e-5)


def test_summaries_are_what_their_formulas_say():
    values = ragged(9).transpose(0, 2, 1)
    lengths = np.array([np.sum(~np.isnan(row[0])) for row in values])
    found = summaries(
        torch.from_numpy(np.nan_to_num(values)), torch.from_numpy(lengths[:, None]), sound=False
    ).numpy()
    for row, (series, n) in enumerate(zip(values, lengths, strict=True)):
        part = series[:, :n]
        at = np.linspace(0, n - 1, POINTS)
        wanted = [
            part.mean(1), part.std(1), part.min(1), part.max(1),
            np.abs(np.diff(part, axis=1)).mean(1) if n > 1 else np.zeros(2),
            np.concatenate([np.interp(at, np.arange(n), channel) for channel in part]),
        ]  # fmt: skip
        assert np.allclose(found[row], np.concatenate(wanted), atol=1e-9)


def test_a_network_learns_the_order_of_steps(task):
    found = rehearse(task, CONFIG, seed=0)
    assert task.test_scores(found)["error"] < 0.2
    assert task.family == "sequence"
    assert task.catalogue.name == "sequence"


def test_the_linear_model_is_a_network_that_gives_the_same(task):
    fitted = baseline(task.dataset, task.split)
    inputs = inputs_of(fitted.preparation, task.dataset).rows(task.split.test)
    wanted = linear_outputs(fitted, task.dataset, task.split.test)
    assert np.allclose(raw_outputs(network_of(fitted), inputs), wanted, atol=1e-9)


def test_a_saved_model_answers_later_series_the_same(model, file, tmp_path):
    again = models.load(models.save(model, tmp_path / "model"))
    later = write(tmp_path / "later.csv", 20, seed=5)
    ours, theirs = predict(model, str(later)), predict(again, str(later))
    assert len(ours) == 20
    assert np.array_equal(ours.probabilities, theirs.probabilities)
    assert assess(again, str(later)).scores["error"].value < 0.3
    assert assess(again, str(later)).rows == 20
    texts = later.read_text().splitlines()
    where = {name: i for i, name in enumerate(ours.names)}
    for line in texts[1:]:
        number, *_, shape = line.split(",")
        assert number in where
        assert shape in ("hill", "dale")


def test_the_linear_model_of_series_is_saved_and_loaded(task, file, tmp_path):
    fitted = baseline(task.dataset, task.split)
    card = rehearse(task, CONFIG, seed=0).card
    linear = models.Model(network_of(fitted), None, fitted.preparation, card)
    again = models.load(models.save(linear, tmp_path / "model"))
    assert np.array_equal(predict(linear, str(file)).probabilities, predict(again, str(file)).probabilities)


def test_series_without_the_columns_of_training_are_refused(model, tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("id,t,levels,word\n1,1,2,low\n1,2,3,high\n")
    with pytest.raises(DataError, match=r"the model needs the column 'level'.*Did you mean 'levels'"):
        predict(model, str(path))
    np.savez(tmp_path / "a.npz", sequences=np.zeros((3, 4, 2)))
    with pytest.raises(DataError, match="sequences of 2 channels; the model learnt from 3"):
        predict(model, str(tmp_path / "a.npz"))


def test_an_array_model_takes_lists_and_other_lengths(tmp_path):
    values = ragged(9, 40)
    values[:, 0] += np.where(np.arange(40) % 2, 3.0, -3.0)[:, None]
    np.savez(tmp_path / "a.npz", sequences=values, y=np.arange(40) % 2)
    task = NetworkTask(data=Data(where=str(tmp_path / "a.npz")), epochs=3)
    made = rehearse(task, CONFIG, seed=0)
    several = [row[~np.isnan(row[:, 0])] for row in values]
    whole = predict(made, values).probabilities
    assert np.allclose(predict(made, several).probabilities, whole, atol=1e-5)
    assert np.allclose(predict(made, str(tmp_path / "a.npz")).probabilities, whole, atol=1e-5)
    longer = np.concatenate([values, np.full((40, 20, 2), np.nan)], axis=1)
    assert np.allclose(predict(made, longer).probabilities, whole, atol=1e-5)


def test_missing_channels_are_the_usual_value_of_training(tmp_path):
    values = np.random.default_rng(0).normal(5.0, 2.0, size=(12, 6, 2))
    values[3, :, 1] = np.nan
    sequences, _ = from_array(values, "x")
    np.savez(tmp_path / "a.npz", sequences=values, y=np.arange(12) % 3)
    data = load(tmp_path / "a.npz")
    preparation = fit(data, np.arange(10))
    inputs = inputs_of(preparation, data)
    assert np.isnan(sequences.values[3, 1]).all()
    assert not inputs.values[3, 1].any()
    known = inputs.values[:10, 0]
    assert known.mean() == pytest.approx(0, abs=1e-6)
    assert known.std() == pytest.approx(1, abs=1e-5)


def test_steps_come_back_from_json(task):
    steps = fit(task.dataset, task.split.train).sequences
    assert steps_from_json(json.loads(json.dumps(steps_to_json(steps)))) == steps
    broken = {**steps_to_json(steps), "scale": [1.0]}
    with pytest.raises(ValueError, match="do not fit each other"):
        steps_from_json(broken)


def test_dropout_can_be_set_and_weights_keep_their_names(task):
    data = prepare(task.dataset, split(task.dataset))
    made = build(architecture("sequence", {**CONFIG, "dropout": 0.2}), data.preparation)
    set_dropout(made, 0.4)
    assert set(without_dropout(made).state_dict()) == set(
        build(architecture("sequence", CONFIG), data.preparation).state_dict()
    )


def test_a_regression_of_series_has_no_settings_about_classes():
    names = for_task("sequence", "regression").names
    assert "encoder" in names
    assert "label_smoothing" not in names
    assert not {"filters", "blocks", "kernel"} & set(by_name("sequence").space.complete({"encoder": "gru"}))


def test_a_table_has_no_network_for_sequences(tmp_path):
    (tmp_path / "a.csv").write_text("a,y\n" + "".join(f"{i},{i % 2}\n" for i in range(20)))
    data = load(tmp_path / "a.csv", target="y")
    with pytest.raises(DataError, match="a network for sequences takes sequences"):
        build(architecture("sequence", CONFIG), fit(data, np.arange(20)))
