import numpy as np

from osetra.core.params import Choice, Float, Int
from osetra.core.space import Space
from osetra.searchers.box import (
    FAINTEST,
    NARROWEST,
    contains,
    follow,
    from_data,
    holding,
    place,
    to_data,
    whole,
)

SPACE = Space(x=Float(0, 1), y=Float(0, 1))
ALL = np.ones(8, dtype=bool)


def _column(*values: float) -> np.ndarray:
    return np.array([[v, 0.5] for v in values])


def test_the_box_holds_the_best_points() -> None:
    points = _column(0.1, 0.4, 0.5, 0.55, 0.6, 0.9)
    box = follow(SPACE, whole(SPACE), points, np.array([False, True, True, True, True, False]), ALL[:2])
    assert contains(box, points).tolist() == [False, True, True, True, True, False]


def test_a_box_never_shrinks_by_more_than_half() -> None:
    points = _column(0.5, 0.5, 0.5, 0.5)
    box = follow(SPACE, whole(SPACE), points, np.ones(4, dtype=bool), ALL[:2])
    assert np.allclose([box.low[0], box.high[0]], [0.25, 0.75])


def test_a_box_is_widened_where_the_best_sit_at_its_edge() -> None:
    start = from_data(SPACE, {"x": {"unit": [0.4, 0.6]}})
    box = follow(SPACE, start, _column(0.59, 0.595, 0.6, 0.5), np.ones(4, dtype=bool), ALL[:2])
    assert box.high[0] > 0.64


def test_a_box_never_leaves_the_space() -> None:
    box = follow(SPACE, whole(SPACE), _column(0.99, 0.98, 1.0, 1.0), np.ones(4, dtype=bool), ALL[:2])
    assert box.high[0] == 1.0
    assert np.isclose(box.low[0], 0.5)


def test_a_box_can_go_back_to_what_it_left() -> None:
    start = from_data(SPACE, {"x": {"unit": [0.6, 0.8]}})
    box = follow(SPACE, start, _column(0.1, 0.2, 0.15, 0.7), np.ones(4, dtype=bool), ALL[:2])
    assert box.low[0] < 0.15
    assert box.high[0] > 0.6


def test_a_box_does_not_become_narrower_than_its_limit() -> None:
    box = whole(SPACE)
    for _ in range(20):
        box = follow(SPACE, box, _column(0.5, 0.5, 0.5), np.ones(3, dtype=bool), ALL[:2])
    assert np.isclose(box.high[0] - box.low[0], NARROWEST)


def test_the_box_of_a_whole_number_keeps_more_than_one_value() -> None:
    space = Space(layers=Int(1, 5))
    box, points = whole(space), space.encode([{"layers": 3}] * 4)
    for _ in range(5):
        box = follow(space, box, points, np.ones(4, dtype=bool), ALL[: len(space.columns)])
    inside = place(box, np.linspace(0, 1, 50)[:, None])
    assert len({c["layers"] for c in space.decode(inside)}) > 1


def test_a_column_that_few_of_the_best_have_keeps_its_box() -> None:
    points = _column(0.5, np.nan, np.nan, 0.5)
    box = follow(SPACE, whole(SPACE), points, np.ones(4, dtype=bool), ALL[:2])
    assert (box.low[0], box.high[0]) == (0.0, 1.0)


def test_an_option_is_faded_only_when_clearly_worse_and_never_lost() -> None:
    space = Space(kind=Choice("good", "bad"))
    few = space.encode([{"kind": k} for k in ["good", "good", "bad"]])
    assert follow(space, whole(space), few, np.array([True, False, False]), ALL[:1]).weights[0].tolist() == [
        1,
        1,
    ]
    many = space.encode([{"kind": k} for k in ["good"] * 8 + ["bad"] * 8])
    best = np.arange(16) < 4
    box = follow(space, whole(space), many, best, ALL[: len(space.columns)])
    assert box.weights[0].tolist() == [1.0, 0.5]
    for _ in range(9):
        box = follow(space, box, many, best, ALL[: len(space.columns)])
    assert box.weights[0].tolist() == [1.0, FAINTEST]


def test_a_faded_option_comes_back_when_it_is_among_the_best() -> None:
    space = Space(kind=Choice("good", "bad"))
    start = from_data(space, {"kind": {"weights": {"good": 1.0, "bad": 0.25}}})
    points = space.encode([{"kind": k} for k in ["good", "bad"] * 4])
    assert follow(space, start, points, np.arange(8) < 3, ALL[:1]).weights[0].tolist() == [1.0, 1.0]


def test_points_are_placed_by_weight() -> None:
    space = Space(kind=Choice("a", "b"), x=Float(0, 1))
    box = from_data(space, {"kind": {"weights": {"a": 1.0, "b": 0.25}}, "x": {"unit": [0.2, 0.4]}})
    points = np.random.default_rng(0).random((4000, 2))
    configs = space.decode(place(box, points))
    assert abs(sum(c["kind"] == "b" for c in configs) / 4000 - 0.2) < 0.03
    assert all(0.2 <= c["x"] <= 0.4 for c in configs)  # type: ignore[operator]


def test_a_box_survives_its_way_through_json() -> None:
    space = Space(kind=Choice("a", "b"), x=Float(0, 1), n=Int(1, 9))
    box = follow(
        space,
        whole(space),
        np.random.default_rng(1).random((20, 3)),
        np.arange(20) < 5,
        ALL[: len(space.columns)],
    )
    again = from_data(space, to_data(space, box))
    assert np.array_equal(again.low, box.low)
    assert np.array_equal(again.high, box.high)
    assert all(np.array_equal(a, b) for a, b in zip(again.weights, box.weights, strict=True))


def test_a_column_of_which_it_is_open_how_much_it_matters_is_never_narrowed() -> None:
    space = Space(kind=Choice("good", "bad"), x=Float(0, 1), y=Float(0, 1))
    rng = np.random.default_rng(0)
    box = whole(space)
    for _ in range(6):
        points = rng.random((40, 3))
        best = (points[:, 0] < 0.5) & (np.abs(points[:, 1] - 0.3) < 0.2)
        box = follow(space, box, points, best, np.array([False, True, False]))
    assert box.high[1] - box.low[1] < 0.7
    assert (box.low[2], box.high[2]) == (0.0, 1.0)
    assert box.weights[0].tolist() == [1.0, 1.0]


def test_a_box_grows_until_it_holds_the_best() -> None:
    start = from_data(SPACE, {"x": {"unit": [0.6, 0.8]}, "y": {"unit": [0.2, 0.4]}})
    box = holding(start, np.array([0.1, np.nan]))
    assert np.allclose([box.low[0], box.high[0]], [0.05, 0.8])
    assert np.allclose([box.low[1], box.high[1]], [0.2, 0.4])
