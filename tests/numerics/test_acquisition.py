import mpmath
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from osetra.numerics.acquisition import log_h, log_improvement, log_success, optimism


@pytest.mark.parametrize("z", [8.0, 1.0, 0.0, -0.999, -1.001, -5.0, -40.0, -999.0, -1001.0, -1e5, -1e8])
def test_log_h_agrees_with_fifty_digits(z: float) -> None:
    with mpmath.workdps(60):
        # Integration by parts: h(z) = integral of Phi below z, which erfc gives without cancelling.
        x = mpmath.mpf(z)
        phi = mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi)
        exact = float(mpmath.log(phi + x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2))
    assert log_h(np.array([z]))[0] == pytest.approx(exact, rel=1e-9, abs=1e-12)


def test_log_improvement_agrees_with_quadrature() -> None:
    mean, deviation, best = 0.7, 0.4, 0.5
    expected, _ = quad(lambda f: (best - f) * norm.pdf(f, mean, deviation), -5, best)
    found = log_improvement(np.array([mean]), np.array([deviation]), best)[0]
    assert found[0] == pytest.approx(np.log(expected), rel=1e-8)


@pytest.mark.parametrize(
    "function",
    [lambda m, s: optimism(m, s, 1.8), lambda m, s: log_improvement(m, s, -0.3), log_success],
)
def test_partial_derivatives_agree_with_finite_differences(function) -> None:  # type: ignore[no-untyped-def]
    mean, deviation = np.linspace(-2, 6, 9), np.linspace(0.1, 1.5, 9)
    _, by_mean, by_deviation = function(mean, deviation)
    step = 1e-6
    numeric = (function(mean + step, deviation)[0] - function(mean - step, deviation)[0]) / (2 * step)
    np.testing.assert_allclose(by_mean, numeric, rtol=1e-5, atol=1e-7)
    numeric = (function(mean, deviation + step)[0] - function(mean, deviation - step)[0]) / (2 * step)
    np.testing.assert_allclose(by_deviation, numeric, rtol=1e-5, atol=1e-7)


def test_improvement_is_ordered_where_it_underflows() -> None:
    values = log_improvement(np.array([50.0, 60.0, 70.0]), np.full(3, 0.01), 0.0)[0]
    assert np.all(np.diff(values) < 0)


def test_success_is_even_between_both_labels() -> None:
    assert log_success(np.zeros(1), np.ones(1))[0][0] == pytest.approx(np.log(0.5))
