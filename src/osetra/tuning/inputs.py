"""Data in memory: kept in a file beside the study, so that workers read it and a study can go on."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from osetra.core.arguments import expected
from osetra.errors import DataError, StudyMismatch

if TYPE_CHECKING:
    from numpy.typing import NDArray

FILE = "data.npz"
Target: TypeAlias = "str | tuple[str, ...] | None"
_MOMENT = (1980, 1, 1, 0, 0, 0)
"""The time in the archive, always the same, so that equal data is an equal file."""


def arrays_of(data: object, target: object) -> tuple[dict[str, NDArray[Any]], Target]:
    """Return data in memory as named arrays, and the name of the target among them, or of several.

    Args:
        data: a pandas, polars, Arrow or Hugging Face table, a mapping of names to columns, an array (n, …)
            of inputs, a list of sequences (steps, channels), a pair of inputs and target, or a PyTorch data
            set of such pairs.
        target: the name of a column, several names, or the values to predict, (n,), (n, k) or a frame.

    Raises:
        DataError: it is none of these, or a column cannot be kept.
    """
    from osetra.data.frames import columns_of, examples_of, is_examples, is_frame

    if isinstance(data, tuple) and len(data) == 2 and target is None:
        data, target = data
    if is_frame(data) or isinstance(data, Mapping):
        return _of_columns(columns_of(data), target)
    if is_examples(data) and target is None:
        data, target = examples_of(data)
    name, inputs = _inputs_of(data)
    several = _several_values(target)
    if several:
        return {name: inputs, **several}, tuple(several)
    if target is None or isinstance(target, str):
        raise DataError("an array has no column to predict; write osetra.tune(X, y)")
    return {name: inputs, "y": _values_of(target)}, "y"


def _inputs_of(data: object) -> tuple[str, NDArray[Any]]:
    """Return inputs as an array, and the name that says what they are."""
    from osetra.data.series import is_ragged, padded

    if is_ragged(data):
        return "sequences", padded(data, "the list")  # type: ignore[arg-type]  # a list of arrays
    try:
        inputs = np.asarray(data)
    except Exception:  # of lists of different lengths, or of an object that pretends to be an array
        wanted = "rows of the same length are needed: an array (n, d), a frame or a mapping of columns"
        raise expected("data", data, wanted, DataError) from None
    if inputs.dtype.kind not in "fiub" or inputs.ndim < 2:
        raise DataError(
            f"{type(data).__name__} of shape {inputs.shape}: a path, a name from `osetra data`, a frame, or "
            "an array of numbers (n, d) or of pictures (n, height, width[, channels]) is needed"
        )
    return "x", inputs


def _of_columns(columns: dict[str, NDArray[Any]], target: object) -> tuple[dict[str, NDArray[Any]], Target]:
    """Return columns with the target among them."""
    if isinstance(target, (int, np.integer)) and str(target) in columns:
        target = str(target)  # columns may be numbered
    names = _names_in(target, columns)
    if names:
        return columns, names
    several = _several_values(target)
    if several:
        return _with_targets(columns, several), tuple(several)
    if target is None or isinstance(target, str):
        return columns, target
    name = str(getattr(target, "name", None) or "target")
    if name in columns:
        raise DataError(f"the data has a column {name!r} already; give target={name!r}, or rename one")
    return {**columns, name: _values_of(target)}, name


def _names_in(target: object, columns: Mapping[str, NDArray[Any]]) -> tuple[str, ...]:
    """Return the names of columns that a list holds; none of a list of as many values as there are rows."""
    if not isinstance(target, (list, tuple)) or not all(isinstance(name, str) for name in target):
        return ()
    values = len(target) == len(next(iter(columns.values()))) and any(name not in columns for name in target)
    return () if values else tuple(target)


def _several_values(target: object) -> dict[str, NDArray[Any]]:
    """Return the columns of a frame of targets, or of an array (n, k) of them; none of anything else."""
    from osetra.data.arrays import one_column
    from osetra.data.frames import columns_of, is_frame

    if is_frame(target):
        columns = columns_of(target)
        return columns if len(columns) > 1 else {}
    if not isinstance(target, np.ndarray) and not hasattr(target, "__array__"):
        return {}
    try:
        values = np.asarray(target)
    except Exception:  # of an object that pretends to be an array
        return {}
    if values.ndim != 2 or values.dtype.kind not in "fiub" or one_column(values).ndim == 1:
        return {}
    return {f"y{i}": np.ascontiguousarray(column) for i, column in enumerate(values.T)}


def _with_targets(
    columns: dict[str, NDArray[Any]], several: dict[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    for name in several:
        if name in columns:
            raise DataError(
                f"the data has a column {name!r} already; rename one, or leave it out of the data"
            )
    return {**columns, **several}


def _values_of(target: object) -> NDArray[Any]:
    """Return the values of a target given beside the data."""
    from osetra.data.frames import columns_of

    try:
        return columns_of({"target": target})["target"]
    except DataError:
        raise
    except Exception:  # of an object that pretends to be a list
        wanted = "the name of a column, or as many values as there are rows, is needed"
        raise expected("target", target, wanted, DataError) from None


def keep(arrays: Mapping[str, NDArray[Any]], folder: Path, *, begun: bool) -> Path:
    """Write arrays into a study's folder and return the file; the same data there already is left alone.

    Args:
        arrays: by name, each (n, …).
        folder: the study's.
        begun: whether there is a study that was begun with the file.

    Raises:
        StudyMismatch: the study was begun with other data.
    """
    path, content = folder / FILE, _packed(arrays)
    if path.exists() and path.read_bytes() == content:
        return path
    if path.exists() and begun:
        raise StudyMismatch(
            f"study {folder.name} was begun with other data, and results would not compare; "
            'give the new one its own name: osetra.tune(..., name="...")'
        )
    folder.mkdir(parents=True, exist_ok=True)
    rough = path.with_suffix(".part")
    rough.write_bytes(content)
    rough.replace(path)
    return path


def forget(file: Path) -> None:
    """Delete the file of data that no study was begun with, and its folder when nothing else is in it."""
    file.unlink(missing_ok=True)
    with suppress(OSError):  # something else is in it
        file.parent.rmdir()


def _packed(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return what numpy.savez writes, for any names: it takes one called file for its own argument."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy", _MOMENT), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
    return out.getvalue()
