"""Bayesian optimisation: from observations to what to try next, on arrays.

1. Outcomes become targets (transform.py); repeats of a configuration become their mean, whose noise is
   that of one run by their number.
2. A Gaussian process is fitted (gp.py). Its hyperparameters are learnt from scratch, from the data
   alone, at trials that grow by 6 % a time, so that a memory of them changes nothing but the time;
   in between only the conditioning is renewed.
3. Running trials count as observed at their predicted mean.
4. Three of four suggestions maximise mean - 1.8 deviations downwards, which finds good regions fast;
   the fourth maximises log expected improvement, which leaves exhausted ones. Where trainings
   failed, the probability of success enters both.

    symbol     shape   meaning                                          equation
    x          (n, d)  configurations that have an outcome
    y          (n,)    their outcomes, minimised
    pending    (m, d)  configurations without an outcome yet
    target     (n,)    (min(y, fence) - shift) / scale                  transform.py
    label      (n,)    +1 where a training failed, -1 where not         Gelbart 2014, acquisition.log_success
    mean       (m,)    of the process at points                         RW 2.25, gp.py
    deviation  (m,)    likewise                                         RW 2.26, gp.py
    beta               optimism: maximise beta deviation - mean         Srinivas 2010, acquisition.optimism
    best               least target: f* of E[max(f* - f, 0)]           Ament 2023, acquisition.log_improvement

Beyond `SUBSET` configurations the process sees the best, the nearest to the best, and an even
selection of the others, which keeps the cost of a suggestion flat.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from osetra.numerics import acquisition, gp, maximise
from osetra.numerics.beliefs import BETA, Belief, believing, draws
from osetra.numerics.cost import Cost, Paces, costing
from osetra.numerics.cost import learn as learn_cost
from osetra.numerics.design import sobol
from osetra.numerics.kernels import Array, Ints, Layout, Mask, layout
from osetra.numerics.memory import Memory
from osetra.numerics.transform import merge, targets

LEARNT = 150
"""Most configurations that hyperparameters are learnt from."""
SUBSET = 300
"""Most configurations that predictions use."""
RESOLUTION = 2e-3
"""Trials closer than this share of every range ask the same question twice."""
BELIEVED = 1.0
"""Deviations of optimism that a factor e of a belief is worth after the first trial; after n of them 1/n."""
CLIMBS = (3, 3)
"""Ascents from the best candidates, and from drawn ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to search; the defaults are those of the benchmarks."""

    initial: int = 3
    """Trials before the model is asked: the default, then quasi-random points."""
    beta: float = 1.8
    """Deviations of optimism."""
    improvement_every: int = 4
    """Every how manyth suggestion maximises expected improvement."""
    candidates: int = 256
    mutants: int = 128
    prior: gp.Prior = field(default_factory=gp.Prior)


@dataclass(frozen=True, slots=True)
class Cube:
    """A space as arrays."""

    levels: Ints
    """Number of values (d,); 0 is continuous."""
    categorical: Mask
    snap: Callable[[Array], Array]
    """Points (n, d) to representable ones, NaN where inactive."""
    default: Array
    """The point (d,) to begin with."""
    belief: Belief | None = None
    """Where good points are thought to lie."""


@dataclass(frozen=True, slots=True)
class Observations:
    """What is known of earlier trials, oldest first."""

    x: Array
    """Points (n, d) of trials that ended."""
    y: Array
    """Outcomes (n,), minimised; anything where the trial failed."""
    failed: Mask
    pending: Array
    """Points (m, d) of trials without a result."""
    count: Array | None = None
    """How many runs each outcome is the mean of (n,): noise is so much less; None is one each."""
    whole: float = -np.inf
    """Up to where outcomes count as they are, however far out."""
    paces: Paces | None = None
    """What trials cost, where the search is limited by time."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A point and why it was chosen."""

    x: Array
    """(d,), snapped."""
    reason: str
    """One of "default", "design", "exploit", "explore"."""
    mean: float = float("nan")
    """Predicted outcome; NaN without a model."""
    deviation: float = float("nan")
    column: int = -1
    """For "explore": the column that contributes most to the uncertainty."""


