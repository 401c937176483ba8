"""The re-test's rates, by a simulation that knows nothing of its code, and what it trains next."""

import numpy as np
import pytest

from osetra.numerics.retest import (
    ALONE,
    MOST,
    finalist,
    gain,
    joined,
    least,
    most,
    outcome,
    replicated,
    wanted,
)
from osetra.numerics.selection import Noise, pooled


def _check_in(
    rng: np.random.Generator, truth: list[float], df: int = 20, drift: float = 0.0
) -> tuple[str, list[int]]:
    then = (truth[0] - drift + rng.normal(size=5)).tolist()
    before, drawn = Noise(1.0, df), rng.normal(size=(len(truth), MOST))
    values: list[list[float]] = [[] for _ in truth]
    while (counts := wanted(values, before)) is not None:
        assert all(n >= len(each) for n, each in zip(counts, values, strict=True))
        assert sum(counts) > sum(map(len, values))
        values = [
            (mean + drawn[i, :n]).tolist() for i, (mean, n) in enumerate(zip(truth, counts, strict=True))
        ]
    noise, place = joined(before, pooled(values)), finalist(values, before)
    won = None if place is None else gain(values[0], values[place], noise, then)
    return outcome("as before", won, noise, 1.0, edge=False), [len(each) for each in values]


def _rate(better: float, draws: int = 1200, drift: float = 0.0) -> float:
    rng, truth = np.random.default_rng(0), [0.0, -better, 0.0, 0.0]
    return float(np.mean([_check_in(rng, truth, drift=drift)[0] == "adopt" for _ in range(draws)]))


def test_ties_rarely_win_and_gains_mostly_do() -> None:
    assert _rate(0.0) < 0.035
    assert _rate(1.5) > 0.80
    assert _rate(2.2) > 0.93


@pytest.mark.parametrize("drift", [-4.0, -1.0, 1.0, 4.0])
def test_ties_rarely_win_where_all_settings_became_better_or_worse(drift: float) -> None:
    assert _rate(0.0, drift=drift) < 0.06
    assert _rate(2.2, drift=drift) > 0.93


def test_runs_of_then_count_until_they_are_surprising_and_not_where_seeds_say_it_already() -> None:
    noise, old, new = Noise(1.0, 20), [0.0, 0.2, -0.2] * 3, [-1.0, -0.8, -1.2] * 3
    alone = gain(old, new, noise)
    width = alone.high - alone.low
    helped = gain(old, new, Noise(1.0, 20), [0.1, -0.1] * 3)
    assert helped.high - helped.low < 0.93 * width and helped.mean == pytest.approx(alone.mean, abs=0.01)
    surprised = gain(old, new, noise, [9.0, 9.2] * 3)
    assert surprised.mean == pytest.approx(alone.mean, abs=1e-6)
    together = gain(old, new, Noise(0.17, 20), [0.1, -0.1] * 3)  # all that seeds do is in common
    assert together.mean == pytest.approx(alone.mean)


def test_it_costs_what_was_said_before() -> None:
    rng = np.random.default_rng(1)
    for rivals in (1, 2, 3):
        for better in (0.0, 2.0):
            runs = [sum(_check_in(rng, [0.0, -better, *[1.0] * (rivals - 1)])[1]) for _ in range(150)]
            assert least(rivals) <= min(runs) and max(runs) <= most(rivals) == MOST
    assert _check_in(rng, [0.0])[1] == [ALONE] == [least(0)] == [most(0)]


def test_incumbent_and_winner_share_what_the_race_left() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        _, runs = _check_in(rng, [0.0, -9.0, 0.0, 0.0])
        assert sum(runs) == MOST and runs == [9, 11, 1, 1]  # the incumbent had some before


def test_a_challenger_that_fails_drops_out_and_costs_no_more() -> None:
    before, inf = Noise(1.0, 20), float("inf")
    assert wanted([[], [], []], before) == [1, 1, 1]
    # Both failed: what the incumbent is worth is told all the same.
    assert wanted([[0.0], [inf], [inf]], before) == [ALONE, 1, 1]
    assert wanted([[0.0] * ALONE, [inf], [inf]], before) is None
    assert finalist([[0.0] * ALONE, [inf], [inf]], before) is None
    # The one ahead fails on the way.
    counts = wanted([[0.0], [-3.0], [inf]], before)
    assert counts is not None and counts[2] == 1 and counts[1] > 1
    failed = [[0.0] * counts[0], [-3.0, inf, *[-3.0] * (counts[1] - 2)], [inf]]
    assert wanted(failed, before) is None and finalist(failed, before) is None


def test_without_any_knowledge_of_the_noise_nobody_is_dropped_for_nothing() -> None:
    counts = wanted([[0.0], [1.0], [2.0], [3.0]], Noise(float("nan"), 0))
    assert counts == [1, 2, 2, 2]


def test_what_is_unchanged_is_seldom_called_changed() -> None:
    rng, changed = np.random.default_rng(1), 0
    for _ in range(2000):
        then, now = rng.normal(size=5).tolist(), rng.normal(size=5).tolist()
        changed += replicated(then, now, joined(Noise(0.0, 0), pooled([then, now]))) != "as before"
    assert changed / 2000 < 0.01
    assert replicated([0.0, 0.1, 0.2], [9.0, 9.1], Noise(0.1, 20)) == "worse"
    assert replicated([0.0, 0.1, 0.2], [-9.0, -9.1], Noise(0.1, 20)) == "better"


@pytest.mark.parametrize("edge", [False, True])
def test_the_verdict_is_the_table(edge: bool) -> None:
    noise = Noise(1.0, 20)
    won = gain([0.0] * 9, [-5.0] * 9, noise)
    lost = gain([0.0] * 9, [0.1] * 9, noise)
    assert outcome("as before", None, noise, 1.0, edge=edge) == "good"
    assert outcome("worse", lost, noise, 1.0, edge=edge) == "world changed"
    assert outcome("as before", won, noise, 1.0, edge=edge) == ("re-tune" if edge else "adopt")
    assert outcome("as before", won, noise, 10.0, edge=edge) == "adopt"
    assert outcome("worse", won, noise, 1.0, edge=edge) == "re-tune"
    assert outcome("better", won, noise, 1.0, edge=edge) == "too good"
