"""Networks for sounds: learnt, saved, and used on later files."""

import numpy as np
import pytest
import torch

from data.test_sound import RATE, folder, listing, tone, write
from osetra.data.loading import load
from osetra.errors import DataError
from osetra.nets import model as models
from osetra.nets.assessment import assess
from osetra.nets.augment import augmented
from osetra.nets.baseline import baseline, linear_outputs, network_of
from osetra.nets.predict import predict
from osetra.nets.prepare import inputs_of
from osetra.nets.spec_augment import MASKS, MOST_BANDS, MOST_FRAMES, masked
from osetra.nets.summaries import summaries
from osetra.nets.task import Data, NetworkTask, rehearse
from osetra.nets.training import raw_outputs

CONFIG = {
    "units": 8, "filters": 4, "blocks": 2, "batch_norm": "before", "lr": 0.01, "batch_size": 8,
    "augment": "specaugment",
}  # fmt: skip


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    return folder(tmp_path_factory.mktemp("sounds"), 20)


@pytest.fixture(scope="module")
def task(heard):
    return NetworkTask(data=Data(where=str(heard)), epochs=8)


@pytest.fixture(scope="module")
def model(task):
    return rehearse(task, CONFIG, seed=0)


def test_a_network_tells_sounds_apart(task, model):
    assert task.family == "cnn"
    assert task.catalogue.name == "sound"
    assert task.test_scores(model)["error"] <= 0.125


def test_later_sounds_are_named_by_a_table(model, tmp_path):
    table = listing(tmp_path, 4)
    (tmp_path / "clips" / "1.WAV").unlink()
    found = predict(model, str(table), keep=["clip"])
    assert found.names == ("1", "3", "4", "5", "6", "7", "8")
    assert list(found.kept["clip"])[:2] == ["0.WAV", "2.flac"]
    assert any("1 of 8 sounds cannot be used" in text for text in found.warnings)
    assert assess(model, str(table), target="label").rows == 7
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="give a folder of them, one file, or a table that names them"):
        predict(model, str(tmp_path / "other.csv"))


def test_a_saved_model_answers_later_sounds_the_same_at_another_rate(model, tmp_path):
    again = models.load(models.save(model, tmp_path / "model"))
    assert again.preparation.sound == model.preparation.sound
    later = folder(tmp_path / "later", 4)
    for file in sorted(later.rglob("*.wav"))[:2]:
        write(file, tone(1500, 0.4, 44100), 44100, kind="24")
    ours, theirs = predict(model, str(later)), predict(again, str(later))
    assert np.array_equal(ours.probabilities, theirs.probabilities)
    assert ours.names[0] == "high/0.wav"
    assert assess(again, str(later)).scores["error"].value <= 0.25
    assert predict(again, str(later / "low" / "1.wav")).values == ("low",)


def test_what_is_no_sound_is_refused_by_a_model_of_sounds(model, tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(DataError, match="the model learnt from sounds"):
        predict(model, str(tmp_path / "a.csv"))
    with pytest.raises(DataError, match="no sounds in this folder"):
        predict(model, str(tmp_path))
    with pytest.raises(DataError, match="silence throughout"):
        predict(model, str(write(tmp_path / "a.wav", np.zeros(RATE))))


def test_the_linear_model_is_one_of_mean_and_deviation_per_band(task, tmp_path, heard):
    fitted = baseline(task.dataset, task.split)
    inputs = inputs_of(fitted.preparation, task.dataset)
    found = summaries(torch.from_numpy(inputs.values), torch.from_numpy(inputs.codes), sound=True).numpy()
    for row, picture in zip(found, inputs.values[:, 0].astype(np.float64), strict=True):
        sounding = picture[:, np.ptp(picture, axis=0) > 1e-4]
        wanted = [*sounding.mean(axis=1), *sounding.std(axis=1), sounding.shape[1]]
        assert np.allclose(row, wanted, atol=1e-6)
    test = inputs.rows(task.split.test)
    wanted = linear_outputs(fitted, task.dataset, task.split.test)
    assert np.allclose(raw_outputs(network_of(fitted), test), wanted, atol=1e-9)
    card = rehearse(task, CONFIG, seed=0).card
    linear = models.Model(network_of(fitted), None, fitted.preparation, card)
    again = models.load(models.save(linear, tmp_path / "model"))
    assert np.array_equal(predict(linear, str(heard)).probabilities, predict(again, str(heard)).probabilities)


def test_masks_hide_few_frames_and_bands_and_change_nothing_else():
    torch.manual_seed(0)
    pictures = torch.full((200, 1, 40, 60), 3.0)
    changed = masked(pictures)
    assert set(changed.unique().tolist()) == {0.0, 3.0}
    frames = (changed[:, 0] == 0).all(dim=1).sum(dim=1)
    bands = (changed[:, 0] == 0).all(dim=2).sum(dim=1)
    assert frames.max() <= MASKS * MOST_FRAMES * 60 + MASKS
    assert bands.max() <= MASKS * MOST_BANDS * 40 + MASKS
    assert frames.float().mean() > 3
    assert bands.float().mean() > 3


def test_shifts_move_a_sound_along_time_only():
    torch.manual_seed(0)
    pictures = torch.randn(1, 1, 40, 1).expand(50, 1, 40, 60).contiguous()
    changed = augmented(pictures, "specaugment")
    assert torch.equal(changed, torch.where(changed == 0, torch.zeros(()), pictures))


def test_a_folder_of_sounds_is_looked_at(heard):
    assert load(heard).shape.startswith("40 sounds of up to")
