"""The re-test's rates, by a simulation that knows nothing of its code."""

import numpy as np
import pytest

from osetra.numerics.retest import FIRST, SECOND, gain, joined, noise_of, outcome, replicated, screened
from osetra.numerics.selection import Noise, pooled


def _rate(better: float, draws: int = 1500) -> float:
    rng, wins = np.random.default_rng(0), 0
    truth = np.array([0.0, -better, 0.0, 0.0])
    for _ in range(draws):
        now = (truth[:, None] + rng.normal(size=(4, FIRST))).tolist()
        chosen = screened(now)
        if chosen is None:
            continue
        again = [(truth[i] + rng.normal(size=SECOND)).tolist() for i in (0, chosen)]
        noise = noise_of(Noise(1.0, 20), now, again)
        won = gain(now[0] + again[0], now[chosen] + again[1], noise)
        wins += outcome("as before", won, noise, 1.0, edge=False) == "adopt"
    return wins / draws


def test_ties_rarely_win_and_gains_mostly_do() -> None:
    assert _rate(0.0) < 0.035
    assert _rate(2.2) > 0.88


def test_what_is_unchanged_is_seldom_called_changed() -> None:
    rng, changed = np.random.default_rng(1), 0
    for _ in range(2000):
        then, now = rng.normal(size=5).tolist(), rng.normal(size=2).tolist()
        changed += replicated(then, now, joined(Noise(0.0, 0), pooled([then, now]))) != "as before"
    assert changed / 2000 < 0.012
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