@dataclass(frozen=True, slots=True)
class Surrogate:
    """A process over the observations."""

    process: gp.GP
    best: float
    """Best target so far: observed, or predicted where observations are noisy."""
    shift: float
    scale: float
    failures: float | None
    """Mean label that the second quantity's labels are relative to; None without enough failures."""
    leaders: Array
    """The best points (k, d), best first."""
    cost: Cost | None = None
    """What points cost, where that matters."""


def suggest(
    observed: Observations,
    cube: Cube,
    count: int,
    rng: np.random.Generator,
    *,
    seed: int,
    settings: Settings | None = None,
    memory: Memory[gp.Hyper] | None = None,
) -> list[Proposal]:
    """Return up to `count` new points; fewer when no untried one was found.

    The same arguments give the same points, whatever `memory` holds; it only saves time. `seed`
    fixes the design at the start.
    """
    settings = settings or Settings()
    memory = Memory(1) if memory is None else memory
    known = np.concatenate((observed.x, observed.pending))
    found: list[Proposal] = []
    model: Surrogate | None = None
    while len(found) < count:
        number = len(known)
        if number < settings.initial or len(observed.x) - observed.failed.sum() < 2:
            proposal = designed(cube, known, seed, rng)
        else:
            if model is None:
                model = learn(observed, cube, settings, memory)
            improve = number % settings.improvement_every == settings.improvement_every - 1
            # A quarter of the candidates will do for the rest of a batch, whose first was the best.
            thrift = 4 if any(p.reason in ("exploit", "explore") for p in found) else 1
            proposal = _modelled(model, cube, settings, improve, known, rng, thrift)
        if proposal is None:
            break
        found.append(proposal)
        known = np.concatenate((known, proposal.x[None]))
        if model is not None:
            model = expecting(model, proposal.x[None])
    return found


def learn(observed: Observations, cube: Cube, settings: Settings, memory: Memory[gp.Hyper]) -> Surrogate:
    """Return the process given all observations; at least two trials must have succeeded."""
    probe = cube.snap(sobol(0, 256, len(cube.levels), 0))
    conditional = np.any(np.isnan(np.concatenate((probe, observed.x, observed.pending))), axis=0)
    at = layout(cube.levels, cube.categorical, conditional)
    milestone = _milestone(observed)
    count = np.ones(len(observed.x)) if observed.count is None else observed.count
    old = Observations(
        observed.x[:milestone],
        observed.y[:milestone],
        observed.failed[:milestone],
        observed.pending,
        count[:milestone],
        observed.whole,
    )
    hyper = _recalled(at, old, count[:milestone], settings, memory)

    scaled, merged = targets(observed.y, observed.failed, observed.whole), merge(observed.x, count)
    x, y = observed.x[merged.first], merged.mean(scaled.values)
    label = merged.mean(np.where(observed.failed, 1.0, -1.0))
    several = min(np.sum(label > 0), np.sum(label < 0)) >= 2
    kept = _subset(x, y, hyper.scales.lengthscales, SUBSET)
    both = np.column_stack((y, label - label.mean()) if several else (y,))
    process = gp.condition(at, hyper, x[kept], both[kept], 1.0 / merged.count[kept])
    best = float(y.min())
    if hyper.noise > 0.05 * hyper.scales.variance:
        best = float(gp.predict(process, x[kept])[0][:, 0].min())
    model = Surrogate(
        process,
        best,
        scaled.shift,
        scaled.scale,
        float(label.mean()) if several else None,
        x[np.argsort(y, kind="stable")[:5]],
        learn_cost(observed.paces, at, settings.prior, memory),
    )
    return expecting(model, observed.pending) if len(observed.pending) else model


def predict(model: Surrogate, x: Array) -> tuple[Array, Array]:
    """Return predicted outcomes (m,) in raw units and their deviations (m,) at x (m, d)."""
    mean, deviation = gp.predict(model.process, x)
    return model.shift + model.scale * mean[:, 0], model.scale * deviation


