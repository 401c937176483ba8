"""Learning rates for a table on the scale of earlier versions are said, others are not."""

from __future__ import annotations

import pytest

from osetra.core.text import parse_param
from osetra.tuning.rates import rate_note


def note(**lines: str) -> str:
    return rate_note({name: parse_param(name, text) for name, text in lines.items()})


@pytest.mark.parametrize("line", ["log(0.0001, 0.1)", "0.001", "ordinal(0.001, 0.01)"])
def test_a_rate_of_the_usual_scale_is_said(line: str) -> None:
    text = note(lr=line)
    assert "neural tangent" in text and "--set parametrization=standard" in text


@pytest.mark.parametrize("line", ["log(0.005, 0.5)", "0.04", "ordinal(0.02, 0.2)"])
def test_a_rate_of_the_tables_own_scale_is_not(line: str) -> None:
    assert note(lr=line) == ""


def test_who_says_the_parametrization_knows() -> None:
    assert note(lr="0.001", parametrization="standard") == ""
    assert note(units="64") == ""
