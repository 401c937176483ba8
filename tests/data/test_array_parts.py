"""Arrays that come in the parts of a split, as Keras and MedMNIST write them: the split is kept."""

import numpy as np
import pytest

from osetra.data.array_parts import array_parts
from osetra.data.loading import load
from osetra.data.split import split
from osetra.errors import DataError

SIZES = {"train": 30, "val": 8, "test": 12}
SPELLINGS = {
    "keras": lambda what, part: f"{what}_{part}",
    "medmnist": lambda what, part: f"{part}_{ {'x': 'images', 'y': 'labels'}[what] }".replace(" ", ""),
    "capitals": lambda what, part: f"{what.upper()}_{part}",
    "camels": lambda what, part: f"{part}{what.upper()}",
    "close": lambda what, part: f"{what.upper() if what == 'x' else what}{part}",
    "dashes": lambda what, part: (
        f"{ {'train': 'training', 'val': 'validation'}.get(part, 'testing') }-{what}"
    ),
    "data": lambda what, part: f"{part}_{ {'x': 'data', 'y': 'target'}[what] }",
}
SHAPES = {"table": (4,), "pictures": (9, 9, 3), "gray": (8, 8), "sequences": (7, 2)}


def arrays(spelling, shape, parts, seed=0):
    rng = np.random.default_rng(seed)
    made = {}
    for part in parts:
        n = SIZES[part]
        inputs = rng.normal(size=(n, *shape)) if len(shape) < 3 else rng.integers(0, 255, (n, *shape))
        made[spelling("x", part)] = inputs.astype(np.uint8 if shape[0] > 7 else np.float64)
        made[spelling("y", part)] = rng.integers(0, 3, (n, 1))
    return made


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_the_parts_of_arrays_are_the_split(tmp_path, spelling, shape):
    made = arrays(spelling, shape, SIZES)
    np.savez(tmp_path / "t.npz", **made)
    data = load(tmp_path / "t.npz")
    cut = split(data)
    assert [len(part) for part in (cut.train, cut.validation, cut.test)] == [*SIZES.values()]
    sealed = made[spelling("y", "test")][:, 0]
    assert [data.classes[code] for code in data.target[cut.test]] == [str(value) for value in sealed]
    assert "the split is the given one: 30 rows to train, 8 to choose by, 12 sealed" in said(data)


def said(data):
    return " ".join(each.text for each in data.notes)


def test_without_a_part_to_choose_by_it_is_taken_from_training(tmp_path):
    np.savez(tmp_path / "t.npz", **arrays(SPELLINGS["keras"], (4,), ("train", "test")))
    data = load(tmp_path / "t.npz")
    cut = split(data)
    assert len(cut.train) + len(cut.validation) == 30 and cut.test.tolist() == [*range(30, 42)]


def test_without_a_test_what_is_called_validation_is_sealed(tmp_path):
    np.savez(tmp_path / "t.npz", **arrays(SPELLINGS["keras"], (4,), ("train", "val")))
    assert split(load(tmp_path / "t.npz")).test.tolist() == [*range(30, 38)]


def test_a_part_without_answers_is_left_out_and_said(tmp_path):
    made = arrays(SPELLINGS["keras"], (4,), SIZES)
    del made["y_test"]
    np.savez(tmp_path / "t.npz", **made, class_names=np.array(["a", "b", "c"]))
    data = load(tmp_path / "t.npz")
    assert len(data) == 38
    assert "the part test has no y: its rows are left out; predict them with the model" in said(data)


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"y_test": np.zeros(5)}, "arrays of one part are to be equally long.*: x_test 12, y_test 5"),
        ({"x_val": np.zeros((8, 3))}, r"x_train has shape \(30, 4\) and x_val \(8, 3\)"),
    ],
)
def test_parts_that_do_not_fit_are_named(tmp_path, changed, wrong):
    np.savez(tmp_path / "t.npz", **arrays(SPELLINGS["keras"], (4,), SIZES) | changed)
    with pytest.raises(DataError, match=wrong):
        load(tmp_path / "t.npz")


@pytest.mark.parametrize("name", ["contest_y", "x", "latest", "x_train_old", "attraction", "train"])
def test_names_that_only_hold_such_letters_are_no_parts(name):
    assert array_parts({name: np.zeros(3), "y": np.zeros(3)}, "t.npz") is None


@pytest.mark.parametrize("later", [True, False])
def test_arrays_that_only_say_which_rows_are_which_are_no_parts(later):
    rows = {"train_index": np.arange(3), "test_index": np.arange(1)}
    assert array_parts(rows, "t.npz", later=later) is None
    assert array_parts({"x": np.ones((2, 2)), **rows}, "t.npz", later=later) is None


@pytest.mark.parametrize("masks", [bool, np.uint8, None])
@pytest.mark.parametrize("name", ["index", "idx", "mask", "indices"])
def test_numbers_of_rows_and_masks_are_the_split(tmp_path, name, masks):
    rng = np.random.default_rng(1)
    order = rng.permutation(60)
    chosen = {"train": order[:30], "val": order[30:40], "test": order[40:55]}
    rows = {
        f"{part}_{name}": np.isin(np.arange(60), r).astype(masks) if masks else r
        for part, r in chosen.items()
    }
    x, y = rng.normal(size=(60, 3)), rng.integers(0, 2, 60)
    np.savez(tmp_path / "t.npz", x=x, y=y, **rows)
    data = load(tmp_path / "t.npz")
    cut = split(data)
    assert "5 of 60 rows are in none of" in said(data)
    first = next(column.values for column in data.columns if column.name == "x0")
    for part, place in (("train", cut.train), ("val", cut.validation), ("test", cut.test)):
        np.testing.assert_array_equal(first[place], x[np.sort(chosen[part]), 0])
    rows[f"test_{name}"] = rows[f"train_{name}"]
    np.savez(tmp_path / "t.npz", x=x, y=y, **rows)
    with pytest.raises(DataError, match=rf"is in train_{name} and in test_{name}; each row is of one part"):
        load(tmp_path / "t.npz")


def test_later_rows_may_be_of_one_part_and_keep_its_name():
    found = array_parts({"x_test": np.ones((2, 3))}, "t.npz", later=True)
    assert found is not None and found.rows == ("x_test 1", "x_test 2") and [*found.arrays] == ["x"]
