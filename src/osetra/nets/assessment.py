"""Assessment: how good a model is on rows whose truth is known, with intervals by the bootstrap.

Rows are drawn again with replacement, 1000 times; the middle 95 % of the scores are the interval. Source:
Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

import numpy as np

from osetra.core.arguments import text
from osetra.data.booleans import class_of
from osetra.data.dataset import Codes
from osetra.data.options import DataOptions
from osetra.data.table import as_texts
from osetra.data.targets import numbers_of
from osetra.errors import DataError, nearest
from osetra.nets import metrics
from osetra.nets.metrics import Array
from osetra.nets.model import Model
from osetra.nets.multi_truth import truth_of_several
from osetra.nets.paired import wilson
from osetra.nets.prepare import unseen
from osetra.nets.ranking import OF_RANKING, ranking_by_user
from osetra.nets.rows import Rows, read_rows
from osetra.nets.shift import warnings_of, warnings_of_words
from osetra.nets.targets import said_units
from osetra.nets.training import raw_outputs

DRAWS = 1000
FEWEST = 10
"""Rows from which on the bootstrap has something to draw from."""
FEWER_DRAWS = 200
"""Where rows times classes are more than MANY_ROWS, so that intervals are narrow, or of several targets."""
MANY_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Score:
    """A score with the interval that so many rows leave open."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Assessment:
    """How good a model is on some rows."""

    rows: int
    scores: Mapping[str, Score]
    notes: tuple[str, ...] = ()
    """Rows that could not be used, and what is unlike the training."""


def assess(
    model: Model,
    data: object,
    *,
    target: str | None = None,
    reading: DataOptions | None = None,
    strict: bool = False,
) -> Assessment:
    """Return the scores of a model on data that holds the target, with 95 % intervals.

    Raises:
        DataError: the data cannot be read for the model, or holds no target, or no row can be used.
    """
    preparation = model.preparation
    if target is not None:
        text("target", target, "the name of a column is needed")
    found = read_rows(preparation, data, reading, strict=strict)
    truth, known, notes = _truth_of(model, found, target)
    if found.parts:
        found, known = _of_sealed(found, known)
    raw = raw_outputs(model.network, found.inputs.rows(known))
    names = metrics.all_of(preparation.task)
    if preparation.aim:
        names = tuple(dict.fromkeys((*names, preparation.aim)))
    notes += found.warnings
    if found.columns:
        strange = unseen(preparation, found.columns)
        if strange:
            cells = ", ".join(f"{name} {count}" for name, count in strange.items())
            notes.append(f"categories never seen in training ({cells})")
        notes += warnings_of(model.card.inputs, found.columns, schema=preparation.schema, unread=found.unread)
        notes += warnings_of_words(preparation, found.columns)
    if units := said_units(preparation):
        notes.append(units)
    if len(known) < FEWEST:
        rows = "1 row tells" if len(known) == 1 else f"{len(known)} rows tell"
        notes.append(f"{rows} next to nothing, and intervals of so few are too narrow; give some hundreds")
    scores = _bootstrapped(model, raw, truth[known], names)
    if preparation.pair:
        scores |= _of_ranking(*metrics.ranked(preparation, raw, truth[known], found.inputs.codes[known]))
    return Assessment(len(known), scores, tuple(notes))


def _of_sealed(found: Rows, known: Codes) -> tuple[Rows, Codes]:
    """Return which known rows are of the part that nothing was learnt from, where any is, and say so.

    As in a tuning, that is the test, or without one what is called validation.
    """
    parts = np.array(found.parts)
    part = next((name for name in ("test", "validation") if np.any(parts[known] == name)), "")
    if not part:
        return found, known
    sealed = known[parts[known] == part]
    text = f"the file holds the parts of a split, and the {len(sealed)} rows of the {part} part are scored"
    others = len(known) - len(sealed)
    text += f"; the {others} others are what a tuning on this file learns from" * bool(others)
    return replace(found, refused=(*found.refused[:-1], text)), sealed


