"""Models in folders: saved, loaded, judged, and used on new data."""

import dataclasses
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from osetra.errors import DataError
from osetra.nets import model as models
from osetra.nets.model import evaluate, load, save
from osetra.nets.predict import answer, predict
from osetra.nets.prepare import apply
from osetra.nets.task import Data, NetworkTask, rehearse

CONFIG = {"units": 16, "layers": 1, "lr": 0.02, "batch_norm": "before", "dropout": 0.1}

PLANTS = "kind,height,place,note\n" + "".join(
    f"{'fern' if i % 2 else 'moss'},{'' if i % 9 == 0 else 10 * (i % 2) + i % 5},"
    f"{'wet' if i % 3 else 'dry'},{i * 0.37:.2f}\n"
    for i in range(90)
)


@pytest.fixture(scope="module")
def plants(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("plants") / "plants.csv"
    path.write_text(PLANTS, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def task(plants) -> NetworkTask:
    return NetworkTask(data=Data(where=str(plants), target="kind"), epochs=8)


@pytest.fixture(scope="module")
def model(task):
    return rehearse(task, CONFIG, seed=3)


@pytest.fixture
def folder(model, tmp_path) -> Path:
    return save(model, tmp_path / "model")


def rewrite(folder: Path, change) -> None:
    state = json.loads((folder / "card.json").read_text())
    change(state)
    state.pop("checksums", None)  # whoever means it leaves them out, or works them out again
    (folder / "card.json").write_text(json.dumps(state))


def test_a_loaded_model_predicts_bitwise_the_same(model, folder, task):
    inputs = apply(model.preparation, task.dataset.columns)
    before, after = answer(model, inputs), answer(load(folder), inputs)
    assert before.values == after.values
    assert np.array_equal(before.probabilities, after.probabilities)


def test_a_folder_and_a_file_without_the_target_are_enough_to_predict(model, folder, task, tmp_path):
    new = tmp_path / "new.csv"
    new.write_text("extra,place,height,note\n1,wet,11,0.5\n2,bog,,1.5\n")
    found = predict(load(folder), new)
    assert len(found) == 2
    assert found.header == ("row", "kind", "p(fern)", "p(moss)")
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)
    rows = list(found.rows())
    assert rows[0][0] == "1"
    assert rows[0][1] == "fern"


def test_cells_of_unseen_categories_are_counted(folder, plants, tmp_path):
    new = tmp_path / "new.csv"
    new.write_text("place,height,note\nwet,11,1\nbog,12,1\nfen,12,1\n")
    found = predict(load(folder), new)
    assert found.unseen == {"place": 2}
    assert found.warning.startswith("2 cells hold categories never seen in training (place 2)")
    assert predict(load(folder), plants).warning == ""


def test_predictions_are_rows_under_a_header(model, task, plants):
    found = predict(model, plants)
    assert found.header == ("row", "kind", "p(fern)", "p(moss)")
    assert len(list(found.rows())) == 90


def test_the_card_says_how_the_model_came_to_be(folder, task):
    card = load(folder).card
    assert card.config == CONFIG
    assert (card.seed, card.dataset, card.fingerprint) == (3, "plants", task.dataset.fingerprint)
    assert card.split == {"seed": 0, "validation": 0.2, "test": 0.2}
    assert card.versions["torch"] == torch.__version__
    assert card.metrics["validation"]["loss"] > 0


def test_a_model_is_judged_on_the_sealed_test_part(model, task):
    scores = task.test_scores(model)
    assert scores == evaluate(model, task.dataset, task.split.test, task.all_scores)
    assert set(scores) == {"loss", "error", "balanced_error", "auc", "f1", "average_precision"}


def test_scores_that_are_no_numbers_are_null_in_the_card(model, tmp_path):
    card = dataclasses.replace(model.card, metrics={"test": {"r2": float("nan")}})
    folder = save(dataclasses.replace(model, card=card), tmp_path / "m")
    assert load(folder).card.metrics == {"test": {"r2": None}}


def test_a_regression_predicts_in_the_unit_of_the_target(tmp_path):
    x = np.linspace(0, 1, 80)
    np.savez(tmp_path / "line.npz", x=np.stack([x, x**2], axis=1), y=1000 + 500 * x)
    task = NetworkTask(data=Data(where=str(tmp_path / "line.npz")), epochs=30)
    model = load(save(rehearse(task, {"lr": 0.02, "units": 16}, 0), tmp_path / "m"))
    np.savez(tmp_path / "new.npz", x=np.array([[0.5, 0.25]]))
    found = predict(model, tmp_path / "new.npz")
    assert found.values[0] == pytest.approx(1250, abs=60)
    assert found.header == ("row", "y")


def test_pictures_are_predicted_from_files_and_resized(tmp_path):
    from PIL import Image

    for name, shade in {"dark": 20, "light": 220}.items():
        (tmp_path / "train" / name).mkdir(parents=True)
        for i in range(12):
            Image.new("L", (16, 16), shade + i).save(tmp_path / "train" / name / f"{i:02}.png")
    task = NetworkTask(data=Data(where=str(tmp_path / "train")), epochs=20)
    assert task.family == "cnn"
    model = load(
        save(
            rehearse(task, {"filters": 4, "blocks": 1, "units": 8, "lr": 0.02, "batch_size": 4}, 0),
            tmp_path / "m",
        )
    )
    (tmp_path / "new").mkdir()
    Image.new("RGB", (20, 30), (215, 215, 215)).save(tmp_path / "new" / "a.png")
    found = predict(model, tmp_path / "new")
    assert (found.names, found.values) == (("a.png",), ("light",))


def test_a_pickle_called_safetensors_is_refused_and_never_run(folder, tmp_path):
    trap = tmp_path / "trap"

    class Hostile:
        def __reduce__(self):
            return (Path.touch, (trap,))

    (folder / "weights.safetensors").write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(DataError, match=r"not a safetensors file .* others can run code when loaded"):
        load(folder)
    assert not trap.exists()


def test_a_torch_file_called_safetensors_is_refused(model, folder):
    torch.save(model.network.state_dict(), folder / "weights.safetensors")
    with pytest.raises(DataError, match="not a safetensors file"):
        load(folder)


def test_weights_of_another_model_are_refused_by_name_and_shape(folder):
    rewrite(folder, lambda state: state["architecture"].update(units=17))
    with pytest.raises(DataError, match=r"does not fit its card: body\.0\.weight has shape \[16, 5\] and"):
        load(folder)


def test_a_card_that_asks_for_a_giant_is_refused_before_memory_is_taken(folder):
    rewrite(folder, lambda state: state["architecture"].update(units=16384, layers=32))
    with pytest.raises(DataError, match="does not fit its card"):
        load(folder)
    rewrite(folder, lambda state: state["architecture"].update(units=10**9))
    with pytest.raises(DataError, match="not a card that osetra wrote"):
        load(folder)


def test_a_card_that_contradicts_itself_is_refused(folder):
    rewrite(folder, lambda state: state["preparation"].update(priors=[1.0]))
    with pytest.raises(DataError, match=r"contradicts itself .* save the model again"):
        load(folder)


def test_weights_with_an_extra_name_are_refused(model, folder):
    from safetensors.torch import save_file

    weights = {**model.network.state_dict(), "extra": torch.zeros(2)}
    save_file(weights, folder / "weights.safetensors")
    with pytest.raises(DataError, match=r"extra has shape .* asks for none"):
        load(folder)


@pytest.mark.parametrize("place", [0.999, 0.7, 0.5])
def test_weights_that_fit_and_are_not_those_of_the_card_are_refused(folder, place):
    raw = bytearray((folder / "weights.safetensors").read_bytes())
    raw[int(place * len(raw))] ^= 1
    (folder / "weights.safetensors").write_bytes(raw)
    with pytest.raises(DataError, match=r"weights\.safetensors: not the weights that card\.json was saved"):
        load(folder)
    rewrite(folder, lambda state: None)
    load(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "not a card that osetra wrote"),
        ('{"format": 9}', "format 9, this osetra reads 1 … 3; upgrade osetra"),
        ('{"format": 1, "architecture": {}}', "not a card that osetra wrote"),
        ('{"format": 1, "architecture": {"rm": 1}}', "not a card that osetra wrote"),
        ('{"format": 1, "architecture": [], "preparation": {}, "card": {}}', "not a card"),
    ],
)
def test_a_damaged_card_is_refused(folder, text, message):
    (folder / "card.json").write_text(text)
    with pytest.raises(DataError, match=message):
        load(folder)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda state: state["architecture"].update(activation="tanh"), "architecture"),
        (lambda state: state.update(members=2), "architecture"),
        (lambda state: state["preparation"].update(center=1.0), "preparation"),
        (lambda state: state["preparation"]["columns"][0].update(fill=1e6), "preparation"),
        (lambda state: state["card"].update(threshold=0.9), "decision"),
        (lambda state: state["checksums"].pop("decision"), "decision"),
        (lambda state: state.update(checksums=None), "checksums"),
    ],
)
def test_a_card_that_was_changed_is_refused_by_name_until_that_is_meant(folder, change, part):
    state = json.loads((folder / "card.json").read_text())
    change(state)
    (folder / "card.json").write_text(json.dumps(state))
    with pytest.raises(
        DataError, match=rf'card\.json: {part} changed since .* delete "checksums" from the card'
    ):
        load(folder)
    del state["checksums"]
    state["members"] = 1
    (folder / "card.json").write_text(json.dumps(state))
    load(folder)


