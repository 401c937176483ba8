"""Beliefs about where good points lie, as a distribution over the unit cube that fades with evidence.

    symbol   shape   meaning
    m, s     (d,)    mean and deviation of each column; s is infinite where nothing is believed
    w        (k,)    proportions of the k options of a column with options
    pi(x)            product over columns: normal cut off at 0 and 1, or w

    draws      x_j = m + s ndtri(ndtr((0 - m)/s) + u (ndtr((1 - m)/s) - ndtr((0 - m)/s))), u uniform
    log        ln pi(x) - max ln pi = -sum_j ((x_j - m_j) / s_j)^2 / 2 + sum_j ln(w_j(x) / max w_j)
    searching  ln a(x) + (beta / n) ln pi(x) after n trials

Inactive coordinates (NaN) count as the mean. Whether what was seen speaks against a belief is a test of
ranks: points within it against points outside.

Source: Hvarfner et al. 2022, "piBO: augmenting acquisition functions with user beliefs", ICLR, eq. 6; that a
belief is left is as in its successors, by a test of our own. Mann & Whitney 1947, normal approximation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from osetra.numerics.kernels import Array, Mask
from osetra.numerics.maximise import Score, Slope

BETA = 10.0
"""Trials after which a belief counts as it is; before, more."""
WITHIN = 1.0
"""Deviations round the mean within which a point is one that was believed in."""
AGAINST = 0.01
"""Probability of ranks as bad as those seen, were the belief none, below which it is left."""
EACH = 3
"""Points that are needed within and outside to test a belief."""


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of every column."""

    mean: Array
    """(d,)"""
    deviation: Array
    """(d,), infinite where nothing is believed."""
    weights: tuple[Array | None, ...]
    """Proportions (k,) of the options of each column (d,); None where nothing is believed."""

    @property
    def columns(self) -> list[int]:
        """The columns of which something is believed."""
        return [j for j, w in enumerate(self.weights) if w is not None or np.isfinite(self.deviation[j])]

    def with_column(self) -> Belief:
        """Return the belief with one more column, of which nothing is believed."""
        return Belief(np.append(self.mean, 0.5), np.append(self.deviation, np.inf), (*self.weights, None))


def draws(belief: Belief, uniform: Array) -> Array:
    """Return uniform points (n, d) of the unit cube moved to where a belief has them, evenness kept."""
    from scipy.special import ndtr, ndtri  # which not every program has to pay for

    moved = np.array(uniform)
    for j in belief.columns:
        weights, m, s = belief.weights[j], belief.mean[j], belief.deviation[j]
        if weights is not None:
            share = np.cumsum(weights) / np.sum(weights)
            moved[:, j] = (np.searchsorted(share[:-1], uniform[:, j], side="right") + 0.5) / len(weights)
            continue
        low, high = ndtr((0.0 - m) / s), ndtr((1.0 - m) / s)
        moved[:, j] = np.clip(m + s * ndtri(low + uniform[:, j] * (high - low)), 0.0, 1.0)
    return moved


def log_density(belief: Belief, x: Array) -> Array:
    """Return the logarithm (n,) of how much is believed in points (n, d), 0 at the most."""
    found = np.zeros(len(x))
    for j in belief.columns:
        weights, active = belief.weights[j], ~np.isnan(x[:, j])
        if weights is not None:
            place = np.clip(np.floor(x[active, j] * len(weights)), 0, len(weights) - 1).astype(np.int64)
            found[active] += np.log(weights / weights.max())[place]
        else:
            found[active] -= 0.5 * ((x[active, j] - belief.mean[j]) / belief.deviation[j]) ** 2
    return found


def slope(belief: Belief, x: Array) -> Array:
    """Return the gradient (n, d) of `log_density`; 0 along options."""
    return np.nan_to_num((belief.mean - x) / belief.deviation**2, nan=0.0)


def believing(score: Score, slopes: Slope, belief: Belief | None, weight: float) -> tuple[Score, Slope]:
    """Return an acquisition (n,), and it with its gradients (n, d), with `weight` times ln pi added."""
    if belief is None:
        return score, slopes

    def value(at: Array) -> Array:
        return score(at) + weight * log_density(belief, at)

    def both(at: Array) -> tuple[Array, Array]:
        plain, gradient = slopes(at)
        return plain + weight * log_density(belief, at), gradient + weight * slope(belief, at)

    return value, both


def share(trials: int) -> float:
    """Return which part of the points drawn after so many trials follows a belief."""
    return BETA / (BETA + trials)


def within(belief: Belief, column: int, x: Array) -> Mask:
    """Return which points (n, d) have a coordinate that was believed in."""
    weights, at = belief.weights[column], x[:, column]
    if weights is None:
        return np.asarray(np.abs(at - belief.mean[column]) <= WITHIN * belief.deviation[column])
    place = np.clip(np.floor(np.nan_to_num(at) * len(weights)), 0, len(weights) - 1).astype(np.int64)
    return np.asarray(weights[place] > weights.mean())


def contradicted(inside: Mask, y: Array) -> bool:
    """Whether points within a belief are worse than those outside of it, by outcomes (n,), minimised.

    The best of all has to lie outside, too. Outcomes may be infinite.
    """
    n, m = int(inside.sum()), int((~inside).sum())
    if min(n, m) < EACH or float(y[inside].min()) <= float(y[~inside].min()):
        return False
    larger = (y[inside][:, None] > y[~inside][None, :]) + 0.5 * (y[inside][:, None] == y[~inside][None, :])
    _, ties = np.unique(y, return_counts=True)
    total = n + m
    spread = n * m / 12 * (total + 1 - np.sum(ties**3 - ties) / (total * (total - 1)))
    if spread <= 0:
        return False
    z = (float(larger.sum()) - n * m / 2 - 0.5) / np.sqrt(spread)
    return bool(z > QUANTILE)


QUANTILE = 2.3263478740408408
"""Of the standard normal distribution at 1 - `AGAINST`."""
