from collections.abc import Callable

import numpy as np
import pytest

from osetra.numerics.bayes import Cube, Observations, Proposal, Settings, learn, predict, suggest
from osetra.numerics.gp import Hyper
from osetra.numerics.kernels import Array
from osetra.numerics.memory import Memory


def cube(d: int) -> Cube:
    return Cube(
        np.zeros(d, dtype=np.int64), np.zeros(d, dtype=bool), lambda x: np.clip(x, 0, 1), np.full(d, 0.5)
    )


def grid(levels: list[int], categorical: list[bool]) -> Cube:
    counts = np.array(levels)

    def snap(x: Array) -> Array:
        return (np.clip(np.floor(x * counts), 0, counts - 1) + 0.5) / counts

    return Cube(counts, np.array(categorical), snap, np.full(len(levels), 0.5))


def branches() -> Cube:
    """Column 0 is a choice of two; column 1 exists under the first, column 2 under the second."""

    def snap(x: Array) -> Array:
        found = np.clip(np.nan_to_num(x, nan=0.5), 0, 1)
        first = found[:, 0] < 0.5
        found[:, 0] = np.where(first, 0.25, 0.75)
        found[~first, 1] = np.nan
        found[first, 2] = np.nan
        return found

    return Cube(np.array([2, 0, 0]), np.array([True, False, False]), snap, np.full(3, 0.5))


def observed(x: Array, y: Array, pending: Array | None = None) -> Observations:
    return Observations(x, y, ~np.isfinite(y), np.empty((0, x.shape[1])) if pending is None else pending)


def search(space: Cube, f: Callable[[Array], float], trials: int, seed: int = 0) -> tuple[Array, Array]:
    x, y, memory = np.empty((0, len(space.levels))), np.empty(0), Memory[Hyper](64)
    for i in range(trials):
        rng = np.random.default_rng((seed, i))
        found = suggest(observed(x, y), space, 1, rng, seed=seed, memory=memory)
        if not found:
            break
        x, y = np.concatenate((x, found[0].x[None])), np.append(y, f(found[0].x))
    return x, y


def ask(t: Observations, space: Cube, count: int = 1, memory: Memory[Hyper] | None = None) -> list[Proposal]:
    return suggest(t, space, count, np.random.default_rng(1), seed=0, memory=memory)


def bowl(x: Array) -> float:
    return float(np.sum((x - 0.3) ** 2))


def test_the_default_comes_first_and_a_design_next() -> None:
    first, second, *_ = ask(observed(np.empty((0, 2)), np.empty(0)), cube(2), 4)
    assert (first.reason, first.x.tolist(), second.reason) == ("default", [0.5, 0.5], "design")


def test_a_smooth_bowl_is_solved_in_twenty_trials() -> None:
    assert search(cube(3), bowl, 20)[1].min() < 1e-2


def test_the_better_branch_of_a_conditional_space_is_found() -> None:
    def f(x: Array) -> float:
        return 0.1 + (x[1] - 0.2) ** 2 if x[0] < 0.5 else (x[2] - 0.8) ** 2

    assert search(branches(), f, 25)[1].min() < 5e-3


def test_a_region_of_failures_is_left_alone() -> None:
    def f(x: Array) -> float:
        return np.nan if x[0] > 0.6 else bowl(x)

    _, y = search(cube(2), f, 30)
    assert np.isnan(y[15:]).mean() < 0.3
    assert np.nanmin(y) < 1e-2


def test_every_point_of_a_small_space_is_suggested_once_and_then_none() -> None:
    x, _ = search(grid([3, 4], [True, True]), bowl, 20)
    assert len(x) == 12
    assert len(np.unique(x, axis=0)) == 12


def test_a_space_without_columns_has_one_point() -> None:
    assert len(search(cube(0), lambda _: 1.0, 3)[0]) == 1


def test_the_memory_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((45, 3))
    y = np.array([bowl(row) for row in x])
    memory = Memory[Hyper](64)
    first = ask(observed(x, y), cube(3), 2, memory)
    again, anew = ask(observed(x, y), cube(3), 2, memory), ask(observed(x, y), cube(3), 2)
    assert len(memory)
    for a, b, c in zip(first, again, anew, strict=True):
        np.testing.assert_array_equal(a.x, b.x)
        np.testing.assert_array_equal(a.x, c.x)


