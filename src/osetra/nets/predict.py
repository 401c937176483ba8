"""Predict: from a model folder and new data to answers, with nothing else needed.

Intervals of numbers are split-conformal: as wide as that share of validation rows was missed by. They hold
for new rows that are like those. Source: Lei et al. 2018 (arXiv 1604.04173), theorem 2.2.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from osetra.core.arguments import expected, given, is_number, plain
from osetra.data.dataset import NUMERIC, MultiTarget
from osetra.data.options import DataOptions
from osetra.data.table import PLAIN, Table, as_texts
from osetra.errors import DataError, nearest
from osetra.nets import metrics
from osetra.nets.aims import level_of
from osetra.nets.metrics import several_thresholds
from osetra.nets.model import Model
from osetra.nets.multi_metrics import decide_labels, label_shares
from osetra.nets.prepare import Inputs, unseen
from osetra.nets.rows import Rows, read_rows
from osetra.nets.shift import warnings_of, warnings_of_words
from osetra.nets.targets import answers
from osetra.nets.training import raw_outputs

Array = NDArray[np.float64]
_IDENTIFIER = re.compile(
    r"(^|[ _.-])([iI]d|ID|[kK]ey|[nN]r|[nN]o|[nN]umber|[iI]ndex|rownames)\.?$|[a-z]I[dD]$"
)


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """One answer per row."""

    target: str
    names: tuple[str, ...]
    """Row numbers from 1, or the names of the picture files."""
    values: tuple[Any, ...]
    """The predicted class, or number, of each row; of several targets a tuple of them."""
    classes: tuple[str, ...]
    probabilities: Array
    """(n, C), in the order of the classes, or of each label; (n, 0) for numbers."""
    unseen: Mapping[str, int] = field(default_factory=dict)
    """How many cells of a category column hold what was never seen in training, by column."""
    kept: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Columns of the data that are written beside the answers."""
    half: float | tuple[float, ...] | None = None
    """Half the width of the interval around each number, or each of several; None without intervals."""
    strange: tuple[str, ...] = ()
    """What a person should know of rows unlike those of the training, a sentence each."""
    targets: tuple[str, ...] = ()
    """The columns of several targets that `values` holds; none of one."""

    def __len__(self) -> int:
        return len(self.values)

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the columns that `rows` yields."""
        ends = () if self.half is None else ("low", "high")
        answered = (self.target, *ends)
        if self.targets:
            answered = tuple(
                word for name in self.targets for word in (name, *(f"{name} {end}" for end in ends))
            )
        kept = (f"{name} (given)" if name in ("row", *answered) else name for name in self.kept)
        return ("row", *kept, *answered, *(f"p({name})" for name in self.classes))

    @property
    def intervals(self) -> Array:
        """The lowest and highest number (n, 2) of each row, (n, k, 2) of several; (n, 0) without any."""
        if self.half is None:
            return np.zeros((len(self), 0))
        middle = np.array(self.values, dtype=np.float64)
        return np.stack([middle - self.half, middle + self.half], axis=-1)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know before believing the answers, a sentence each."""
        return (*((self._of_unseen,) if self.unseen else ()), *self.strange)

    @property
    def warning(self) -> str:
        """The same as one text; empty without any."""
        return "; ".join(self.warnings)

    def rows(self) -> Iterator[tuple[str | float, ...]]:
        """Yield for each row its name, kept cells, the answer, its interval, a probability per class."""
        cells = zip(*self.kept.values(), strict=True) if self.kept else iter([()] * len(self))
        for name, kept, value, ends, shares in zip(
            self.names, cells, self.values, self.intervals, self.probabilities, strict=True
        ):
            yield (name, *kept, *self._answered(value, ends), *map(float, shares))

    def _answered(self, value: Any, ends: Array) -> Iterator[str | float]:
        """Yield the answer of a row with its ends, or each of several with its own."""
        if not self.targets:
            yield from (value, *map(float, ends))
            return
        for place, each in enumerate(value):
            yield each
            if self.half is not None:
                yield from map(float, ends[place])

    @property
    def _of_unseen(self) -> str:
        total = sum(self.unseen.values())
        where = ", ".join(f"{name} {count}" for name, count in self.unseen.items())
        cells = "1 cell holds a category" if total == 1 else f"{total} cells hold categories"
        return f"{cells} never seen in training ({where}): answers for those rows rest on the other columns"


def predict(
    model: Model,
    data: object,
    *,
    keep: Sequence[str] = (),
    interval: float | None = None,
    reading: DataOptions | None = None,
    strict: bool = False,
) -> Predictions:
    """Return an answer for each row of data: a file, a folder of pictures, a known set, a frame, an array.

    The target column is not needed, and not looked at.

    Args:
        model: what answers.
        data: what is to be answered.
        keep: columns of the data to write beside the answers; those that name rows are kept anyhow.
        interval: of a number: the share of rows that an interval around it is to hold, such as 0.9.
        reading: how the data is to be read, where that is not as in training.
        strict: whether a cell that cannot be read is refused; else it is missing, and that is said.

    Raises:
        DataError: the data has not the columns, or the pictures, that the model learnt from.
    """
    half = None if interval is None else half_width(model, interval)
    if isinstance(keep, str) or not isinstance(keep, Sequence) or not all(isinstance(k, str) for k in keep):
        raise expected("keep", keep, "a list of columns is needed, such as ['id']", DataError)
    found = read_rows(model.preparation, data, reading, strict=strict)
    strange = unseen(model.preparation, found.columns) if found.columns else {}
    strangers = [name for name in model.preparation.pair if name in strange]
    average = (f"{' and '.join(strangers)} never seen in training are taken as average",) if strangers else ()
    return replace(
        answer(model, found.inputs, found.names),
        unseen=strange,
        kept=_kept(model, found, keep),
        half=half,
        strange=(
            *average,
            *found.warnings,
            *warnings_of(
                model.card.inputs, found.columns, schema=model.preparation.schema, unread=found.unread
            ),
            *warnings_of_words(model.preparation, found.columns),
        ),
    )


