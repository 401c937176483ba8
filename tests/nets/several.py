"""Small data sets of several targets for the tests of this room."""

import numpy as np

from osetra.data.dataset import CategoryColumn, Dataset, MultiTarget, NumberColumn, Target, fingerprint


def numbers_set(n: int = 160, seed: int = 0) -> Dataset:
    """Two numbers of very different size: u of three columns, v of two of them, some of v unknown."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    place = rng.integers(0, 3, n)
    u = 3 * x[:, 0] - x[:, 1] + 0.5 * place + rng.normal(0, 0.3, n)
    v = 500 + 100 * x[:, 1] * x[:, 0] + rng.normal(0, 5, n)
    v[::8] = np.nan
    return _dataset(x, place, np.column_stack([u, v]), "multioutput", MultiTarget(("u", "v")))


def tags_set(n: int = 200, seed: int = 0) -> Dataset:
    """Three labels that one column holds: of one number each, the last one rare."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    place = rng.integers(0, 3, n)
    noise = rng.normal(0, 0.4, (n, 3))
    drawn = np.column_stack([x[:, 0], x[:, 1] * x[:, 0], x[:, 1] - 1.2]) + noise
    labels = (drawn > 0).astype(np.float32)
    return _dataset(x, place, labels, "multilabel", MultiTarget(("big", "old", "red"), (), ";"))


def _dataset(x, place, target, task, multi):
    columns = (
        NumberColumn("x0", x[:, 0]),
        NumberColumn("x1", x[:, 1]),
        CategoryColumn("place", place.astype(np.int64), ("hill", "lake", "moor")),
    )
    return Dataset(
        name="several", source="several", columns=columns, target_name=", ".join(multi.names), target=target,
        task=task, fingerprint=fingerprint(columns, None, Target(target, task, (), multi)), multi=multi,
    )  # fmt: skip
