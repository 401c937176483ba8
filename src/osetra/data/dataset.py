"""Dataset: rows to learn from, already told apart into inputs and a target.

A table is a tuple of columns; images are one array (n, channels, height, width), and so are pictures of
sounds; sequences are one (n, channels, steps). A category column
holds codes into its levels. Missing is NaN in a number column and -1 in a category column.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from osetra.core.finding import Finding
from osetra.data.table import Manner, written
from osetra.errors import DataError

if TYPE_CHECKING:
    from osetra.data.schema import Recipe
    from osetra.data.series import Sequences
    from osetra.data.sound import SoundRecipe

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]
Images: TypeAlias = NDArray[np.uint8] | NDArray[np.float32]
Kind: TypeAlias = Literal["table", "images", "sequences", "sound"]
"""What inputs are."""
TaskKind: TypeAlias = Literal["binary", "multiclass", "regression", "multilabel", "multioutput"]
TASKS: tuple[str, ...] = ("binary", "multiclass", "regression")
"""What one target can be asked to be; several make the last two."""
NUMERIC: tuple[str, ...] = ("regression", "multioutput")
"""Tasks that predict numbers."""

MISSING = "(missing)"
"""How a missing category is written where a name is needed."""

FEW_CLASSES = 20
"""Whole numbers with at most this many different values are read as classes."""
MOST_CLASSES = 5000
RARE = 0.05
"""A label in fewer rows is rare."""


@dataclass(frozen=True, slots=True, eq=False)
class NumberColumn:
    """A column of numbers (n,) float64; NaN is missing."""

    name: str
    values: Floats


@dataclass(frozen=True, slots=True, eq=False)
class CategoryColumn:
    """A column of codes (n,) int64 into `levels`; -1 is missing."""

    name: str
    codes: Codes
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TextColumn(CategoryColumn):
    """A column of free text: codes (n,) into its distinct texts, `levels`; -1 is missing."""


Column: TypeAlias = NumberColumn | CategoryColumn


@dataclass(frozen=True, slots=True)
class MultiTarget:
    """Several targets of one kind that one network predicts: numbers, or labels, each there or not."""

    names: tuple[str, ...]
    """Of the columns, or of the labels that one column holds."""
    answers: tuple[tuple[str, str], ...] = ()
    """How no and yes are written in each yes/no column; none of numbers, or where one column holds all."""
    mark: str = ""
    """What stands between the labels of a row where one column holds them all."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a table that hold the truth; none where one column holds all labels."""
        return () if self.mark else self.names


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """What is learnt from: n rows of inputs and a target, with everything checked."""

    name: str
    source: str
    """File, folder or package the rows came from."""
    licence: str = ""
    columns: tuple[Column, ...] = ()
    images: Images | None = None
    """(n, channels, height, width), or None for a table."""
    sequences: Sequences | None = None
    sound: SoundRecipe | None = None
    """How the images were made of sounds, where they were."""
    target_name: str
    target: NDArray[Any]
    """Class codes (n,) int64, or numbers (n,) float64 for a regression. Of several targets (n, k):
    numbers, or 1 for a label that is there and 0 for one that is not; NaN is unknown."""
    task: TaskKind
    classes: tuple[str, ...] = ()
    fingerprint: str
    notes: tuple[Finding, ...] = ()
    """What was noticed or changed while reading, for the user's eyes."""
    schema: tuple[Recipe, ...] = ()
    """How the columns were made of the cells of a table; kept with a model, for tables to come."""
    dialect: Manner = ("", "", "", "")
    """The delimiter, decimal, header and encoding that a person named; later files are read so too."""
    manner: Manner = ("", "", "", "")
    """The same as the file was written, where it is a text; later files that do not tell are read so."""
    groups: Codes | None = None
    """(n,) rows with the same code stay in one part of the split."""
    times: Floats | None = None
    """(n,) when each row was: the past is trained on, the future sealed."""
    parts: Codes | None = None
    """(n,) the given split: 0 for training, 1 for validation, 2 for the sealed test, -1 for one of
    the first two."""
    weights: Floats | None = None
    """(n,) how much each row counts in training, 1 on average."""
    log_target: bool = False
    """Whether the logarithm of the target is learnt."""
    pair: tuple[str, str] | tuple[()] = ()
    """The columns of users and items, of ratings."""
    multi: MultiTarget | None = None
    """The several targets, where there are."""
    target_units: tuple[str, ...] = ()
    """What each target of numbers is in, such as minutes or $; () where nothing says so."""

    def __len__(self) -> int:
        return len(self.target)

    @property
    def kind(self) -> Kind:
        """What the inputs are."""
        if self.sequences is not None:
            return "sequences"
        if self.images is None:
            return "table"
        return "images" if self.sound is None else "sound"

    @property
    def texts(self) -> tuple[TextColumn, ...]:
        """The columns of free text."""
        return tuple(column for column in self.columns if isinstance(column, TextColumn))

    @property
    def shape(self) -> str:
        """A few words on the size, such as "1797 images of 1×8×8, 10 classes"."""
        outputs = f"{len(self.classes)} classes" if self.classes else f"numbers '{self.target_name}'"
        if self.multi is not None:
            outputs = f"{len(self.multi.names)} {'labels' if self.task == 'multilabel' else 'numbers'} a row"
        if self.sequences is not None:
            return f"{self.sequences.text}, {outputs}"
        if self.sound is not None:
            return f"{len(self)} {self.sound.text}, {outputs}"
        if self.images is None:
            texts = len(self.texts)
            categories = sum(isinstance(column, CategoryColumn) for column in self.columns) - texts
            kinds = ((categories, "category" if categories == 1 else "categories"), (texts, "of text"))
            mixed = ", ".join(f"{count} {kind}" for count, kind in kinds if count)
            mixed = f" ({mixed})" if mixed else ""
            plural = "s" * (len(self.columns) != 1)
            return f"{len(self)} rows, {len(self.columns)} column{plural}{mixed}, {outputs}"
        return f"{len(self)} images of {'×'.join(map(str, self.images.shape[1:]))}, {outputs}"


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What is to be predicted, settled: values, task and class names."""

    values: NDArray[Any]
    task: TaskKind
    classes: tuple[str, ...]
    multi: MultiTarget | None = None
    units: tuple[str, ...] = ()
    """What each target of numbers is in, such as minutes or $; () where nothing says so."""


def settle_target(column: Column, *, task: TaskKind | None = None) -> Target:
    """Detect the task from the target column, or apply the given one, and check the rows.

    Text and yes/no columns are classes. Whole numbers with at most 20 different values, each seen
    five times on average, are classes too; other numbers are a regression.

    Raises:
        DataError: missing targets, fewer than two rows, a single class, or a task that cannot be.
    """
    _check_present(column)
    if task is not None and task not in TASKS:
        raise DataError(f"task {task!r}: choose one of {', '.join(TASKS)}")
    if isinstance(column, NumberColumn) and (task or _detected(column.values)) == "regression":
        if np.ptp(column.values) == 0:
            value = column.values[0]
            raise DataError(f"{column.name}: every row is {value:g}; there is nothing to predict")
        return Target(column.values, "regression", ())
    if task == "regression":
        example = column.levels[0] if isinstance(column, CategoryColumn) else ""
        raise DataError(
            f"{column.name}: a regression needs numbers, and this column holds text such as "
            f"{example!r}; leave the task out to predict classes"
        )
    codes, classes = _classes(column)
    if len(classes) > max(FEW_CLASSES, min(MOST_CLASSES, len(codes) // 2)):
        raise DataError(
            f"{column.name}: {len(classes)} different classes in {len(codes)} rows, such as {classes[0]!r}; "
            f"too few rows of each to learn from (at most {MOST_CLASSES} classes, two rows each on average). "
            "Predict another column, or one with coarser classes"
        )
    if len(classes) < 2:
        raise DataError(
            f"{column.name}: every row is {classes[0]!r}; at least two classes are needed to learn "
            "a difference. Was the file filtered or sorted and cut?"
        )
    found: TaskKind = "binary" if len(classes) == 2 else "multiclass"
    if task == "binary" and found != "binary":
        raise DataError(f"{column.name}: {len(classes)} classes; a binary task has 2, use task='multiclass'")
    return Target(codes, found, classes)


def fingerprint(
    columns: tuple[Column, ...], images: Images | None, target: Target, roles: bytes = b""
) -> str:
    """Return 16 hex digits that change whenever a name, a cell, the order of rows or a role changes."""
    digest = hashlib.sha256()
    for column in columns:
        digest.update(column.name.encode())
        if isinstance(column, NumberColumn):
            digest.update(np.ascontiguousarray(column.values).tobytes())
        else:
            digest.update("\0".join(column.levels).encode())
            digest.update(np.ascontiguousarray(column.codes).tobytes())
    if images is not None:
        digest.update(f"{images.shape}{images.dtype}".encode())
        digest.update(np.ascontiguousarray(images).tobytes())
    digest.update("\0".join(target.classes).encode())
    if target.multi is not None:
        digest.update("\0".join(target.multi.names).encode())
    digest.update(np.ascontiguousarray(target.values).tobytes())
    digest.update(roles)
    return digest.hexdigest()[:16]


def imbalance(target: Target, name: str) -> tuple[Finding, ...]:
    """Return a finding when one class is so common, or so rare, that the error rate misleads."""
    if target.task == "regression" or target.multi is not None:
        return _rare_labels(target) if target.task == "multilabel" else ()
    counts = np.bincount(target.values.astype(np.int64), minlength=len(target.classes))
    top, low = int(np.argmax(counts)), int(np.argmin(counts))
    share = counts[top] / counts.sum()
    if share < 0.8 and counts[top] < 10 * counts[low]:
        return ()
    text = (
        f"{name}: unbalanced classes: {target.classes[top]!r} is {share:.0%} of the rows, "
        f"{target.classes[low]!r} has {counts[low]}; always answering {target.classes[top]!r} "
        f"would be wrong in only {1 - share:.1%}"
    )
    action = "look at val_balanced_error, which counts every class equally"
    return (Finding(rule="class-imbalance", level="warning", text=text, action=action),)


def _rare_labels(target: Target) -> tuple[Finding, ...]:
    assert target.multi is not None
    shares = np.nanmean(target.values, axis=0)
    rare = np.flatnonzero(shares < RARE)
    if not len(rare):
        return ()
    name, share = target.multi.names[rare[0]], float(shares[rare[0]])
    text = (
        f"{len(rare)} of {len(shares)} labels are in fewer than {RARE:.0%} of the rows, such as {name!r} in "
        f"{share:.1%}: never answering them costs little error"
    )
    return (Finding(rule="rare-labels", level="warning", text=text, action="--maximize f1 looks for them"),)


def is_imbalanced(dataset: Dataset) -> bool:
    """Whether the data set was marked as unbalanced, or labels as rare, when it was read."""
    return any(note.rule in ("class-imbalance", "rare-labels") for note in dataset.notes)


def _check_present(column: Column) -> None:
    absent = np.isnan(column.values) if isinstance(column, NumberColumn) else column.codes < 0
    if len(absent) < 2:
        rows = "no rows" if len(absent) == 0 else "one row"
        raise DataError(f"the data has {rows}; give at least two, better some hundreds")
    where = np.flatnonzero(absent) + 1
    if len(where):
        shown = ", ".join(map(str, where[:5])) + (" …" if len(where) > 5 else "")
        raise DataError(
            f"{column.name}: {len(where)} of {len(absent)} rows have no target (rows {shown}); "
            "fill them in or delete these rows"
        )


def _detected(values: Floats) -> TaskKind:
    different = len(np.unique(values))
    whole = bool(np.all(values == np.rint(values)))
    if different == 1:
        return "multiclass"
    if whole and (different == 2 or (different <= FEW_CLASSES and len(values) >= 5 * different)):
        return "binary" if different == 2 else "multiclass"
    return "regression"


def _classes(column: Column) -> tuple[Codes, tuple[str, ...]]:
    if isinstance(column, NumberColumn):
        different, codes = np.unique(column.values, return_inverse=True)
        return codes.astype(np.int64), tuple(written(float(value)) for value in different)
    used, codes = np.unique(column.codes, return_inverse=True)
    return codes.astype(np.int64), tuple(column.levels[code] for code in used)
