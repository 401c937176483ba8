import numpy as np

from osetra.numerics.kernels import Array
from osetra.numerics.maximise import ascend, is_new, mutants, neighbours, starts


def bowl(x: Array) -> tuple[Array, Array]:
    gap = np.nan_to_num(x) - np.array([0.3, 0.8])
    return -np.sum(gap**2, axis=1), -2 * gap


def test_ascent_finds_the_top_inside_the_cube() -> None:
    found = ascend(bowl, np.array([[0.9, 0.1], [0.0, 0.0]]), np.zeros(2, dtype=bool), steps=25)
    np.testing.assert_allclose(found, [[0.3, 0.8]] * 2, atol=1e-3)


def test_ascent_stops_at_the_wall() -> None:
    found = ascend(
        lambda x: (x.sum(axis=1), np.ones(x.shape)), np.full((1, 2), 0.4), np.zeros(2, bool), steps=25
    )
    np.testing.assert_array_equal(found, [[1.0, 1.0]])


def test_ascent_moves_neither_categories_nor_what_is_inactive() -> None:
    found = ascend(bowl, np.array([[0.9, np.nan], [0.9, 0.1]]), np.array([True, False]), steps=25)
    np.testing.assert_array_equal(found[:, 0], [0.9, 0.9])
    assert np.isnan(found[0, 1])


def test_ascent_never_ends_below_its_start() -> None:
    def rough(x: Array) -> tuple[Array, Array]:
        return np.sin(40 * x).sum(axis=1), 40 * np.cos(40 * x)

    begin = np.random.default_rng(0).random((50, 3))
    found = ascend(rough, begin, np.zeros(3, dtype=bool), steps=10)
    assert np.all(rough(found)[0] >= rough(begin)[0])


def test_neighbours_change_one_discrete_column_at_a_time() -> None:
    point = np.array([0.1, 0.5, 3.5 / 4, 0.5, np.nan])
    found = neighbours(point, np.array([0, 3, 4, 3, 2]), np.array([False, True, False, False, True]))
    changed = [tuple(np.flatnonzero(~np.isclose(row, point, equal_nan=True))) for row in found]
    assert sorted(changed) == [(1,), (1,), (2,), (3,), (3,)]


def test_mutants_stay_in_the_cube_and_fill_what_was_inactive() -> None:
    parents = np.array([[0.0, np.nan, 1.0]])
    found = mutants(parents, np.array([False, True, False]), 200, np.random.default_rng(0))
    assert found.min() >= 0
    assert found.max() <= 1


def test_starts_include_the_best_and_are_all_different() -> None:
    values = np.random.default_rng(0).standard_normal(30)
    found = starts(values, np.random.default_rng(1), 3, 3)
    assert set(np.argsort(-values)[:3]) <= set(found.tolist())
    assert len(set(found.tolist())) == 6


def test_starts_work_when_all_values_are_equal_or_hopeless() -> None:
    for values in (np.zeros(8), np.full(8, -1e300), np.array([0.0] + [-1e9] * 7)):
        assert len(starts(values, np.random.default_rng(0), 3, 3)) == 6


def test_a_point_is_new_when_one_column_differs_enough() -> None:
    known, levels = np.array([[0.5, 0.25, np.nan]]), np.array([0, 1000, 0])
    assert not is_new(np.array([0.5005, 0.25, np.nan]), known, levels, 1e-3)
    assert is_new(np.array([0.502, 0.25, np.nan]), known, levels, 1e-3)
    assert is_new(np.array([0.5, 0.251, np.nan]), known, levels, 0.1)
    assert is_new(np.array([0.5, 0.25, 0.3]), known, levels, 1e-3)


def test_the_only_point_of_a_space_without_columns_is_new_once() -> None:
    none = np.empty(0)
    assert is_new(none, np.empty((0, 0)), none.astype(np.int64), 1e-3)
    assert not is_new(none, np.empty((1, 0)), none.astype(np.int64), 1e-3)
