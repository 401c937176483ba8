"""Ranges that advice proposes can be typed as they stand."""

import pytest

from osetra.advice.moves import edit_move
from osetra.advice.wording import declaration, with_range
from osetra.core.params import Float, Int
from osetra.core.space import Space
from osetra.core.text import parse_param


@pytest.mark.parametrize(
    ("param", "low", "high", "text"),
    [
        (Float(0.1, 0.5, step=0.1, default=0.3), -0.25, 0.5, "float(-0.3, 0.5, step=0.1, default=0.3)"),
        (Float(0.1, 0.5, step=0.1, default=0.3), 0.34, 0.36, "float(0.3, 0.4, step=0.1, default=0.3)"),
        (Float(0.1, 0.5, "log", step=0.1), -1, 0.9, "log(0.1, 0.9, step=0.1)"),
        (Float(0, 1, default=0.5), 0.6, 1.23456789, "float(0.6, 1.235)"),
        (Int(1, 9, step=2, default=3), 1, 12.5, "int(1, 13, step=2, default=3)"),
        (Float(0.5, 0.9999, "one_minus_log"), 0.5, 0.99999, "one_minus_log(0.5, 0.99999)"),
        (Float(0.1, 0.99, "logit"), 0.1, 1 - 1.2345678e-6, "logit(0.1, 0.999998765)"),
    ],
)
def test_a_range_with_other_ends_keeps_its_steps(
    param: Float | Int, low: float, high: float, text: str
) -> None:
    again = with_range(param, low, high)
    assert declaration("x", again) == f"x={text}"
    assert parse_param("x", text) == again


def test_a_move_names_an_end_just_below_one() -> None:
    narrow = Float(0.9, 0.999, "one_minus_log")
    move = edit_move(Space(momentum=narrow), "momentum", with_range(narrow, 0.9, 0.9999), "widen")
    assert move is not None and move.text == "widen momentum to 0.9 … 0.9999"
