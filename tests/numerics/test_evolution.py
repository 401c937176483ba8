import numpy as np
import pytest

from osetra.numerics.evolution import differential, mutated, tournament

RNG = np.random.default_rng
NUMBERS = np.zeros(3, dtype=np.int64)


def test_a_full_crossover_is_the_base_plus_the_weighted_difference() -> None:
    base, left, right = np.full(3, 0.5), np.array([0.2, 0.4, 0.3]), np.array([0.1, 0.6, 0.3])
    found = differential(np.full(3, 0.9), np.array([base, left, right]), NUMBERS, 0.5, 1.0, RNG(0))
    assert found == pytest.approx([0.55, 0.4, 0.5])


def test_without_crossover_one_coordinate_is_taken_over() -> None:
    others = np.array([np.full(3, 0.5), np.full(3, 0.2), np.full(3, 0.4)])
    found = differential(np.full(3, 0.9), others, NUMBERS, 0.5, 0.0, RNG(0))
    assert sorted(found) == pytest.approx([0.4, 0.9, 0.9])


def test_moves_beyond_the_cube_are_reflected() -> None:
    others = np.array([[0.9, 0.1, 0.5], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    found = differential(np.full(3, 0.5), others, NUMBERS, 0.5, 1.0, RNG(0))
    assert found == pytest.approx([0.6, 0.4, 0.5])


def test_a_category_that_the_others_agree_on_is_that_of_the_base() -> None:
    levels = np.array([4])
    others = np.array([[0.625], [0.125], [0.125]])
    assert differential(np.array([0.875]), others, levels, 0.5, 1.0, RNG(0)) == pytest.approx([0.625])


def test_categories_that_differ_are_drawn_anew_from_all_options() -> None:
    levels, others = np.array([4]), np.array([[0.625], [0.125], [0.375]])
    drawn = {float(differential(np.array([0.875]), others, levels, 1.0, 1.0, RNG(s))[0]) for s in range(60)}
    assert drawn == {0.125, 0.375, 0.625, 0.875}


def test_inactive_coordinates_are_no_difference() -> None:
    others = np.array([[0.5, 0.5, 0.5], [np.nan, 0.2, 0.2], [0.1, np.nan, 0.2]])
    found = differential(np.array([0.5, 0.5, np.nan]), others, NUMBERS, 0.5, 1.0, RNG(0))
    assert np.all(np.isfinite(found))


@pytest.mark.parametrize("levels", [[0, 0, 0], [4, 4, 4]])
def test_a_mutation_changes_one_active_coordinate(levels: list[int]) -> None:
    parent = np.array([0.125, np.nan, 0.625])
    for seed in range(30):
        child = mutated(parent, np.array(levels), RNG(seed))
        assert np.sum(child[[0, 2]] != parent[[0, 2]]) == 1
        assert np.all((child >= 0) & (child <= 1))


def test_a_tournament_of_all_is_won_by_the_best() -> None:
    assert tournament(np.array([3.0, 1.0, 2.0]), 10, RNG(0)) == 1