def explained(model: Surrogate, x: Array) -> Proposal:
    """Return the point with its prediction, and the column whose uncertainty it would resolve."""
    moved = np.repeat(x[None], len(x) + 1, axis=0)
    moved[np.arange(len(x)), np.arange(len(x))] = model.leaders[0]
    mean, deviation = gp.predict(model.process, moved)
    here = float(mean[-1, 0])
    raw = (model.shift + model.scale * here, model.scale * float(deviation[-1]))
    if here <= model.best + 0.1 or not len(x):
        return Proposal(x, "exploit", *raw)
    comparable = np.where(np.isnan(x) | np.isnan(model.leaders[0]), np.inf, deviation[:-1])
    return Proposal(x, "explore", *raw, column=int(np.argmin(comparable)))


def designed(cube: Cube, known: Array, seed: int, rng: np.random.Generator) -> Proposal | None:
    """Return the default first, then the next quasi-random point that is new."""
    default = cube.snap(cube.default[None])
    if maximise.is_new(default[0], known, cube.levels, RESOLUTION):
        return Proposal(default[0], "default")
    d = len(cube.levels)
    points = np.concatenate((sobol(max(len(known) - 1, 0), 1, d, seed), rng.random((256, d))))
    if cube.belief is not None and len(known) % 2:  # the others look elsewhere, in case it is wrong
        points = draws(cube.belief, points)
    found = _first_new(cube, known, cube.snap(points))
    return None if found is None else Proposal(found, "design")


def _modelled(
    model: Surrogate,
    cube: Cube,
    settings: Settings,
    improve: bool,
    known: Array,
    rng: np.random.Generator,
    thrift: int,
) -> Proposal | None:
    """Return the best new point of the acquisition; `thrift` divides the number of candidates."""

    def score(at: Array) -> Array:
        mean, deviation = gp.predict(model.process, at)
        return _value(model, settings, improve, mean, deviation)[0]

    def slope(at: Array) -> tuple[Array, Array]:
        mean, deviation, by_mean, by_deviation = gp.predict_slope(model.process, at)
        value, mean_part, deviation_part = _value(model, settings, improve, mean, deviation)
        gradient = np.einsum("qm,qmd->md", mean_part, by_mean) + deviation_part[:, None] * by_deviation
        return value, gradient

    # Every fourth try believes nothing. On the scale of optimism a belief is said in deviations, and not in
    # the logarithm of an improvement.
    belief = None if improve else cube.belief
    weight = (BETA if model.cost is not None else BELIEVED) / max(len(known), 1)
    judged = believing(*costing(score, slope, model.cost), belief, weight)
    found = maximised(*judged, model.leaders, cube, settings, known, rng, thrift)
    return None if found is None else explained(model, found)


