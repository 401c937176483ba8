"""Small data sets written by hand for the tests of this room."""

from dataclasses import replace

import numpy as np

from osetra.data.dataset import CategoryColumn, Dataset, NumberColumn, Target, fingerprint
from osetra.data.images import as_images


def flowers(n: int = 120, seed: int = 0) -> Dataset:
    """Three classes that two numbers and a category tell apart, with missing cells."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % 3
    first = codes + rng.normal(0, 0.3, n)
    second = -codes + rng.normal(0, 0.3, n)
    second[::7] = np.nan
    place = np.where(rng.random(n) < 0.8, codes, rng.integers(0, 3, n))
    columns = (
        NumberColumn("first", first),
        NumberColumn("second", second),
        CategoryColumn("place", place.astype(np.int64), ("hill", "lake", "moor")),
    )
    return _dataset("flowers", columns, codes.astype(np.int64), ("a", "b", "c"))


def coins(n: int = 100, seed: int = 0) -> Dataset:
    """Two classes and two number columns."""
    rng = np.random.default_rng(seed)
    codes = (np.arange(n) % 2).astype(np.int64)
    columns = tuple(NumberColumn(f"x{i}", codes + rng.normal(0, 0.5, n)) for i in range(2))
    return _dataset("coins", columns, codes, ("heads", "tails"))


def line(n: int = 200, seed: int = 0) -> Dataset:
    """A number to predict: 100 + 30 x0 - 10 x1, with noise of 1."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    y = 100 + 30 * x[:, 0] - 10 * x[:, 1] + rng.normal(0, 1, n)
    return _dataset("line", (NumberColumn("x0", x[:, 0]), NumberColumn("x1", x[:, 1])), y, ())


def _dataset(name, columns, values, classes):
    task = "regression" if not classes else "binary" if len(classes) == 2 else "multiclass"
    target = Target(values, task, classes)
    return Dataset(
        name=name,
        source=name,
        columns=columns,
        target_name="kind",
        target=values,
        task=task,
        classes=classes,
        fingerprint=fingerprint(columns, None, target),
    )


def market(n: int = 160, seed: int = 0) -> Dataset:
    """Three classes of unequal size, two numbers, a category of few and one of many levels."""
    rng = np.random.default_rng(seed)
    codes = np.searchsorted([0.5, 0.8], np.arange(n) / n).astype(np.int64)
    numbers = tuple(NumberColumn(f"x{i}", codes + rng.normal(0, 0.6, n)) for i in range(2))
    place = np.where(rng.random(n) < 0.8, codes, rng.integers(0, 3, n)).astype(np.int64)
    street = (codes * 5 + rng.integers(0, 6, n)).astype(np.int64)
    columns = (
        *numbers,
        CategoryColumn("place", place, ("hill", "lake", "moor")),
        CategoryColumn("street", street, tuple(f"street {i}" for i in range(16))),
    )
    return _dataset("market", columns, codes, ("a", "b", "c"))


def shapes(n: int = 60, side: int = 8, seed: int = 0) -> Dataset:
    """Pictures of two classes, one of them rarer: bright on the left, or bright at the top."""
    rng = np.random.default_rng(seed)
    codes = (np.arange(n) % 3 == 0).astype(np.int64)
    pictures = rng.normal(0, 0.5, (n, 1, side, side))
    pictures[codes == 0, :, :, : side // 2] += 1
    pictures[codes == 1, :, : side // 2, :] += 1
    data = _dataset("shapes", (), codes, ("left", "top"))
    return replace(data, images=as_images(pictures[:, 0], "test"))


def stars(n: int = 120, seed: int = 0) -> Dataset:
    """Ratings of 9 items by 7 users, with the hour of each."""
    rng = np.random.default_rng(seed)
    users, items = rng.integers(0, 7, n), rng.integers(0, 9, n)
    columns = (
        CategoryColumn("user", users, tuple(f"u{i}" for i in range(7))),
        CategoryColumn("item", items, tuple(f"i{i}" for i in range(9))),
        NumberColumn("hour", rng.uniform(0, 24, n)),
    )
    target = 3 + 0.3 * users - 0.2 * items + rng.normal(0, 0.2, n)
    return replace(_dataset("stars", columns, target, ()), pair=("user", "item"))
