"""Arrays: .npz files as written by `numpy.savez`.

The inputs are the array called x, X, data, features or images, the target y, target, label or
labels. A file of one-dimensional arrays of one length is a table of columns.
"""

from __future__ import annotations

import io
import zipfile
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from osetra.data.table import Cells, Table, Texts, check_names
from osetra.errors import DataError

INPUTS = (
    "x", "X", "data", "features", "images", "image", "pixels", "sequences", "sequence", "series", "signals",
)  # fmt: skip
TARGETS = ("y", "target", "targets", "label", "labels")
PICTURE_NAMES = ("images", "image", "pictures", "pixels")
SEQUENCE_NAMES = ("sequences", "sequence", "series", "signals")
Raw: TypeAlias = NDArray[np.generic]


def parse_arrays(raw: bytes, path: str) -> dict[str, Raw]:
    """Return the named arrays in the bytes of an .npz file."""
    try:
        with np.load(io.BytesIO(raw), allow_pickle=False) as stored:
            found = {name: stored[name] for name in stored.files}
    except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        raise DataError(f"{path}: not a readable .npz file ({error}); write it with numpy.savez") from None
    except ValueError:
        raise DataError(
            f"{path}: holds Python objects, which could run code when loaded; save plain arrays of "
            "numbers or text (dtype other than object), sequences of unequal length filled up with NaN"
        ) from None
    if not found:
        raise DataError(f"{path}: holds no arrays; save them as numpy.savez(path, x=..., y=...)")
    return found


def inputs_of(arrays: dict[str, Raw], source: str) -> tuple[str, Raw] | None:
    """Return the name and values of the input array, or None for a file of columns."""
    for name in INPUTS:
        if name in arrays and arrays[name].ndim >= 2:
            return name, arrays[name]
    if all(array.ndim == 1 for array in arrays.values()):
        return None
    shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
    raise DataError(f"{source}: no array called x; found {shapes}. Save as numpy.savez(path, x=..., y=...)")


def target_of(arrays: dict[str, Raw], target: str | None, source: str) -> str:
    """Return the name of the target array: the given one, or y, target, label and so on."""
    if target is not None:
        if target in arrays:
            return target
        raise DataError(f"{source}: no array called {target!r}; found {', '.join(arrays)}")
    lower = {name.lower(): name for name in arrays}
    for name in TARGETS:
        if name in lower:
            return name if name in arrays else lower[name]
    raise DataError(f"{source}: no array called y; found {', '.join(arrays)}; name one with --target")


def is_sequence(name: str, values: Raw) -> bool:
    """Return whether an array (n, T, c) holds sequences and not pictures (n, h, w).

    A name settles it. Else pictures are bytes, or at least 8 pixels high and wide with values in a picture's
    range, 0 … 1 or 0 … 255.
    """
    if values.ndim != 3 or name.lower() in PICTURE_NAMES:
        return False
    if name.lower() in SEQUENCE_NAMES or min(values.shape[1:]) < 8:
        return values.dtype != np.uint8 or name.lower() in SEQUENCE_NAMES
    if values.dtype.kind not in "fiu" or values.dtype == np.uint8:
        return False
    numbers = values.astype(np.float64)
    return bool(np.nanmin(numbers) < 0 or np.nanmax(numbers) > 65535)


def sequences_of(name: str, values: Raw) -> bool:
    """Return whether an array holds sequences: (n, T, c), or (n, T) under a name for sequences."""
    return is_sequence(name, values) or (values.ndim == 2 and name.lower() in SEQUENCE_NAMES)


def unrolled(values: Raw) -> Raw:
    """Return inputs (n, …) as (n, d)."""
    return values.reshape(len(values), -1) if values.ndim > 2 else values


def as_table(arrays: dict[str, Raw], source: str) -> Table:
    """Return arrays as a table: a matrix `x` becomes x0, x1, …; a vector or (n, 1) is one column.

    A matrix of one 1 per row named like a target is one column of the places of the ones; another is several
    targets.

    Raises:
        DataError: arrays of different lengths or with more than two dimensions.
    """
    names: list[str] = []
    cells: list[Cells] = []
    for name, array in arrays.items():
        if array.ndim not in (1, 2):
            raise DataError(f"{source}: {name} has shape {array.shape}; a table needs (n,) or (n, d)")
        if array.ndim == 2 and name.lower() in TARGETS:
            array = one_column(array)
        columns = [array] if array.ndim == 1 else list(array.T)
        names += [name] if array.ndim == 1 else [f"{name}{i}" for i in range(len(columns))]
        cells += [_cells(column, name, source) for column in columns]
    if len({len(column) for column in cells}) > 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise DataError(f"{source}: arrays of different lengths: {shapes}")
    check_names(names, source)
    return Table(source, tuple(names), tuple(cells))


def one_column(array: Raw) -> Raw:
    """Return the column that a target (n, 1), or one-hot (n, C), is; others hold several targets."""
    if array.shape[1] == 1:
        return array[:, 0]
    hot = (
        array.dtype.kind in "fiub" and np.all((array == 0) | (array == 1)) and np.all(array.sum(axis=1) == 1)
    )
    return np.asarray(np.argmax(array, axis=1)) if hot else array


def _cells(column: Raw, name: str, source: str) -> Cells:
    if column.dtype.kind not in "fiubmMUS":
        kind = "complex numbers" if column.dtype.kind == "c" else f"values of type {column.dtype}"
        raise DataError(
            f"{source}: {name} holds {kind}; save plain numbers or text, such as real and imaginary parts or "
            "fields as columns of their own"
        )
    if column.dtype.kind == "S":
        return Texts([value.decode("utf-8", "replace") or None for value in column.tolist()])
    if column.dtype.kind in "fiu":
        return column.astype(np.float64)
    if column.dtype.kind == "M":
        return column.astype("datetime64[us]")
    if column.dtype.kind == "m":
        return column.astype("timedelta64[us]")
    return Texts([str(value) or None for value in column.tolist()])
