"""Rows that could be answered wrongly in silence, and cards that no program of ours wrote."""

import itertools
import json

import numpy as np
import pytest
from PIL import Image

from osetra.errors import DataError
from osetra.nets.assessment import assess
from osetra.nets.model import load, save
from osetra.nets.predict import predict
from osetra.nets.task import Data, NetworkTask, rehearse

RNG = np.random.default_rng(0)
CONFIG = {"units": 4, "layers": 1, "lr": 0.01}


def trained(where, config=CONFIG, **data):
    return rehearse(NetworkTask(data=Data(where=str(where), **data), epochs=1), config, seed=0)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "t.csv"
    rows = [
        f"{RNG.normal():.3f},2024-0{1 + i % 9}-1{i % 9},{('yes', 'no', 'Y')[i % 3]},{'ab'[i % 2]}"
        for i in range(60)
    ]
    path.write_text("Size,day,ok,y\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def model(table):
    return trained(table, target="y")


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    for i in range(40):
        file = folder / ("up", "down")[i % 2] / f"{i}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"a {('lovely', 'awful')[i % 2]} day {i % 5}\n")
    return folder


def test_a_column_of_texts_is_not_cut_at_its_spaces_and_empty_cells_are_rows(texts, tmp_path):
    model = trained(texts)
    for name, cells in itertools.product(("t.csv", "t.txt"), (["lovely day", "awful day"], ["lovely day"])):
        written = [*cells, "", *cells]
        (tmp_path / name).write_text("text\n" + "".join(f"{cell}\n" if cell else '""\n' for cell in written))
        whole = predict(model, {"text": [cell or None for cell in written]})
        found = predict(model, tmp_path / name)
        assert len(found) == len(written)
        np.testing.assert_array_equal(found.probabilities, whole.probabilities)


def test_one_file_of_texts_is_a_row(texts):
    model = trained(texts)
    found = predict(model, texts / "up" / "0.txt")
    assert found.names == ("0.txt",)
    whole = predict(model, texts)
    np.testing.assert_allclose(found.probabilities[0], whole.probabilities[whole.names.index("up/0.txt")])


@pytest.mark.parametrize("bytes_learnt", [True, False])
def test_pixels_in_another_range_are_a_warning(bytes_learnt, tmp_path):
    pixels = RNG.integers(0, 256, (40, 8, 8, 3)).astype(np.uint8)
    pixels[::2] //= 2
    shares, labels = pixels / 255.0, np.arange(40) % 2
    learnt, later = (pixels, shares) if bytes_learnt else (shares, pixels)
    np.savez(tmp_path / "t.npz", x=learnt, y=labels)
    np.savez(tmp_path / "later.npz", x=later)
    model = trained(tmp_path / "t.npz")
    (said,) = predict(model, tmp_path / "later.npz").warnings
    assert f"{'multiply' if bytes_learnt else 'divide'} them by 255 if they mean the same" in said
    assert predict(model, tmp_path / "t.npz").warnings == ()


def test_arrays_without_rows_and_sequences_without_values_are_named(tmp_path):
    values = RNG.normal(size=(40, 6, 2))
    np.savez(tmp_path / "t.npz", sequences=values, y=np.arange(40) % 2)
    model = trained(tmp_path / "t.npz", {"units": 4, "filters": 4, "blocks": 1})
    for data in (values[:0], {"sequences": values[:0]}):
        if isinstance(data, dict):
            np.savez(tmp_path / "none.npz", **data)
            data = tmp_path / "none.npz"
        with pytest.raises(DataError, match=r"the array has shape \(0, 6, 2\), no rows"):
            predict(model, data)
    values[3, :, 1] = np.nan
    (said,) = predict(model, values).warnings
    assert said == "1 of 40 sequences have no value in some channel: the usual one is taken"


def test_rows_of_all_parts_of_a_split_are_answered_under_their_names(tmp_path):
    parts = {f"{what}_{part}": values for part, n in (("train", 30), ("test", 10))
             for what, values in (("x", RNG.normal(size=(n, 3))), ("y", np.arange(n) % 2))}  # fmt: skip
    np.savez(tmp_path / "t.npz", **parts)
    found = predict(trained(tmp_path / "t.npz"), tmp_path / "t.npz")
    assert (found.names[0], found.names[-1]) == ("x_train 1", "x_test 10")
    assert "the rows of all are taken: train 30, test 10" in found.warning
    np.savez(tmp_path / "later.npz", x_test=parts["x_test"])
    later = predict(trained(tmp_path / "t.npz"), tmp_path / "later.npz")
    assert later.values == found.values[-10:]


def test_broken_and_unread_pictures_of_a_folder_are_counted(tmp_path):
    for i in range(20):
        file = tmp_path / ("a", "b")[i % 2] / f"{i}.png"
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(RNG.integers(0, 256, (6, 6, 3), dtype=np.uint8)).save(file)
    model = trained(tmp_path)
    (tmp_path / "a" / "x.png").write_bytes(b"\x89PNG")
    (tmp_path / "a" / "x.heic").write_bytes(b"x")
    found = predict(model, tmp_path)
    assert len(found) == 20 and "a/x.png" not in found.names
    assert "1 of 21 pictures cannot be read" in found.warning and "a/x.heic: save them as" in found.warning
    with pytest.raises(DataError, match=r"x\.png: not a readable picture"):
        predict(model, tmp_path / "a" / "x.png")


def test_columns_in_another_case_and_endless_names_are_told(model, table, tmp_path):
    text = table.read_text()
    (tmp_path / "t.csv").write_text(text.upper())
    with pytest.raises(DataError, match="They are there in another case, such as 'SIZE': rename them"):
        predict(model, tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text(text.replace("Size", "n" * 1_000_000))
    with pytest.raises(DataError) as caught:
        predict(model, tmp_path / "t.csv")
    assert len(str(caught.value)) < 1000


def test_truth_in_other_spellings_is_known_and_few_rows_are_said_to_tell_little(tmp_path):
    rows = [f"{x:.3f},{'yes' if x > 0 else 'no'}" for x in RNG.normal(size=60)]
    (tmp_path / "t.csv").write_text("a,y\n" + "\n".join(rows) + "\n")
    model = trained(tmp_path / "t.csv")
    known = assess(model, tmp_path / "t.csv")
    (tmp_path / "other.csv").write_text(
        "a,y\n" + "\n".join(rows).replace("yes", "TRUE").replace("no", "0") + "\n"
    )
    assert assess(model, tmp_path / "other.csv").scores == known.scores
    (tmp_path / "one.csv").write_text("a,y\n" + rows[0] + "\n")
    assert "1 row tells next to nothing" in " ".join(assess(model, tmp_path / "one.csv").notes)


def parts_of(kind):
    return lambda state: [each for each in state["preparation"]["schema"] if each["kind"] == kind]


CHANGES = {
    "order": lambda state: parts_of("date")(state)[0].update(order="often"),
    "parts": lambda state: parts_of("date")(state)[0].update(parts=["age"]),
    "decimal": lambda state: parts_of("number")(state)[0].update(decimal="x"),
    "spellings": lambda state: parts_of("category")(state)[0].update(truth=["no"]),
    "threshold": lambda state: state["card"].update(threshold="half"),
    "thresholds": lambda state: state["card"].update(threshold=[0.1, 0.2, 0.3]),
    "inputs": lambda state: state["card"].update(inputs={"Size": "big"}),
    "scale": lambda state: state["preparation"]["columns"][0].update(scale=0),
    "fill": lambda state: state["preparation"]["columns"][0].update(fill=float("nan")),
    "format": lambda state: state.update(format=True),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_card_without_checksums_that_makes_no_sense_is_refused(model, tmp_path, change):
    save(model, tmp_path)
    state = json.loads((tmp_path / "card.json").read_text())
    del state["checksums"]
    change(state)
    (tmp_path / "card.json").write_text(json.dumps(state))
    with pytest.raises(DataError, match=r"card\.json: not a card that osetra wrote"):
        load(tmp_path)
