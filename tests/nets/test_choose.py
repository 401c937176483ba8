"""The winner among repeated settings."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from osetra.errors import StudyError
from osetra.nets.choose import choose, spread


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=12).filter(lambda v: np.std(v) > 1e-6))
def test_the_interval_is_students(values):
    found = spread(values)
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_a_single_result_has_no_spread():
    assert math.isnan(spread([0.2]).sd)
    assert str(spread([0.2])) == "0.2"


def test_the_mean_decides_and_not_the_luckiest_repeat():
    found = choose({"lucky": [0.01, 0.5, 0.5], "steady": [0.2, 0.21, 0.19]})
    assert found.winner == "steady"
    assert not found.clear
    assert found.sentence == (
        "steady: 0.2 ± 0.01 (3 seeds), the best mean; the seeds do not tell it from every other"
    )


def test_a_difference_beyond_chance_is_said_to_be_clear():
    found = choose({"a": [0.1, 0.11, 0.12], "b": [0.5, 0.52, 0.51]})
    assert found.clear
    assert found.sentence == "a: 0.11 ± 0.01 (3 seeds), better than the other 1 by more than chance"


def test_a_setting_that_diverged_once_cannot_win():
    assert choose({"wild": [0.01, math.nan], "tame": [0.3, 0.3]}).winner == "tame"


def test_when_nothing_finished_there_is_no_winner():
    with pytest.raises(StudyError, match="no setting finished every repeat"):
        choose({"wild": [math.inf]})
