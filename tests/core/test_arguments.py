"""Arguments: NumPy's numbers are numbers, everything else is refused by name, whatever it is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from osetra.core import arguments
from osetra.core.limits import Limits
from osetra.errors import StudyError


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    __hash__ = None  # type: ignore[assignment]


ODD = [
    None,
    "",
    "a",
    b"a",
    1j,
    [],
    {},
    object(),
    Hostile(),
    math.nan,
    math.inf,
    np.array([1, 2]),
    type,
    "\ud800",
]


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), np.array(3)])
def test_whole_numbers_of_numpy_are_whole_numbers(value: Any) -> None:
    found = arguments.whole("steps", value)
    assert found == 3 and type(found) is int


@pytest.mark.parametrize("value", [*ODD, True, np.bool_(True), 1.5, -1, 2**63])
def test_what_is_no_whole_number_is_refused_by_name(value: Any) -> None:
    with pytest.raises(StudyError, match=r"^steps=.*: a whole number of at least 0 is needed$"):
        arguments.whole("steps", value)


@pytest.mark.parametrize("value", [*(v for v in ODD if not isinstance(v, str)), 5, True])
def test_what_is_no_text_is_refused_by_name(value: Any) -> None:
    with pytest.raises(StudyError, match=r"^why=.*: a text is needed$"):
        arguments.text("why", value)


@pytest.mark.parametrize("value", ["\ud800", "a\0b"])
def test_a_text_that_no_store_holds_is_refused(value: str) -> None:
    with pytest.raises(StudyError, match=r"^why="):
        arguments.text("why", value)


@pytest.mark.parametrize("value", ["x" * 10**6, "\x1b[31mred\n", Hostile(), [Hostile()], {"a": "\ud800"}])
def test_a_message_repeats_an_argument_short_and_harmless(value: Any) -> None:
    shown = arguments.given(value)
    assert len(shown) <= arguments.SHOWN
    assert shown.encode().decode().isprintable()


@pytest.mark.parametrize("name", ["trials", "minutes", "trainings", "workers", "report_timeout", "confirm"])
def test_limits_take_numbers_of_numpy_and_refuse_the_rest_by_name(name: str) -> None:
    limits: Any = Limits
    value = getattr(limits(**{name: np.int64(2)}), name)
    assert value == 2 and type(value) is int
    for wrong in (*ODD, True, -1):
        if wrong is not None and wrong is not math.inf:
            with pytest.raises(StudyError, match=f"^{name}="):
                limits(**{name: wrong})
