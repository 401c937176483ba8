import math

import numpy as np

from osetra.core.curves import Curves, Point


def _points(trial: int, values: list[float], metric: str = "loss", fold: int = 0) -> list[Point]:
    return [Point(trial, 1, fold, i, metric, v) for i, v in enumerate(values, 1)]


def test_curves_are_told_apart_by_trial_metric_attempt_and_fold() -> None:
    points = [
        *_points(1, [3, 2]),
        *_points(2, [9]),
        *_points(1, [0.5], "accuracy"),
        *_points(1, [7], fold=1),
        Point(1, 2, 0, 1, "loss", 5.0),
    ]
    curves = Curves().extend(points, 6)
    assert curves.of(1, "loss", 1)[1].tolist() == [3, 2]
    assert curves.of(2, "loss", 1)[1].tolist() == [9]
    assert curves.of(1, "accuracy", 1)[1].tolist() == [0.5]
    assert curves.of(1, "loss", 1, 1)[1].tolist() == [7]
    assert curves.of(1, "loss", 2)[1].tolist() == [5]
    assert len(curves) == 6


def test_an_unknown_trial_or_metric_has_an_empty_curve() -> None:
    curves = Curves().extend(_points(1, [3]), 1)
    assert curves.of(9, "loss", 1)[0].tolist() == []
    assert curves.of(1, "speed", 1)[1].tolist() == []
    assert Curves().of(1, "loss", 1)[1].tolist() == []


def test_interleaved_reports_end_up_in_their_curves() -> None:
    curves = Curves()
    for step in range(1, 200):
        batch = [Point(t, 1, 0, step, "loss", 100.0 * t + step) for t in (1, 2, 3)]
        curves = curves.extend(batch, 3 * step)
    for trial in (1, 2, 3):
        steps, values = curves.of(trial, "loss", 1)
        assert np.array_equal(steps, np.arange(1, 200))
        assert np.array_equal(values, 100.0 * trial + steps)


def test_rows_are_the_same_however_often_and_of_whatever_length_curves_are_asked() -> None:
    rng, lines = np.random.default_rng(0), [Curves()]
    told: list[list[Point]] = [[]]
    for _ in range(60):
        batch = [Point(int(t), 1, 0, 1, "loss", float(rng.random())) for t in rng.integers(1, 4, size=5)]
        at = len(lines) - 1 if rng.random() < 0.8 else int(rng.integers(len(lines)))
        told.append(told[at] + batch)
        lines.append(lines[at].extend(batch, len(told[-1])))
        for place in rng.integers(len(lines), size=4).tolist():
            for trial in (1, 2, 3):
                assert lines[place].points(trial) == [p for p in told[place] if p.trial == trial]


def test_metrics_and_folds_are_those_of_each_line() -> None:
    start = Curves().extend(_points(1, [3]), 1)
    longer = start.extend(_points(1, [7], "error", fold=1), 2)
    other = start.extend(_points(1, [7], "speed"), 2).extend(_points(1, [7], "error"), 3)
    assert (start.folded, longer.folded, other.folded) == (False, True, False)
    assert (start.metrics, longer.metrics) == (("loss",), ("loss", "error"))
    assert other.metrics == ("loss", "speed", "error")
    assert other.of(1, "speed", 1)[1].tolist() == other.of(1, "error", 1)[1].tolist() == [7]


def test_extending_leaves_the_shorter_curves_as_they_were() -> None:
    short = Curves().extend(_points(1, [3, 2]), 2)
    longer = short.extend(_points(1, [1], "accuracy"), 3)
    assert short.metrics == ("loss",)
    assert short.points(1) == _points(1, [3, 2])
    assert longer.metrics == ("loss", "accuracy")


def test_two_continuations_of_the_same_curves_do_not_disturb_each_other() -> None:
    start = Curves().extend(_points(1, [3]), 1)
    one = start.extend([Point(1, 1, 0, 2, "loss", 1.0)], 2)
    two = start.extend([Point(1, 1, 0, 2, "error", 2.0)], 2)
    assert one.of(1, "loss", 1)[1].tolist() == [3, 1]
    assert two.of(1, "loss", 1)[1].tolist() == [3]
    assert two.of(1, "error", 1)[1].tolist() == [2]
    assert start.extend([Point(1, 1, 0, 2, "speed", 2.0)], 2).metrics == ("loss", "speed")


def test_values_that_are_not_finite_are_kept() -> None:
    values = Curves().extend(_points(1, [math.inf, -math.inf, math.nan]), 3).of(1, "loss", 1)[1]
    assert values[0] == math.inf
    assert values[1] == -math.inf
    assert math.isnan(values[2])


def test_points_come_back_as_they_were_given() -> None:
    points = [*_points(4, [1, 2]), *_points(4, [3], "accuracy", fold=2)]
    assert Curves().extend(points, 3).points(4) == points


def test_no_points_move_the_cursor_only() -> None:
    curves = Curves().extend(_points(1, [1]), 1)
    assert curves.extend([], 1) is curves
    assert curves.extend([], 5).cursor == 5


def test_arrivals_tell_how_many_reports_came_before() -> None:
    points = [Point(1, 1, 0, 1, "a", 0.1), Point(1, 1, 0, 1, "b", 0.2), Point(2, 1, 0, 1, "a", 0.3)]
    curves = Curves().extend(points, 3)
    longer = curves.extend([Point(1, 1, 0, 2, "a", 0.4)], 4)
    assert curves.arrivals("a").tolist() == [0, 2]
    assert longer.arrivals("a").tolist() == [0, 2, 3]
    assert curves.arrivals("none").tolist() == []
    numbers, values = longer.all("a")
    assert len(longer.arrivals("a")) == numbers.shape[1] == len(values)
