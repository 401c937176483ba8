"""What the autopilot makes of advice on a training."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from advice.training.logs import FLAT, PROBLEM, Log, falling
from osetra.advice.autopilot import MOST_BACK, next_advice


def test_the_autopilot_rests_between_two_orders() -> None:
    log = Log([*FLAT, *[0.1] * 2], [*FLAT, *[0.1] * 2])
    assert log.next is not None
    assert log.ordered("scale", 33, "autopilot", lr=0.3).next is None


def test_the_autopilot_goes_back_a_few_times_and_then_stops() -> None:
    log = Log([*falling(9), math.nan], keep=[8])
    for _ in range(MOST_BACK):
        assert log.next is not None
        assert log.next.verb == "rollback"
        log.ordered("rollback", 8, "autopilot", step=8, lr=0.03)
    assert log.next is not None
    assert log.next.verb == "stop"


def test_the_autopilot_branches_once_off_what_diverged() -> None:
    log = Log([*falling(9), math.nan], keep=[8]).ends("diverged")
    assert log.next is not None
    assert log.ordered("branch", 8, "autopilot", step=8, lr=0.03).next is None


values = st.floats(allow_nan=True, allow_infinity=True, width=32)


@given(st.lists(values, max_size=45), st.lists(values, max_size=45), st.booleans())
def test_no_curve_however_mad_breaks_the_rules(val: list[float], train: list[float], kept: bool) -> None:
    log = Log(val, train, keep=range(1, len(val) + 1) if kept else ())
    for history in (log.history, log.ends("diverged").history):
        found = next_advice(PROBLEM, history, history.trials[1])
        assert found is None or found.text
