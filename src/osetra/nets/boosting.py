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

from osetra.data.dataset import CategoryColumn, Codes, Column, Dataset
from osetra.nets import metrics
from osetra.nets.prepare import Preparation, outputs

Array = NDArray[np.float64]
TREES = 100
"""As many rounds as scikit-learn makes by default."""
ROUNDS = 10
"""Rounds between two looks at the clock."""
MOST_ROWS = 200_000
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

    None for what is no table, without scikit-learn, and where not even the first rounds fit into the time.
    """
    if dataset.kind != "table" or seconds <= 0:
        return None
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
        from threadpoolctl import threadpool_limits
    except ImportError:
        return None
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST_ROWS, replace=False))
    x = np.stack([_values(column) for column in dataset.columns], axis=1)
    categories = [isinstance(column, CategoryColumn) for column in dataset.columns]
    kind = HistGradientBoostingRegressor if dataset.task == "regression" else HistGradientBoostingClassifier
    model = kind(random_state=0, warm_start=True, categorical_features=categories, max_iter=ROUNDS)
    weights = None if dataset.weights is None else dataset.weights[rows]
    with threadpool_limits(limits=threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rounds = _fit(model, x[rows], outputs(preparation, dataset.target[rows]), weights, seconds)
        raw = _raw(model, x[test], preparation)
    return Boosted(metrics.scores(preparation, raw, dataset.target[test], names), raw, rounds)


def _fit(model: Any, x: Array, y: NDArray[Any], weights: Array | None, seconds: float) -> int:
    begun = time.monotonic()
    for rounds in range(ROUNDS, TREES + 1, ROUNDS):
        model.set_params(max_iter=rounds)
        model.fit(x, y, sample_weight=weights)
        spent = time.monotonic() - begun
        if model.n_iter_ < rounds or spent + spent * ROUNDS / rounds > seconds:
            break
    return TREES if model.n_iter_ < rounds else int(model.n_iter_)


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
