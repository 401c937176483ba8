import math

import numpy as np
import pytest

from osetra.core.arguments import is_above_zero, is_number, is_whole


@pytest.mark.parametrize("value", [True, False, "3", None, [], {}])
def test_what_is_no_number_is_neither(value: object) -> None:
    assert not is_number(value)
    assert not is_whole(value)
    assert not is_above_zero(value)


@pytest.mark.parametrize("value", [3, 0.5, math.inf, np.float64(2.0)])
def test_numbers_above_zero(value: float) -> None:
    assert is_above_zero(value)
    assert is_number(value, least=0.5)


@pytest.mark.parametrize("value", [0, -1, -0.0, math.nan, -math.inf])
def test_numbers_that_are_not_above_zero(value: float) -> None:
    assert is_number(value)
    assert not is_above_zero(value)


def test_a_bound_is_itself_allowed() -> None:
    assert is_whole(1, least=1)
    assert not is_whole(0, least=1)
    assert not is_whole(1.0, least=1)
    assert not is_number(math.nan, least=0)
