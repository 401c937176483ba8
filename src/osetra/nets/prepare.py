"""Prepare: turn raw inputs into what a network takes, with numbers learnt on the training part only.

Numbers are scaled and, where cells were missing in training, filled with the median beside an
indicator that says so. Categories with few levels become one-hot columns; many levels become codes
for an embedding, of which rare levels share some by hash. Code 0 means "never seen in training", and
its inputs are all zero. Pictures are scaled per channel. The state is plain JSON, so that a saved model
needs nothing else. Sequences and sounds: `steps`, `summaries`.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from osetra.data.dataset import (
    MISSING,
    CategoryColumn,
    Codes,
    Column,
    Dataset,
    Images,
    Kind,
    MultiTarget,
    NumberColumn,
    TaskKind,
    TextColumn,
)
from osetra.data.schema import Recipe
from osetra.data.sound import SoundRecipe
from osetra.data.table import Manner
from osetra.errors import DataError
from osetra.nets.scaling import bent, normal_knots, plain_scaling, robust_levels, scale_of
from osetra.nets.steps import Steps, apply_steps, fit_steps
from osetra.nets.summaries import scaling_of
from osetra.nets.targets import target_facts
from osetra.nets.tokens import Tokens, fit_tokens, token_codes

Scaling: TypeAlias = Literal["standard", "robust", "quantile", "minmax", "none"]
SCALINGS: tuple[str, ...] = ("standard", "robust", "quantile", "minmax", "none")
ONE_HOT_LEVELS = 10
"""Categories with more levels than this get a learnt embedding."""
MOST_LEVELS = 1000
"""Of a category with more levels the commonest have an embedding each; the rest shares BUCKETS by hash."""
BUCKETS = 256
LARGEST = 1e15
"""Scaled inputs are cut off here: their squares must fit into 32-bit floats."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """How a number column is filled and scaled: (value - shift) / scale."""

    name: str
    fill: float
    shift: float
    scale: float
    indicator: bool
    """Whether a second input says that the value was missing."""
    smooth: bool = False
    """Whether what is scaled is bent smoothly so that it stays within -REACH … REACH."""
    knots: tuple[tuple[float, float], ...] = ()
    """(value, what it becomes), by rising value; a straight line in between. Instead of shift and scale."""


@dataclass(frozen=True, slots=True)
class Categories:
    """The levels of a category column seen in training; code 0 is kept for unseen ones."""

    name: str
    levels: tuple[str, ...]
    embedded: bool
    inputs: tuple[tuple[float, ...], ...] = ()
    """The inputs that each level becomes; none for an embedded one, or when they are one-hot."""
    buckets: int = 0
    """How many embeddings the rarer levels share; a level's place among them is its hash."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """The shape of one picture, and the scaling of each channel."""

    shape: tuple[int, int, int]
    shift: tuple[float, ...]
    scale: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """What a network takes: numbers (n, d), pictures (n, c, h, w) or sequences (n, c, T); codes (n, k).

    Codes are those of categories to embed, then the word numbers of each text; or the length of a sequence.
    """

    values: NDArray[np.float32]
    codes: Codes

    def __len__(self) -> int:
        return len(self.values)

    def rows(self, chosen: Codes) -> Inputs:
        """Return some of the rows."""
        return Inputs(self.values[chosen], self.codes[chosen])


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """Everything learnt about the data before the network: the way in, and the way out."""

    columns: tuple[Numbers | Categories | Tokens, ...]
    pictures: Pictures | None
    target: str
    task: TaskKind
    classes: tuple[str, ...]
    priors: tuple[float, ...]
    """Share of each class, or label, in the training part; empty for numbers."""
    center: float
    spread: float
    """A regression learns (target - center) / spread."""
    reach: tuple[float, float] | None = None
    """The lowest and the highest that a regression has seen, as it learns them: no answer lies beyond."""
    log: bool = False
    """Whether a regression learns so of the target's logarithm."""
    aim: str = ""
    """Which error of a number is made small: the squared one, mae, or quantile_Q."""
    guess: float = 1.0
    """The loss of always answering the center."""
    multi: MultiTarget | None = None
    """The several targets, where there are. Of numbers each has its own of what follows."""
    centers: tuple[float, ...] = ()
    spreads: tuple[float, ...] = ()
    units: tuple[float, ...] = ()
    """Standard deviations in the units of the file, in which scores over several numbers are."""
    reaches: tuple[tuple[float, float], ...] = ()
    schema: tuple[Recipe, ...] = ()
    """How columns are made of the cells of a table; models of earlier versions have none."""
    dialect: Manner = ("", "", "", "")
    """The delimiter, decimal, header and encoding that a person named for the file that was learnt from."""
    manner: Manner = ("", "", "", "")
    """The same as that file was written; models of earlier versions do not know."""
    pair: tuple[str, str] | tuple[()] = ()
    """The columns of users and items, which are embedded with all their levels."""
    sequences: Steps | None = None
    sound: SoundRecipe | None = None
    """How pictures are made of sounds, where they are."""
    target_units: tuple[str, ...] = ()
    """What each target of numbers is in, such as minutes or $; () where nothing says so."""
    summary: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    """Of sequences and sounds: mean and deviation of each number that a linear model takes."""

    @property
    def kind(self) -> Kind:
        """What the inputs are."""
        if self.sequences is not None:
            return "sequences"
        if self.sound is not None:
            return "sound"
        return "table" if self.pictures is None else "images"

    @property
    def target_columns(self) -> tuple[str, ...]:
        """The columns of a table that hold the truth."""
        return (self.multi.columns if self.multi else ()) or (self.target,)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Which of the number inputs are numbers, and no indicators and no categories."""
        places, start = [], 0
        for column in self.columns:
            if isinstance(column, Numbers):
                places.append(start)
            start += _width(column)
        return tuple(places)

    @property
    def width(self) -> int:
        """How many number inputs a table gives, one-hot columns and indicators included."""
        return sum(_width(column) for column in self.columns)

    @property
    def embedded(self) -> tuple[int, ...]:
        """Levels of each embedded category, the unseen one included."""
        return tuple(
            len(column.levels) + 1 + column.buckets
            for column in self.columns
            if isinstance(column, Categories) and column.embedded
        )

    @property
    def pair_places(self) -> tuple[int, int] | None:
        """Where the codes of users and items are; None without them."""
        if not self.pair:
            return None
        embedded = [c.name for c in self.columns if isinstance(c, Categories) and c.embedded]
        return embedded.index(self.pair[0]), embedded.index(self.pair[1])

    @property
    def texts(self) -> tuple[Tokens, ...]:
        """The columns of text, whose word numbers follow the codes of the embedded categories."""
        return tuple(column for column in self.columns if isinstance(column, Tokens))


def fit(dataset: Dataset, rows: Codes, *, scaling: str = "standard", aim: str = "") -> Preparation:
    """Learn the preparation from the given rows, which must be the training part only.

    Raises:
        DataError: an unknown scaling.
    """
    if scaling not in SCALINGS:
        raise DataError(f"input scaling {scaling!r}: choose one of {', '.join(SCALINGS)}")
    preparation = Preparation(
        columns=tuple(
            _fit_column(column, rows, scaling, whole=column.name in dataset.pair)
            for column in dataset.columns
        ),
        pictures=None if dataset.images is None else _fit_pictures(dataset.images[rows], scaling),
        schema=dataset.schema,
        dialect=dataset.dialect,
        manner=dataset.manner,
        pair=dataset.pair,
        sequences=None
        if dataset.sequences is None
        else fit_steps(dataset.sequences.rows(rows), lambda values: scale_of(values, plain_scaling(scaling))),
        sound=dataset.sound,
        **target_facts(dataset, rows, aim=aim, robust=scaling == "robust"),
    )
    if preparation.kind not in ("sequences", "sound"):
        return preparation
    inputs = inputs_of(preparation, dataset).rows(rows)
    summary = scaling_of(
        torch.from_numpy(inputs.values), torch.from_numpy(inputs.codes), sound=dataset.sound is not None
    )
    return replace(preparation, summary=summary)


def inputs_of(preparation: Preparation, dataset: Dataset) -> Inputs:
    """Return the network's inputs for all rows of a data set."""
    if preparation.sequences is not None:
        assert dataset.sequences is not None
        return Inputs(*apply_steps(preparation.sequences, dataset.sequences))
    return apply(preparation, dataset.columns, dataset.images)


