"""Predict: from a model folder and new data to answers, with nothing else needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from osetra.data import sources
from osetra.data.arrays import as_table, inputs_of, parse_arrays, unrolled
from osetra.data.dataset import Images
from osetra.data.files import read_bytes
from osetra.data.formats import parse
from osetra.data.frames import examples_of, is_examples, is_frame, table_of
from osetra.data.images import PICTURES, as_images, read_listed, read_pictures
from osetra.data.options import DataOptions
from osetra.data.table import Table
from osetra.errors import DataError
from osetra.nets import metrics
from osetra.nets.model import Model
from osetra.nets.prepare import Inputs, Preparation, answers, apply, read_columns, unseen
from osetra.nets.training import raw_outputs

_Read: TypeAlias = tuple[tuple[str, ...], Inputs, dict[str, int]]
"""Names of the rows, their inputs, and the cells of unseen categories."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """One answer per row."""

    target: str
    names: tuple[str, ...]
    """Row numbers from 1, or the names of the picture files."""
    values: tuple[str, ...] | tuple[float, ...]
    """The predicted class, or number, of each row."""
    classes: tuple[str, ...]
    probabilities: NDArray[np.float64]
    """(n, C), in the order of the classes; (n, 0) for a regression."""
    unseen: Mapping[str, int] = field(default_factory=dict)
    """How many cells of a category column hold what was never seen in training, by column."""

    def __len__(self) -> int:
        return len(self.values)

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the columns that `rows` yields."""
        return ("row", self.target, *(f"p({name})" for name in self.classes))

    @property
    def warning(self) -> str:
        """What a person should know about categories never seen in training; empty without any."""
        total = sum(self.unseen.values())
        if not total:
            return ""
        where = ", ".join(f"{name} {count}" for name, count in self.unseen.items())
        cells = "1 cell holds a category" if total == 1 else f"{total} cells hold categories"
        return f"{cells} never seen in training ({where}): answers for those rows rest on the other columns"

    def rows(self) -> Iterator[tuple[str | float, ...]]:
        """Yield for each row its name, the answer, and the probability of each class."""
        answers: Iterable[str | float] = self.values
        for name, value, shares in zip(self.names, answers, self.probabilities, strict=True):
            yield (name, value, *map(float, shares))


def predict(model: Model, data: object) -> Predictions:
    """Return an answer for each row of data: a file, a folder of pictures, a known set, a frame, an array.

    The target column is not needed, and not looked at.

    Raises:
        DataError: the data has not the columns, or the pictures, that the model learnt from.
    """
    names, inputs, strange = _read(model.preparation, data)
    return replace(answer(model, inputs, names), unseen=strange)


def answer(model: Model, inputs: Inputs, names: tuple[str, ...] = ()) -> Predictions:
    """Return an answer for each row of prepared inputs."""
    preparation = model.preparation
    raw = raw_outputs(model.network, inputs)
    names = names or tuple(str(row + 1) for row in range(len(inputs)))
    if preparation.task == "regression":
        numbers = answers(preparation, raw)
        nothing = np.zeros((len(inputs), 0))
        return Predictions(preparation.target, names, tuple(numbers.tolist()), (), nothing)
    shares = metrics.probabilities(raw)
    labels = tuple(preparation.classes[code] for code in shares.argmax(axis=1))
    return Predictions(preparation.target, names, labels, preparation.classes, shares)


def _read(preparation: Preparation, data: object) -> _Read:
    if isinstance(data, (str, PathLike)):
        return _read_path(preparation, data)
    if is_frame(data) or isinstance(data, Mapping):
        return (), *_inputs(preparation, table_of(data), None, "the frame")
    array = examples_of(data)[0] if is_examples(data) else np.asarray(data)
    if array.ndim > 2 and preparation.pictures is not None:
        return (), *_inputs(preparation, None, as_images(array, "the array"), "the array")
    return (), *_inputs(preparation, as_table({"x": unrolled(array)}, "the array"), None, "the array")


def _read_path(preparation: Preparation, where: str | PathLike[str]) -> _Read:
    path = Path(where)
    if not path.exists() and path.suffix == "" and path.name == str(where):
        contents = sources.read(sources.find(str(where)))
        return (), *_inputs(preparation, contents.table, contents.images, contents.table.source)
    if path.is_dir() or path.suffix.lower() in PICTURES:
        return _read_pictures(preparation, path)
    if not path.exists():
        raise DataError(f"{path}: no such file; check the path")
    kind, raw = read_bytes(path)
    if kind != "npz":
        delimiter, decimal, header = preparation.dialect
        said = DataOptions(delimiter=delimiter, decimal=decimal, header=header)
        table = parse(kind, raw, path, said)
        if preparation.pictures is not None:
            return _read_listed(preparation, table, path)
        return (), *_inputs(preparation, table, None, str(path))
    arrays = parse_arrays(raw, str(path))
    found = inputs_of(arrays, str(path))
    if found is not None and found[1].ndim > 2 and preparation.pictures is not None:
        return (), *_inputs(preparation, None, as_images(found[1], str(path)), str(path))
    vectors = {
        name: unrolled(array) if found and name == found[0] else array
        for name, array in arrays.items()
        if found is None or name == found[0]
    }
    return (), *_inputs(preparation, as_table(vectors, str(path)), None, str(path))


def _read_listed(preparation: Preparation, table: Table, path: Path) -> _Read:
    assert preparation.pictures is not None
    listed = read_listed(table, path.parent, preparation.pictures.shape)
    if listed is None:
        return (), *_inputs(preparation, table, None, str(path))
    images, kept = listed
    names = tuple(str(kept.row(i)) for i in range(len(kept)))
    return names, *_inputs(preparation, None, images, str(path))


def _read_pictures(preparation: Preparation, path: Path) -> _Read:
    if preparation.pictures is None:
        raise DataError(f"{path}: the model learnt from a table, and this is pictures; give a data file")
    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in PICTURES)
    if not files:
        raise DataError(f"{path}: no pictures in this folder ({', '.join(PICTURES[:4])} …)")
    images = read_pictures(files, preparation.pictures.shape).images
    names = tuple(str(file.relative_to(path)) if path.is_dir() else file.name for file in files)
    return names, *_inputs(preparation, None, images, str(path))


def _inputs(
    preparation: Preparation, table: Table | None, images: Images | None, source: str
) -> tuple[Inputs, dict[str, int]]:
    if preparation.pictures is None:
        if table is None or images is not None:
            raise DataError(f"{source}: the model learnt from a table, and this is pictures")
        columns = read_columns(preparation, table)
        return apply(preparation, columns), unseen(preparation, columns)
    wanted = "×".join(map(str, preparation.pictures.shape))
    if images is None:
        raise DataError(f"{source}: the model learnt from pictures of {wanted}, and this is a table")
    if images.shape[1:] != preparation.pictures.shape:
        given = "×".join(map(str, images.shape[1:]))
        raise DataError(f"{source}: pictures of {given}; the model learnt from {wanted}, give that size")
    return apply(preparation, (), images), {}
