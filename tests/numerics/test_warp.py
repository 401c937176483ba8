import numpy as np
import pytest

from osetra.numerics.warp import warps


def test_both_warps_are_undone() -> None:
    y = np.concatenate((np.linspace(0, 1, 30), [5.0, 80.0, 1e6]))
    for warp in warps(y):
        t = warp.targets(y)
        assert (t.mean(), t.std()) == pytest.approx((0.0, 1.0))
        assert np.all(np.diff(t) > 0)
        assert warp.outcomes(t) == pytest.approx(y, rel=1e-6, abs=1e-6)


def test_the_slope_is_that_of_the_targets() -> None:
    y = np.array([0.0, 0.3, 0.5, 0.9, 1.0, 4.0, 9.0])
    for warp in warps(y):
        step = 1e-6
        slope = (warp.targets(y + step) - warp.targets(y - step)) / (2 * step)
        assert warp.slope(y)[y != warp.knee] == pytest.approx(slope[y != warp.knee], rel=1e-4)


def test_losses_without_limit_have_finite_targets() -> None:
    y = np.array([0.1, 0.2, 0.3, 0.4, 1e300])
    assert all(np.isfinite(warp.targets(y)).all() for warp in warps(y))


def test_outcomes_without_a_spread_between_quartiles_are_only_scaled() -> None:
    assert len(warps(np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 3.0]))) == 1


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_nothing_is_foretold_beyond_zero_where_no_outcome_has_been(sign: float) -> None:
    y = sign * np.array([0.0, 0.1, 0.2, 0.4, 0.9, 1.5, 40.0, 60.0])
    targets = np.linspace(-9, 9, 50)
    for warp in warps(y):
        assert np.all(sign * warp.outcomes(targets) >= 0)
        np.testing.assert_allclose(warp.outcomes(warp.targets(y)), y, atol=1e-12)
    for warp in warps(y - sign):
        assert np.any(sign * warp.outcomes(targets) < 0)