def apply(preparation: Preparation, columns: Sequence[Column], images: Images | None = None) -> Inputs:
    """Return the network's inputs for columns in the order of the preparation, or for pictures."""
    if preparation.pictures is not None:
        assert images is not None
        shift, scale = (
            np.array(each, dtype=np.float32)[:, None, None]
            for each in (preparation.pictures.shift, preparation.pictures.scale)
        )
        values = (images.astype(np.float32) - shift) / scale
        return Inputs(values, np.zeros((len(images), 0), dtype=np.int64))
    n = len(_content(columns[0]))
    parts: list[NDArray[np.float32]] = [np.zeros((n, 0), dtype=np.float32)]
    codes: list[Codes] = []
    words: list[Codes] = []
    for how, column in zip(preparation.columns, columns, strict=True):
        if isinstance(how, Numbers):
            assert isinstance(column, NumberColumn)
            parts.append(_scaled(how, column))
            continue
        if isinstance(how, Tokens):
            assert isinstance(column, TextColumn)
            words.append(token_codes(how, column))
            continue
        assert isinstance(column, CategoryColumn)
        seen = _recoded(how, column)
        if how.embedded:
            codes.append(seen)
        elif how.inputs:
            # What was never seen gets the inputs of nothing: zeros.
            table = np.array([[0.0] * len(how.inputs[0]), *how.inputs], dtype=np.float32)
            parts.append(table[seen])
        else:
            parts.append((seen[:, None] == np.arange(1, len(how.levels) + 1)).astype(np.float32))
    stacked = np.stack(codes, axis=1) if codes else np.zeros((n, 0), dtype=np.int64)
    stacked = np.concatenate([stacked, *words], axis=1) if words else stacked
    return Inputs(np.ascontiguousarray(np.concatenate(parts, axis=1)), stacked)


