"""Pareto: several outcomes at once, all minimised: who beats whom, the front, its volume and its knee.

    symbol      shape   meaning                                             source
    values      (n, m)  outcomes, finite
    front       (n,)    0 for what nothing dominates, 1 once those are gone Deb 2002, section III-A
    crowding    (n,)    sum over outcomes of the gap between a point's
                        neighbours in its front, as a share of the range    Deb 2002, section III-B
    violation   (n,)    how far constraints are broken, 0 where kept        Deb 2002, definition 1
    hypervolume         volume that a set dominates within a reference      Zitzler & Thiele 1998
    boxes       (k, m)  disjoint boxes that fill what no point dominates    Yang et al. 2019, section 3

Sources: Deb et al. 2002, "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE TEVC 6(2);
Zhang et al. 2015, "An efficient approach to nondominated sorting", IEEE TEVC 19(2) (the search for a front);
Zitzler & Thiele 1998, PPSN V; While et al. 2006, "A faster algorithm for calculating hypervolume", IEEE TEVC
10(1) (slicing); Das 1999, "On characterizing the knee of the Pareto curve", Structural Optimization 18;
Yang et al. 2019, "Efficient computation of expected hypervolume improvement", J. Global Optimization 75.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


def fronts(values: Array) -> Ints:
    """Return the front (n,) of every point of values (n, m); equal points share theirs."""
    if not len(values):
        return np.empty(0, dtype=np.int64)
    points, inverse = np.unique(values, axis=0, return_inverse=True)  # in lexicographic order
    found = _fronts_of_two(points) if points.shape[1] == 2 else _fronts_of_many(points)
    return found[inverse.reshape(-1)]


def is_front(values: Array) -> Mask:
    """Return which points (n,) of values (n, m) no other one dominates; equal points all count."""
    return np.asarray(fronts(values) == 0)


def crowding(values: Array) -> Array:
    """Return the crowding distance (n,) within one front of values (n, m); infinite at both ends."""
    n, m = values.shape
    found = np.zeros(n)
    for column in range(m):
        order = np.argsort(values[:, column], kind="stable")
        along = values[order, column]
        width = along[-1] - along[0] if n else 0.0
        found[order[[0, -1]]] = np.inf
        if n > 2 and width > 0:
            found[order[1:-1]] += (along[2:] - along[:-2]) / width
    return found


def places(values: Array, violation: Array | None = None) -> Ints:
    """Return the place (n,) of every point of values (n, m) when the best comes first, as NSGA-II sorts.

    What keeps the constraints comes before what breaks them, there by how far; the others by front, and
    within one by how far from their neighbours they are. Of equal ones the earlier comes first.
    """
    n = len(values)
    violation = np.zeros(n) if violation is None else violation
    kept = np.flatnonzero(violation == 0)
    front, apart = fronts(values[kept]), np.empty(len(kept))
    for each in np.unique(front):
        mine = front == each
        apart[mine] = crowding(values[kept][mine])
    ahead = kept[np.lexsort((-apart, front))]
    broken = np.flatnonzero(violation != 0)
    behind = broken[np.argsort(violation[broken], kind="stable")]
    found = np.empty(n, dtype=np.int64)
    found[np.concatenate((ahead, behind))] = np.arange(n)
    return found


def total_violation(excess: Array) -> Array:
    """Return how far constraints are broken (n,), by excess (n, k) over each, which may be infinite.

    Each counts in units of its median where it is broken, so that none outweighs another by its units.
    """
    scaled = np.zeros(excess.shape)
    for column in range(excess.shape[1]):
        over = excess[:, column]
        broken = over[np.isfinite(over) & (over > 0)]
        scaled[:, column] = over / (np.median(broken) if len(broken) else 1.0)
    return np.asarray(scaled.sum(axis=1))


def hypervolume(values: Array, reference: Array) -> float:
    """Return the volume that values (n, m) dominate within a reference (m,); exact, by slicing."""
    inside = values[(values < reference).all(axis=1)]
    if not len(inside):
        return 0.0
    return _volume(np.unique(inside[is_front(inside)], axis=0), reference)


def knee(values: Array) -> int:
    """Return which point of a front (n, m) bulges most towards the ideal.

    With every outcome scaled to 0 … 1 over the front its ends span the plane on which the outcomes sum up to
    1, and the knee lies farthest below it.
    """
    low, high = values.min(axis=0), values.max(axis=0)
    width = np.where(high > low, high - low, 1.0)
    return int(np.argmin(((values - low) / width).sum(axis=1)))


def nadir(values: Array, margin: float = 0.1) -> Array:
    """Return a reference (m,) for the volume of a front (n, m): its worst outcomes, a little beyond.

    The margin, a share of the front's range, lets its ends count.
    """
    low, high = values.min(axis=0), values.max(axis=0)
    width = np.where(high > low, high - low, np.maximum(np.abs(high), 1e-12))
    return np.asarray(high + margin * width)


def boxes(values: Array, reference: Array) -> tuple[Array, Array]:
    """Return lower and upper corners (k, m) of disjoint boxes that fill what values (n, m) do not dominate.

    Within the reference (m,) and without end below; lower corners may be minus infinity.
    """
    m = len(reference)
    inside = values[(values < reference).all(axis=1)]
    if not len(inside):
        return np.full((1, m), -np.inf), reference[None].astype(np.float64)
    if m == 1:
        return np.full((1, 1), -np.inf), inside.min(axis=0)[None]
    front = np.unique(inside[is_front(inside)], axis=0)
    front = front[np.argsort(front[:, -1], kind="stable")]
    cuts = np.concatenate(([-np.inf], np.unique(front[:, -1]), reference[-1:]))
    lows, highs = [], []
    for low, high in pairwise(cuts):
        # Within a slab the points that begin below it dominate as if they had one outcome less.
        flat_low, flat_high = boxes(front[front[:, -1] <= low, :-1], reference[:-1])
        lows.append(np.column_stack((flat_low, np.full(len(flat_low), low))))
        highs.append(np.column_stack((flat_high, np.full(len(flat_high), high))))
    return np.concatenate(lows), np.concatenate(highs)


def _volume(front: Array, reference: Array) -> float:
    """Return the volume of distinct points (n, m) that all lie within the reference."""
    if front.shape[1] == 1:
        return float(reference[0] - front.min())
    if front.shape[1] == 2:
        front = front[np.argsort(front[:, 0], kind="stable")]
        lowest = np.minimum.accumulate(front[:, 1])
        widths = np.append(front[1:, 0], reference[0]) - front[:, 0]
        return float(np.sum(widths * (reference[1] - lowest)))
    front = front[np.argsort(front[:, -1], kind="stable")]
    depths = np.append(front[1:, -1], reference[-1]) - front[:, -1]
    total = 0.0
    for count, depth in enumerate(depths, start=1):
        if depth > 0:
            below = front[:count, :-1]
            total += depth * _volume(np.unique(below[is_front(below)], axis=0), reference[:-1])
    return total


def _fronts_of_two(points: Array) -> Ints:
    """Return the fronts (n,) of distinct points (n, 2) in lexicographic order.

    An earlier point dominates a later one when its second outcome is not larger, and the smallest second
    outcome of a front is that of its latest point.
    """
    found, smallest = np.empty(len(points), dtype=np.int64), list[float]()
    for row, second in enumerate(points[:, 1].tolist()):
        front = bisect_right(smallest, second)
        found[row] = front
        smallest[front : front + 1] = [second]
    return found


def _fronts_of_many(points: Array) -> Ints:
    """Return the fronts (n,) of distinct points (n, m) in lexicographic order.

    No point dominates an earlier one. A point that a front dominates is dominated by every better front, so
    that its own is found by halving.
    """
    found, members = np.empty(len(points), dtype=np.int64), list[list[int]]()
    for row, point in enumerate(points):
        low, high = 0, len(members)
        while low < high:
            middle = (low + high) // 2
            if (points[members[middle]] <= point).all(axis=1).any():
                low = middle + 1
            else:
                high = middle
        if low == len(members):
            members.append([])
        members[low].append(row)
        found[row] = low
    return found
