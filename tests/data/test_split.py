"""Which rows are trained on, chosen by and sealed away."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nets.tables_for_tests import coins, flowers, line
from osetra.data.split import folds, split, strata
from osetra.errors import DataError


@given(n=st.integers(6, 300), seed=st.integers(0, 9), kind=st.sampled_from([coins, flowers, line]))
def test_the_parts_are_disjoint_and_hold_every_row(n, seed, kind):
    parts = split(kind(n), seed=seed)
    rows = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(rows) == list(range(n))
    assert min(map(len, (parts.train, parts.validation, parts.test))) > 0


@given(n=st.integers(30, 300), seed=st.integers(0, 9), kind=st.sampled_from([coins, flowers, line]))
def test_every_class_has_its_share_of_every_part(n, seed, kind):
    data = kind(n)
    groups = strata(data)
    parts = split(data, seed=seed)
    for part, share in ((parts.validation, 0.2), (parts.test, 0.2)):
        for group in np.unique(groups):
            wanted = share * np.sum(groups == group)
            assert abs(np.sum(groups[part] == group) - wanted) <= 1.5
        assert abs(len(part) - share * n) <= 1


def test_the_same_seed_gives_the_same_split_and_another_seed_another():
    one, same, other = (split(flowers(), seed=seed).test.tolist() for seed in (1, 1, 2))
    assert one == same
    assert one != other


@given(n=st.integers(20, 120), count=st.integers(2, 6), kind=st.sampled_from([coins, line]))
def test_folds_validate_each_row_once_and_share_the_sealed_test(n, count, kind):
    data = kind(n)
    parts = folds(data, count, seed=3)
    validated = np.concatenate([part.validation for part in parts])
    assert len(validated) == len(set(validated)) == n - len(parts[0].test)
    for part in parts:
        assert part.test.tolist() == parts[0].test.tolist()
        assert not set(part.train) & (set(part.validation) | set(part.test))


def test_folds_seal_the_same_test_part_as_the_single_split():
    assert folds(flowers(), 5, seed=4)[0].test.tolist() == split(flowers(), seed=4).test.tolist()


def test_a_class_with_a_single_row_is_trained_on():
    data = flowers(31)
    data.target[:] = 0
    data.target[7] = 1
    data.target[20:] = 2
    assert 7 in split(data).train


@pytest.mark.parametrize("shares", [(0.0, 0.2), (0.6, 0.4), (-0.1, 0.2)])
def test_shares_that_leave_nothing_are_refused(shares):
    with pytest.raises(DataError, match="both are shares of the rows"):
        split(coins(), validation=shares[0], test=shares[1])


def test_too_few_rows_are_refused():
    with pytest.raises(DataError, match="4 rows are too few to split"):
        split(coins(4))


def test_a_single_fold_is_refused():
    with pytest.raises(DataError, match=r"folds=1: choose 2 … 80"):
        folds(coins(), 1)
