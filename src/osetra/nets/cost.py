"""Cost: what one training of the built-in network takes, guessed without PyTorch from the data's size.

The constants are fitted to trainings on one thread of a usual processor; of eight tables with 618 to 3,755
rows the guess was 0.75 to 1.15 of what a training took.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from osetra.data.dataset import CategoryColumn, Dataset, Kind, TextColumn
from osetra.data.words import numbered
from osetra.nets.tokens import LONGEST, MOST_WORDS, PAIRS

Family = Literal["mlp", "cnn", "sequence", "factorization"]
SMALLEST_PICTURE = 16
"""Pictures with a shorter side go to a fully connected net unless a cnn is asked for."""
PER_ROW, PER_WEIGHT, PER_STEP, PER_PIXEL = 5e-6, 3e-10, 500e-6, 0.42e-6
"""Seconds: for each row, for each row and weight, for each step; of a cnn for each row and pixel."""
PER_STEP_OF_SEQUENCE = 10e-6
"""Seconds for each row and step of a sequence."""
ENCODED = 128
"""Inputs of the network for each text."""
EMBEDDING = 4
"""Inputs of the network for each number of a table."""
FEWEST = 16
"""Epochs of a table's network; with fewer its schedule has no time for its waves."""
FEWEST_OF_TEXTS = 8
PER_WORD, PER_TABLE_ROW = 0.15e-6, 60e-9
"""Seconds: for each row and word of it, and for each step and word that is known."""
FRAMEWORK = 260e6
"""Bytes that PyTorch takes by itself."""


def family_of(dataset: Dataset) -> Family:
    """Return which network is trained: a cnn for pictures from 16×16 on and sounds, else an mlp."""
    if dataset.kind in ("sequences", "sound"):
        return "sequence" if dataset.kind == "sequences" else "cnn"
    if dataset.pair:
        return "factorization"
    images = dataset.images
    return "cnn" if images is not None and min(images.shape[2:]) >= SMALLEST_PICTURE else "mlp"


def catalogue_of(family: Family, kind: Kind, *, texts: bool = False) -> str:
    """Return the name of the known search space of a network on inputs of a kind, some of them free text."""
    if texts and family == "mlp":
        return "text"
    if family == "cnn" and kind == "sound":
        return "sound"
    return "table" if family == "mlp" and kind == "table" else family


def epochs_for(rows: int, family: Family, *, table: bool = False, texts: bool = False) -> int:
    """Return the budget of one training: a number of rows that takes seconds on a CPU, within limits.

    A table's network is trained longer, up to 256 epochs, that of sequences up to 80, that of texts up to 32;
    others 10 … 40.
    """
    if family == "factorization":
        return min(40, max(10, round(1_200_000 / rows)))
    if texts:
        return min(32, max(FEWEST_OF_TEXTS, round(150_000 / rows)))
    if table:
        return min(256, max(FEWEST, round(2_500_000 / rows)))
    if family == "sequence":
        return min(80, max(10, round(60_000 / rows)))
    total = 240_000 if family == "mlp" else 60_000
    return min(40, max(10, round(total / rows)))


def epochs_within(dataset: Dataset, seconds: float) -> int:
    """Return the budget of one training that takes about so long at most.

    A search that ends by the clock needs several trainings to choose from.
    """
    rows, family, texts = max(1, round(0.6 * len(dataset))), family_of(dataset), bool(dataset.texts)
    usual = epochs_for(rows, family, table=dataset.kind == "table", texts=texts)
    fewest = FEWEST_OF_TEXTS if texts else FEWEST
    return max(min(usual, fewest), min(usual, round(usual * seconds / seconds_of(dataset))))


def seconds_of(dataset: Dataset) -> float:
    """Return about how long one training takes at the network's default size."""
    table = dataset.kind == "table"
    # The defaults of the catalogue: three layers of 256 units for a table, two of 128 for small pictures.
    units, layers, batch = (256, 3, 256) if table else (128, 2, 32)
    units, layers, batch = (64, 2, 1024) if dataset.pair else (units, layers, batch)
    rows, family = max(1, round(0.6 * len(dataset))), family_of(dataset)
    if dataset.sequences is not None:
        each = PER_ROW + PER_STEP_OF_SEQUENCE * int(dataset.sequences.lengths.mean())
    elif family == "cnn" and dataset.images is not None:
        each = PER_PIXEL * math.prod(dataset.images.shape[1:]) + PER_ROW
    else:
        inputs = width_of(dataset)
        if table:
            numbers = sum(not isinstance(column, CategoryColumn) for column in dataset.columns)
            inputs += (EMBEDDING - 1) * numbers
        each = PER_ROW + PER_WEIGHT * units * (inputs + (layers - 1) * units)
    words, known = _words_of(dataset)
    each, step = each + PER_WORD * words, PER_STEP + PER_TABLE_ROW * known
    epochs = epochs_for(rows, family, table=table, texts=bool(dataset.texts))
    return epochs * (rows * each + rows / batch * step)


def bytes_of(dataset: Dataset) -> float:
    """Return about how much memory one training takes."""
    # The inputs as tensors, a shuffled copy of an epoch, and the data set itself in twice the precision.
    words, known = _words_of(dataset)
    codes = len(dataset.columns) + 1 + 3 * words
    return FRAMEWORK + 4000 * known + len(dataset) * (4 * width_of(dataset) * 2 + 8 * codes)


def width_of(dataset: Dataset) -> int:
    """Return about how many numbers a row is to the network."""
    if dataset.sequences is not None:
        return math.prod(dataset.sequences.values.shape[1:])
    if dataset.images is not None:
        return math.prod(dataset.images.shape[1:])
    levels = [
        len(column.levels)
        for column in dataset.columns
        if isinstance(column, CategoryColumn) and not isinstance(column, TextColumn)
    ]
    coded = sum(n if n <= 10 else 16 for n in levels)
    numbers = len(dataset.columns) - len(levels) - len(dataset.texts)
    return numbers + coded + ENCODED * len(dataset.texts)


def _words_of(dataset: Dataset) -> tuple[float, int]:
    """Return how many words of text a row has on average, and how many words and pairs are learnt about."""
    found = [numbered(column.levels) for column in dataset.texts]
    words = sum(float(np.minimum(each.lengths, LONGEST).mean()) for each in found if len(each.lengths))
    return words, sum(PAIRS + min(MOST_WORDS, len(each.lexicon)) for each in found)
