"""fold(a + b) = fold(a) extended by b, for facts and for curves, through any store."""

from __future__ import annotations

from typing import get_args

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from osetra.core.curves import Curves, Point
from osetra.core.facts import (
    Checkpointed,
    Claimed,
    Entry,
    Fact,
    Noted,
    Obeyed,
    Opened,
    Ordered,
    Outcome,
    Seen,
    Source,
    Suggested,
    Verb,
    Worker,
    ended,
)
from osetra.core.history import History
from osetra.errors import LeaseLost
from osetra.stores import MemoryStore

WORKER = Worker("host", "boot", 1, 0.0)
TRIALS = 4
_OUTCOMES = st.sampled_from(get_args(Outcome))
_NUMBERS = st.integers(1, TRIALS)
_SOURCES = st.none() | st.builds(Source, _NUMBERS, st.integers(1, 3), st.just(0), st.integers(0, 9))
_VERBS = st.sampled_from(get_args(Verb))
_FACTS: st.SearchStrategy[Fact] = st.one_of(
    st.builds(Claimed, trial=_NUMBERS, attempt=st.integers(1, 3), worker=st.just(WORKER), source=_SOURCES),
    st.builds(Ordered, trial=_NUMBERS, number=st.integers(1, 3), verb=_VERBS),
    st.builds(Seen, trial=_NUMBERS, number=st.integers(1, 3)),
    st.builds(Obeyed, trial=_NUMBERS, number=st.integers(1, 3), attempt=st.integers(1, 3), step=_NUMBERS),
    st.builds(
        Checkpointed,
        trial=_NUMBERS,
        attempt=st.integers(1, 3),
        instance=st.just(0),
        step=st.integers(1, 9),
        file=st.just("f"),
        size=st.just(1),
        sha256=st.just(""),
    ),
    st.builds(ended, _NUMBERS, st.integers(1, 3), _OUTCOMES, st.floats(allow_nan=False)),
    st.builds(Noted, topic=st.just("t"), name=st.just("n"), text=st.text(max_size=5)),
)
_POINTS = st.lists(
    st.builds(
        Point,
        trial=_NUMBERS,
        attempt=st.integers(1, 2),
        instance=st.integers(0, 1),
        step=st.integers(0, 9),
        metric=st.sampled_from(["loss", "accuracy"]),
        value=st.floats(allow_nan=False),
    ),
    max_size=30,
)


@st.composite
def _logs(draw: st.DrawFn) -> list[Entry]:
    """A log as a store may hold it: suggestions first, then any mixture of claims and ends."""
    facts: list[Fact] = [Opened({"lr": "float(0, 1)"}, "loss", "minimize", "best", 0)]
    facts += [Suggested(trial, {"lr": 0.5}, trial) for trial in range(1, TRIALS + 1)]
    facts += draw(st.lists(_FACTS, max_size=25))
    return [Entry(version, 1000.0 + version, fact) for version, fact in enumerate(facts, 1)]


def _same(one: Curves, two: Curves) -> bool:
    return (one.cursor, len(one), one.metrics) == (two.cursor, len(two), two.metrics) and all(
        one.points(trial) == two.points(trial) for trial in range(1, TRIALS + 1)
    )


@given(_logs(), st.data())
def test_folding_in_two_steps_is_folding_in_one(log: list[Entry], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(log)))
    assert History().extend(log[:cut]).extend(log[cut:]) == History().extend(log)


@given(_logs(), st.data())
def test_facts_already_known_change_nothing(log: list[Entry], data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, len(log)))
    assert History().extend(log).extend(log[overlap:]) == History().extend(log)


@given(_POINTS, _POINTS)
def test_curves_in_two_steps_are_curves_in_one(first: list[Point], second: list[Point]) -> None:
    everything = first + second
    halfway = Curves().extend(first, len(first))
    assert _same(halfway.extend(second, len(everything)), Curves().extend(everything, len(everything)))


@given(_POINTS, _POINTS, _POINTS)
def test_extending_curves_leaves_the_shorter_ones_alone(
    first: list[Point], second: list[Point], third: list[Point]
) -> None:
    halfway = Curves().extend(first, len(first))
    one = halfway.extend(second, len(first + second))
    two = halfway.extend(third, len(first + third))
    for curves, points in ((halfway, first), (one, first + second), (two, first + third)):
        for trial in range(1, TRIALS + 1):
            assert curves.points(trial) == [point for point in points if point.trial == trial]


@given(st.lists(st.tuples(_NUMBERS, _POINTS, st.booleans()), max_size=12))
def test_reading_on_from_a_store_is_reading_it_whole(
    steps: list[tuple[int, list[Point], bool]],
) -> None:
    store, reader = MemoryStore(), History()
    store.append([Suggested(trial, {"lr": 0.5}, trial) for trial in range(1, TRIALS + 1)])
    attempts = dict.fromkeys(range(1, TRIALS + 1), 0)
    for trial, points, look in steps:
        attempts[trial] += 1
        mine = [point._replace(trial=trial, attempt=attempts[trial]) for point in points]
        store.append([Claimed(trial, attempts[trial], WORKER)], mine)
        store.append([ended(trial, attempts[trial], "interrupted")])
        if look:
            found, cursor = store.read_points(reader.curves.cursor)
            reader = reader.extend(store.read(reader.version), found, cursor)
    found, cursor = store.read_points(reader.curves.cursor)
    reader = reader.extend(store.read(reader.version), found, cursor)
    whole = History().extend(store.read(), *store.read_points())
    assert reader == whole
    assert _same(reader.curves, whole.curves)


def test_curve_of_a_trial_is_what_its_latest_attempt_reported() -> None:
    store = MemoryStore()
    store.append([Suggested(1, {}, 0), Claimed(1, 1, WORKER)], [Point(1, 1, 0, 1, "loss", 9.0)])
    store.append([ended(1, 1, "lost"), Claimed(1, 2, WORKER)], [Point(1, 2, 0, 1, "loss", 0.5)])
    history = History().extend(store.read(), *store.read_points())
    steps, values = history.curve(history.trials[1], "loss")
    assert np.array_equal(steps, [1])
    assert np.array_equal(values, [0.5])
    try:
        store.append([], [Point(1, 1, 0, 2, "loss", 8.0)])
    except LeaseLost:
        return
    raise AssertionError("the first attempt was given up and still wrote")
