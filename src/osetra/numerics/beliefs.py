"""Beliefs about where good points lie, as a distribution over the unit cube that fades with evidence.

    symbol   shape   meaning
    m, s     (d,)    mean and deviation of each column; s is infinite where nothing is believed
    w        (k,)    proportions of the k options of a column with options
    pi(x)            product over columns: normal cut off at 0 and 1, or w

    draws      x_j = m + s ndtri(ndtr((0 - m)/s) + u (ndtr((1 - m)/s) - ndtr((0 - m)/s))), u uniform
    log        ln pi(x) - max ln pi = -sum_j ((x_j - m_j) / s_j)^2 / 2 + sum_j ln(w_j(x) / max w_j)
    searching  ln a(x) + (beta / n) ln pi(x) after n trials

Inactive coordinates (NaN) count as the mean. Whether what was seen speaks against a belief is a test of
ranks: Spearman's correlation of what was believed of points with what they came to.

Source: Hvarfner et al. 2022, "piBO: augmenting acquisition functions with user beliefs", ICLR, eq. 6; that a
belief is left is as in its successors, by a test of our own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from osetra.numerics.kernels import Array
from osetra.numerics.maximise import Score, Slope

BETA = 10.0
"""Trials after which a belief counts as it is; before, more."""
AGAINST = 2.33
"""Normal deviate beyond which the belief of one column is left: 1 % of those that say nothing would be."""
AGAINST_ALL = 1.64
"""The same for all beliefs at once: 5 %, since a search that follows all of them sees little else."""
FEWEST = 6
"""Points by which a belief is tested."""


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

    def of(self, column: int) -> Belief:
        """Return the belief of one column alone."""
        alone = np.where(np.arange(len(self.mean)) == column, self.deviation, np.inf)
        return Belief(self.mean, alone, tuple(w if j == column else None for j, w in enumerate(self.weights)))

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


def contradicted(density: Array, y: Array, level: float) -> bool:
    """Return whether points are the worse the more was believed in them.

    The best of all has to lie where less than usual was believed, too.

    Args:
        density: what was believed of n points, on any scale.
        y: their outcomes (n,), minimised; they may be infinite.
        level: standard normal deviate that the correlation of ranks has to exceed.
    """
    if len(y) < FEWEST or float(density[np.argmin(y)]) >= float(np.median(density)):
        return False
    one, other = _ranks(density), _ranks(y)
    spread = float(np.sqrt(np.sum(one * one) * np.sum(other * other)))
    return spread > 0 and float(np.sum(one * other)) / spread * np.sqrt(len(y) - 1) > level


def _ranks(values: Array) -> Array:
    """Return the ranks (n,) less their mean, ties averaged."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    upper = np.cumsum(count)
    return np.asarray((upper - (count - 1) / 2.0)[place] - (len(values) + 1) / 2.0)
