"""Arrays: .npz files as written by `numpy.savez`.

The inputs are the array called x, X, data, features or images, the target y, target, label or
labels. A file of one-dimensional arrays of one length is a table of columns.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from osetra.data.tables import Cells, Table
from osetra.errors import DataError

INPUTS = ("x", "X", "data", "features", "images")
TARGETS = ("y", "target", "targets", "label", "labels")
Raw: TypeAlias = NDArray[np.generic]


def read_arrays(path: Path) -> dict[str, Raw]:
    """Return the named arrays of an .npz file; pickled objects inside are refused, never loaded.

    Raises:
        DataError: no such file, not an .npz file, no arrays, or pickled objects.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            found = {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; check the path") from None
    except (OSError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        raise DataError(f"{path}: not a readable .npz file ({error}); write it with numpy.savez") from None
    except ValueError:
        raise DataError(
            f"{path}: holds Python objects, which could run code when loaded; save plain arrays of "
            "numbers or text (dtype other than object)"
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
    for name in TARGETS:
        if name in arrays:
            return name
    raise DataError(f"{source}: no array called y; found {', '.join(arrays)}; name one with --target")


def as_table(arrays: dict[str, Raw], source: str) -> Table:
    """Return arrays as a table: a matrix `x` becomes x0, x1, …; a vector is one column.

    Raises:
        DataError: arrays of different lengths or with more than two dimensions.
    """
    names: list[str] = []
    cells: list[Cells] = []
    for name, array in arrays.items():
        if array.ndim not in (1, 2):
            raise DataError(f"{source}: {name} has shape {array.shape}; a table needs (n,) or (n, d)")
        columns = [array] if array.ndim == 1 else list(array.T)
        names += [name] if array.ndim == 1 else [f"{name}{i}" for i in range(len(columns))]
        cells += [_cells(column) for column in columns]
    if len({len(column) for column in cells}) > 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise DataError(f"{source}: arrays of different lengths: {shapes}")
    return Table(source, tuple(names), tuple(cells))


def _cells(column: Raw) -> Cells:
    if column.dtype.kind in "fiu":
        return column.astype(np.float64)
    return tuple(str(value) or None for value in column.tolist())