def _of_ranking(
    raw: Array, liked: np.ndarray[tuple[int], np.dtype[np.bool_]], users: Codes
) -> dict[str, Score]:
    """Return how well the items of each user are ordered; users are drawn again, and not rows."""
    found = ranking_by_user(raw, liked, users)
    count = len(found[OF_RANKING[0]])
    if not count:
        return {}
    drawn = np.random.default_rng(0).integers(0, count, (FEWER_DRAWS, count))
    scores = {}
    for name, each in found.items():
        low, high = np.quantile(each[drawn].mean(axis=1), [0.025, 0.975])
        scores[name] = Score(float(each.mean()), float(low), float(high))
    return scores


def _bootstrapped(model: Model, raw: Array, truth: Array | Codes, names: tuple[str, ...]) -> dict[str, Score]:
    rng, n = np.random.default_rng(0), len(truth)

    def scored(rows: Codes) -> dict[str, float]:
        return metrics.scores(model.preparation, raw[rows], truth[rows], names, model.card.threshold)

    whole = scored(np.arange(n))
    few = n * max(1, raw.shape[1]) > MANY_ROWS or model.preparation.multi is not None
    draws = [scored(rng.integers(0, n, n)) for _ in range(FEWER_DRAWS if few else DRAWS)]
    found = {}
    for name in names:
        values = np.array([draw[name] for draw in draws])
        if not math.isfinite(whole[name]):
            continue
        low, high = np.nanquantile(values, [0.025, 0.975])
        if name == "error":  # also where no row of these is wrong, or every one
            low, high = wilson(whole[name], n)
        found[name] = Score(whole[name], float(low), float(high))
    return found


def _truth_of(model: Model, found: Rows, target: str | None) -> tuple[Array | Codes, Codes, list[str]]:
    preparation = model.preparation
    if preparation.multi is None:
        return _truth(model, found, target or preparation.target)
    truth, notes = truth_of_several(preparation, found.table, target, found.source)
    some = np.flatnonzero(~np.isnan(truth).all(axis=1))
    known, there, _ = _known(truth, np.isin(np.arange(len(truth)), some), [], found.source)
    return known, there, notes


def _truth(model: Model, found: Rows, target: str) -> tuple[Array | Codes, Codes, list[str]]:
    """Return the truth of every row, which rows it is known of, and notes on the rest."""
    preparation, table = model.preparation, found.table
    if table is None and found.names and preparation.task != "regression":
        texts = [_folder_of(name, preparation.classes) for name in found.names]
    elif table is None or target not in table.names:
        names = table.names if table is not None else ()
        raise DataError(
            f"{target!r}: no such column in {found.source}, and without the truth nothing can be judged."
            f"{nearest(target, names)} Name it with --target"
        )
    elif preparation.task == "regression":
        numbers = numbers_of(table, target, *preparation.target_units)
        return _known(numbers, ~np.isnan(numbers), [], found.source)
    else:
        texts = list(as_texts(table[target]))
    classes = {name: code for code, name in enumerate(preparation.classes)}
    place = {text: class_of(text, classes) for text in set(texts) if text is not None}
    strange = sorted(text for text, code in place.items() if code is None)
    known = {text: -1 if code is None else code for text, code in place.items()}
    codes = np.array([-1 if text is None else known[text] for text in texts], dtype=np.int64)
    notes = []
    if strange:
        rows = sum(text in set(strange) for text in texts)
        shown = ", ".join(map(repr, strange[:3]))
        notes.append(f"{rows} rows hold classes that the model does not know ({shown}): they are left out")
    return _known(codes, codes >= 0, notes, found.source)


def _folder_of(name: str, classes: Sequence[str]) -> str | None:
    """Return the folder in a file's name that is a class, else the first; None where there is none."""
    folders = PurePath(name.replace("\\", "/")).parts[:-1]
    return next((folder for folder in folders if folder in classes), folders[0] if folders else None)


def _known(
    truth: Array | Codes, there: np.ndarray[tuple[int], np.dtype[np.bool_]], notes: list[str], source: str
) -> tuple[Array | Codes, Codes, list[str]]:
    known = np.flatnonzero(there)
    if not len(known):
        raise DataError(
            f"{source}: no row has a target that the model knows{'; ' + notes[0] if notes else ''}; "
            "give rows of which the truth is known"
        )
    left_out = len(truth) - len(known)
    if left_out and not notes:
        notes.append(f"{left_out} of {len(truth)} rows have no target and are left out")
    return truth, known, notes
