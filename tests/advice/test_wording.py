"""Ranges that advice proposes can be typed as they stand."""

import pytest

from osetra.advice.wording import declaration, with_range
from osetra.core.params import Float, Int
from osetra.core.text import parse_param


@pytest.mark.parametrize(
    ("param", "low", "high", "text"),
    [
        (Float(0.1, 0.5, step=0.1, default=0.3), -0.25, 0.5, "float(-0.3, 0.5, step=0.1, default=0.3)"),
        (Float(0.1, 0.5, step=0.1, default=0.3), 0.34, 0.36, "float(0.3, 0.4, step=0.1, default=0.3)"),
        (Float(0.1, 0.5, "log", step=0.1), -1, 0.9, "log(0.1, 0.9, step=0.1)"),
        (Float(0, 1, default=0.5), 0.6, 1.23456789, "float(0.6, 1.235)"),
        (Int(1, 9, step=2, default=3), 1, 12.5, "int(1, 13, step=2, default=3)"),
    ],
)
def test_a_range_with_other_ends_keeps_its_steps(
    param: Float | Int, low: float, high: float, text: str
) -> None:
    again = with_range(param, low, high)
    assert declaration("x", again) == f"x={text}"
    assert parse_param("x", text) == again
