"""Data of other libraries, as they give it in Python."""

import numpy as np
import pyarrow
import pytest

from osetra.data.frames import columns_of, examples_of, is_examples, is_frame
from osetra.errors import DataError


class Labelled:
    """A data set as PyTorch has them."""

    def __init__(self, shapes=((2, 3),)):
        self.shapes = shapes

    def __len__(self):
        return 4

    def __getitem__(self, i):
        return np.full(self.shapes[i % len(self.shapes)], i), i % 2


class ClassLabel:
    names = ("cat", "dog")


class HuggingFace:
    """A table as the library datasets has it."""

    column_names = ("size", "label")
    features = {"size": None, "label": ClassLabel()}  # noqa: RUF012 - as theirs is
    shape = (3, 2)

    def __getitem__(self, name):
        return {"size": [1.5, 2.5, None], "label": [1, 0, 1]}[name]


def test_examples_become_inputs_and_targets():
    assert is_examples(Labelled())
    inputs, targets = examples_of(Labelled())
    assert inputs.shape == (4, 2, 3)
    assert targets.tolist() == [0, 1, 0, 1]


def test_examples_of_different_shapes_are_refused():
    with pytest.raises(DataError, match=r"different shapes, such as \(2, 3\) and \(2, 4\)"):
        examples_of(Labelled(((2, 3), (2, 4))))


def test_examples_of_different_lengths_are_sequences():
    inputs, targets = examples_of(Labelled(((2, 3), (4, 3))))
    assert inputs.shape == (4, 4, 3)
    assert np.isnan(inputs[0, 2:]).all()
    assert targets.tolist() == [0, 1, 0, 1]


def test_a_table_of_hugging_face_gives_class_names():
    assert is_frame(HuggingFace())
    columns = columns_of(HuggingFace())
    assert columns["label"].tolist() == ["dog", "cat", "dog"]
    assert columns["size"].tolist() == ["1.5", "2.5", ""]


def test_an_arrow_table_keeps_moments_and_spans_of_time():
    when = np.array(["2024-01-01T10:00", "2024-02-01T11:00"], dtype="datetime64[us]")
    table = pyarrow.table({"when": when, "lasted": when - when[0], "y": ["a", "b"]})
    columns = columns_of(table)
    assert columns["when"].dtype.kind == "M"
    assert columns["lasted"].dtype.kind == "m"
    assert (columns["lasted"] / np.timedelta64(1, "s")).tolist() == [0.0, 31 * 86400 + 3600.0]


def test_whole_numbers_beyond_floats_keep_their_digits():
    columns = columns_of({"id": np.array([2**60, 2**60 + 1])})
    assert columns["id"].tolist() == [str(2**60), str(2**60 + 1)]
