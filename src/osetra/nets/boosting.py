"""Boosting: what scikit-learn's gradient boosting reaches on the same rows: a yardstick, never the answer.

On tables it is what an expert would try beside a network. It keeps its defaults, and is cut short when
its time is over. Source: Ke et al. 2017 (LightGBM), as HistGradientBoosting of scikit-learn.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osetra.data.dataset import NUMERIC, CategoryColumn, Codes, Column, Dataset, TextColumn
from osetra.nets import metrics
from osetra.nets.aims import level_of
from osetra.nets.prepare import Preparation
from osetra.nets.targets import outputs

Array = NDArray[np.float64]
TREES = 100
"""As many rounds as scikit-learn makes by default."""
ENOUGH = 50
"""Rounds from which it measures anything: cut short before, it is no yardstick."""
ROUNDS = 10
"""Rounds between two looks at the clock."""
FEWEST_SECONDS = 1.0
"""With less time scikit-learn would hardly be loaded."""
MOST_ROWS = 200_000
MOST_TARGETS = 20
"""Of more targets, each of which takes a model of its own, nothing is boosted."""
MOST_LEVELS = 254
"""Levels of a category that it can tell apart; rarer ones are one."""


@dataclass(frozen=True, slots=True, eq=False)
class Boosted:
    """What gradient boosting reached on some rows."""

    scores: dict[str, float]
    raw: Array
    """Logits (n, C) of its probabilities, or standardised numbers (n, 1), as a network gives them."""
    rounds: int
    """Below TREES when its time was over before."""

    @property
    def enough(self) -> bool:
        """Whether it measures anything."""
        return self.rounds >= ENOUGH


def boosted(
    dataset: Dataset,
    preparation: Preparation,
    rows: Codes,
    test: Codes,
    *,
    seconds: float = math.inf,
    threads: int = 1,
    names: Sequence[str] = (),
) -> Boosted | None:
    """Return the scores on the test rows of gradient boosting learnt on other rows.

    Free text it does not see. None for what is no table, very many targets, without scikit-learn, and without
    time for the first rounds.
    """
    columns = [column for column in dataset.columns if not isinstance(column, TextColumn)]
    if not columns or seconds < FEWEST_SECONDS:
        return None
    until = time.monotonic() + seconds  # loading scikit-learn is a part of it
    try:
        from sklearn.base import clone
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
        from threadpoolctl import threadpool_limits
    except ImportError:
        return None
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST_ROWS, replace=False))
    if dataset.multi is not None and len(dataset.multi.names) > MOST_TARGETS:
        return None
    x = np.stack([_values(column) for column in columns], axis=1)
    categories = [isinstance(column, CategoryColumn) for column in columns]
    kind = HistGradientBoostingRegressor if dataset.task in NUMERIC else HistGradientBoostingClassifier
    aim = preparation.aim
    loss: dict[str, Any] = {"loss": "quantile", "quantile": level_of(aim)} if aim else {}
    options = {"random_state": 0, "warm_start": True, "categorical_features": categories, "max_iter": ROUNDS}
    model = kind(**options, **loss)
    weights = None if dataset.weights is None else dataset.weights[rows]
    with threadpool_limits(limits=threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        truth = outputs(preparation, dataset.target[rows])
        if dataset.multi is None:
            rounds = _fit(model, x[rows], truth, weights, until - time.monotonic())
            raw = _raw(model, x[test], preparation)
        else:
            left = until - time.monotonic()
            raw, rounds = _several(clone, model, x, (rows, test), truth, weights, left)
    return Boosted(metrics.scores(preparation, raw, dataset.target[test], names), raw, rounds)


def _fit(model: Any, x: Array, y: NDArray[Any], weights: Array | None, seconds: float) -> int:
    begun = time.monotonic()
    # The first round alone tells what ten would take: of many classes each is a tree for every class.
    for rounds in (1, *range(ROUNDS, TREES + 1, ROUNDS)):
        model.set_params(max_iter=rounds)
        model.fit(x, y, sample_weight=weights)
        spent, following = time.monotonic() - begun, ROUNDS if rounds > 1 else ROUNDS - 1
        if model.n_iter_ < rounds or spent + spent * following / rounds > seconds:
            break
    return TREES if model.n_iter_ < rounds else int(model.n_iter_)


def _several(
    clone: Any,
    model: Any,
    x: Array,
    parts: tuple[Codes, Codes],
    truth: NDArray[Any],
    weights: Array | None,
    seconds: float,
) -> tuple[Array, int]:
    """Return raw outputs (n, k) of a model of each target, and the fewest rounds of one."""
    rows, test = parts
    raw, fewest = np.zeros((len(test), truth.shape[1])), TREES
    for place, values in enumerate(truth.T):
        known, fitted = ~np.isnan(values), clone(model)
        different = np.unique(values[known])
        if len(different) < 2:
            raw[:, place] = 20.0 * (2.0 * different[0] - 1.0) if len(different) else 0.0
            continue
        part = None if weights is None else weights[known]
        fewest = min(fewest, _fit(fitted, x[rows][known], values[known], part, seconds / truth.shape[1]))
        if not hasattr(fitted, "predict_proba"):
            raw[:, place] = fitted.predict(x[test])
            continue
        shares = np.clip(fitted.predict_proba(x[test])[:, 1], 1e-12, 1 - 1e-12)
        raw[:, place] = np.log(shares / (1 - shares))
    return raw, fewest


def _raw(model: Any, x: Array, preparation: Preparation) -> Array:
    if preparation.task == "regression":
        predicted: Array = model.predict(x)[:, None]
        return predicted
    shares = np.full((len(x), len(preparation.classes)), 1e-12)
    shares[:, model.classes_] = np.maximum(model.predict_proba(x), 1e-12)
    logits: Array = np.log(shares)
    return logits


def _values(column: Column) -> Array:
    if not isinstance(column, CategoryColumn):
        return column.values
    present = column.codes >= 0
    counts = np.bincount(column.codes[present], minlength=len(column.levels))
    kept = np.argsort(-counts, kind="stable")[:MOST_LEVELS]
    place = np.full(len(column.levels) + 1, float(len(kept)))
    place[kept] = np.arange(len(kept))
    place[-1] = np.nan
    return np.asarray(place[np.where(present, column.codes, len(column.levels))])