def answer(model: Model, inputs: Inputs, names: tuple[str, ...] = ()) -> Predictions:
    """Return an answer for each row of prepared inputs."""
    preparation = model.preparation
    raw = raw_outputs(model.network, inputs)
    names = names or tuple(str(row + 1) for row in range(len(inputs)))
    if preparation.multi is not None:
        return _several(model, preparation.multi, raw, names)
    if preparation.task == "regression":
        numbers = answers(preparation, raw)
        nothing = np.zeros((len(inputs), 0))
        return Predictions(preparation.target, names, tuple(numbers.tolist()), (), nothing)
    shares = metrics.probabilities(raw)
    labels = tuple(preparation.classes[code] for code in metrics.decide(shares, model.card.threshold))
    return Predictions(preparation.target, names, labels, preparation.classes, shares)


def _several(model: Model, multi: MultiTarget, raw: Array, names: tuple[str, ...]) -> Predictions:
    preparation, nothing = model.preparation, np.zeros((len(raw), 0))
    if preparation.task == "multioutput":
        numbers = tuple(map(tuple, answers(preparation, raw).tolist()))
        return Predictions(preparation.target, names, numbers, (), nothing, targets=multi.names)
    shares = label_shares(raw)
    said = decide_labels(shares, several_thresholds(model.card.threshold))
    if multi.mark:
        empty = "" if "none" in multi.names else "none"
        texts = tuple(
            multi.mark.join(name for name, yes in zip(multi.names, row, strict=True) if yes) or empty
            for row in said
        )
        return Predictions(preparation.target, names, texts, multi.names, shares)
    words = np.array(multi.answers, dtype=object)
    cells = np.where(said, words[:, 1], words[:, 0])
    rows = tuple(map(tuple, cells.tolist()))
    return Predictions(preparation.target, names, rows, multi.names, shares, targets=multi.names)


def half_width(model: Model, level: float) -> float | tuple[float, ...]:
    """Return how far around an answer the truth lies for that share of rows; of several numbers, of each.

    Raises:
        DataError: the model predicts classes or kept no residuals, or no rows are left to tell.
    """
    share = plain(level)
    if not is_number(share) or not 0 < share < 1:
        raise DataError(f"interval {given(level)}: a share of rows between 0 and 1 is needed, such as 0.9")
    level = float(share)
    if model.preparation.task not in NUMERIC:
        raise DataError(
            f"interval {level:g}: the model predicts classes, of which the probabilities say how sure it is; "
            "leave the interval out"
        )
    if model.preparation.aim and level_of(model.preparation.aim) != 0.5:
        raise DataError(
            f"interval {level:g}: the model answers with a quantile, which is no middle that an interval "
            "could lie around; tune one without --quantile, or one for each end"
        )
    sizes = model.card.residuals
    if not sizes:
        raise DataError(
            "the model's card holds no residuals, as those of earlier versions: tune again to make a model "
            "that knows how far it is off"
        )
    if model.preparation.multi is not None:
        return tuple(_half(cast("Sequence[float]", each), level) for each in sizes)
    return _half(cast("Sequence[float]", sizes), level)


def _half(sizes: Sequence[float], level: float) -> float:
    place = math.ceil((len(sizes) + 1) * level)
    if place > len(sizes):
        raise DataError(
            f"interval {level:g}: {len(sizes)} validation rows tell at most "
            f"{len(sizes) / (len(sizes) + 1):.3f}; give that or less"
        )
    return float(sizes[place - 1])


def _kept(model: Model, found: Rows, keep: Sequence[str]) -> dict[str, Sequence[str]]:
    """Return the cells of the columns that are asked for, and of those that name rows."""
    if found.table is None:
        if keep:
            raise DataError(f"{keep[0]!r}: {found.source} has no columns to keep")
        return {}
    names = found.table.names
    for name in keep:
        if name not in names:
            raise DataError(
                f"{name!r}: no such column in {found.source}.{nearest(name, names)} "
                f"Columns: {', '.join(names[:40])}"
            )
    preparation = model.preparation
    used = {recipe.name for recipe in preparation.schema} | {how.name for how in preparation.columns}
    spare = [name for name in names if name not in used and name not in preparation.target_columns]
    identifiers = [name for name in spare if _names_rows(name, found.table)]
    return {name: _cells(found.table, name) for name in dict.fromkeys((*identifiers, *keep))}


def _names_rows(name: str, table: Table) -> bool:
    """Whether a column that the model does not use tells rows apart: no two cells alike, none missing."""
    texts = as_texts(table[name])
    if len(table) < 2 or len(texts.levels) < len(table):
        return False
    return bool(_IDENTIFIER.search(name)) or not any(PLAIN.fullmatch(level) for level in texts.levels)


def _cells(table: Table, name: str) -> list[str]:
    texts = as_texts(table[name])
    levels = (*texts.levels, "")  # the code -1, which is missing, takes the last
    return [levels[code] for code in texts.codes.tolist()]
