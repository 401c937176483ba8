import numpy as np
import pytest

from osetra.core.scales import SCALES, domain_error, from_unit, to_unit

RANGES = {"linear": (-2.0, 3.0), "log": (1e-6, 1.0), "one_minus_log": (0.0, 0.9999), "logit": (1e-3, 0.999)}


@pytest.mark.parametrize("scale", SCALES)
def test_every_scale_is_increasing_from_end_to_end(scale: str) -> None:
    low, high = RANGES[scale]
    values = from_unit(np.linspace(0, 1, 101), low, high, scale)
    assert np.all(np.diff(values) > 0)
    assert np.allclose([values[0], values[-1]], [low, high])


@pytest.mark.parametrize("scale", SCALES)
def test_values_survive_the_way_to_the_unit_interval_and_back(scale: str) -> None:
    low, high = RANGES[scale]
    values = from_unit(np.random.default_rng(0).random(1000), low, high, scale)
    again = from_unit(to_unit(values, low, high, scale), low, high, scale)
    assert np.allclose(again, values, rtol=1e-9, atol=1e-15)


def test_a_decade_takes_the_same_room_everywhere_on_a_log_scale() -> None:
    assert np.allclose(
        to_unit(np.array([1e-4, 1e-3, 1e-2, 1e-1, 1]), 1e-4, 1, "log"), [0, 0.25, 0.5, 0.75, 1]
    )


def test_equal_steps_multiply_the_averaging_window_on_a_one_minus_log_scale() -> None:
    beta = from_unit(np.array([0, 0.5, 1]), 0.9, 0.999, "one_minus_log")
    assert np.allclose(1 / (1 - beta), [10, 100, 1000])


def test_the_middle_of_a_symmetric_logit_range_is_one_half() -> None:
    assert np.isclose(from_unit(np.array([0.5]), 0.01, 0.99, "logit")[0], 0.5)


def test_values_beyond_the_range_are_clipped() -> None:
    assert to_unit(np.array([-5.0, 5.0]), 0, 1, "linear").tolist() == [0, 1]


@pytest.mark.parametrize(
    ("low", "high", "scale", "message"),
    [
        (1, 0, "linear", "low must be below high; swap them"),
        (1, 1, "linear", "low must be below high; use Fixed for a single value"),
        (0, 1, "log", "a log scale needs low > 0; use low=1e-6 or scale='linear'"),
        (-1, 1, "log", "a log scale needs low > 0; use low=1e-6 or scale='linear'"),
        (0.5, 1, "one_minus_log", "a 1-x log scale needs 0 <= low and high < 1"),
        (0, 0.5, "logit", "a logit scale needs 0 < low and high < 1"),
        (0, 1, "logarithmic", "unknown scale 'logarithmic'; choose one of linear, log, one_minus_log, logit"),
        (0, float("inf"), "linear", "both ends of the range must be finite numbers"),
        (-1.7e308, 1.7e308, "linear", "the range is wider than floating-point numbers can measure"),
    ],
)
def test_a_range_that_does_not_fit_its_scale_is_explained(
    low: float, high: float, scale: str, message: str
) -> None:
    assert domain_error(low, high, scale).startswith(message)


@pytest.mark.parametrize("scale", SCALES)
def test_a_sound_range_has_no_error(scale: str) -> None:
    assert domain_error(*RANGES[scale], scale) == ""