def maximised(
    score: maximise.Score,
    slope: maximise.Slope,
    leaders: Array,
    cube: Cube,
    settings: Settings,
    known: Array,
    rng: np.random.Generator,
    thrift: int,
) -> Array | None:
    """Return the new point (d,) with the best score; None when there is no new one.

    Args:
        score: what points (m, d) are worth (m,).
        slope: that, and the gradients (m, d).
        leaders: the best points so far (k, d), near which candidates are drawn.
        cube: the space.
        settings: how many candidates.
        known: points (n, d) not to be asked again.
        rng: draws candidates.
        thrift: divides their number.
    """
    d = len(cube.levels)
    wide = sobol(0, settings.candidates // thrift, d, int(rng.integers(2**31)))
    if cube.belief is not None:
        wide[::2] = draws(cube.belief, wide[::2])
    near = maximise.mutants(leaders, cube.categorical, settings.mutants // thrift, rng)
    points = cube.snap(np.concatenate((wide, near)))
    values = score(points)
    begin = points[maximise.starts(values, rng, *CLIMBS)]
    climbed = cube.snap(maximise.ascend(slope, begin, cube.categorical, steps=16 // thrift))
    shortlist = np.concatenate((climbed, points[np.argsort(-values, kind="stable")[:16]]))
    values = score(shortlist)
    for leader in shortlist[np.argsort(-values, kind="stable")[:2]]:
        near = maximise.neighbours(leader, cube.levels, cube.categorical)
        if len(near):
            near = cube.snap(near)
            shortlist, values = np.concatenate((shortlist, near)), np.concatenate((values, score(near)))
    ranked = shortlist[np.argsort(-values, kind="stable")]
    return _first_new(cube, known, ranked, points, cube.snap(rng.random((256, d))))


def _value(
    model: Surrogate, settings: Settings, improve: bool, mean: Array, deviation: Array
) -> tuple[Array, Array, Array]:
    """Return the acquisition (m,) and its derivatives by the means (q, m) and the deviation (m,)."""
    by_mean = np.zeros(mean.T.shape)
    if improve:
        value, by_mean[0], by_deviation = acquisition.log_improvement(mean[:, 0], deviation, model.best)
    elif model.cost is not None:
        improve = True  # a logarithm as well
        hope = acquisition.log_hope(mean[:, 0], deviation, model.best, settings.beta)
        value, by_mean[0], by_deviation = hope
    else:
        value, by_mean[0], by_deviation = acquisition.optimism(mean[:, 0], deviation, settings.beta)
    if model.failures is None:
        return value, by_mean, by_deviation
    log, label_part, deviation_part = acquisition.log_success(mean[:, 1] + model.failures, deviation)
    # A sure failure costs three deviations on the scale of optimism.
    weight = np.ones(len(log)) if improve else 3.0 * np.exp(log)
    by_mean[1] = weight * label_part
    return value + (log if improve else 3.0 * np.expm1(log)), by_mean, by_deviation + weight * deviation_part


def expecting(model: Surrogate, x: Array) -> Surrogate:
    """Return the model as if its own predictions had been observed at x (m, d)."""
    return replace(model, process=gp.extend(model.process, x))


def _first_new(cube: Cube, known: Array, *ranked: Array) -> Array | None:
    """Return the first point that asks something new; if need be, a finer question."""
    for resolution in (RESOLUTION, 1e-9):
        for points in ranked:
            for point in points:
                if maximise.is_new(point, known, cube.levels, resolution):
                    return np.asarray(point)
    return None


def _milestone(observed: Observations) -> int:
    """Return how many of the oldest trials the hyperparameters are learnt from."""
    n, at = len(observed.x), 30
    if n <= at:
        return n
    while (following := int(at * 1.06) + 1) <= n:
        at = following
    enough = np.flatnonzero(np.cumsum(~observed.failed) >= 2)[0] + 1
    return max(at, int(enough))


def _recalled(
    at: Layout, old: Observations, count: Array, settings: Settings, memory: Memory[gp.Hyper]
) -> gp.Hyper:
    """Return hyperparameters learnt from these trials, from memory if they are there."""
    x, y, failed = old.x, old.y, old.failed
    columns = (at.levels, at.categorical, at.conditional)
    arrays = (*columns, x, y, failed, count, np.float64(old.whole))
    key = b"".join((*(part.tobytes() for part in arrays), repr(settings).encode()))

    def fitted() -> gp.Hyper:
        merged = merge(x, count)
        first, values = merged.first, merged.mean(targets(y, failed, old.whole).values)
        kept = _subset(x[first], values, np.ones(at.columns), LEARNT)
        return gp.fit(at, x[first][kept], values[kept], 1.0 / merged.count[kept], prior=settings.prior)

    return memory.recall(key, fitted)


def _subset(x: Array, y: Array, lengthscales: Array, most: int) -> Ints:
    """Return rows to keep, increasing: a quarter best, a quarter near the best, the others evenly."""
    n = len(x)
    if n <= most:
        return np.arange(n)
    order = np.argsort(y, kind="stable")
    gap = np.nan_to_num((x - x[order[0]]) / lengthscales, nan=0.5)
    near = np.argsort(np.sum(gap * gap, axis=1), kind="stable")
    kept = np.zeros(n, dtype=bool)
    kept[order[: most // 4]] = True
    kept[near[: most // 4]] = True
    rest = np.flatnonzero(~kept)
    kept[rest[np.linspace(0, len(rest) - 1, most - int(kept.sum())).astype(np.int64)]] = True
    return np.flatnonzero(kept)
