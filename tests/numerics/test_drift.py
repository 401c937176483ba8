"""Drift tests: as often wrong as they say, and blind neither to shape nor to missing cells."""

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from osetra.numerics.drift import LEVEL, MUCH, holm, homogeneity


def test_the_chance_is_that_of_pearsons_test_of_two_samples() -> None:
    first, second = np.array([30.0, 50.0, 20.0]), np.array([10.0, 60.0, 40.0])
    p, _ = homogeneity(first / first.sum(), 100, second)
    assert p == pytest.approx(chi2_contingency(np.stack([first, second]), correction=False).pvalue)


def test_what_is_alike_is_named_as_often_as_the_level_says() -> None:
    rng, shares, named = np.random.default_rng(0), np.array([0.4, 0.3, 0.2, 0.06, 0.03, 0.01]), 0
    for _ in range(2000):
        first = rng.multinomial(300, shares)
        named += homogeneity(first / 300, 300, rng.multinomial(200, shares))[0] < LEVEL
    assert 0.03 < named / 2000 < 0.065


def test_tenths_of_a_first_sample_are_as_good_as_groups_that_were_fixed_before() -> None:
    rng, named = np.random.default_rng(1), 0
    for _ in range(2000):
        first, second = rng.normal(size=400), rng.normal(size=300)
        cuts = np.quantile(first, np.linspace(0.1, 0.9, 9))
        counts = np.bincount(np.searchsorted(cuts, second), minlength=10)
        named += homogeneity(np.full(10, 0.1), 400, counts)[0] < LEVEL
    assert 0.03 < named / 2000 < 0.07


def test_of_many_columns_luck_names_one_in_twenty_times_at_most() -> None:
    rng = np.random.default_rng(2)
    families = rng.uniform(size=(4000, 12))
    named = np.mean([holm(each).min() < LEVEL for each in families])
    assert 0.03 < named < 0.065
    assert holm(np.array([0.001, 0.02, 0.04])).tolist() == pytest.approx([0.003, 0.04, 0.04])


def test_a_shift_is_large_and_a_trifle_of_a_million_rows_is_not() -> None:
    even = np.full(10, 0.1)
    p, index = homogeneity(even, 1_000_000, np.array([101_000, 99_000] * 5))
    assert p < 1e-6 and index < MUCH
    p, index = homogeneity(even, 1000, np.array([250, 200, 150, 100, 80, 70, 60, 40, 30, 20]))
    assert p < 1e-6 and index > MUCH


@pytest.mark.parametrize("counts", [[0, 0, 0], [3, 0, 0], [500, 0, 0]])
def test_what_cannot_be_compared_has_not_changed(counts: list[int]) -> None:
    assert homogeneity(np.array([1.0, 0.0, 0.0]), 500, np.array(counts)) == (1.0, 0.0)
    p, index = homogeneity(np.array([0.5, 0.5, 0.0]), 2, np.array([1, 1, 0]))
    assert (p, index) == (1.0, 0.0)
