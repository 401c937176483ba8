"""Choose: the winner among settings that were each re-run with fresh seeds.

The best value of a study is lucky: when all settings are equally good, the best of 60 trials looks
2.3 seed-standard deviations better than it is. So the best few are repeated, and the mean decides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from osetra.core.numbers import setting
from osetra.errors import StudyError
from osetra.numerics.selection import LEVEL, p_best, pooled


@dataclass(frozen=True, slots=True)
class Spread:
    """Repeated results in short."""

    mean: float
    sd: float
    """Standard deviation over seeds; NaN for a single result."""
    low: float
    high: float
    """95 % interval of the mean, by Student's t; NaN for a single result."""
    n: int

    def __str__(self) -> str:
        if self.n == 1:
            return setting(self.mean)
        return f"{setting(self.mean)} ± {setting(self.sd, 2)} ({self.n} seeds)"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The outcome of a repeated comparison; smaller is better."""

    winner: str
    spreads: Mapping[str, Spread]
    clear: bool
    """Whether the winner's mean is below every other candidate's by more than chance (5 %)."""
    sentence: str


def spread(values: Sequence[float]) -> Spread:
    """Return mean, standard deviation and 95 % interval of the mean of at least one value."""
    array = np.asarray(values, dtype=np.float64)
    mean, n = float(array.mean()), len(array)
    if n == 1:
        return Spread(mean, math.nan, math.nan, math.nan, 1)
    sd = float(array.std(ddof=1))
    half = float(stats.t.ppf(0.975, n - 1)) * sd / math.sqrt(n)
    return Spread(mean, sd, mean - half, mean + half, n)


def choose(results: Mapping[str, Sequence[float]], *, sign: float = 1.0) -> Chosen:
    """Return the candidate with the smallest mean over its repeats.

    With a sign of -1 what is compared are negated values of which more is better; the sentence says those.

    A repeat that diverged is NaN or infinite, and puts its candidate behind all others.

    Raises:
        StudyError: no candidates, or none of which every repeat finished.
    """
    sound = {name: list(values) for name, values in results.items() if _finite(values)}
    if not sound:
        raise StudyError("no setting finished every repeat; lower the learning rate and tune again")
    spreads = {name: spread(values) for name, values in sound.items()}
    winner = min(spreads, key=lambda name: spreads[name].mean)
    means = np.array([each.mean for each in spreads.values()])
    counts = np.array([each.n for each in spreads.values()], dtype=np.float64)
    clear = p_best(means, counts, pooled(list(sound.values()))) < LEVEL
    left_out = [f"{name} ({_lost(values)})" for name, values in results.items() if name not in sound]
    sentence = _sentence(winner, {n: _signed(s, sign) for n, s in spreads.items()}, clear)
    if left_out:
        sentence += f"; left out: {', '.join(left_out)}"
    return Chosen(winner, spreads, clear, sentence)


def _signed(found: Spread, sign: float) -> Spread:
    low, high = sorted((sign * found.low, sign * found.high))
    return Spread(sign * found.mean, found.sd, low, high, found.n)


def _finite(values: Sequence[float]) -> bool:
    return len(values) > 0 and all(math.isfinite(value) for value in values)


def _lost(values: Sequence[float]) -> str:
    failed = sum(not math.isfinite(value) for value in values)
    return f"{failed} of {len(values)} seeds diverged or failed"


def _sentence(winner: str, spreads: Mapping[str, Spread], clear: bool) -> str:
    best = f"{winner}: {spreads[winner]}"
    if len(spreads) == 1:
        return best
    if clear:
        return f"{best}, better than the other {len(spreads) - 1} by more than chance"
    return f"{best}, the best mean; the seeds do not tell it from every other"
