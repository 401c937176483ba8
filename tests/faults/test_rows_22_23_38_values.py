"""Rows 22, 23, 38: every number and text comes back as it was, from old files too."""

import shutil
import struct
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from faults import SOAK
from osetra.core.curves import Point
from osetra.core.facts import Claimed, Noted, Suggested, Worker, ended, value_of
from osetra.core.history import History
from osetra.core.invariants import violations
from osetra.errors import OsetraError
from osetra.stores import MemoryStore, SqliteStore, open_store
from osetra.training.values import number

CASES = 10_000 if SOAK else 100
WORKER = Worker("host", "boot", 1, 0.0)
FIXTURE = Path(__file__).parents[1] / "fixtures" / "schema-1.sqlite"


def bits(value):
    return "nan" if value != value else struct.pack("d", value)


DOUBLES = st.binary(min_size=8, max_size=8).map(lambda raw: struct.unpack("d", raw)[0]) | st.floats()


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """A trial for every case, in memory and in a file."""
    made = [MemoryStore(), SqliteStore(tmp_path_factory.mktemp("values") / "a.db")]
    yield made
    for store in made:
        store.close()


@settings(max_examples=CASES)
@given(st.lists(DOUBLES, min_size=1, max_size=20))
def test_row_22_every_double_comes_back_bit_by_bit_from_every_store(stores, values):
    for store in stores:
        trial, cursor = store.version() + 1, store.read_points()[1]
        store.append([Suggested(trial, {"lr": 0.5}, 1), Claimed(trial, 1, WORKER)])
        points = [Point(trial, 1, 0, step, "loss", value) for step, value in enumerate(values)]
        store.append([ended(trial, 1, "finished", values[0])], points)
        assert [bits(point.value) for point in store.read_points(cursor)[0]] == list(map(bits, values))
        assert bits(value_of(store.read(store.version() - 1)[0].fact)) == bits(values[0])


SCALARS = [
    np.float16(0.1),
    np.float32(0.1),
    np.float64(0.1),
    np.int64(7),
    np.array(2.5),
    np.bool_(True),
    True,
    7,
]


@pytest.mark.parametrize("scalar", SCALARS, ids=repr)
def test_row_22_scalars_of_numpy_are_the_doubles_that_they_are(scalar):
    assert bits(number("loss", scalar)) == bits(float(scalar))


@pytest.mark.parametrize("huge", [10**400, -(10**400), 2**63, 1e308, 5e-324])
def test_row_22_huge_numbers_are_kept_or_refused_with_their_name(huge):
    try:
        kept = number("loss", huge)
    except (OsetraError, OverflowError) as error:
        assert abs(huge) > 1e308 and ("loss" in str(error) or "int too large" in str(error))
    else:
        assert kept == huge


@settings(max_examples=CASES)
@given(st.text(max_size=30) | st.text(alphabet="\0\ud800\udfff\u202e'\";\n\\", max_size=8))
def test_row_23_any_text_is_kept_exactly_or_refused_and_never_half(stores, text):
    answers = []
    for store in stores:
        before, cursor = store.version(), store.read_points()[1]
        trial = before + 1
        facts = [Suggested(trial, {"kind": text}, 1, "person", text, text), Claimed(trial, 1, WORKER)]
        try:
            store.append([*facts, Noted("text", f"{trial} {text}", text)], [Point(trial, 1, 0, 1, text, 0.5)])
        except OsetraError as error:
            answers.append(type(error))
            assert store.version() == before and store.read_points(cursor)[0] == []
        else:
            answers.append("kept")
            kept = [entry.fact for entry in store.read(before)]
            assert kept[0] == facts[0] and kept[2].text == text
            assert store.read_points(cursor)[0][0].metric == text
            store.append([ended(trial, 1, "finished", 0.5)])
    assert answers[0] == answers[1]


def test_row_23_long_texts_and_ten_thousand_parameters(stores):
    config = {f"parameter {i}": i / 7 for i in range(10_000)}
    for store in stores:
        trial = store.version() + 1
        store.append([Suggested(trial, config, 1, why="x" * 10**6)])
        fact = store.read(trial - 1)[0].fact
        assert fact.config == config and len(fact.why) == 10**6


def test_row_38_a_file_of_the_first_schema_still_opens_and_goes_on(tmp_path):
    """The file was written by 0.1.0; it holds a lost, a finished and a running attempt."""
    path = tmp_path / "old.db"
    shutil.copy(FIXTURE, path)
    store = open_store(str(path))
    entries, (points, cursor) = store.read(), store.read_points()
    assert violations(entries, points) == []
    history = History().extend(entries, points, cursor)
    assert [trial.state for trial in history.trials.values()] == ["finished", "running"]
    assert [attempt.outcome for attempt in history.trials[1].attempts] == ["lost", "finished"]
    assert history.curve(history.trials[1], "loss")[1].tolist() == [1.0, 0.5, 0.25]
    store.append([ended(2, 1, "finished", 0.5)], [Point(2, 1, 0, 1, "loss", 0.5)])
    assert History().extend(store.read()).trials[2].state == "finished"
    store.close()
