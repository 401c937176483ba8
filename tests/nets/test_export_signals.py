"""Exported models of sequences and sounds answer as `osetra predict` does, without osetra or PyTorch."""

import numpy as np
import pytest

from data.test_sound import folder, tone, write
from nets.test_export import assert_same
from osetra.data.options import DataOptions
from osetra.data.sound import resampled
from osetra.nets import standalone_signals
from osetra.nets.baseline import network_of
from osetra.nets.model import Model, together
from osetra.nets.task import Data, NetworkTask, rehearse

SEQUENCES = {"units": 8, "filters": 8, "blocks": 2, "kernel": 3, "batch_norm": "before", "lr": 0.01}
ENCODERS = {
    "convolutions": SEQUENCES | {"residual": True},
    "norm after": SEQUENCES | {"batch_norm": "after", "kernel": 5},
    "layer norm": SEQUENCES | {"batch_norm": "none", "layer_norm": True},
    "gru": {"units": 8, "encoder": "gru", "lr": 0.01},
}
RNG = np.random.default_rng(0)


def ragged(n, shortest, longest, channels=2):
    """Sequences of random lengths, with gaps: (n, longest, channels), NaN behind their ends."""
    values = RNG.normal(size=(n, longest, channels)).cumsum(axis=1)
    for row, length in enumerate(RNG.integers(shortest, longest + 1, n)):
        values[row, length:] = np.nan
        values[row, RNG.integers(0, length), 0] = np.nan
    return values


def saved(path, values, **more):
    np.savez(path, sequences=values, **more)
    return path


@pytest.mark.parametrize(
    ("encoder", "longest"),
    [("convolutions", 20), ("convolutions", 600), ("norm after", 100), ("layer norm", 600), ("gru", 20)],
)
def test_arrays_of_sequences_are_the_same(encoder, longest, tmp_path):
    values = ragged(40, 3, longest)
    path = saved(tmp_path / "t.npz", values, y=np.nanmean(values[:, :, 1], axis=1) > 0)
    task = NetworkTask(data=Data(where=str(path)), epochs=2)
    model = rehearse(task, ENCODERS[encoder], seed=0)
    shorter, longer = saved(tmp_path / "s.npz", ragged(5, 1, 2)), saved(tmp_path / "l.npz", ragged(5, 9, 700))
    assert_same(model, tmp_path / "o", path, shorter, longer)


def test_linear_models_and_ensembles_of_sequences_are_the_same(tmp_path):
    values = ragged(40, 2, 30)
    path = saved(tmp_path / "t.npz", values, y=np.nansum(values[:, :, 0], axis=1))
    task = NetworkTask(data=Data(where=str(path), task="regression"), epochs=2)
    models = [rehearse(task, ENCODERS["convolutions"], seed=seed) for seed in range(2)]
    assert_same(together(models), tmp_path / "e", path)
    baseline = task.baseline()
    linear = Model(network_of(baseline), None, baseline.preparation, models[0].card)
    assert_same(linear, tmp_path / "l", path, saved(tmp_path / "new.npz", ragged(6, 1, 40)))


def steps(n, *, target=True):
    """Rows of several series, shuffled: times of day, numbers with a unit, gaps, a category."""
    lines = []
    for series in range(n):
        for at in range(int(RNG.integers(4, 15))):
            heat = "" if RNG.random() < 0.1 else f"{20 + series % 2 * at + RNG.normal():.2f} °C"
            stamp = f"2024-0{1 + series % 9}-{1 + at:02d} 12:00"
            state = ("on", "off", "")[int(RNG.integers(3))]
            lines.append(f"m{series},{stamp},{heat},{state}" + f",{'ab'[series % 2]}" * target)
    RNG.shuffle(lines)
    return "id,at,heat,state" + ",y" * target + "\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize("time", ["at", None])
def test_the_rows_of_series_are_the_same(time, tmp_path):
    (tmp_path / "t.csv").write_text(steps(40), "utf-8")
    data = Data(where=str(tmp_path / "t.csv"), target="y", reading=DataOptions(series="id", time=time))
    model = rehearse(NetworkTask(data=data, epochs=2), ENCODERS["convolutions"], seed=0)
    (tmp_path / "new.csv").write_text(steps(7, target=False), "utf-8")
    assert_same(model, tmp_path / "o", tmp_path / "t.csv", tmp_path / "new.csv")


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    return folder(tmp_path_factory.mktemp("sounds"), 12)


@pytest.fixture(scope="module")
def later(tmp_path_factory):
    """Sounds of other rates, bits, channels and lengths."""
    place = tmp_path_factory.mktemp("later")
    kinds = ("8", "16", "24", "32", "float32", "float64")
    for number, (kind, rate) in enumerate(zip(kinds, (8000, 11025, 44100, 48000, 22050, 16000), strict=True)):
        signal = tone(500 + 90 * number, 0.2 + 0.2 * number, rate)
        write(
            place / f"{number}.wav",
            np.stack([signal, signal / 3], axis=1) if number % 2 else signal,
            rate,
            kind,
        )
    return place


def test_sounds_are_the_same(heard, later, tmp_path):
    config = {"units": 8, "filters": 4, "blocks": 2, "batch_norm": "before", "lr": 0.01, "batch_size": 8}
    task = NetworkTask(data=Data(where=str(heard)), epochs=2)
    model = rehearse(task, config, seed=0)
    assert_same(model, tmp_path / "o", heard, later, later / "2.wav")
    baseline = task.baseline()
    linear = Model(network_of(baseline), None, baseline.preparation, model.card)
    assert_same(linear, tmp_path / "l", heard, later)


@pytest.mark.parametrize(
    "rates", [(44100, 16000), (8000, 16000), (22050, 8000), (16001, 16000), (16000, 44100)]
)
def test_sounds_are_resampled_without_scipy(rates):
    for length in (1, 7, 500, 3001):
        signal = RNG.normal(size=length)
        np.testing.assert_allclose(
            standalone_signals._resampled(signal, *rates), resampled(signal, *rates), atol=1e-12
        )
