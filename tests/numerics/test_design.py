import numpy as np
import pytest

from osetra.numerics.design import sobol


def test_any_part_of_the_sequence_equals_that_part_of_the_whole() -> None:
    whole = sobol(0, 64, 3, 7)
    assert np.array_equal(sobol(10, 20, 3, 7), whole[10:30])
    assert np.array_equal(sobol(0, 5, 3, 7), whole[:5])


def test_another_seed_scrambles_differently() -> None:
    assert not np.allclose(sobol(0, 8, 2, 0), sobol(0, 8, 2, 1))


@pytest.mark.parametrize("d", [1, 2, 5])
def test_a_block_of_a_power_of_two_hits_every_interval_once(d: int) -> None:
    cells = np.floor(sobol(0, 32, d, 0) * 32).astype(int)
    assert all(sorted(cells[:, j]) == list(range(32)) for j in range(d))


def test_no_points_and_no_dimensions_are_empty_arrays() -> None:
    assert sobol(3, 0, 4, 0).shape == (0, 4)
    assert sobol(0, 3, 0, 0).shape == (3, 0)