def unseen(preparation: Preparation, columns: Sequence[Column]) -> dict[str, int]:
    """Return how many cells of each category column hold what was never seen in training; not the empty."""
    counts = {
        how.name: int(np.sum((_recoded(how, column) == 0) & (column.codes >= 0)))
        for how, column in zip(preparation.columns, columns, strict=True)
        if isinstance(how, Categories) and isinstance(column, CategoryColumn)
    }
    return {name: count for name, count in counts.items() if count}


def _fit_column(
    column: Column, rows: Codes, scaling: str, *, whole: bool = False
) -> Numbers | Categories | Tokens:
    if isinstance(column, TextColumn):
        return fit_tokens(column, rows)
    if isinstance(column, CategoryColumn):
        seen, counts = np.unique(column.codes[rows], return_counts=True)
        if len(seen) > MOST_LEVELS and not whole:
            commonest = np.sort(seen[np.argsort(-counts, kind="stable")[:MOST_LEVELS]])
            buckets, seen = min(BUCKETS, len(seen) - MOST_LEVELS), commonest
        else:
            buckets = 0
        levels = tuple(MISSING if code < 0 else column.levels[code] for code in seen)
        if len(levels) > ONE_HOT_LEVELS or whole:
            return Categories(column.name, levels, True, buckets=buckets)
        shares = np.array([np.mean(column.codes[rows] == code) for code in seen])
        return Categories(column.name, levels, False, robust_levels(shares) if scaling == "robust" else ())
    values = column.values[rows]
    present = values[~np.isnan(values)]
    if not len(present):
        return Numbers(column.name, 0.0, 0.0, 1.0, True)
    shift, scale = scale_of(present, scaling)
    knots = normal_knots(present) if scaling == "quantile" else ()
    middle, gaps = float(np.median(present)), len(present) < len(values)
    return Numbers(column.name, middle, shift, scale, gaps, scaling == "robust", knots)


def _fit_pictures(images: Images, scaling: str) -> Pictures:
    # One shift and scale per channel: single pixels are often constant. They have no outliers to mind.
    fitted = [
        scale_of(images[:, c].astype(np.float64), plain_scaling(scaling)) for c in range(images.shape[1])
    ]
    _, channels, height, width = images.shape
    return Pictures(
        (channels, height, width), tuple(shift for shift, _ in fitted), tuple(scale for _, scale in fitted)
    )


def _scaled(how: Numbers, column: NumberColumn) -> NDArray[np.float32]:
    absent = np.isnan(column.values)
    filled = np.where(absent, how.fill, column.values)
    if how.knots:
        scaled = np.interp(filled, [at for at, _ in how.knots], [normal for _, normal in how.knots])
    else:
        with np.errstate(over="ignore"):
            scaled = np.clip((filled - how.shift) / how.scale, -LARGEST, LARGEST)
    if how.smooth:
        scaled = bent(scaled)
    if not how.indicator:
        return scaled[:, None].astype(np.float32)
    return np.stack([scaled, absent.astype(np.float64)], axis=1).astype(np.float32)


def _recoded(how: Categories, column: CategoryColumn) -> Codes:
    place = {level: i for i, level in enumerate(how.levels, start=1)}
    rest = (how.buckets, len(how.levels) + 1)
    # The last two entries serve the codes len(levels), unseen text, and -1, missing.
    table = [
        *(place.get(level) or _hashed(level, *rest) for level in column.levels),
        0,
        place.get(MISSING, 0),
    ]
    return np.array(table, dtype=np.int64)[column.codes]


def _hashed(level: str, buckets: int, first: int) -> int:
    """Return the code that a rarer level shares with others; 0 without buckets."""
    return first + zlib.crc32(level.encode()) % buckets if buckets else 0


def _content(column: Column) -> NDArray[np.float64] | Codes:
    return column.values if isinstance(column, NumberColumn) else column.codes


def _width(column: Numbers | Categories | Tokens) -> int:
    if isinstance(column, Tokens):
        return 0
    if isinstance(column, Numbers):
        return 2 if column.indicator else 1
    if column.embedded:
        return 0
    return len(column.inputs[0]) if column.inputs else len(column.levels)
