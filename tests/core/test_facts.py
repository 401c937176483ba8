import math

import msgspec
import pytest

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