def test_a_batch_is_spread() -> None:
    x = np.random.default_rng(0).random((20, 2))
    found = ask(observed(x, np.array([bowl(row) for row in x])), cube(2), 8)
    points = np.array([p.x for p in found])
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2) + np.eye(8)
    assert len(points) == 8
    assert gaps.min() > 1e-3


def test_a_single_range_is_not_exhausted_by_many_trials() -> None:
    x = np.linspace(0, 1, 900)[:, None]
    assert len(ask(observed(x, np.cos(9 * x[:, 0])), cube(1), 3)) == 3


def test_running_trials_are_not_suggested_again() -> None:
    x = np.random.default_rng(0).random((20, 2))
    y = np.array([bowl(row) for row in x])
    (first,) = ask(observed(x, y), cube(2))
    (second,) = ask(observed(x, y, first.x[None]), cube(2))
    assert np.linalg.norm(first.x - second.x) > 1e-3


@pytest.mark.parametrize(
    "y",
    [
        np.full(12, np.nan),
        np.full(12, 3.0),
        np.append(np.full(11, np.nan), 1.0),
        np.logspace(-12, 12, 12),
        -np.logspace(-12, 12, 12),
        np.append(np.full(11, 1.0), np.inf),
        np.append(np.arange(11.0), -1e308),
    ],
    ids=["all failed", "all equal", "one finished", "wide", "wide below", "infinite", "huge"],
)
def test_awkward_outcomes_give_a_point_in_the_cube(y: Array) -> None:
    x = np.random.default_rng(0).random((12, 3))
    for proposal in ask(observed(x, y), cube(3), 2):
        assert np.all((proposal.x >= 0) & (proposal.x <= 1))


def test_sixty_columns_work() -> None:
    x = np.random.default_rng(0).random((30, 60))
    assert len(ask(observed(x, x.sum(axis=1)), cube(60))) == 1


def test_two_hundred_choices_work() -> None:
    space = grid([200, 2], [True, False])
    x, _ = search(space, lambda p: abs(p[0] - 0.4), 15)
    assert len(np.unique(x, axis=0)) == 15


def test_thousands_of_trials_use_a_subset() -> None:
    x = np.random.default_rng(0).random((3000, 3))
    y = np.array([bowl(row) for row in x])
    model = learn(observed(x, y), cube(3), Settings(), Memory(1))
    assert len(model.process.y) == 300
    assert float(model.best) == pytest.approx(float((y.min() - model.shift) / model.scale), abs=0.1)


def test_repeats_of_a_configuration_are_one_observation() -> None:
    x = np.repeat(np.random.default_rng(0).random((6, 2)), 3, axis=0)
    model = learn(observed(x, x.sum(axis=1)), cube(2), Settings(), Memory(1))
    assert len(model.process.y) == 6


def test_predictions_are_in_the_unit_of_the_outcomes() -> None:
    x = np.random.default_rng(0).random((30, 2))
    y = 1000 + 50 * x[:, 0]
    model = learn(observed(x, y), cube(2), Settings(), Memory(1))
    mean, deviation = predict(model, np.array([[0.5, 0.5]]))
    assert mean[0] == pytest.approx(1025, abs=3)
    assert 0 < deviation[0] < 10


def test_a_suggestion_says_why() -> None:
    x = np.random.default_rng(0).random((30, 2))
    y = np.array([bowl(row) for row in x])
    found = ask(observed(x, y), cube(2))[0]
    assert found.reason in ("exploit", "explore")
    assert np.isfinite([found.mean, found.deviation]).all()


def test_a_mean_of_four_runs_is_worth_four_runs_and_surer_than_one() -> None:
    rng = np.random.default_rng(5)
    x, y, none = rng.random((6, 2)), rng.normal(size=6), np.zeros(6, dtype=bool)
    once = observed(x, y)
    merged = Observations(x, y, none, np.empty((0, 2)), np.full(6, 4.0))
    apart = observed(np.repeat(x, 4, axis=0), np.repeat(y, 4))
    at = rng.random((5, 2))
    said = [predict(learn(o, cube(2), Settings(), Memory[Hyper](1)), at) for o in (merged, apart, once)]
    np.testing.assert_allclose(said[0], said[1])
    assert not np.allclose(said[0][1], said[2][1])
