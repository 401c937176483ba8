import numpy as np
import pytest
from scipy.stats import hypergeom

from osetra.numerics.split import best_split, tail


@pytest.mark.parametrize(("total", "marked", "drawn", "hits"), [(20, 5, 6, 4), (9, 9, 3, 3), (30, 7, 10, 0)])
def test_the_tail_is_that_of_the_hypergeometric_distribution(
    total: int, marked: int, drawn: int, hits: int
) -> None:
    assert np.isclose(tail(total, marked, drawn, hits), hypergeom(total, marked, drawn).sf(hits - 1))


def test_the_condition_that_gathers_the_marked_points_is_found() -> None:
    marked = np.array([True] * 4 + [False] * 8)
    candidates = np.array([np.arange(12) % 2 == 0, np.arange(12) < 5, np.arange(12) < 9])
    index, chance = best_split(candidates, marked)
    assert index == 1
    assert np.isclose(chance, 3 * hypergeom(12, 4, 5).sf(3))


def test_no_candidates_have_no_best() -> None:
    assert best_split(np.empty((0, 5), dtype=bool), np.ones(5, dtype=bool)) == (-1, 1.0)
