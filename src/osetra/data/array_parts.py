"""Array parts: arrays that a file holds in the parts of a split, such as x_train, y_train, x_test and y_test.

Keras, MedMNIST and many scripts save them so. They are joined, and the split is kept. Where the rows are
whole, train_index and test_index, or masks, may say which part they are of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from osetra.core.finding import Finding
from osetra.data.arrays import INPUTS
from osetra.data.table import Texts, note
from osetra.errors import DataError

Raw: TypeAlias = NDArray[np.generic]
_PART = {
    "train": "train", "training": "train", "trn": "train", "tr": "train",
    "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation",
    "test": "test", "testing": "test", "tst": "test", "te": "test",
}  # fmt: skip
_KNOWN = frozenset(name.lower() for name in INPUTS)
_ROWS = ("index", "indices", "idx", "inds", "mask", "rows")
_ORDER = ("train", "validation", "test")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_CLOSE = re.compile(r"([xyXY])(train|test|val|valid)|(train|test|val|valid)([xyXY])", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class ArrayParts:
    """Arrays of one split, joined by what they are called without the name of their part."""

    arrays: dict[str, Raw]
    """By name, n rows each: those of training first, those of the test last."""
    parts: tuple[str, ...]
    """Of each row: train, validation or test."""
    rows: tuple[str, ...]
    """A name for each row, such as "x_test 17"."""
    notes: tuple[Finding, ...] = ()

    @property
    def column(self) -> Texts | None:
        """The parts as the column of a given split; without a test, what is called validation is sealed.

        None where there is one part only.
        """
        if len(set(self.parts)) < 2:
            return None
        sealed = "test" in self.parts
        return Texts([part if sealed or part == "train" else "test" for part in self.parts])


def array_parts(arrays: Mapping[str, Raw], source: str, *, later: bool = False) -> ArrayParts | None:
    """Return the arrays of a file joined over the parts of its split; None where it has no such parts.

    A part that lacks one of the arrays, such as a test without answers, is left out and said. Later rows,
    that are to be answered, may be of one part only, and arrays that not every part has are left out instead.

    Raises:
        DataError: arrays of one part are not equally long, or those of two parts have different shapes.
    """
    found: dict[str, dict[str, str]] = {}
    for name in arrays:
        what = _told_apart(name)
        if what is not None and arrays[name].ndim:
            found.setdefault(what[1], {})[what[0]] = name
    if any(name in arrays for name in INPUTS):
        return None if later else _by_rows(arrays, found, source)
    given = [part for part in _ORDER if part in found]
    everywhere = [what for what in next(iter(found.values()), ()) if all(what in found[p] for p in given)]
    names = everywhere if later else list(found.get("train", ()))
    kept = [part for part in given if set(names) <= found[part].keys()]
    alone = later or kept == ["train"]  # without answers, the other parts are to be predicted
    if not _KNOWN.intersection(names) or len(kept) < 2 - alone:
        return None
    for part in kept:
        _check(
            arrays, [found[part][what] for what in names], [found[kept[0]][what] for what in names], source
        )
    joined = {what: np.concatenate([arrays[found[part][what]] for part in kept]) for what in names}
    first = names[0]
    sizes = {part: len(arrays[found[part][first]]) for part in kept}
    notes = tuple(_without(part, names, found[part]) for part in found if part not in kept)
    parts = tuple(part for part in kept for _ in range(sizes[part]))
    rows = tuple(f"{found[part][first]} {row + 1}" for part in kept for row in range(sizes[part]))
    return ArrayParts(joined, parts, rows, notes)


def _by_rows(
    arrays: Mapping[str, Raw], found: Mapping[str, Mapping[str, str]], source: str
) -> ArrayParts | None:
    """Return whole arrays with the parts that numbers of rows, or masks, tell; None where nothing does.

    Raises:
        DataError: a row is in two parts.
    """
    n = len(arrays[next(name for name in INPUTS if name in arrays)])
    names = {part: next((given[w] for w in _ROWS if w in given), "") for part, given in found.items()}
    names = {part: names[part] for part in _ORDER if names.get(part)}
    chosen = {part: _rows_of(arrays[name], n) for part, name in names.items()}
    if "train" not in names or len(names) < 2 or any(rows is None for rows in chosen.values()):
        return None
    part_of = np.full(n, "", dtype=object)
    for part, rows in chosen.items():
        assert rows is not None
        again = rows[part_of[rows] != ""]
        if len(again):
            other = names[str(part_of[again[0]])]
            raise DataError(
                f"{source}: row {again[0] + 1} is in {other} and in {names[part]}; each row is of one part"
            )
        part_of[rows] = part
    kept = np.flatnonzero(part_of != "")
    whole = {
        name: array[kept]
        for name, array in arrays.items()
        if array.ndim and len(array) == n and name not in names.values()
    }
    left = n - len(kept)
    text = f"{left} of {n} rows are in none of {', '.join(names.values())} and are left out"
    notes = (note("part-left-out", text),) if left else ()
    return ArrayParts(whole, tuple(part_of[kept].tolist()), tuple(f"{row + 1}" for row in kept), notes)


def _rows_of(array: Raw, n: int) -> NDArray[np.int64] | None:
    """Return the rows that an array of numbers from 0, or a mask, chooses; None where it does not."""
    if array.ndim != 1 or array.dtype.kind not in "biu":
        return None
    if array.dtype.kind == "b" or (len(array) == n > 2 and np.isin(array, (0, 1)).all()):
        return np.flatnonzero(array) if len(array) == n else None
    rows = np.unique(array.astype(np.int64))
    return rows if len(rows) and rows[0] >= 0 and rows[-1] < n else None


def _told_apart(name: str) -> tuple[str, str] | None:
    """Return what an array is without the name of its part, and the part; None of a name that has none."""
    close = _CLOSE.fullmatch(name)
    if close:
        return (close[1] or close[4]).lower(), _PART[(close[2] or close[3]).lower()]
    words = _WORDS.findall(name)
    if len(words) < 2 or sum(word.lower() in _PART for word in words) != 1:
        return None
    place = next(i for i, word in enumerate(words) if word.lower() in _PART)
    if place not in (0, len(words) - 1):
        return None
    rest = words[1:] if place == 0 else words[:-1]
    return "_".join(rest).lower(), _PART[words[place].lower()]


def _check(arrays: Mapping[str, Raw], names: Sequence[str], first: Sequence[str], source: str) -> None:
    lengths = {name: len(arrays[name]) for name in names}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise DataError(f"{source}: arrays of one part are to be equally long, and these are not: {shown}")
    for name, model in zip(names, first, strict=True):
        if arrays[name].shape[1:] != arrays[model].shape[1:]:
            raise DataError(
                f"{source}: {model} has shape {arrays[model].shape} and {name} {arrays[name].shape}; each "
                "row is to have the same shape in all parts of the split"
            )


def _without(part: str, names: Sequence[str], given: Mapping[str, str]) -> Finding:
    lacking = next(what for what in names if what not in given)
    text = f"the part {part} has no {lacking}: its rows are left out; predict them with the model"
    return note("part-left-out", text)
