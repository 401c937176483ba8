import numpy as np
import pytest

from osetra.numerics.design import sobol
from osetra.numerics.ped_anova import divergences


def test_the_divergence_is_pearsons() -> None:
    x = sobol(0, 4096, 2, 0)
    found = divergences(x, x[:, :1], np.zeros(2, dtype=np.int64), 0.1)
    # The best tenth fills one of ten cells: (10 - 1)^2 / 10 there and (0 - 1)^2 / 10 in nine others.
    assert found[:, 0] == pytest.approx([9.0, 0.0], abs=0.05)


def test_luck_is_subtracted() -> None:
    rng = np.random.default_rng(0)
    found = divergences(rng.random((2000, 3)), rng.random((2000, 50)), np.zeros(3, dtype=np.int64), 0.1)
    assert found.mean() < 0.03


def test_a_column_counts_by_the_share_of_the_best_that_have_it() -> None:
    x = sobol(0, 4096, 2, 0)
    x[:, 0] = (np.floor(2 * x[:, 0]) + 0.5) / 2
    x[x[:, 0] > 0.5, 1] = np.nan
    # All of the best have the column, and are in one of two halves.
    found = divergences(x, np.nan_to_num(x[:, 1:], nan=2.0), np.array([2, 0]), 0.05)
    assert found[:, 0] == pytest.approx([1.0, 9.0], abs=0.1)
    # None of the best has it.
    found = divergences(x, np.nan_to_num(x[:, 1:], nan=-1.0), np.array([2, 0]), 0.05)
    assert found[:, 0] == pytest.approx([1.0, 0.0], abs=0.1)


def test_levels_are_cells() -> None:
    x = (np.floor(3 * sobol(0, 3000, 1, 0)) + 0.5) / 3
    found = divergences(x, x, np.array([3]), 1 / 3)
    assert found[0, 0] == pytest.approx(2.0, abs=0.02)
