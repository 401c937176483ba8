import numpy as np
import pytest

from osetra.numerics.anova import Anova, anova, design
from osetra.numerics.design import sobol
from osetra.numerics.kernels import Array

N = 4096


def parts(
    function, d: int, *, base: int = 512, cells: int = 64, levels=None, categorical=None, snap=None
) -> Anova:
    levels = np.zeros(d, dtype=np.int64) if levels is None else levels
    categorical = np.zeros(d, dtype=bool) if categorical is None else categorical
    at = design(sobol(0, base, d, 0), levels, snap or (lambda points: points), cells=cells)
    return anova(lambda x: function(x.reshape(-1, d)).reshape(*x.shape[:2], 1), at)


def test_ishigami_has_its_known_indices() -> None:
    def ishigami(x: Array) -> Array:
        u = np.pi * (2 * x - 1)
        return np.sin(u[:, 0]) + 7 * np.sin(u[:, 1]) ** 2 + 0.1 * u[:, 2] ** 4 * np.sin(u[:, 0])

    a, b = 7.0, 0.1
    variance = a**2 / 8 + b * np.pi**4 / 5 + b**2 * np.pi**8 / 18 + 0.5
    first = [0.5 * (1 + b * np.pi**4 / 5) ** 2, a**2 / 8, 0.0]
    together = b**2 * np.pi**8 * (1 / 18 - 1 / 50)
    found = parts(ishigami, 3)
    assert found.variance[0] == pytest.approx(variance, rel=0.02)
    assert found.main[:, 0] / variance == pytest.approx(np.array(first) / variance, abs=0.01)
    total = [first[0] + together, first[1], together]
    assert found.total[:, 0] / variance == pytest.approx(np.array(total) / variance, abs=0.01)


def test_the_g_function_has_its_known_indices() -> None:
    a = np.array([0.0, 1.0, 4.5, 9.0])
    own = 1 / (3 * (1 + a) ** 2)
    variance = np.prod(1 + own) - 1
    found = parts(lambda x: np.prod((np.abs(4 * x - 2) + a) / (1 + a), axis=1), 4, base=1024)
    assert found.main[:, 0] / variance == pytest.approx(own / variance, abs=0.01)
    total = own * np.prod(1 + own) / (1 + own)
    assert found.total[:, 0] / variance == pytest.approx(total / variance, abs=0.01)
    assert found.shares[:, 0] == pytest.approx(total / total.sum(), abs=0.01)


def test_a_column_counts_by_the_share_of_the_space_in_which_it_exists() -> None:
    def snap(points: Array) -> Array:
        found = points.copy()
        found[:, 0] = (np.floor(4 * found[:, 0]) + 0.5) / 4
        found[found[:, 0] > 0.25, 1] = np.nan
        return found

    levels, categorical = np.array([4, 0]), np.array([True, False])
    found = parts(lambda x: np.nan_to_num(x[:, 1]), 2, levels=levels, categorical=categorical, snap=snap)
    # Var x = 1/12 in a quarter of the space; the parent moves the value between x and 0.
    assert found.total[1, 0] == pytest.approx(1 / 12 / 4, rel=0.02)
    assert found.total[0, 0] == pytest.approx(np.mean(np.linspace(0, 1, 1001) ** 2) * 3 / 16, rel=0.02)
    assert found.effects[1][:, 0] == pytest.approx((np.arange(64) + 0.5) / 64)


def test_nothing_has_a_share_of_a_constant() -> None:
    assert parts(lambda x: np.zeros(len(x)), 2).shares.tolist() == [[0.0], [0.0]]


def test_many_levels_are_looked_at_evenly() -> None:
    at = design(sobol(0, 8, 1, 0), np.array([1000]), lambda points: points, cells=5)
    assert at.grids[0].tolist() == [0.1005, 0.3005, 0.5005, 0.7005, 0.9005]