def test_what_answers_do_not_rest_on_may_be_changed(folder):
    state = json.loads((folder / "card.json").read_text())
    state["card"].update(dataset="renamed", command="", report={"by": "hand"})
    (folder / "card.json").write_text(json.dumps(state, indent=4, sort_keys=True))
    assert load(folder).card.dataset == "renamed"


def test_a_card_that_was_cut_off_says_so(folder):
    whole = (folder / "card.json").read_bytes()
    (folder / "card.json").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"card\.json: cannot be read .* damaged or cut off: copy the whole"):
        load(folder)


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"no card\.json in this folder; give the folder in which"):
        load(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        load(tmp_path / "nowhere")


def test_a_folder_without_weights_is_refused(folder):
    (folder / "weights.safetensors").unlink()
    with pytest.raises(DataError, match=r"no weights\.safetensors in this folder"):
        load(folder)


def test_a_folder_that_cannot_be_written_is_named(model, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match=r"the model cannot be written there .* choose another folder"):
        save(model, tmp_path / "file")


def test_a_table_for_a_model_of_pictures_is_refused(tmp_path, model):
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(DataError, match="the model learnt from a table, and this is pictures"):
        predict(model, tmp_path / "a.png")


def test_nothing_but_the_three_files_is_left_in_the_folder(folder):
    assert sorted(path.name for path in folder.iterdir()) == [models.README, models.CARD, models.WEIGHTS]
