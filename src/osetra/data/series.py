"""Series: sequences of steps, each step a value per channel, from arrays and from the rows of a table.

Sequences may be of different lengths: behind their end stand zeros, which nothing learns from. A missing
value lies on the line between its neighbours in time; a channel that is missing throughout stays NaN, and
the preparation takes the usual value. Sequences of more than LONGEST steps are shortened: steps in a row
become their mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from osetra.core.finding import Finding
from osetra.data.dataset import Codes
from osetra.data.table import note
from osetra.errors import DataError

Values: TypeAlias = NDArray[np.float32]
LONGEST = 256
"""Steps that a small network on a CPU can take."""
LARGEST = 1e30
"""The square of it is a number in 32 bits after scaling; what is beyond is an error of its source."""


@dataclass(frozen=True, slots=True)
class SeriesRecipe:
    """How sequences are made of what a file holds, kept with a model."""

    channels: tuple[str, ...]
    levels: tuple[str | None, ...] = ()
    """Of each channel: the level of a category that it stands for, None for a number; () for arrays."""
    series: str = ""
    """The column that says which rows belong together; empty for arrays."""
    time: str = ""
    """The column by which they are ordered; empty for the order of the file."""
    merged: int = 1
    """So many steps in a row became one, their mean."""


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """n sequences, padded to the longest."""

    values: Values
    """(n, channels, steps): NaN in a channel that is missing throughout, 0 behind the end."""
    lengths: Codes
    """(n,) steps of each, at least 1."""
    recipe: SeriesRecipe

    def __len__(self) -> int:
        return len(self.values)

    @property
    def text(self) -> str:
        """A few words on the size, such as "12 sequences of 7 to 29 steps of 12 channels"."""
        low, high = int(self.lengths.min()), int(self.lengths.max())
        steps = f"{low}" if low == high else f"{low} to {high}"
        channels = self.values.shape[1]
        return f"{len(self)} sequences of {steps} steps of {channels} channel{'s' * (channels > 1)}"

    @property
    def content(self) -> bytes:
        """What a fingerprint takes of them."""
        names = "\0".join(self.recipe.channels).encode()
        return names + self.lengths.tobytes() + np.ascontiguousarray(self.values).tobytes()

    def rows(self, chosen: Codes) -> Sequences:
        """Return some of them."""
        return replace(self, values=self.values[chosen], lengths=self.lengths[chosen])


def from_array(
    array: NDArray[Any], source: str, recipe: SeriesRecipe | None = None
) -> tuple[Sequences, tuple[Finding, ...]]:
    """Return an array (n, T, c), or (n, T) of one channel, as sequences, and notes on what was changed.

    Steps at the end without a single value are padding.

    Raises:
        DataError: no numbers, no steps, other channels than the recipe has, or values beyond all bounds.
    """
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.dtype.kind not in "fiub" or not array.shape[1] or not array.shape[2]:
        raise DataError(
            f"{source}: an array of shape {array.shape} of {array.dtype} holds no sequences; give "
            "numbers (n, steps, channels)"
        )
    values = array.astype(np.float64)
    known = np.any(~np.isnan(values), axis=2)
    lengths = np.maximum(1, values.shape[1] - np.argmax(known[:, ::-1], axis=1))
    lengths = np.where(np.any(known, axis=1), lengths, 1).astype(np.int64)
    if recipe is None:
        recipe = SeriesRecipe(tuple(f"channel{i}" for i in range(values.shape[2])))
    elif len(recipe.channels) != values.shape[2]:
        raise DataError(
            f"{source}: sequences of {values.shape[2]} channels; the model learnt from {len(recipe.channels)}"
        )
    else:
        return finished(values, lengths, recipe, source)
    return finished(values, lengths, recipe, source, fresh=True)


def padded(several: Sequence[Any], source: str) -> NDArray[np.float64]:
    """Return arrays (steps, channels) of different lengths as one (n, T, c), NaN behind their ends.

    Raises:
        DataError: they are none, or have different channels.
    """
    arrays = [np.asarray(each, dtype=np.float64) for each in several]
    arrays = [each[:, None] if each.ndim == 1 else each for each in arrays]
    shapes = sorted({each.shape[1:] for each in arrays})
    if len(shapes) != 1 or len(shapes[0]) != 1:
        some = " and ".join(str(shape) for shape in sorted({each.shape for each in arrays})[:2])
        raise DataError(
            f"{source}: sequences of different channels, such as {some}; give each as (steps, channels), "
            "with the same channels"
        )
    whole = np.full((len(arrays), max(1, *map(len, arrays)), shapes[0][0]), np.nan)
    for place, each in enumerate(arrays):
        whole[place, : len(each)] = each
    return whole


def is_ragged(data: object) -> bool:
    """Whether it is a list of arrays (steps, channels), as sequences of different lengths come."""
    if not isinstance(data, (list, tuple)) or not len(data):
        return False
    shapes = [getattr(each, "shape", None) for each in data]
    return all(shape is not None and len(shape) == 2 for shape in shapes) and len(set(shapes)) > 1


def finished(
    values: NDArray[np.float64], lengths: Codes, recipe: SeriesRecipe, source: str, *, fresh: bool = False
) -> tuple[Sequences, tuple[Finding, ...]]:
    """Return values (n, T, c) with NaN where missing as sequences, filled, shortened and padded.

    Fresh ones settle how many steps become one; later ones follow their recipe.
    """
    steps = np.arange(values.shape[1]) < lengths[:, None]
    if np.any(np.abs(values[steps]) > LARGEST):
        raise DataError(f"{source}: some values are infinite or beyond {LARGEST:g}; correct or rescale them")
    notes = []
    values, count = _filled(values, lengths)
    if count:
        share = count / (int(lengths.sum()) * values.shape[2])
        shown = f"{share:.1%}" if share >= 0.001 else "less than 0.1%"
        text = f"{count} missing values in steps ({shown}) lie on the line between their neighbours in time"
        notes.append(note("steps-filled", text))
    longest = int(lengths.max())
    if fresh and longest > LONGEST:
        recipe = replace(recipe, merged=math.ceil(longest / LONGEST))
        text = f"the longest has {longest} steps: {recipe.merged} steps in a row become one, their mean"
        notes.append(note("steps-merged", text))
    values, lengths = _merged(values, lengths, recipe.merged)
    if int(lengths.min()) < int(lengths.max()):
        text = (
            f"sequences of {lengths.min()} to {lengths.max()} steps: shorter ones are padded at the end, and "
            "nothing is learnt from the padding"
        )
        notes.append(note("padded", text))
    values = values[:, : int(lengths.max())]
    values[np.arange(values.shape[1]) >= lengths[:, None]] = 0.0
    return Sequences(
        np.ascontiguousarray(np.moveaxis(values, 2, 1), dtype=np.float32), lengths, recipe
    ), tuple(notes)


def _filled(values: NDArray[np.float64], lengths: Codes) -> tuple[NDArray[np.float64], int]:
    """Return values with gaps on the line between their neighbours, the ends held; and how many gaps."""
    inside = np.arange(values.shape[1])[None, :, None] < lengths[:, None, None]
    gaps = np.isnan(values) & inside
    if not np.any(gaps):
        return values.copy(), 0
    values = values.copy()
    for row, channel in np.argwhere(np.any(gaps, axis=1)):
        line, gone = values[row, : lengths[row], channel], gaps[row, : lengths[row], channel]
        if not np.all(gone):
            line[gone] = np.interp(np.flatnonzero(gone), np.flatnonzero(~gone), line[~gone])
    return values, int(gaps.sum())


def _merged(values: NDArray[np.float64], lengths: Codes, count: int) -> tuple[NDArray[np.float64], Codes]:
    """Return means of so many steps in a row; the last one is that of what is left."""
    if count == 1:
        return values, lengths
    n, steps, channels = values.shape
    whole = math.ceil(steps / count)
    inside = (np.arange(steps) < lengths[:, None])[:, :, None]
    sums = np.zeros((n, whole * count, channels))
    sums[:, :steps] = np.where(inside, values, 0.0)
    sums = sums.reshape(n, whole, count, channels).sum(axis=2)
    shorter = -(-lengths // count)
    left = np.clip(lengths[:, None] - count * np.arange(whole), 1, count)
    return sums / left[:, :, None], shorter
