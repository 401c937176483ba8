"""Series files: sequences as collections of time series keep them (.ts): dim1:dim2:…:label, a line each.

Format: Bagnall et al., arXiv 1811.00075; "?" is a missing value.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from osetra.data.series import Sequences, from_array, padded
from osetra.errors import DataError


def read_series_files(paths: Sequence[Path], source: str) -> tuple[Sequences, list[str]]:
    """Return the sequences of files of one data set, one after the other, and the label of each."""
    found = [row for path in paths for row in _rows(path)]
    sequences, _ = from_array(padded([values for values, _ in found], source), source)
    return sequences, [label for _, label in found]


def _rows(path: Path) -> list[tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], str]]:
    lines = path.read_text("utf-8").splitlines()
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith(("#", "@")):
            continue
        *channels, label = line.strip().split(":")
        try:
            values = [[float("nan" if v == "?" else v) for v in channel.split(",")] for channel in channels]
            rows.append((np.array(values, dtype=np.float64).T, label))
        except ValueError:
            raise DataError(f"{path}: line {number} holds no numbers of one length per channel") from None
    return rows
