import numpy as np
import pytest

from osetra.numerics.effects import SURE, Trained, learn
from osetra.numerics.kernels import Array

PLAIN = np.zeros(3, dtype=np.int64), np.zeros(3, dtype=bool), lambda points: points


def data(x: Array, y: Array, variance: float = 0.0) -> Trained:
    return Trained(x, y, ~np.isfinite(y), np.full(len(y), variance))


def test_a_smooth_function_is_explained_and_noise_is_not() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((40, 3))
    found = learn(data(x, 3 * (x[:, 0] - 0.4) ** 2 + 0.02 * rng.standard_normal(40)), *PLAIN, seed=0)
    assert found is not None and found.evidence > 5 * SURE and found.explained > 0.9
    noise = learn(data(x, rng.standard_normal(40)), *PLAIN, seed=0)
    assert noise is not None and noise.evidence < SURE


def test_noise_alone_has_no_evidence_in_nearly_all_studies() -> None:
    rng = np.random.default_rng(1)
    found = [learn(data(rng.random((20, 3)), rng.standard_normal(20)), *PLAIN, seed=0) for _ in range(40)]
    assert np.mean([one is not None and one.evidence >= SURE for one in found]) <= 0.05


@pytest.mark.parametrize("seed", range(3))
def test_near_base_points_values_are_those_of_all_columns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    levels, categorical = np.array([0, 3, 0, 0, 5]), np.array([False, True, False, False, False])

    def snap(points: Array) -> Array:
        found = points.copy()
        found[:, 3] = np.where(points[:, 1] < 0.6, points[:, 3], np.nan)  # a column that not all points have
        return found

    x = snap(rng.random((30, 5)))
    found = learn(data(x, x[:, 0] ** 2 + 0.1 * np.nan_to_num(x[:, 3])), levels, categorical, snap, seed=0)
    assert found is not None
    base = rng.random((7, 5))
    near = found.near(snap(base))
    for j in range(5):
        moved = np.repeat(base[:, None], 4, axis=1)
        moved[:, :, j] = rng.random((7, 4))
        points = snap(moved.reshape(-1, 5))
        expected = found.values(points).reshape(7, 4, -1)
        np.testing.assert_allclose(near(points.reshape(7, 4, 5)), expected, rtol=1e-5, atol=2e-5)


def test_equal_outcomes_say_nothing() -> None:
    x = np.random.default_rng(0).random((10, 3))
    assert learn(data(x, np.full(10, 0.3)), *PLAIN, seed=0) is None
    assert learn(data(x[:1], np.array([0.3])), *PLAIN, seed=0) is None
    assert learn(data(x, np.full(10, np.nan)), *PLAIN, seed=0) is None


def test_what_is_uncertain_counts_less() -> None:
    rng = np.random.default_rng(2)
    x = rng.random((30, 3))
    y = np.sin(5 * x[:, 0]) + 0.02 * rng.standard_normal(30)
    y[:10] = 4.0
    variance = np.where(np.arange(30) < 10, 25.0, 0.0)
    unsure = learn(Trained(x, y, np.zeros(30, dtype=bool), variance), *PLAIN, seed=0)
    sure = learn(data(x, y), *PLAIN, seed=0)
    assert unsure is not None and sure is not None
    probe = rng.random((200, 3))
    truth = np.sin(5 * probe[:, 0])
    off = [np.mean((f.warp.outcomes(f.values(probe)[:, 0]) - truth) ** 2) for f in (unsure, sure)]
    assert off[0] < 0.5 * off[1]


def test_the_same_trials_give_the_same_functions() -> None:
    x = np.random.default_rng(3).random((30, 3))
    one, two = (learn(data(x, x[:, 1] ** 2), *PLAIN, seed=7) for _ in range(2))
    assert one is not None and two is not None
    assert one.values(x) == pytest.approx(two.values(x), abs=0.0)
