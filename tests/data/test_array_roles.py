"""Arrays beside inputs and target: used where their name says what they are, else left out and said."""

import numpy as np
import pytest

from osetra.data.loading import load
from osetra.data.options import DataOptions
from osetra.errors import DataError

N = 60
RNG = np.random.default_rng(2)
INPUTS = {
    "table": RNG.normal(size=(N, 3)),
    "pictures": RNG.random((N, 9, 9)),
    "steps": RNG.normal(size=(N, 12, 2)),
}
Y = np.arange(N) % 2


@pytest.fixture
def write(tmp_path):
    def write_arrays(**arrays):
        np.savez(tmp_path / "t.npz", **arrays)
        return tmp_path / "t.npz"

    return write_arrays


def said(data) -> str:
    return " ".join(f"{note.text} {note.action}" for note in data.notes)


@pytest.mark.parametrize("x", INPUTS.values(), ids=INPUTS)
@pytest.mark.parametrize("weight", ["weights", "sample_weight"])
def test_roles_are_taken_by_name(write, x, weight):
    split = np.where(np.arange(N) < 40, "train", "test")
    data = load(write(x=x, y=Y, **{weight: 1.0 + Y}, groups=np.arange(N) % 9, split=split))
    assert data.groups.max() == 8 and data.weights[:2].tolist() == pytest.approx([2 / 3, 4 / 3])
    assert (data.parts == 2).sum() == 20 and "left out" not in said(data)
    assert len(data.columns) == (3 if x.ndim == 2 else 0)


@pytest.mark.parametrize("x", INPUTS.values(), ids=INPUTS)
def test_other_arrays_are_said_to_be_left_out(write, x):
    path = write(
        x=x, y=Y, ids=np.arange(N), feature_names=np.array(["u", "v", "w"]), seed=3, who=np.arange(N) % 7
    )
    data = load(path)
    assert "left out: ids (60,), feature_names (3,), seed (), who (60,) --group" in said(data)
    data = load(path, reading=DataOptions(group="who"))
    assert data.groups.max() == 6 and "who (60,)" not in said(data)


def test_capitals_of_names_do_not_matter(write):
    assert load(write(X=INPUTS["table"], Y=Y)).target.tolist() == Y.tolist()
    assert load(write(x=INPUTS["table"], Target=np.eye(2)[Y])).target.tolist() == Y.tolist()


def test_a_part_without_answers_is_left_out(write):
    x = INPUTS["table"]
    data = load(write(x_train=x, y_train=Y, x_test=x[:9]))
    assert len(data) == N and data.parts is None and "the part test has no y" in said(data)
    assert len(load(write(x_train=x, y_train=Y))) == N


def test_who_names_a_column_of_a_file_without_names_hears_of_the_header(tmp_path):
    (tmp_path / "t.csv").write_text("".join(f"{i},{i % 7},{i % 2}\n" for i in range(30)))
    with pytest.raises(DataError, match="no line of names was found, so they are numbered: --header N"):
        load(tmp_path / "t.csv", target="y")
