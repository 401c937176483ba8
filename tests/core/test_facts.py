import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osetra.core.facts import (
    Claimed,
    Ended,
    Fact,
    Noted,
    Opened,
    Suggested,
    Worker,
    decode,
    encode,
    ended,
    key,
    value_of,
)
from osetra.errors import StoreError

WORKER = Worker("host", "boot", 7, 123.5)
FACTS: list[tuple[Fact, str]] = [
    (Opened({"lr": "log(0.1, 1.0)"}, "val_loss", "minimize", "best", 3, task={"data": "digits"}), "opened"),
    (Suggested(2, {"lr": 0.1, "nesterov": True, "norm": None}, 99, why="round 2", seen=4), "suggested/2"),
    (Claimed(2, 1, WORKER), "claimed/2/1"),
    (Ended(2, 1, "finished", 0.25), "ended/2/1"),
    (Ended(2, 1, "lost"), "ended/2/1"),
    (Noted("zoom", "2", "lr 0.1…1 → 0.2…0.5", {"from": 9}), "noted/zoom/2"),
]


@pytest.mark.parametrize(("fact", "name"), FACTS)
def test_a_fact_is_named_by_what_it_establishes(fact: Fact, name: str) -> None:
    assert key(fact) == name


@pytest.mark.parametrize(("fact", "name"), FACTS)
def test_a_fact_survives_json(fact: Fact, name: str) -> None:
    assert decode(encode(fact)) == fact


@pytest.mark.parametrize("value", [0.0, -1.5, 1e-320, 1.7976931348623157e308, math.inf, -math.inf, None])
def test_a_value_survives_json_exactly(value: float | None) -> None:
    fact = decode(encode(ended(1, 1, "finished", value)))
    assert isinstance(fact, Ended)
    assert value_of(fact) == value


def test_not_a_number_survives_json() -> None:
    fact = decode(encode(ended(1, 1, "diverged", math.nan)))
    assert isinstance(fact, Ended)
    assert math.isnan(value_of(fact) or 0.0)


def test_a_fact_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        decode(b'{"type": "forgotten"}')


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(
        [ValueError("no text"), object(), b"bytes", np.int64(3), np.float64(0.5), "\ud800", {1: 2}]
    ),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(st.sampled_from([fact for fact, _ in FACTS]), st.data())
@settings(max_examples=500)
def test_what_is_encoded_can_be_read_whatever_stands_in_a_field(fact: Fact, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(fact.__struct_fields__))
    value = data.draw(JUNK)
    broken = msgspec.structs.replace(fact, **{name: value})
    try:
        written = encode(broken)
    except (StoreError, OverflowError, UnicodeEncodeError):
        return
    again = decode(written)
    assert decode(encode(again)) == again
    assert again == broken or "(" in repr(value)  # tuples come back as lists


@pytest.mark.parametrize(
    ("fact", "text"),
    [
        (Ended(1, 1, "failed", reason=True), r"'ended/1/1' cannot be written: .*str.*bool.*reason"),  # type: ignore[arg-type]
        (Suggested(1, {"x": math.nan}, 0), r"config=\{'x': nan\} would be read as \{'x': None\}"),
        (Suggested(1, {}, 0, by=5), "by"),  # type: ignore[arg-type]
        (Opened({}, "loss", "minimize", "best", True), "seed"),
        (Noted("a", "b", "c", {"x": object()}), "object"),
    ],
)
def test_what_could_not_be_read_is_refused_and_named(fact: Fact, text: str) -> None:
    with pytest.raises(StoreError, match=text):
        encode(fact)
