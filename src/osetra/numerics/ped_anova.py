"""PED-ANOVA: which coordinates decide whether a function is among its best.

The effect of a coordinate on "is x among the best share g of the space?" is, but for a factor that is
the same for all of them, Pearson's divergence of its density among the best from that in the space,

    D_j = sum_b (p_b / q_b - 1)^2 q_b,

b the cells of a grid, p_b the share of the best in cell b and q_b that of the space (Watanabe et al.
2023, eq. 12, with histograms). Here both are over the uniform measure of the space, not over the points
that a search chose, for functions that are drawn from a model. The expected divergence of as many
points drawn by luck is subtracted. A coordinate is judged where it exists, and its divergence counts by
the share of the best that have it (Baba et al. 2026).

Sources: Watanabe, Bansal and Hutter 2023, arXiv:2304.10255; Baba, Ozaki and Watanabe 2026,
"Conditional PED-ANOVA", arXiv:2601.20800.
"""

from __future__ import annotations

import numpy as np

from osetra.numerics.kernels import Array, Ints

CELLS = 10


def divergences(x: Array, values: Array, levels: Ints, within: float) -> Array:
    """Return the divergence (d, k) of each column for k functions with values (m, k) at points x (m, d).

    The points are uniform over the space, NaN where a column is inactive; the best are the lowest.
    """
    m, k = values.shape
    best = np.zeros((m, k))
    count = max(1, round(within * m))
    np.put_along_axis(best, np.argsort(values, axis=0, kind="stable")[:count], 1.0, axis=0)
    return np.array([_divergence(x[:, j], best, int(levels[j])) for j in range(x.shape[1])]).reshape(-1, k)


def _divergence(u: Array, best: Array, levels: int) -> Array:
    active = ~np.isnan(u)
    cells = levels if 0 < levels <= CELLS else CELLS
    if not active.any():
        return np.zeros(best.shape[1])
    kind = np.minimum(np.floor(u[active] * cells).astype(np.int64), cells - 1)
    belongs = np.eye(cells)[kind]
    space = belongs.sum(axis=0)
    belongs, space = belongs[:, space > 0], space[space > 0]
    n, mine = float(space.sum()), best[active].sum(axis=0)
    q = space / n
    p = belongs.T @ best[active] / np.maximum(mine, 1.0)
    found = np.sum((p / q[:, None] - 1.0) ** 2 * q[:, None], axis=0)
    luck = (len(q) - 1) / np.maximum(mine, 1.0) * (n - mine) / max(n - 1.0, 1.0)
    return np.asarray(np.maximum(found - luck, 0.0) * mine / best.sum(axis=0))
